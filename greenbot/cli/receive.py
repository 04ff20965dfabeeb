"""`greenbot receive`: polling, for hotels that GREEN-API cannot reach with a webhook."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from greenbot.api.engine import Engine
    from greenbot.config.settings import Instance, Settings
    from greenbot.inbox.arrival import Arrival, Kept
    from greenbot.inbox.process import Processor
    from greenbot.inbox.receive import Received, Receiver
    from greenbot.outbox.owner import Owner

group = Group("receive", "Fetch events from GREEN-API's queue.")


@group.command("receive", instance=True, tag=True)
def receive(
    run: Run,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until stopped.")] = False,
    drain: Annotated[bool, typer.Option("--drain", help="End when nothing waits any more.")] = False,
    most: Annotated[int | None, typer.Option("--max", min=1, metavar="N", help="End after so many events.")] = None,
    store_only: Annotated[
        bool, typer.Option("--store-only", help="Only keep events; another process works them.")
    ] = False,
) -> None:
    """Fetch events where no webhook reaches this machine, work them, and pass them on to hooks.

    Without --follow or --drain it takes one event, if one comes within five seconds. Each is on the disk before it
    is deleted at GREEN-API, so nothing is lost. It refuses while events go to a webhook URL.

    Examples:
    greenbot receive
    greenbot receive --drain
    greenbot receive --follow --instance all
    """
    import asyncio

    run.must_write()
    if follow and drain:
        raise UsageError("--follow and --drain exclude each other.")
    if most is None and not follow and not drain:
        most = 1
    chosen = run.instances if run.flags.instance or run.flags.tag else (run.instance,)
    taken, known = asyncio.run(_work(run, chosen, follow=follow, most=most, store_only=store_only))
    run.out.say(f"{taken:,} received, {known:,} of them known already." if taken else "Nothing waits.")


async def _work(
    run: Run, chosen: "tuple[Instance, ...]", *, follow: bool, most: int | None, store_only: bool
) -> tuple[int, int]:
    """How many events were taken, and how many of them were known."""
    import asyncio

    from greenbot.api.engine import Engine
    from greenbot.outbox.owner import Owner
    from greenbot.wiring import make_dispatcher, make_processor

    def say(instance: str, words: str) -> None:
        run.out.say(safe_text(f"{instance}: {words}" if instance else words))

    async with Engine(environ=run.environ) as transport:
        with ExitStack() as stack:
            owner = stack.enter_context(Owner(run.settings.paths.run_dir))
            read_settings = _always(run.settings)
            processor = make_processor(read_settings, run.store, owner, run.clock, on_news=say)
            hooks = make_dispatcher(read_settings, run.store, owner, run.clock, environ=run.environ, on_news=say)
            receivers = [_receiver(run, one, owner, processor, transport, stack) for one in chosen]
            _stop_on_signals(run, receivers)
            parts = () if store_only else (processor, hooks)
            working = [asyncio.create_task(part.run()) for part in parts]
            try:
                received = await _all_of(receivers, follow=follow, most=most)
            finally:
                for part in parts:
                    part.stop()
                await asyncio.gather(*working)
            if not store_only:
                await _rest_of(run, owner, say)
                # Whatever failed stays in line: the next process with hooks delivers it.
                await make_dispatcher(
                    read_settings, run.store, owner, run.clock, environ=run.environ, on_news=say
                ).once()
    return sum(one.taken for one in received), sum(one.known for one in received)


async def _all_of(receivers: "list[Receiver]", *, follow: bool, most: int | None) -> "list[Received]":
    """Run all of them; when one fails, the others end as well, and its error is raised."""
    import asyncio

    tasks = [asyncio.create_task(receiver.run(follow=follow, most=most)) for receiver in receivers]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    if any(task.exception() for task in done):
        for receiver in receivers:
            receiver.stop()
    await asyncio.gather(*tasks, return_exceptions=True)
    return [task.result() for task in tasks]


async def _rest_of(run: Run, owner: "Owner", say: Callable[[str, str], None]) -> None:
    """Work what was stored last."""
    from greenbot.wiring import make_processor

    await make_processor(_always(run.settings), run.store, owner, run.clock, on_news=say).run(drain=True)


def _always(settings: "Settings") -> "Callable[[], Settings]":
    return lambda: settings


def _receiver(
    run: Run,
    instance: "Instance",
    owner: "Owner",
    processor: "Processor",
    transport: "Engine",
    stack: ExitStack,
) -> "Receiver":
    from greenbot.wiring import make_receiver

    def heard(kept: "Kept", arrival: "Arrival") -> None:
        processor.wake()
        _show(run, kept)

    return stack.enter_context(
        make_receiver(run.settings, instance, run.store, owner, run.clock, transport=transport, on_received=heard)
    )


def _show(run: Run, kept: "Kept") -> None:
    """One line for each event, as `events list` has it."""
    from greenbot.cli.events_show import row
    from greenbot.cli.output import SCHEMA_VERSION, show, to_json
    from greenbot.inbox.table import get

    known = row(run, get(run.store, kept.event_id))
    if run.flags.json:
        run.out.line(to_json({"v": SCHEMA_VERSION, **known}))
    else:
        cells = ("id",) if run.flags.quiet else ("id", "instance", "type", "chat_id", "summary")
        run.out.line(("  " if run.out.for_person else "\t").join(show(known[cell]) for cell in cells))
    run.out.stdout.flush()


def _stop_on_signals(run: Run, receivers: "list[Receiver]") -> None:
    import asyncio
    import signal

    def on_signal() -> None:
        run.out.say("Stopping.")
        for receiver in receivers:
            receiver.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
