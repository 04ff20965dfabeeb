"""`greenbot outbox reconcile` and `resolve`: what became of messages whose answer was lost."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.outbox_group import IdArgument, group
from greenbot.cli.run import Run
from greenbot.errors import GreenbotError, Refused, UnknownMessage, UsageError

if TYPE_CHECKING:
    from greenbot.outbox.message import Message
    from greenbot.outbox.operate import Action
    from greenbot.outbox.reconcile import Passes, Reconciler

#: How often `--wait` goes round.
_ROUND_SECONDS = 2.0
_COLUMNS = ("id", "state", "instance", "chat_id", "kind", "looks", "remote_id", "what")


@group.command("reconcile", instance=True, rows=True)
def reconcile(
    run: Run,
    message_id: Annotated[int | None, typer.Argument(metavar="[ID]", min=1, help="Only this message.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Go on until nothing more can be found out.")] = False,
) -> None:
    """Look what became of uncertain messages: in GREEN-API's queue, then in its journal.

    What is found is accepted. What two looks a minute apart do not find, two minutes after its fate became
    unknown, goes back to the queue and is sent again. A running worker does all this by itself.

    Examples:
    greenbot outbox reconcile
    greenbot outbox reconcile 12
    greenbot outbox reconcile --wait
    """
    run.must_write()
    _recover(run)
    asked = _asked(run, message_id)
    if not asked:
        run.out.say("No message is uncertain.")
        return
    reconcilers = _reconcilers(run, sorted({message.instance for message in asked}))
    passes = _go_round(run, reconcilers, wait=wait)
    run.out.rows([_row(run, message, passes) for message in asked], _COLUMNS, empty="No message is uncertain.")
    _say_problems(run, passes)


def _asked(run: Run, message_id: int | None) -> "list[Message]":
    from greenbot.outbox.listing import Filters, list_messages
    from greenbot.outbox.states import State
    from greenbot.outbox.table import get

    if message_id is not None:
        return [get(run.store, message_id)]
    chosen = run.flags.instance or run.flags.tag
    names = [one.name for one in run.instances] if chosen else [None]
    filters = [Filters(instance=name, states=(State.UNCERTAIN,), limit=10_000) for name in names]
    return [message for one in filters for message in reversed(list_messages(run.store, one))]


def _reconcilers(run: Run, names: list[str]) -> "dict[str, Reconciler]":
    from greenbot.outbox.reconcile import Reconciler
    from greenbot.outbox.timing import times_of
    from greenbot.wiring import open_lines

    async def sleep(seconds: float) -> None:
        run.clock.sleep(seconds)

    lines = open_lines(run.settings, run.clock)
    return {
        name: Reconciler(
            run.store,
            {name: run.client(run.settings.instance(name))},
            clock=run.clock,
            run_dir=run.settings.paths.run_dir,
            times=times_of(run.environ),
            lines=lines,
            sleep=sleep,
            actor=run.actor,
        )
        for name in names
    }


def _go_round(run: Run, reconcilers: "dict[str, Reconciler]", *, wait: bool) -> "Passes":
    from greenbot.api.inline import run_inline
    from greenbot.outbox.doubts import uncertain_of
    from greenbot.outbox.reconcile import Passes

    passes = Passes()
    for name, one in reconcilers.items():
        run_inline(one.pass_of(name, passes, now=True))
    while wait:
        left = {message.id for name in reconcilers for message in uncertain_of(run.store, name)}
        if not left - {*passes.spent}:
            break
        run.clock.sleep(_ROUND_SECONDS)
        for name, one in reconcilers.items():
            run_inline(one.pass_of(name, passes))
    return passes


def _row(run: Run, before: "Message", passes: "Passes") -> dict[str, object]:
    from greenbot.outbox.table import get

    message = get(run.store, before.id)
    return {
        "id": message.id,
        "state": message.status,
        "instance": message.instance,
        "chat_id": message.chat_id,
        "kind": message.kind,
        "looks": message.looks,
        "remote_id": message.remote_id,
        "what": _what(message, passes),
    }


def _what(message: "Message", passes: "Passes") -> str:
    if message.id in passes.found:
        return f"found in GREEN-API's {message.evidence}"
    if message.id in passes.requeued:
        return "nowhere to be found: it is sent again"
    if message.id in passes.failed:
        return "given up"
    if message.state != "uncertain":
        return "not uncertain"
    if message.id in passes.spent:
        return f"nowhere to be found; decide with: greenbot outbox resolve {message.id}"
    if message.id in passes.unclear:
        return f"not clear: {passes.unclear[message.id]}"
    return "not found; looked too early to conclude anything" if not message.looks else "not found; one more look"


def _say_problems(run: Run, passes: "Passes") -> None:
    for name, words in passes.problems.items():
        run.out.warn(f"{name} could not be read: {words}.")


@group.command("resolve", dry_run=True)
def resolve(
    run: Run,
    message_id: IdArgument,
    sent: Annotated[bool, typer.Option("--sent", help="The guest has it.")] = False,
    remote_id: Annotated[
        str | None, typer.Option("--remote-id", metavar="ID", help="With --sent: GREEN-API's id of it, if you know it.")
    ] = None,
    resend: Annotated[bool, typer.Option("--resend", help="The guest does not have it: send it again.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Let it go, whether the guest has it or not.")] = False,
) -> None:
    """Say what became of an uncertain message, after looking into the chat on the phone.

    Until then no other message leaves for the same guest, so that nothing arrives twice or out of order.
    Of two people who decide, the first one has decided.

    Examples:
    greenbot outbox resolve 12 --sent
    greenbot outbox resolve 12 --resend
    greenbot outbox resolve 12 --drop
    """
    from greenbot.outbox.resolve import DeclareSent, Drop, SendAgain
    from greenbot.outbox.table import get

    if sent + drop + resend != 1:
        raise UsageError("What became of it?", hint="Add one of --sent, --resend and --drop.")
    if remote_id is not None and not sent:
        raise UsageError("--remote-id belongs to --sent.", hint=None)
    action = DeclareSent(remote_id=remote_id) if sent else SendAgain() if resend else Drop()
    if run.flags.dry_run:
        _preview(run, get(run.store, message_id), action)
        return
    run.must_write()
    _recover(run)
    after = _decided(run, get(run.store, message_id), action)
    if resend:
        _let_go(run, after)
    else:
        run.out.record(_brief(after), essential="id")


def _preview(run: Run, message: "Message", action: "Action") -> None:
    obstacle = action.obstacle(run.store, message, run.clock.now_ms())
    if obstacle is not None:
        raise Refused(f"Message {message.id} {obstacle}.", hint=None, message_id=message.id)
    run.out.say(f"Would settle message {message.id} to {message.chat_id}: {action.name.replace('_', ' ')}.")


def _decided(run: Run, seen: "Message", action: "Action") -> "Message":
    from greenbot.db.audit import Operator
    from greenbot.outbox.operate import Seen, carry_out

    [result] = carry_out(run.store, [Seen.of(seen)], action, Operator(name=run.actor, clock=run.clock))
    if result.verdict == "done" and result.message is not None:
        return result.message
    kind: type[GreenbotError] = UnknownMessage if result.verdict == "unknown" else Refused
    raise kind(result.why, hint=f"See it with: greenbot outbox show {seen.id}", message_id=seen.id)


def _let_go(run: Run, message: "Message") -> None:
    """A worker takes it; where none runs, this command sends it."""
    from greenbot.cli.handover import is_attended

    if is_attended(run, message.instance):
        from greenbot.outbox.presence import wake

        wake(run.settings.paths.run_dir, message.instance)
        run.out.record(_brief(message), essential="id")
        return
    from greenbot.cli.sender import Sender
    from greenbot.messages.outgoing import draft_from_json

    with Sender(run, run.settings.instance(message.instance)) as sender:
        sender.deliver(message.id, draft_from_json(message.kind, message.draft))


def _brief(message: "Message") -> dict[str, object]:
    return {
        "id": message.id,
        "state": message.status,
        "instance": message.instance,
        "chat_id": message.chat_id,
        "remote_id": message.remote_id,
    }


def _recover(run: Run) -> None:
    """What a dead process left as `sending` is uncertain: say so before it is looked for."""
    from greenbot.outbox.sweep import sweep

    sweep(run.store, run_dir=run.settings.paths.run_dir, clock=run.clock)
