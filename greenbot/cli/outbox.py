"""`greenbot outbox …`: the messages greenbot accepted, and what became of them."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.outbox.message import Message
    from greenbot.outbox.states import State

group = Group("outbox", "The messages greenbot accepted, and what became of them.")

IdArgument = Annotated[int, typer.Argument(metavar="ID", help="The message's number.")]


@group.command("list", instance=True, rows=True)
def list_(
    run: Run,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only messages in this state. Repeat for more.")
    ] = None,
    chat: Annotated[str | None, typer.Option("--chat", metavar="TO", help="Only messages to this chat.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, newest first.")] = 50,
    before: Annotated[
        int | None, typer.Option("--before", metavar="ID", help="Only older ones: the next page.")
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

    _recover(run)
    filters = Filters(
        instance=run.instance.name if run.flags.instance else None,
        states=tuple(_state(word) for word in state or ()),
        chat_id=parse_chat_id(chat) if chat else None,
        before_id=before,
        limit=limit,
    )
    rows = [_row(run, message) for message in list_messages(run.store, filters)]
    run.out.rows(
        rows,
        ("id", "state", "instance", "chat_id", "kind", "age", "attempts", "remote_id", "why"),
        empty="No message yet.",
    )


@group.command("show")
def show(run: Run, message_id: IdArgument) -> None:
    """One message with everything that happened to it.

    Examples:
    greenbot outbox show 12
    """
    from greenbot.clock import iso_utc
    from greenbot.outbox.table import calls_of, get, log_of

    _recover(run)
    message = get(run.store, message_id)
    log = log_of(run.store, message_id)
    calls = calls_of(run.store, message_id)
    record: dict[str, object] = _row(run, message) | {
        "accepted_here": iso_utc(message.created_at_ms),
        "accepted_there": message.accepted_at_ms and iso_utc(message.accepted_at_ms),
        "key": message.dedupe_key,
        "policy": message.policy,
        "evidence": message.evidence,
    }
    if run.flags.json:
        lines = [
            {
                "at": iso_utc(line.at_ms),
                "from": line.from_state,
                "to": line.to_state,
                "reason": line.reason,
                "cause": line.cause,
            }
            for line in log
        ]
        tries = [
            {
                "method": call.method,
                "attempt": call.attempt,
                "at": iso_utc(call.started_at_ms),
                "ms": call.elapsed_ms,
                "outcome": call.outcome,
                "status": call.status,
                "reason": call.reason,
            }
            for call in calls
        ]
        run.out.record(record | {"log": lines, "calls": tries})
        return
    run.out.record(record, essential="state")
    for line in log:
        why = " ".join(filter(None, (line.reason, line.cause, line.detail)))
        run.out.block(f"  {iso_utc(line.at_ms)}  {line.from_state or 'accepted'} -> {line.to_state}  {why}")
    for call in calls:
        run.out.block(
            f"  {iso_utc(call.started_at_ms)}  call {call.attempt} {call.method}: {call.outcome or 'no answer recorded'}  {call.elapsed_ms or 0} ms"
        )


def _recover(run: Run) -> None:
    """What a dead process left as `sending` is uncertain: say so before it is shown."""
    from greenbot.outbox.sweep import sweep

    if not (run.flags.read_only or run.environ.get("GREENBOT_READ_ONLY", "") not in ("", "0")):
        sweep(run.store, run_dir=run.settings.paths.run_dir, clock=run.clock)


def _state(word: str) -> "State":
    from greenbot.outbox.states import State

    try:
        return State(word)
    except ValueError:
        raise UsageError(f"There is no state '{word}'.", hint=f"States: {', '.join(State)}") from None


def _row(run: Run, message: "Message") -> dict[str, object]:
    why = " ".join(word for word in (str(message.reason), message.cause or "") if word)
    return {
        "id": message.id,
        "state": message.status,
        "instance": message.instance,
        "chat_id": message.chat_id,
        "kind": message.kind,
        "age": _age(run.clock.now_ms() - message.created_at_ms),
        "attempts": message.attempts,
        "remote_id": message.remote_id,
        "why": why,
    }


def _age(elapsed_ms: int) -> str:
    seconds = max(0, elapsed_ms // 1000)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
