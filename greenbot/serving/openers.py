"""What runs in threads of its own, each with a store and an event loop of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

from greenbot.config.settings import Settings
from greenbot.daemon import Runnable
from greenbot.metrics.recorder import Recorder
from greenbot.outbox.owner import Owner
from greenbot.serving.around import Surroundings

if TYPE_CHECKING:
    from greenbot.handlers import Bot
    from greenbot.outbox.presence import Presence
    from greenbot.outbox.worker import Worker

#: The settings in force: as they were when the service started, or was told to read them again.
SettingsNow = Callable[[], Settings]


class _PresentWorker:
    """A worker that shells know of for as long as it takes messages."""

    def __init__(self, worker: "Worker", presence: "Presence") -> None:
        self._worker = worker
        self._presence = presence

    async def run(self) -> bool:
        return await self._worker.run()

    def wake(self) -> None:
        self._worker.wake()

    def heard(self) -> None:
        """A shell rang."""
        self._presence.heard()
        self._worker.wake()

    def stop(self) -> None:
        self.leave()
        self._worker.stop()

    def leave(self) -> None:
        """From now on shells send by themselves."""
        if self._presence.fd >= 0:
            asyncio.get_running_loop().remove_reader(self._presence.fd)
        self._presence.close()


@asynccontextmanager
async def open_worker(around: Surroundings, recorder: Recorder) -> AsyncIterator[Runnable]:
    """The outbox worker, with everything it needs in this event loop."""
    from greenbot.api.engine import Engine
    from greenbot.outbox.presence import Presence
    from greenbot.wiring import make_worker

    run_dir = around.read_settings().paths.run_dir
    async with Engine(environ=around.environ) as transport:
        with closing(around.open_db()) as db, Owner(run_dir) as owner:
            worker = make_worker(
                around.read_settings,
                db,
                owner,
                around.clock,
                environ=around.environ,
                transport=transport,
                on_news=around.on_news,
                recorder=recorder,
            )
            present = _PresentWorker(worker, presence := Presence(run_dir, owner.id))
            asyncio.get_running_loop().add_reader(presence.fd, present.heard)
            presence.serve(around.read_settings().instances)
            try:
                yield present
            finally:
                present.leave()


@asynccontextmanager
async def open_processor(around: Surroundings, settings_now: SettingsNow) -> AsyncIterator[Runnable]:
    """The processor of stored events."""
    from greenbot.wiring import make_processor

    with closing(around.open_db()) as db, Owner(settings_now().paths.run_dir) as owner:
        yield make_processor(settings_now, db, owner, around.clock, on_news=around.on_news)


@asynccontextmanager
async def open_keeper(
    around: Surroundings, settings_now: SettingsNow, recorder: Recorder, running: Callable[[], Sequence[str]]
) -> AsyncIterator[Runnable]:
    """What keeps the metrics, and tells which parts of this process are alive."""
    from greenbot.metrics.keeper import Keeper
    from greenbot.overview import keeping_board

    with closing(around.open_db()) as db, Owner(settings_now().paths.run_dir) as owner:
        yield Keeper(
            db,
            clock=around.clock,
            owner=owner.id,
            recorders=[recorder],
            alive=running,
            prepare=keeping_board(lambda: settings_now().instances),
        )


@asynccontextmanager
async def open_hooks(around: Surroundings, settings_now: SettingsNow) -> AsyncIterator[Runnable]:
    """What delivers events to hooks."""
    from greenbot.wiring import make_dispatcher

    with closing(around.open_db()) as db, Owner(settings_now().paths.run_dir) as owner:
        yield make_dispatcher(settings_now, db, owner, around.clock, environ=around.environ, on_news=around.on_news)


@asynccontextmanager
async def open_evaluator(
    around: Surroundings, settings_now: SettingsNow, on_notices: Callable[[], None]
) -> AsyncIterator[Runnable]:
    """What looks at all alerts."""
    from greenbot.wiring import make_evaluator

    with closing(around.open_db()) as db, Owner(settings_now().paths.run_dir) as owner:
        yield make_evaluator(settings_now, db, owner, around.clock, on_notices=on_notices)


@asynccontextmanager
async def open_teller(around: Surroundings, settings_now: SettingsNow) -> AsyncIterator[Runnable]:
    """What tells people."""
    from greenbot.wiring import make_teller

    with closing(around.open_db()) as db, Owner(settings_now().paths.run_dir) as owner:
        yield make_teller(settings_now, db, owner, around.clock, environ=around.environ, on_news=around.on_news)


@asynccontextmanager
async def open_heartbeat(around: Surroundings, settings_now: SettingsNow) -> AsyncIterator[Runnable]:
    """What shows somebody outside that alerts are looked at."""
    from greenbot.wiring import make_heartbeat

    with closing(around.open_db()) as db, Owner(settings_now().paths.run_dir) as owner:
        yield make_heartbeat(settings_now, db, owner, around.clock, on_news=around.on_news)


@asynccontextmanager
async def open_handlers(around: Surroundings, settings_now: SettingsNow, bot: "Bot") -> AsyncIterator[Runnable]:
    """What calls the functions of a bot for events."""
    from greenbot.handlers import part

    with closing(around.open_db()) as db, Owner(settings_now().paths.run_dir) as owner:
        yield part(bot, db, owner, around.clock, on_news=around.on_news)


@asynccontextmanager
async def open_retention(around: Surroundings, settings_now: SettingsNow) -> AsyncIterator[Runnable]:
    """What removes once a day what is over and old."""
    from greenbot.serving.retention import DailyRetention

    with closing(around.open_db()) as db, Owner(settings_now().paths.run_dir) as owner:
        yield DailyRetention(db, owner=owner.id, clock=around.clock, settings_now=settings_now)
