"""`greenbot outbox show`: the life of one message on the screen, and as JSON."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from greenbot.cli.outbox_group import IdArgument, group, recover
from greenbot.cli.outbox_list import row
from greenbot.cli.outbox_waits import Waits, wait_json, wait_text
from greenbot.cli.run import Run
from greenbot.cli.values import local_time
from greenbot.clock import iso_utc

if TYPE_CHECKING:
    from greenbot.outbox.history import Call, LogLine
    from greenbot.outbox.message import Message
    from greenbot.outbox.waiting import Wait

#: Keys of a request that only name things; whatever else it says to the guest stays covered.
_OPEN_KEYS = frozenset({"chatId", "chatIdFrom", "messages", "quotedMessageId", "fileName", "linkPreview", "typingTime"})

#: Moves that somebody decided: then it matters who.
_BY_PEOPLE = frozenset({"held", "released", "edited", "operator"})


@group.command("show")
def show(run: Run, message_id: IdArgument) -> None:
    """One message with everything that happened to it.

    Examples:
    greenbot outbox show 12
    """
    from greenbot.outbox.history import calls_of, log_of
    from greenbot.outbox.table import get

    recover(run)
    message = get(run.store, message_id)
    waits = Waits(run).of(message)
    log = log_of(run.store, message_id)
    calls = calls_of(run.store, message_id)
    found = row(run, message, waits)
    if run.flags.json:
        run.out.record(found | as_json(message, log, calls, waits))
        return
    for key in ("until", "class", "priority"):
        del found[key]
    run.out.record(found | details(run, message, waits), essential="state")
    if run.flags.quiet:
        return
    for line in history(run, log, calls):
        run.out.block(line)
    if advice := next_step(message, waits):
        run.out.say(advice)


def as_json(
    message: "Message", log: "list[LogLine]", calls: "list[Call]", waits: "tuple[Wait, ...]"
) -> dict[str, object]:
    """Everything known about a message beyond its row in the list."""
    return {
        "waits": [wait_json(wait) for wait in waits],
        "scheduled_at": iso_utc(message.scheduled_at_ms) if message.scheduled_at_ms else None,
        "expires_at": None if message.expires_at_ms is None else iso_utc(message.expires_at_ms),
        "held": message.held_reason,
        "retry_of": message.retry_of,
        "campaign_id": message.campaign_id,
        "request": covered(message),
        "accepted_at": None if message.accepted_at_ms is None else iso_utc(message.accepted_at_ms),
        "key": message.dedupe_key,
        "policy": message.policy,
        "evidence": message.evidence,
        "log": [_line(line) for line in log],
        "calls": [_call(call) for call in calls],
    }


def _line(line: "LogLine") -> dict[str, object]:
    return {
        "at": iso_utc(line.at_ms),
        "from": line.from_state,
        "to": line.to_state,
        "reason": line.reason,
        "cause": line.cause,
        "detail": line.detail,
        "actor": line.actor,
    }


def _call(call: "Call") -> dict[str, object]:
    return {
        "method": call.method,
        "attempt": call.attempt,
        "at": iso_utc(call.started_at_ms),
        "ms": call.elapsed_ms,
        "outcome": call.outcome,
        "status": call.status,
        "reason": call.reason,
    }


def details(run: Run, message: "Message", waits: "tuple[Wait, ...]") -> dict[str, object]:
    """The same for a person: times on the local clock, and only what says something about this message."""
    told: dict[str, object] = {
        "created_at": _moment(run, message.created_at_ms),
        "accepted_at": None if message.accepted_at_ms is None else _moment(run, message.accepted_at_ms),
        "key": message.dedupe_key,
        "policy": message.policy,
    }
    at_times: dict[str, object] = {
        "waits_for": [wait_text(run, wait) for wait in waits],
        "scheduled_at": _moment(run, message.scheduled_at_ms) if message.scheduled_at_ms else None,
        "expires_at": None if message.expires_at_ms is None else _moment(run, message.expires_at_ms),
        "retry_of": message.retry_of,
        "campaign": message.campaign_id,
        "priority": message.priority if message.priority != "normal" else None,
        "class": message.message_class if message.message_class != "service" else None,
        "request": covered(message) if run.flags.verbose else None,
    }
    return told | {name: value for name, value in at_times.items() if value}


def covered(message: "Message") -> dict[str, object] | None:
    """The body of its request, with what it tells the guest covered; None when the draft cannot be read any more."""
    from greenbot.errors import UsageError
    from greenbot.messages.outgoing import draft_from_json

    try:
        params = draft_from_json(message.kind, message.draft).params()
    except UsageError:
        return None
    return {name: value if name in _OPEN_KEYS else _cover(value) for name, value in params.items()}


def _cover(value: object) -> object:
    if isinstance(value, str):
        return f"[{len(value)} characters]"
    if isinstance(value, dict):
        return {name: _cover(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cover(inner) for inner in value]
    return value if isinstance(value, bool) or value is None else "[a number]"


def history(run: Run, log: "list[LogLine]", calls: "list[Call]") -> Iterator[str]:
    """One line for each change and each call, in the order in which they happened."""
    lines = [(line.at_ms, 0, _change(line)) for line in log]
    lines += [(call.started_at_ms, 1, _attempt(call)) for call in calls]
    yield from (f"{_moment(run, at_ms)}  {words}" for at_ms, _, words in sorted(lines))


def next_step(message: "Message", waits: "tuple[Wait, ...]") -> str | None:
    """What a person does about it, where something is to be done."""
    from greenbot.outbox.actions import surely_unsent

    if message.state == "uncertain":
        return (
            "Look into the chat on the hotel's phone, then say what you saw: "
            f"greenbot outbox resolve {message.id} --sent, or --resend, or --drop"
        )
    if message.held_reason is not None and message.state == "queued":
        return f"Let it go on: greenbot outbox release {message.id}. Or end it: greenbot outbox cancel {message.id}"
    if any(wait.why == "no_worker" for wait in waits):
        return f"Send what waits: greenbot outbox run --drain. Or end it: greenbot outbox cancel {message.id}"
    if surely_unsent(message):
        return f"Send it once more: greenbot outbox retry {message.id}"
    return None


def _change(line: "LogLine") -> str:
    why = ", ".join(word.replace("_", " ") for word in (line.reason, line.cause) if word)
    detail = f": {line.detail}" if line.detail else ""
    who = f", by {line.actor}" if line.reason in _BY_PEOPLE else ""
    return f"{line.to_state}  ({why}{detail}{who})"


def _attempt(call: "Call") -> str:
    if call.outcome is None:
        return f"  {call.method}, attempt {call.attempt}: no answer was recorded"
    took = f" in {call.elapsed_ms} ms" if call.elapsed_ms is not None else ""
    status = f" (HTTP {call.status})" if call.status else ""
    return f"  {call.method}, attempt {call.attempt}: {call.outcome}{status}{took}"


def _moment(run: Run, moment_ms: int) -> str:
    return local_time(moment_ms) if run.out.for_person else iso_utc(moment_ms)
