"""Worker tests in virtual time: a loop that jumps to the next timer, and a GREEN-API made of one function."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from greenbot.api.endpoint import Endpoint
from greenbot.api.facts import Outcome, OutcomeClass
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.messages.outgoing import OutgoingFile
from greenbot.outbox.deliver import OnProgress, ignore_progress
from greenbot.outbox.gate import OnNews, Rules, ignore_news
from greenbot.outbox.limits import LaneLimits
from greenbot.outbox.owner import Owner
from greenbot.outbox.worker import DEFAULT_PACE, Pace, Service, Worker
from greenbot.resilience.line_files import LineFiles

T = TypeVar("T")

LIFTED = LaneLimits(minute_count=None, second_rate=None, most_unconfirmed=None)
AUTHORIZED = Outcome(cls=OutcomeClass.OK, reason="ok", data={"stateInstance": "authorized"}, status=200)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time is the clock's; when nothing is left to do now, it is the moment of the next timer."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def time(self) -> float:
        return self._clock.monotonic()

    def _run_once(self) -> None:
        timers = [timer.when() for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]  # asyncio's own
        if timers and not self._ready:  # type: ignore[attr-defined]  # as above
            when = min(timers)
            # A nanosecond more, lest rounding leaves the timer a hair in the future for ever.
            self._clock.advance(max(0.0, when - self.time()) + 1e-9)
        super()._run_once()  # type: ignore[misc]  # asyncio's own


def in_virtual_time(clock: ManualClock, work: Coroutine[object, object, T]) -> T:
    """Run a coroutine on a loop of virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One call that reached the remote side."""

    at_ms: int
    instance: str
    method: str
    chat_id: str
    text: str


def accepted(remote_id: str) -> Outcome:
    return Outcome(cls=OutcomeClass.ACCEPTED, reason="ok", remote_id=remote_id, status=200)


def refused(status: int, cls: OutcomeClass, reason: str = "", *, wait: float | None = None) -> Outcome:
    return Outcome(cls=cls, reason=reason or f"http_{status}", status=status, retry_after_seconds=wait)


UNREACHABLE = Outcome(cls=OutcomeClass.NOT_SENT, reason="connect_failed")
LOST = Outcome(cls=OutcomeClass.AMBIGUOUS, reason="read_timeout")

#: Decides what a call leads to; None: all is well.
Weather = Callable[[Post], Outcome | None]


@dataclass(kw_only=True)
class Remote:
    """GREEN-API for all instances: carries out, counts, and answers as the weather says."""

    clock: ManualClock
    weather: Weather = lambda post: None
    #: Seconds a call takes.
    latency: Callable[[Post], float] = lambda post: 0.05
    posts: list[Post] = field(default_factory=list)
    executed: list[Post] = field(default_factory=list)
    #: Chats with a call under way; a second one at the same time is noted as a fault.
    under_way: set[tuple[str, str]] = field(default_factory=set)
    overlaps: list[Post] = field(default_factory=list)
    #: What GREEN-API's queue shows.
    queue: Callable[[], list[object]] = list

    def client(self, instance: str) -> "RemoteClient":
        return RemoteClient(self, instance)

    def sends(self) -> list[Post]:
        return [post for post in self.posts if post.method.startswith("send")]

    async def answer(self, post: Post) -> Outcome:
        self.posts.append(post)
        key = (post.instance, post.chat_id)
        if post.chat_id and key in self.under_way:
            self.overlaps.append(post)
        self.under_way.add(key)
        try:
            bad = self.weather(post)
            carried_out = bad is None or bad.cls is OutcomeClass.AMBIGUOUS
            if post.method.startswith("send") and carried_out:
                self.executed.append(post)
            number = len(self.executed)
            await asyncio.sleep(self.latency(post))
        finally:
            self.under_way.discard(key)
        if bad is not None:
            return bad
        if post.method == "getStateInstance":
            return AUTHORIZED
        if post.method == "showMessagesQueue":
            return Outcome(cls=OutcomeClass.OK, reason="ok", data=self.queue(), status=200)
        return accepted(f"BAE5{number:08d}")


@dataclass(frozen=True)
class RemoteClient:
    """One instance's client."""

    remote: Remote
    instance: str

    async def exchange(
        self,
        endpoint: Endpoint,
        params: Mapping[str, object],
        *,
        file: OutgoingFile | None = None,
        on_progress: OnProgress = ignore_progress,
    ) -> Outcome:
        post = Post(
            at_ms=self.remote.clock.now_ms(),
            instance=self.instance,
            method=endpoint.name,
            chat_id=str(params.get("chatId", "")),
            text=str(params.get("message", "")),
        )
        try:
            return await self.remote.answer(post)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
            task.cancel()
            return Outcome(cls=OutcomeClass.AMBIGUOUS, reason="cancelled")


async def nothing() -> None:
    """No reconciler."""


@dataclass(kw_only=True)
class Yard:
    """A store, a clock and a remote side, and workers that use them."""

    db: Db
    clock: ManualClock
    run_dir: Path
    remote: Remote
    limits: LaneLimits = LIFTED
    rules: Rules | None = None
    news: list[tuple[str, str]] = field(default_factory=list)

    def worker(
        self,
        owner: Owner,
        *,
        db: Db | None = None,
        pace: Pace = DEFAULT_PACE,
        seed: int = 7,
        on_news: OnNews = ignore_news,
        reconcile: Callable[[], Awaitable[object]] = nothing,
        commits_behind: bool = False,
    ) -> Worker:
        def tell(instance: str, words: str) -> None:
            self.news.append((instance, words))
            on_news(instance, words)

        return Worker(
            db or self.db,
            owner=owner,
            lines=LineFiles(self.run_dir / "limits", self.clock),
            clock=self.clock,
            rng=random.Random(seed),
            service_of=lambda name: Service(limits=self.limits, client_of=lambda: self.remote.client(name)),
            rules=self.rules,
            pace=pace,
            on_news=tell,
            reconcile=reconcile,
            commits_behind=commits_behind,
        )

    def drain(self, owner: Owner, *, seconds: float = 3600.0) -> bool:
        """Let one worker work until all is done, at most so long; whether all was done."""

        async def work() -> bool:
            worker = self.worker(owner)
            late = asyncio.get_running_loop().call_later(seconds, worker.stop)
            try:
                return await worker.run(drain=True)
            finally:
                late.cancel()

        return in_virtual_time(self.clock, work())

    def work(self, owner: Owner, *, seconds: float) -> None:
        """Let one worker work for so long."""

        async def work() -> None:
            worker = self.worker(owner)
            asyncio.get_running_loop().call_later(seconds, worker.stop)
            await worker.run()

        in_virtual_time(self.clock, work())
