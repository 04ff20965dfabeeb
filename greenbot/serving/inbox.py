"""The durable door of the inbox as a part of the service."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from greenbot.errors import Busy, GreenbotError, StoreError, StoreFull
from greenbot.inbox.arrival import Answer, Arrival
from greenbot.inbox.group import GroupCommit
from greenbot.serving.around import Surroundings

#: Below this nothing can be promised any more: a commit may need it.
LEAST_FREE_BYTES = 16 * 1024 * 1024
LOOK_SECONDS = 5.0


class Inbox:
    """Keeps events while it runs; `submit` raises Busy otherwise."""

    name = "inbox"

    def __init__(
        self, around: Surroundings, *, ids: Callable[[], Mapping[str, str]], on_kept: Callable[[], None]
    ) -> None:
        self._around = around
        self._store_file = around.read_settings().paths.store_file
        self._ids = ids
        self._on_kept = on_kept
        self._group: GroupCommit | None = None
        self._tried = asyncio.Event()
        self._ending = asyncio.Event()
        self._error: Exception | None = None
        self._is_stopped = False
        self._is_writable = False

    @property
    def is_writable(self) -> bool:
        """Whether the last look and the last event found a store that takes events."""
        return self._is_writable and self._group is not None

    def submit(self, arrival: Arrival, answer: Answer) -> None:
        """See `GroupCommit.submit`."""
        if self._group is None:
            raise Busy("The inbox is not open.")
        self._group.submit(arrival, answer)

    def failed(self, error: GreenbotError) -> None:
        """An event could not be kept. A store that cannot be trusted any more ends this part."""
        self._is_writable = False
        if isinstance(error, StoreError) and not isinstance(error, StoreFull):
            self._error = error
            self._ending.set()
        elif not isinstance(error, Busy):
            self._around.on_news(self.name, str(error))

    def stop(self) -> None:
        self._is_stopped = True
        self._ending.set()

    async def opened(self) -> None:
        """Nobody is let in before: an event that comes with the first connection is kept, too."""
        await self._tried.wait()

    async def run(self) -> None:
        self._error = None
        if not self._is_stopped:
            self._ending.clear()
        group = GroupCommit(self._around.open_db, self._around.clock, expected_ids=self._ids, on_kept=self._on_kept)
        try:
            await group.start()
        finally:
            self._tried.set()
        self._group = group
        watching = asyncio.create_task(self._watch(group))
        try:
            while not self._ending.is_set():
                self._look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._ending.wait()
        finally:
            self._group = None
            watching.cancel()
            await group.close()
        if self._error is not None:
            raise self._error

    async def _watch(self, group: GroupCommit) -> None:
        """A writer that died ends this part, so that it is started again with a new one."""
        death = await group.wait_ended()
        self._group = None
        self._error = RuntimeError(f"its writer ended: {type(death).__name__}")
        self._ending.set()

    def _look(self) -> None:
        self._is_writable = can_write(self._store_file)


def can_write(path: Path) -> bool:
    """Whether a store at `path` could take a commit now: its file system is writable and has some room."""
    try:
        room = os.statvfs(path)
    except OSError:
        return False
    return os.access(path, os.W_OK) and room.f_bavail * room.f_frsize >= LEAST_FREE_BYTES
