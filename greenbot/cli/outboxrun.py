"""`greenbot outbox run`: the worker in this terminal, or under a service manager."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.outbox_group import group
from greenbot.cli.run import Run
from greenbot.errors import StillPending, UsageError

if TYPE_CHECKING:
    import asyncio

    from greenbot.config.settings import Settings
    from greenbot.outbox.presence import Presence
    from greenbot.outbox.worker import Worker


@group.command("run")
def run_worker(
    run: Run,
    drain: Annotated[bool, typer.Option("--drain", help="End when nothing is left that leaves by itself.")] = False,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="DURATION", help="With --drain: end after so long at the latest.")
    ] = None,
) -> None:
    """Send what waits, of all instances, until stopped.

    Run as many as you like, on this machine. Ctrl-C or SIGTERM: nothing new is begun, and what is on
    its way gets 20 seconds to arrive; a second one ends at once.

    Examples:
    greenbot outbox run
    greenbot outbox run --drain --timeout 10m
    """
    import asyncio

    from greenbot.cli.values import seconds_of
    from greenbot.logs.notes import collect

    run.must_write()
    collect()
    if timeout is not None and not drain:
        raise UsageError("--timeout belongs to --drain.", hint="Add --drain.")
    timeout_seconds = None if timeout is None else seconds_of(timeout)
    if not asyncio.run(_work(run, drain=drain, timeout_seconds=timeout_seconds)):
        raise StillPending("It ended before everything was sent.", hint="See: greenbot outbox list")


async def _work(run: Run, *, drain: bool, timeout_seconds: float | None) -> bool:
    """Whether it ended as it should: not before everything was sent, if that was asked for."""
    import asyncio

    from greenbot.api.engine import Engine
    from greenbot.logs.notes import note
    from greenbot.outbox.owner import Owner
    from greenbot.outbox.presence import Presence
    from greenbot.wiring import make_worker

    settings = run.settings
    loop = asyncio.get_running_loop()
    async with Engine(environ=run.environ) as transport:
        with Owner(settings.paths.run_dir) as owner:
            worker = make_worker(
                lambda: _settings_now(run),
                run.store,
                owner,
                run.clock,
                environ=run.environ,
                transport=transport,
                on_news=lambda instance, words: run.out.say(f"{instance}: {words or 'goes on'}"),
            )
            presence = Presence(settings.paths.run_dir, owner.id)
            late = None if timeout_seconds is None else loop.call_later(timeout_seconds, worker.stop)
            try:
                _listen(loop, run, worker, presence)
                presence.serve(settings.instances)
                run.out.say(f"Working for {', '.join(settings.instances) or 'no instance yet'}. Stop with Ctrl-C.")
                note("info", "part", part="worker", outcome="started")
                done = await worker.run(drain=drain)
                note("info", "part", part="worker", outcome="stopped")
            finally:
                _leave(loop, presence)
                if late is not None:
                    late.cancel()
    return done or not drain


def _leave(loop: "asyncio.AbstractEventLoop", presence: "Presence") -> None:
    """From now on shells send by themselves."""
    if presence.fd >= 0:
        loop.remove_reader(presence.fd)
    presence.close()


def _listen(loop: "asyncio.AbstractEventLoop", run: Run, worker: "Worker", presence: "Presence") -> None:
    import signal

    def on_wake() -> None:
        presence.heard()
        worker.wake()

    def on_signal() -> None:
        if not worker.stopping:
            run.out.say("Stopping: what is on its way may still arrive. Once more ends at once.")
        _leave(loop, presence)
        worker.stop()

    loop.add_reader(presence.fd, on_wake)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)


def _settings_now(run: Run) -> "Settings":
    """The configuration as it is now: instances and tokens change while a worker runs."""
    return Run(run.flags, environ=run.environ, cwd=run.cwd, clock=run.clock).settings
