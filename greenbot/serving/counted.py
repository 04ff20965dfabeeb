"""What comes in through the door is counted: every authenticated webhook, how long it took, whether it was kept."""

import asyncio

from greenbot.clock import Clock
from greenbot.inbox.arrival import Answer, Arrival, Kept
from greenbot.metrics.names import FLEET
from greenbot.metrics.recorder import Recorder
from greenbot.metrics.series import Series
from greenbot.server.exchange import Identity
from greenbot.server.webhooks import Submit, Webhooks

#: Why an event was not answered with 200.
NOT_KEPT = "not kept"
TOO_LARGE = "too large"


class _Passing:
    """One event on its way through the door."""

    __slots__ = ("_answer", "_begun", "_door", "_instance")

    def __init__(self, door: "Door", instance: str, answer: Answer, begun: float) -> None:
        self._door = door
        self._instance = instance
        self._answer = answer
        self._begun = begun

    def settle(self, result: Kept | Exception) -> None:
        """Count it, and hand the answer on."""
        if isinstance(result, Kept):
            self._door.kept(self._instance, self._begun)
        else:
            self._door.missed(self._instance, NOT_KEPT)
        self._answer(result)


class Door:
    """Counts what passes. Nothing of it takes a stranger's word: instances are those whose credential came along.

    What shared a commit is counted together, once all of it is answered.
    """

    def __init__(self, submit: Submit, recorder: Recorder, clock: Clock) -> None:
        self._submit = submit
        self._recorder = recorder
        self._clock = clock
        self._kept: dict[str, list[float]] = {}

    def submit(self, arrival: Arrival, answer: Answer) -> None:
        """Keep the event, and count it. Raises what keeping raises."""
        passing = _Passing(self, arrival.instance, answer, self._clock.monotonic())
        try:
            self._submit(arrival, passing.settle)
        except Exception:
            self.missed(arrival.instance, NOT_KEPT)
            raise

    def kept(self, instance: str, begun: float) -> None:
        """An event of this instance that came at that moment is on the disk."""
        if not self._kept:
            asyncio.get_running_loop().call_soon(self._count)
        begins = self._kept.get(instance)
        if begins is None:
            self._kept[instance] = [begun]
        else:
            begins.append(begun)

    def _count(self) -> None:
        kept, self._kept = self._kept, {}
        now = self._clock.monotonic()
        for instance, begins in kept.items():
            self._recorder.count_all(instance, Series.WEBHOOK, [round((now - begun) * 1000) for begun in begins])

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
