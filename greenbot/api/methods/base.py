"""What the typed methods stand on."""

from collections.abc import Mapping

from greenbot.api.body import OnProgress, OutgoingFileLike, ignore_progress

JsonObject = dict[str, object]


class Methods:
    """Typed methods: the catalogue promises the shape of each answer, and `call` has checked it."""

    async def call(
        self,
        name: str,
        params: Mapping[str, object] | None = None,
        *,
        file: OutgoingFileLike | None = None,
        on_progress: OnProgress = ignore_progress,
    ) -> object:
        """The answer of one call; the client fills this in."""
        raise AssertionError("the client provides call")
