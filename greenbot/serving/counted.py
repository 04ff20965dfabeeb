"""What comes in through the door is counted: every authenticated webhook, how long it took, whether it was kept."""

from collections.abc import Awaitable, Callable

from greenbot.clock import Clock
from greenbot.inbox.arrival import Arrival, Kept
from greenbot.metrics.names import FLEET
from greenbot.metrics.recorder import Recorder
from greenbot.metrics.series import Series
from greenbot.server.exchange import Identity
from greenbot.server.webhooks import Webhooks

#: Why an event was not answered with 200.
NOT_KEPT = "not kept"
TOO_LARGE = "too large"


class Door:
    """Counts what passes. Nothing of it takes a stranger's word: instances are those whose credential came along."""

    def __init__(self, keep: Callable[[Arrival], Awaitable[Kept]], recorder: Recorder, clock: Clock) -> None:
        self._keep = keep
        self._recorder = recorder
        self._clock = clock

    async def keep(self, arrival: Arrival) -> Kept:
        """Keep the event, and count it. Raises what keeping raises."""
        begun = self._clock.monotonic()
        try:
            kept = await self._keep(arrival)
        except Exception:
            self.missed(arrival.instance, NOT_KEPT)
            raise
        took_ms = round((self._clock.monotonic() - begun) * 1000)
        self._recorder.count(arrival.instance, Series.WEBHOOK, value_ms=took_ms)
        return kept

    def missed(self, instance: str, label: str) -> None:
        """An event of this instance was not answered with 200."""
        self._recorder.count(instance, Series.WEBHOOK, ok=False, label=label)
        self._recorder.count(instance, Series.EVENT, ok=False, label=label)

    def refused(self) -> None:
        """Somebody came with a wrong credential; whose instance it meant nobody knows."""
        self._recorder.count(FLEET, Series.AUTH, ok=False)


class CountedWebhooks(Webhooks):
    """Webhooks that count, too, what is refused for its size."""

    door: Door

    def refused_as_too_large(self, identity: Identity) -> None:
        """See `Webhooks`."""
        self.door.missed(identity.instances[0], TOO_LARGE)
        super().refused_as_too_large(identity)
