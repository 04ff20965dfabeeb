"""The simulator as an HTTP server on loopback: one port for both hosts, or one for each."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from greenbot.simulator.pipeline import Pipeline, Serves
from greenbot.simulator.requests import FILE_LIMIT_BYTES
from greenbot.simulator.world import World

METHOD_MODULES = (
    "account",
    "linking",
    "sending",
    "receiving",
    "polling",
    "journals",
    "queues",
    "groups",
    "statuses",
    "service",
    "contacts",
    "catalogs",
)
FORM_OVERHEAD_BYTES = 1024 * 1024
SHUTDOWN_SECONDS = 1.0


def build_app(world: World, *, serves: Serves = "both") -> web.Application:
    """The aiohttp application of the API host, the media host, or both; `/_sim/…` is not on `media`."""
    from greenbot.simulator import control

    for name in METHOD_MODULES:
        importlib.import_module(f"greenbot.simulator.methods.{name}")
    app = web.Application(client_max_size=FILE_LIMIT_BYTES + FORM_OVERHEAD_BYTES)
    if serves != "media":
        control.attach(app, world)
    app.router.add_route("*", "/{tail:.*}", Pipeline(world, serves).dispatch)
    return app


@dataclass(slots=True, kw_only=True)
class RunningSimulator:
    """A started simulator; `stop()` closes its sockets and ends held requests."""

    world: World
    api_url: str
    media_url: str
    _runners: list[web.AppRunner] = field(default_factory=list)

    async def stop(self) -> None:
        """Stop serving; safe to call twice."""
        while self._runners:
            await self._runners.pop().cleanup()


async def start(
    world: World, *, host: str = "127.0.0.1", port: int = 0, media_port: int | None = None
) -> RunningSimulator:
    """Serve a world; port 0 takes any free one. With `media_port` the two hosts refuse each other's methods.

    Raises:
        OSError: the port is taken.
    """
    running = RunningSimulator(world=world, api_url="", media_url="")
    try:
        running.api_url = await _listen(running, "both" if media_port is None else "api", host, port)
        running.media_url = running.api_url
        if media_port is not None:
            running.media_url = await _listen(running, "media", host, media_port)
    except BaseException:
        await running.stop()
        raise
    world.base_url, world.media_url = running.api_url, running.media_url
    return running


async def _listen(running: RunningSimulator, serves: Serves, host: str, port: int) -> str:
    # No access log: every request line carries a token.
    runner = web.AppRunner(build_app(running.world, serves=serves), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    running._runners.append(runner)
    await web.TCPSite(runner, host, port, backlog=1024).start()
    bound = runner.addresses[0][1]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{bound}"


async def run_forever(
    world: World,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    media_port: int | None = None,
    on_ready: Callable[[RunningSimulator], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until `stop` is set or the task is cancelled; `on_ready` is told the addresses once.

    Raises:
        OSError: the port is taken.
    """
    running = await start(world, host=host, port=port, media_port=media_port)
    try:
        on_ready(running)
        await (stop or asyncio.Event()).wait()
    finally:
        await running.stop()
