"""`greenbot listen`: a developer's desk. Events as they come, each passed on to a program under development."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group

if TYPE_CHECKING:
    from greenbot.api.engine import Engine
    from greenbot.config.settings import Instance
    from greenbot.hooks.claims import Attempted
    from greenbot.hooks.hook import Rule
    from greenbot.hooks.job import Carry
    from greenbot.inbox.event import StoredEvent
    from greenbot.inbox.receive import Receiver
    from greenbot.messages.incoming.model import Incoming
    from greenbot.outbox.owner import Owner

group = Group("listen", "Watch events, and pass them on to a program you are working on.")

#: No hook can be called so.
_SECRET_NAME = "_listen"  # noqa: S105 - the name of a file, not a secret
_LOOK_SECONDS = 0.2
_TIMEOUT_MS = 30_000


@group.command("listen", instance=True, tag=True)
def listen(
    run: Run,
    forward_to: Annotated[
        str | None,
        typer.Option("--forward-to", metavar="URL", help="Post each event there, such as localhost:3000/in."),
    ] = None,
    events: Annotated[
        str, typer.Option("--events", metavar="A,B", help="Which: all, message, status, text, image, …")
    ] = "all",
    print_json: Annotated[bool, typer.Option("--print-json", help="Print what is posted as well.")] = False,
    no_poll: Annotated[
        bool, typer.Option("--no-poll", help="Only show what others store here; fetch nothing.")
    ] = False,
    most: Annotated[int | None, typer.Option("--max", min=1, metavar="N", help="End after so many events.")] = None,
) -> None:
    """Show events as they come, and pass each on to a URL, until stopped.

    It fetches from GREEN-API where no webhook is set and nobody else fetches; otherwise it watches what greenbot
    serve stores. Every event is kept before it is shown. Addresses of this machine are fine here. An event is
    posted once, signed like those of a hook.

    Examples:
    greenbot listen --forward-to localhost:3000/whatsapp
    greenbot listen --events message,status --instance grand-kyiv
    greenbot listen --forward-to http://127.0.0.1:8000/in --print-json --max 1
    """
    import asyncio

    from greenbot.hooks.hook import Rule, Wanted
    from greenbot.hooks.words import checked

    run.must_write()
    chosen = run.instances if run.flags.instance or run.flags.tag else (run.instance,)
    rule = Rule(
        name=_SECRET_NAME,
        kind="url",
        target=() if forward_to is None else (_whole(forward_to),),
        wanted=Wanted(events=checked(events.split(",")), direction="any"),
        timeout_ms=_TIMEOUT_MS,
    )
    carry = _carrier(run, rule) if rule.target else None
    asyncio.run(_Desk(run, rule, carry, print_json=print_json).work(chosen, poll=not no_poll, most=most))


def _whole(url: str) -> str:
    """`3000`, `localhost:3000/in` and a whole URL all name a place."""
    if url.isdecimal():
        return f"http://localhost:{url}/"
    return url if "://" in url else f"http://{url}"


def _carrier(run: Run, rule: "Rule") -> "Carry":
    from greenbot.hooks.keyfiles import KeyFiles
    from greenbot.hooks.web import WebCarrier
    from greenbot.outbound.guard import Policy, check_url, typed
    from greenbot.wiring import outbound_policy

    policy = Policy(allow=(*outbound_policy(run.settings).allow, typed(rule.target[0])))
    check_url(rule.target[0], policy)
    keys = KeyFiles(run.settings.paths.secrets_dir, run.clock)
    if not keys.of(rule.name):
        keys.store(rule.name)
    run.out.say(f"Events are signed with the secret in {keys.path(rule.name)}")
    return WebCarrier(policy=lambda: policy, secrets_of=keys.of, clock=run.clock)


class _Desk:
    """What is watched, where it goes, and how it is shown."""

    def __init__(self, run: Run, rule: "Rule", carry: "Carry | None", *, print_json: bool) -> None:
        import asyncio

        self._run = run
        self._rule = rule
        self._carry = carry
        self._print_json = print_json
        self._woken = asyncio.Event()
        self._stopping = False
        self._receivers: list[Receiver] = []

    async def work(self, chosen: "tuple[Instance, ...]", *, poll: bool, most: int | None) -> None:
        """Show and pass on until stopped, or until `most` were shown."""
        import asyncio

        from greenbot.api.engine import Engine
        from greenbot.hooks.tail import Tail
        from greenbot.outbox.owner import Owner

        names = [one.name for one in chosen]
        tail = Tail(self._run.store, names)
        async with Engine(environ=self._run.environ) as transport:
            with Owner(self._run.settings.paths.run_dir) as owner:
                self._stop_on_signals()
                self._run.out.say(f"Listening to {', '.join(names)}. Stop with Ctrl-C.")
                fetching = [asyncio.create_task(self._fetch(one, owner, transport)) for one in chosen if poll]
                try:
                    await self._watch(tail.new, most)
                finally:
                    # What is being fetched is still stored and deleted.
                    for receiver in self._receivers:
                        receiver.stop()
                    await asyncio.gather(*fetching)

    async def _fetch(self, one: "Instance", owner: "Owner", transport: "Engine") -> None:
        """Fetch what comes for an instance, unless somebody else does."""
        from greenbot.errors import Busy, GreenbotError, Refused
        from greenbot.wiring import make_receiver

        settings, store, clock = self._run.settings, self._run.store, self._run.clock
        try:
            with make_receiver(
                settings, one, store, owner, clock, transport=transport, on_received=lambda *_: self._woken.set()
            ) as receiver:
                self._receivers.append(receiver)
                await receiver.run(follow=True)
        except Busy:
            self._run.out.say(f"{one.name}: another greenbot fetches its events; what it stores here is shown.")
        except Refused:
            self._run.out.say(f"{one.name}: its events go to a webhook URL; what greenbot serve stores here is shown.")
        except GreenbotError:
            self._stopping = True
            self._woken.set()
            raise

    async def _watch(self, new: "Callable[[], list[StoredEvent]]", most: int | None) -> None:
        import asyncio

        shown = 0
        while not self._stopping:
            self._woken.clear()
            for event in new():
                shown += await self._take(event)
                if self._stopping or shown == most:
                    return
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _take(self, event: "StoredEvent") -> bool:
        """Pass one event on and show it. False when it is not one of those that were asked for."""
        from greenbot.hooks.body import body_of, webhook_id
        from greenbot.hooks.hook import wants
        from greenbot.hooks.job import Job
        from greenbot.messages.incoming.model import Unreadable
        from greenbot.messages.incoming.parse import parse

        try:
            incoming = parse(event.raw)
        except Unreadable:
            return False
        if not wants(self._rule.wanted, event.instance, (), incoming):
            return False
        job = Job(
            rule=self._rule,
            event=event,
            incoming=incoming,
            webhook_id=webhook_id(event.instance, event.digest),
            body=body_of(event, incoming),
            attempt=1,
        )
        answer = None if self._carry is None else await self._carry(job)
        self._show(event, incoming, answer)
        if self._print_json:
            self._run.out.block(job.body.decode())
        self._run.out.stdout.flush()
        return True

    def _show(self, event: "StoredEvent", incoming: "Incoming", answer: "Attempted | None") -> None:
        from greenbot.cli.output import SCHEMA_VERSION, show, to_json
        from greenbot.clock import iso_utc
        from greenbot.messages.incoming.text import summary_of

        row: dict[str, object] = {
            "id": event.id,
            "at": iso_utc(event.received_at_ms),
            "instance": event.instance,
            "type": event.type,
            "chat_id": event.chat_id or None,
            "summary": summary_of(incoming),
            "answer": None if answer is None else answer.words,
            "elapsed_ms": None if answer is None else answer.elapsed_ms,
        }
        if self._run.flags.json:
            self._run.out.line(to_json({"v": SCHEMA_VERSION, **row}))
        else:
            cells = ["id"] if self._run.flags.quiet else list(row)
            self._run.out.line("\t".join(show(row[cell]) for cell in cells))

    def _stop_on_signals(self) -> None:
        import asyncio
        import signal

        def on_signal() -> None:
            self._stopping = True
            self._woken.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, on_signal)
