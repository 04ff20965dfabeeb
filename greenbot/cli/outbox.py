"""`greenbot outbox …`: the messages greenbot accepted, and what became of them."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import Refused, UsageError

if TYPE_CHECKING:
    from greenbot.outbox.message import Message
    from greenbot.outbox.states import State

group = Group("outbox", "The messages greenbot accepted, and what became of them.")

_LAST_ID = 2**63 - 1
IdArgument = Annotated[int, typer.Argument(metavar="ID", min=1, max=_LAST_ID, help="The message's number.")]


@group.command("list", instance=True, rows=True)
def list_(
    run: Run,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", help="Only messages in this state. Repeat for more."),
    ] = None,
    chat: Annotated[str | None, typer.Option("--chat", metavar="TO", help="Only messages to this chat.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, newest first.")] = 50,
    before: Annotated[
        int | None, typer.Option("--before", metavar="ID", min=1, max=_LAST_ID, help="Only older ones: the next page.")
    ] = None,
) -> None:
    """The newest messages.

    Examples:
    greenbot outbox list
    greenbot outbox list --state uncertain --state failed --json
    greenbot outbox list --chat 380441234567
    """
    from greenbot.chat_id import parse_chat_id
    from greenbot.outbox.table import Filters, list_messages

    filters = Filters(
        instance=run.instance.name if run.flags.instance else None,
        states=tuple(_state(word) for word in state or ()),
        chat_id=parse_chat_id(chat) if chat else None,
        before_id=before,
        limit=limit,
    )
    _recover(run)
    rows = [_row(run, message) for message in list_messages(run.store, filters)]
    run.out.rows(
        rows,
        ("id", "state", "instance", "chat_id", "kind", "age_s", "remote_id", "why"),
        more=("attempts", "created_at"),
        empty="No message yet.",
    )


@group.command("show")
def show(run: Run, message_id: IdArgument) -> None:
    """One message with everything that happened to it.

    Examples:
    greenbot outbox show 12
    """
    from greenbot.outbox.table import calls_of, get, log_of

    _recover(run)
    message = get(run.store, message_id)
    log = log_of(run.store, message_id)
    calls = calls_of(run.store, message_id)
    if run.flags.json:
        from greenbot.cli.outbox_show import as_json

        run.out.record(_row(run, message) | as_json(message, log, calls))
        return
    from greenbot.cli.outbox_show import details, history, next_step

    run.out.record(_row(run, message) | details(run, message), essential="state")
    if run.flags.quiet:
        return
    for line in history(run, log, calls):
        run.out.block(line)
    if advice := next_step(message):
        run.out.say(advice)


@group.command("resolve", dry_run=True)
def resolve(
    run: Run,
    message_id: IdArgument,
    sent: Annotated[bool, typer.Option("--sent", help="The guest has it.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="The guest does not have it, and need not get it.")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="The guest does not have it: send it now.")] = False,
) -> None:
    """Say what became of an uncertain message, after looking into the chat on the phone.

    Until then no other message leaves for the same guest, so that nothing arrives twice or out of order.

    Examples:
    greenbot outbox resolve 12 --sent
    greenbot outbox resolve 12 --resend
    """
    from greenbot.outbox.states import State

    if sent + drop + resend != 1:
        raise UsageError("What became of it?", hint="Add one of --sent, --drop and --resend.")
    _decide(run, message_id, State.ACCEPTED if sent else State.FAILED if drop else State.QUEUED)
    if resend and not run.flags.dry_run:
        _deliver_now(run, message_id)


@group.command("cancel", dry_run=True)
def cancel(run: Run, message_id: IdArgument) -> None:
    """Take a message that waits out of the queue; it will not be sent.

    Examples:
    greenbot outbox cancel 12
    """
    from greenbot.outbox.states import State

    _decide(run, message_id, State.CANCELLED)


@group.command("retry", dry_run=True)
def retry(run: Run, message_id: IdArgument) -> None:
    """Send a message that waits in the queue now.

    Examples:
    greenbot outbox retry 12
    """
    from greenbot.outbox.states import State
    from greenbot.outbox.table import get

    if not run.flags.dry_run:
        run.must_write()
        _recover(run)
    message = get(run.store, message_id)
    if message.state is not State.QUEUED:
        raise Refused(
            f"Message {message_id} is {message.status}, not queued.",
            hint="An uncertain one: greenbot outbox resolve. A failed one: run its send command again.",
            message_id=message_id,
        )
    if run.flags.dry_run:
        run.out.say(f"Would send message {message_id} to {message.chat_id}.")
        return
    _deliver_now(run, message_id)


def _decide(run: Run, message_id: int, state: "State") -> None:
    from greenbot.outbox.operator import decide
    from greenbot.outbox.table import get

    if run.flags.dry_run:
        run.out.say(f"Would turn message {message_id} from {get(run.store, message_id).status} into {state}.")
        return
    run.must_write()
    _recover(run)
    message = decide(run.store, message_id, state, actor="shell", clock=run.clock)
    if state is not state.QUEUED:
        run.out.record(_row(run, message), essential="id")


def _deliver_now(run: Run, message_id: int) -> None:
    from greenbot.cli.sender import Sender
    from greenbot.messages.outgoing import draft_from_json
    from greenbot.outbox.table import get

    message = get(run.store, message_id)
    with Sender(run, run.settings.instance(message.instance)) as sender:
        sender.deliver(message_id, draft_from_json(message.kind, message.draft))


def _recover(run: Run) -> None:
    """What a dead process left as `sending` is uncertain: say so before it is shown."""
    if not run.read_only:
        from greenbot.outbox.sweep import sweep

        sweep(run.store, run_dir=run.settings.paths.run_dir, clock=run.clock)


def _state(word: str) -> "State":
    from greenbot.outbox.states import State

    try:
        return State(word)
    except ValueError:
        raise UsageError(f"There is no state '{word}'.", hint=f"States: {', '.join(State)}") from None


def _row(run: Run, message: "Message") -> dict[str, object]:
    from greenbot.cli.values import Age
    from greenbot.clock import iso_utc

    return {
        "id": message.id,
        "state": message.status,
        "instance": message.instance,
        "chat_id": message.chat_id,
        "kind": message.kind,
        "age_s": Age((run.clock.now_ms() - message.created_at_ms) // 1000),
        "attempts": message.attempts,
        "remote_id": message.remote_id,
        "why": _why(message),
        "created_at": iso_utc(message.created_at_ms),
    }


def _why(message: "Message") -> str | None:
    """What a person asks of a message that is not simply on its way; the words GREEN-API used, where it used any."""
    from greenbot.outbox.states import State

    if message.state in (State.ACCEPTED, State.DELIVERED):
        return None
    words = [word.replace("_", " ") for word in (message.reason, message.cause) if word]
    return ": ".join([*words, *([message.detail] if message.detail else [])])
