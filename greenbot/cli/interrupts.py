"""Ctrl-C and SIGTERM while messages leave: finish what is on its way, begin nothing new, say so.

To stop in the middle of a POST makes its outcome unknown, and nothing helps a hotel less. So the
first signal only asks to stop: an answer that comes within a few seconds is still recorded. A
second signal, or no answer, ends it at once.
"""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Self

from greenbot.cli.progress import ignore_progress

if TYPE_CHECKING:
    from greenbot.api.endpoint import Endpoint
    from greenbot.api.outcome import Outcome
    from greenbot.messages.outgoing import OutgoingFile
    from greenbot.outbox.deliver import Exchanger, OnProgress

PATIENCE_SECONDS = 3.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


class Interrupts:
    """While this context is open, signals go by the rules above; `requested` tells that one came."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.requested = False
        self.in_flight = False
        self._accepting = False
        self._say = say
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        # Python hands signals to the main thread only; elsewhere nothing is in our way.
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal returned before

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._accepting:
            self.requested = True
            return
        if not self.in_flight or self.requested:
            self.requested = True
            raise KeyboardInterrupt
        self.requested = True
        signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS)
        self._say("Stopping: waiting a moment for GREEN-API's answer. Ctrl-C again leaves the outcome unknown.")

    @contextmanager
    def accepting(self) -> Iterator[None]:
        """Not to be interrupted: a message is written down, and only afterwards its number is known."""
        self._accepting = True
        try:
            yield
        finally:
            self._accepting = False

    def watch(self, client: "Exchanger") -> "Exchanger":
        """The same client; from the start of its exchange until `landed` a message is on its way."""
        return _Watched(client, self)

    def landed(self) -> None:
        """The message on its way has arrived, and that is written down."""
        self.in_flight = False


class _Watched:
    def __init__(self, client: "Exchanger", interrupts: Interrupts) -> None:
        self._client = client
        self._interrupts = interrupts

    async def exchange(
        self,
        endpoint: "Endpoint",
        params: Mapping[str, object],
        *,
        file: "OutgoingFile | None" = None,
        on_progress: "OnProgress" = ignore_progress,
    ) -> "Outcome":
        self._interrupts.in_flight = True
        return await self._client.exchange(endpoint, dict(params), file=file, on_progress=on_progress)
