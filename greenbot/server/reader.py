"""Reading the store for pages, beside the event loop: webhooks are answered while somebody looks at figures.

One thread with a store of its own does all of it, and what was read is good for a moment: any number of open pages cost
one look a second.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from greenbot.clock import Clock

if TYPE_CHECKING:
    from greenbot.db.connect import Db

T = TypeVar("T")

GOOD_SECONDS = 1.0
#: So many different questions are remembered.
MOST_ANSWERS = 256


@dataclass(slots=True)
class _Answer(Generic[T]):
    """What is being read or was, and until when it is good (monotonic seconds)."""

    coming: "asyncio.Future[T]"
    until: float


class Reader:
    """Opens the store at the first question. `close` when nobody asks any more."""

    def __init__(self, open_db: "Callable[[], Db]", clock: Clock) -> None:
        self._open_db = open_db
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pages")
        self._db: Db | None = None
        self._answers: OrderedDict[Hashable, _Answer[object]] = OrderedDict()

    async def do(self, work: "Callable[[Db], T]") -> T:
        """What `work` makes of the store, done in the thread. Raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    async def read(self, key: Hashable, work: "Callable[[Db], T]", *, good_seconds: float = GOOD_SECONDS) -> T:
        """The same, or what was read under this key a moment ago. Failures are not remembered.

        A key stands for one kind of work, and so for one type of answer.
        """
        now = self._clock.monotonic()
        answer = self._answers.get(key)
        if answer is None or now >= answer.until or (answer.coming.done() and answer.coming.exception()):
            coming: asyncio.Future[object] = asyncio.ensure_future(self.do(work))
            answer = _Answer(coming, now + good_seconds)
            self._answers[key] = answer
            self._answers.move_to_end(key)
            if len(self._answers) > MOST_ANSWERS:
                self._answers.popitem(last=False)
        # Who goes away must not take the answer from the others.
        return cast(T, await asyncio.shield(answer.coming))

    def forget(self) -> None:
        """Something was changed: what was read is no longer good."""
        self._answers.clear()

    def close(self) -> None:
        """Close the store and end the thread."""
        self._thread.submit(self._close)
        self._thread.shutdown(wait=True)

    def _do(self, work: "Callable[[Db], T]") -> T:
        if self._db is None:
            self._db = self._open_db()
        return work(self._db)

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
