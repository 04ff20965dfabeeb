"""The watcher of all numbers, in a thread of its own."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from typing import TYPE_CHECKING

from greenbot.config.settings import Settings
from greenbot.daemon import Runnable
from greenbot.metrics.recorder import Recorder
from greenbot.outbox.owner import Owner, is_alive
from greenbot.serving.around import Surroundings

if TYPE_CHECKING:
    from greenbot.api.client import Client
    from greenbot.api.engine import Engine
    from greenbot.db.connect import Db
    from greenbot.fleet.watcher import Watcher

SettingsNow = Callable[[], Settings]


@asynccontextmanager
async def open_watcher(around: Surroundings, settings_now: SettingsNow, recorder: Recorder) -> AsyncIterator[Runnable]:
    """What looks at every number once a minute; `recorder` counts its questions."""
    from greenbot.api.engine import Engine

    async with Engine(environ=around.environ) as transport:
        with closing(around.open_db()) as db, Owner(settings_now().paths.run_dir) as owner:
            yield _made(around, settings_now, db, owner, transport, recorder)


def _made(
    around: Surroundings,
    settings_now: SettingsNow,
    db: "Db",
    owner: Owner,
    transport: "Engine",
    recorder: Recorder,
) -> "Watcher":
    from greenbot.fleet.watcher import Means, Watcher
    from greenbot.outbox.clients import Clients
    from greenbot.outbox.presence import wake
    from greenbot.resilience.shared_breaker import Breaker
    from greenbot.wiring import make_client, open_lines

    rng = random.Random()  # noqa: S311 - spreads retries, hides nothing

    def client_of(name: str) -> "Client":
        settings = around.read_settings()  # with the token as it is now
        instance = settings.instance(name)
        return make_client(settings, instance, around.clock, transport=transport, on_call=recorder.call)

    def breaker_of(name: str, host: str) -> Breaker:
        return Breaker(db, instance=name, host=host, owner=owner.id, clock=around.clock, rng=rng)

    clients = Clients(client_of, names=lambda: settings_now().instances)
    lines = open_lines(settings_now(), around.clock)
    return Watcher(
        db,
        Means(lines=lines, clients=clients, renew=clients.renewed, breaker_of=breaker_of),
        clock=around.clock,
        owner=owner.id,
        instances=lambda: settings_now().instances,
        every_seconds=lambda: settings_now().watch_every_seconds,
        on_ready=partial(wake, owner.run_dir),
        is_alive=partial(is_alive, owner.run_dir),
    )
