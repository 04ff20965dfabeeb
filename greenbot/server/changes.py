"""What an admin may change over HTTP: checked like a shell's words, and never more often than a person would."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from greenbot.clock import Clock
from greenbot.db.audit import Operator
from greenbot.server.answers import Answering, answering, problem_reply
from greenbot.server.exchange import FORBIDDEN_ORIGIN, Reply, Request
from greenbot.server.policy import Policy, Route, Routes
from greenbot.server.reader import Reader
from greenbot.server.sessions import is_own_origin

if TYPE_CHECKING:
    from greenbot.db.connect import Db

T = TypeVar("T")

MOST_A_MINUTE = 60
#: Who stands in the audit.
ACTOR = "admin over HTTP"


class Pace:
    """Lets so many changes a minute through."""

    def __init__(self, clock: Clock, *, most: int = MOST_A_MINUTE) -> None:
        self._clock = clock
        self._most = most
        self._times: deque[float] = deque()

    def allows(self) -> bool:
        """Whether one more may be made now; then it counts."""
        now = self._clock.monotonic()
        while self._times and self._times[0] <= now - 60:
            self._times.popleft()
        if len(self._times) >= self._most:
            return False
        self._times.append(now)
        return True


class Changes:
    """Registers what changes something, each with the same guards in front."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self.reader = reader
        self._pace = Pace(clock)
        self.by = Operator(name=ACTOR, clock=clock)

    def add(self, routes: Routes, method: str, path: str, handler: Answering) -> None:
        """Register one for admins."""
        guarded = self._guarded(answering(handler))
        routes.add(Route(method=method, path=path, policy=Policy.ADMIN, handler=guarded))

    async def do(self, work: "Callable[[Db], T]") -> T:
        """Carry it out in the store; what pages had read is read anew."""
        try:
            return await self.reader.do(work)
        finally:
            self.reader.forget()

    def _guarded(self, handler: Answering) -> Answering:
        async def guarded(request: Request) -> Reply:
            # A browser says where a request comes from; another page's is refused even with our token.
            if b"origin" in request.head.headers and not is_own_origin(request.head):
                return FORBIDDEN_ORIGIN
            if request.body and not _is_json(request):
                return problem_reply(415, "not_json", "Send JSON: Content-Type: application/json.")
            if not self._pace.allows():
                headers = {"Retry-After": "60"}
                return problem_reply(429, "too_many_changes", "More than 60 changes in a minute.", headers=headers)
            return await handler(request)

        return guarded


def _is_json(request: Request) -> bool:
    given = request.head.single(b"content-type") or b""
    return given.partition(b";")[0].strip().lower() == b"application/json"
