"""GREEN-API's events, from the request to the answer: 200 is said when the event is on the disk, never before."""

from collections.abc import Callable, Mapping
from typing import Protocol

from greenbot.clock import Clock
from greenbot.errors import GreenbotError
from greenbot.inbox.arrival import Answer, Arrival, Kept
from greenbot.messages.incoming.envelope import peek
from greenbot.server.exchange import BUSY, Acknowledged, Identity, Later, Reply, Request
from greenbot.server.policy import Policy, Route, Routes

PATH = "/api/v1/webhooks/green-api"
_KEPT = Acknowledged()


class OnEvent(Protocol):
    """Told about an event that is kept."""

    def __call__(self, arrival: Arrival, kept: Kept, /) -> None: ...


def ignore_event(arrival: Arrival, kept: Kept, /) -> None:
    """Nobody looks."""


class Submit(Protocol):
    """Has an event kept; `answer` hears where it is, or why it could not be. Raises Busy when too much waits."""

    def __call__(self, arrival: Arrival, answer: Answer, /) -> None: ...


class _Waiting(Later):
    """The answer to one webhook."""

    __slots__ = ("_arrival", "_house")

    def __init__(self, house: "Webhooks", arrival: Arrival) -> None:
        super().__init__()
        self._house = house
        self._arrival = arrival

    def settle(self, result: Kept | Exception) -> None:
        """It is kept, or it could not be."""
        self.give(self._house.reply_to(self._arrival, result))


class Webhooks:
    """Takes webhooks in. `submit` has an event durably stored; `ids` is GREEN-API's number of each instance.

    `on_news` hears, in words for a person, what needs one; `on_failure` every event that could not be kept.
    """

    def __init__(
        self,
        submit: Submit,
        *,
        ids: Callable[[], Mapping[str, str]],
        clock: Clock,
        on_news: Callable[[str, str], None],
        on_failure: Callable[[GreenbotError], None],
        on_event: OnEvent = ignore_event,
    ) -> None:
        self._submit = submit
        self._ids = ids
        self._clock = clock
        self._on_news = on_news
        self._on_failure = on_failure
        self._on_event = on_event

    def add_routes(self, routes: Routes) -> None:
        """Register where webhooks arrive."""
        for path in (PATH, f"{PATH}/{{instance}}"):
            routes.add(
                Route(
                    method="POST",
                    path=path,
                    policy=Policy.WEBHOOK,
                    handler=self.receive,
                    on_too_large=self.refused_as_too_large,
                )
            )

    def receive(self, request: Request) -> Later:
        """Keep the body, whatever it is. 503 when it could not be kept: GREEN-API then sends it again in a minute."""
        arrival = Arrival(self._instance_of(request), request.body, "webhook", self._clock.now_ms())
        waiting = _Waiting(self, arrival)
        try:
            self._submit(arrival, waiting.settle)
        except GreenbotError as error:
            waiting.settle(error)
        return waiting

    def reply_to(self, arrival: Arrival, result: Kept | Exception) -> Reply | Exception:
        """What to say to whoever sent what became that."""
        if isinstance(result, Kept):
            self._on_event(arrival, result)
            return _KEPT
        if isinstance(result, GreenbotError):
            self._on_failure(result)
            return BUSY
        return result

    def _instance_of(self, request: Request) -> str:
        """Whose event it is: the credential says it; where it opens several instances, the body chooses among them."""
        names = request.identity.instances
        if len(names) == 1:
            return names[0]
        ids = self._ids()
        number = peek(request.body).instance_id
        return next((name for name in names if number is not None and ids.get(name) == number), names[0])

    def refused_as_too_large(self, identity: Identity) -> None:
        """GREEN-API will send this one event again and again, and nothing behind it."""
        self._on_news(
            identity.instances[0],
            "an event larger than 16 MiB was refused (413). GREEN-API repeats it and delivers nothing else meanwhile",
        )
