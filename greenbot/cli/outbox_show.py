"""The life of one message on the screen, and as JSON."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from greenbot.cli.run import Run
from greenbot.cli.values import local_time
from greenbot.clock import iso_utc

if TYPE_CHECKING:
    from greenbot.outbox.message import Call, LogLine, Message


def as_json(message: "Message", log: "list[LogLine]", calls: "list[Call]") -> dict[str, object]:
    """Everything known about a message beyond its row in the list."""
    return {
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


def details(run: Run, message: "Message") -> dict[str, object]:
    """The same for a person: times on the local clock."""
    return {
        "created_at": _moment(run, message.created_at_ms),
        "accepted_at": None if message.accepted_at_ms is None else _moment(run, message.accepted_at_ms),
        "key": message.dedupe_key,
        "policy": message.policy,
    }


def history(run: Run, log: "list[LogLine]", calls: "list[Call]") -> Iterator[str]:
    """One line for each change and each call, in the order in which they happened."""
    lines = [(line.at_ms, 0, _change(line)) for line in log]
    lines += [(call.started_at_ms, 1, _attempt(call)) for call in calls]
    yield from (f"{_moment(run, at_ms)}  {words}" for at_ms, _, words in sorted(lines))


def next_step(message: "Message") -> str | None:
    """What a person does about it, where something is to be done."""
    if message.state == "uncertain":
        return (
            "Look into the chat on the hotel's phone, then say what you saw: "
            f"greenbot outbox resolve {message.id} --sent, or --resend, or --drop"
        )
    if message.state == "queued":
        return f"Send it now: greenbot outbox retry {message.id}. Or take it back: greenbot outbox cancel {message.id}"
    return None


def _change(line: "LogLine") -> str:
    why = ", ".join(word.replace("_", " ") for word in (line.reason, line.cause) if word)
    detail = f": {line.detail}" if line.detail else ""
    return f"{line.to_state}  ({why}{detail})"


def _attempt(call: "Call") -> str:
    if call.outcome is None:
        return f"  {call.method}, attempt {call.attempt}: no answer was recorded"
    took = f" in {call.elapsed_ms} ms" if call.elapsed_ms is not None else ""
    status = f" (HTTP {call.status})" if call.status else ""
    return f"  {call.method}, attempt {call.attempt}: {call.outcome}{status}{took}"


def _moment(run: Run, moment_ms: int) -> str:
    return local_time(moment_ms) if run.out.for_person else iso_utc(moment_ms)
