"""Running the service from a shell: what it says, and what signals do to it."""

import asyncio
import os
import signal
from typing import TYPE_CHECKING

from greenbot.cli.run import Run
from greenbot.clock import iso_utc
from greenbot.errors import GreenbotError, UsageError
from greenbot.logs.notes import collect, note
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenbot.config.settings import Settings
    from greenbot.daemon import Watchdog
    from greenbot.inbox.arrival import Arrival, Kept
    from greenbot.serving.around import Surroundings, Wanted
    from greenbot.serving.service import Service


def run_service(run: Run, wanted: "Wanted", *, ready_fd: int | None) -> None:
    """Serve until a signal ends it. Raises `ConfigError`, `UsageError`, `StoreError`, `Failed`."""
    from greenbot.daemon import Watchdog, die_with_stacks, forbid_core_dumps, new_loop
    from greenbot.serving.ahead import import_parts

    if ready_fd is not None:
        _refuse_closed(ready_fd)
    forbid_core_dumps()
    # Made here so that a store that cannot be used is said before anything listens.
    run.store.close()
    import_parts()
    watchdog = Watchdog(on_stuck=die_with_stacks)
    collect()
    note("info", "service", outcome="started")
    watchdog.start()
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(_serve(run, wanted, watchdog, ready_fd))
    finally:
        watchdog.close()
        note("info", "service", outcome="stopped")


def _refuse_closed(fd: int) -> None:
    try:
        os.fstat(fd)
    except OSError:
        raise UsageError(
            f"File {fd} of --ready-fd is not open.", hint=f"Open it in the shell: {fd}>ready.txt"
        ) from None


async def _serve(run: Run, wanted: "Wanted", watchdog: "Watchdog", ready_fd: int | None) -> None:
    from greenbot.daemon import spare_what_stays
    from greenbot.serving.service import Service

    loop = asyncio.get_running_loop()
    service = Service(wanted, _surroundings(run), watchdog=watchdog)
    watchdog.watch("server", loop)
    _listen_to_signals(loop, run, service)
    spare_what_stays()
    announcing = asyncio.create_task(_announce(run, service, ready_fd))
    try:
        await service.run()
    finally:
        announcing.cancel()
        watchdog.forget("server")


def _surroundings(run: Run) -> "Surroundings":
    from greenbot.serving.around import Surroundings
    from greenbot.wiring import open_store

    def read_settings() -> "Settings":
        return Run(run.flags, environ=run.environ, cwd=run.cwd, clock=run.clock).settings

    def on_news(who: str, words: str) -> None:
        said = safe_text(words or "goes on")
        run.out.say(f"{who}: {said}" if who else said)

    settings = run.settings
    return Surroundings(
        read_settings=read_settings,
        open_db=lambda: open_store(settings, run.clock),
        clock=run.clock,
        environ=run.environ,
        on_news=on_news,
        on_bug=lambda error: _tell_bug(run, error),
        on_event=_shows_events(run) if run.flags.verbose else _ignore,
    )


def _ignore(arrival: "Arrival", kept: "Kept") -> None:
    """Only -v shows events."""


def _tell_bug(run: Run, error: BaseException) -> str:
    """Show where a handler failed; the number is all that its client gets to know."""
    import traceback

    number = os.urandom(4).hex()
    trace = "".join(traceback.format_exception(error))
    run.out.warn(f"internal error {number}:\n{safe_text(trace, keep_lines=True)}")
    return number


def _shows_events(run: Run) -> "Callable[[Arrival, Kept], None]":
    """One line for each event: when, whose, what, from whom with most of the number hidden, and what became of it."""
    from greenbot.messages.incoming.envelope import peek

    def show(arrival: "Arrival", kept: "Kept") -> None:
        envelope = peek(arrival.raw)
        state = "repeated" if kept.is_duplicate else str(kept.state.value)
        words = [
            iso_utc(arrival.received_at_ms),
            arrival.instance,
            envelope.type or "unreadable",
            _hidden(envelope.chat_id),
            f"{state} as {kept.event_id}",
        ]
        run.out.say(safe_text("  ".join(word for word in words if word)))

    return show


def _hidden(chat_id: str) -> str:
    """A guest's id that can be recognised and not be called."""
    from greenbot.chat_id import parse_chat_id

    if not chat_id:
        return ""
    try:
        return parse_chat_id(chat_id).masked
    except UsageError:
        return "***"


def _listen_to_signals(loop: asyncio.AbstractEventLoop, run: Run, service: "Service") -> None:
    from greenbot.daemon import notify_manager

    def on_end() -> None:
        if not service.supervisor.is_stopping:
            run.out.say("Stopping: what is under way is finished first. Once more ends at once.")
            notify_manager(run.environ, "STOPPING=1")
        service.stop()

    def on_hangup() -> None:
        try:
            service.reload()
        except GreenbotError as error:
            note("warning", "service", outcome="not_reloaded", words=str(error))
            run.out.warn(f"The configuration stays as it was: {error}")
        else:
            note("info", "service", outcome="reloaded")
            run.out.say("The configuration and the tokens were read again.")

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_end)
    loop.add_signal_handler(signal.SIGHUP, on_hangup)


async def _announce(run: Run, service: "Service", ready_fd: int | None) -> None:
    """Say where it listens and what to do next, as soon as everything runs."""
    from greenbot.daemon import notify_manager

    while not service.is_ready:  # noqa: ASYNC110 - made of many parts, and asked only until the start is over
        await asyncio.sleep(0.01)
    notify_manager(run.environ, "READY=1")
    if ready_fd is not None:
        with os.fdopen(ready_fd, "w") as ready:
            ready.write(f"{service.url}\n")
    rows = _rows(service)
    run.out.record({"url": service.url, "instances": [row["instance"] for row in rows]}, essential="url")
    run.out.stdout.flush()
    if not run.flags.json:
        _explain(run, service, rows)


def _rows(service: "Service") -> list[dict[str, str]]:
    from greenbot.server.webhooks import PATH

    return [{"instance": name, "webhook": f"{service.url}{PATH}/{name}"} for name in service.settings.instances]


def _explain(run: Run, service: "Service", rows: list[dict[str, str]]) -> None:
    """For a person at a terminal: what to put into GREEN-API, and what is still missing."""
    from greenbot.server.exposure import is_exposed
    from greenbot.server.webhooks import PATH

    say, settings = run.out.say, service.settings
    reach = "reachable from other machines" if is_exposed(settings.server.host) else "from this machine only"
    say(f"Receiving events for {', '.join(settings.instances) or 'no instance yet'}, {reach}.")
    signed = settings.webhook_secret.find() or settings.standard_secret.find()
    for row in rows:
        instance = settings.instances[row["instance"]]
        if not instance.webhook_tokens() and not signed:
            run.out.warn(
                f"{instance.name} has no webhook token, so its events are refused. Make one:\n"
                f"  openssl rand -hex 32 | greenbot instances edit {instance.name} --webhook-token-stdin\n"
                f"  kill -HUP {os.getpid()}"
            )
    if rows:
        say(f"Tell GREEN-API where to deliver: webhookUrl is this server's public https address + {PATH}/NAME,")
        say("and webhookUrlToken is the webhook token of that instance. How, from a shell: greenbot help webhooks")
    say("Stop with Ctrl-C." if run.flags.verbose else "Stop with Ctrl-C. -v shows each event.")
