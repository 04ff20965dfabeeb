"""Doing one thing to one message or to many: say how many, ask, do, say what became of each."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from greenbot.cli.numbers import numbers
from greenbot.cli.outbox_filter import Which, every
from greenbot.cli.outbox_group import recover, wake_workers
from greenbot.cli.run import Run
from greenbot.errors import GreenbotError, PartlyDone, Refused, Stopped, UnknownMessage, UsageError

if TYPE_CHECKING:
    from greenbot.outbox.message import Message
    from greenbot.outbox.operate import Action, Result

_PAST = {"hold": "held", "release": "released", "cancel": "cancelled", "edit": "edited", "retry": "retried"}
#: Such work takes a while; then a line now and then says how far it is.
_WORTH_A_LINE = 5000
_COLUMNS = ("id", "result", "state", "instance", "chat_id", "detail")


def act(run: Run, action: "Action", ids: list[str] | None, which: Which, **fixed: Any) -> None:
    """Do it to the messages named by number, by `-` (numbers on stdin), or by filters.

    `fixed`: the filters under which the action is possible at all, where the person said nothing else.
    Raises UnknownMessage and Refused for a single message, PartlyDone when some were done and some not.
    """
    recover(run)
    wanted = _wanted(run, action, ids, which, **fixed)
    if not wanted.messages and not wanted.unknown:
        run.out.say("No message matches; there is nothing to do.")
        return
    if run.flags.dry_run:
        _preview(run, action, wanted)
        return
    run.must_write()
    if wanted.in_bulk:
        run.out.say(f"{_counted(wanted.messages)}.")
        run.confirm(f"{action.name.capitalize()} {_messages(len(wanted.messages))}?")
    results = [*wanted.unknown, *_carried_out(run, action, wanted.messages)]
    if any(result.verdict == "done" for result in results) and action.name != "hold":
        wake_workers(run, for_sending=action.name in ("release", "retry"))
    _report(run, action, results, alone=len(results) == 1 and not wanted.in_bulk)


class _Wanted:
    """What the person pointed at."""

    def __init__(self, messages: "list[Message]", unknown: "list[Result]", *, in_bulk: bool) -> None:
        self.messages = messages
        self.unknown = unknown
        self.in_bulk = in_bulk


def _wanted(run: Run, action: "Action", ids: list[str] | None, which: Which, **fixed: Any) -> _Wanted:
    named = bool(ids)
    filtered = not which.says_nothing or run.flags.instance is not None or run.flags.tag is not None
    if named and filtered:
        raise UsageError("Name messages by number or by filters, not both.")
    if named:
        assert ids is not None
        return _by_number(run, ids)
    if not filtered:
        raise UsageError(
            "Which messages?", hint="Give their numbers, - for numbers on stdin, or filters such as --instance NAME."
        )
    return _possible(run, action, every(run, which, **({} if which.state else fixed)))


def _possible(run: Run, action: "Action", found: "list[Message]") -> _Wanted:
    """A filter may also catch what it cannot be done to: that is no failure, as long as there is something else."""
    obstacles = [action.obstacle(run.store, message, run.clock.now_ms()) for message in found]
    possible = [message for message, why in zip(found, obstacles, strict=True) if why is None]
    if not possible or len(possible) == len(found):
        return _Wanted(found, [], in_bulk=True)
    first, why = next((message, why) for message, why in zip(found, obstacles, strict=True) if why is not None)
    others = len(found) - len(possible)
    more = f" and {others - 1:,} more" if others > 1 else ""
    run.out.say(f"Left out: message {first.id}{more}, because it {why}.")
    return _Wanted(possible, [], in_bulk=True)


def _by_number(run: Run, ids: list[str]) -> _Wanted:
    from greenbot.outbox.operate import Result
    from greenbot.outbox.table import get

    messages: list[Message] = []
    unknown: list[Result] = []
    for number in dict.fromkeys(_numbers(ids)):
        try:
            messages.append(get(run.store, number))
        except UnknownMessage as error:
            unknown.append(Result(id=number, verdict="unknown", why=str(error)))
    return _Wanted(messages, unknown, in_bulk="-" in ids)


def _numbers(ids: list[str]) -> Iterator[int]:
    return numbers(
        ids,
        of="a message",
        listing="greenbot outbox list",
        piped="greenbot outbox list --state failed -q | greenbot outbox retry - --yes",
    )


def _counted(messages: "Sequence[Message]") -> str:
    """`3 messages of kyiv, 1 of odesa`."""
    counts = Counter(message.instance for message in messages)
    first, *others = counts.most_common()
    more = (f"{count} of {name}" for name, count in others)
    return ", ".join([f"{_messages(first[1])} of {first[0]}", *more])


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"


def _preview(run: Run, action: "Action", wanted: _Wanted) -> None:
    rows = [_row(result) for result in wanted.unknown]
    for message in wanted.messages:
        why = action.obstacle(run.store, message, run.clock.now_ms())
        rows.append(_message_row(message, "not possible" if why else f"would be {_PAST[action.name]}", why))
    run.out.rows(rows, _COLUMNS)
    if wanted.messages:
        run.out.say(f"{_counted(wanted.messages)}. Nothing was changed.")


def _carried_out(run: Run, action: "Action", messages: "Sequence[Message]") -> "list[Result]":
    from greenbot.outbox.operate import Seen, carry_out

    seen = [Seen.of(message) for message in messages]
    results: list[Result] = []
    try:
        for result in carry_out(run.store, seen, action, run.operator):
            results.append(result)
            if len(results) % _WORTH_A_LINE == 0:
                run.out.say(f"{len(results):,} of {len(seen):,} ...")
    except KeyboardInterrupt:
        done = sum(result.verdict == "done" for result in results)
        raise Stopped(f"Stopped: {done:,} of {_messages(len(seen))} were {_PAST[action.name]}.") from None
    return results


def _report(run: Run, action: "Action", results: "list[Result]", *, alone: bool) -> None:
    done = [result for result in results if result.verdict == "done"]
    left = [result for result in results if result.verdict != "done"]
    if alone and left:
        raise _error(left[0])
    if not run.out.for_person or run.flags.json or run.flags.quiet or run.flags.verbose or run.flags.csv:
        run.out.rows([_row(result, action) for result in results], _COLUMNS)
    elif alone:
        run.out.line(_sentence(run, action, done[0]))
    else:
        run.out.line(f"{_messages(len(done))} {_PAST[action.name]}.")
    if not left:
        return
    for result in left[:5]:
        run.out.warn(result.why)
    more = f" (see {len(left) - 5} more with --json)" if len(left) > 5 else ""
    words = (
        f"{len(done):,} of {_messages(len(results))} {'was' if len(done) == 1 else 'were'} {_PAST[action.name]}{more}."
    )
    raise PartlyDone(words, hint=None) if done else type(_error(left[0]))(words)


def _error(result: "Result") -> GreenbotError:
    if result.verdict == "unknown":
        return UnknownMessage(result.why, message_id=result.id)
    return Refused(result.why, message_id=result.id)


def _sentence(run: Run, action: "Action", result: "Result") -> str:
    assert result.message is not None, "done to a message"
    mark = run.out.style(run.out.sign("✓", "ok"), "green")
    became = f" as message {result.message.id}" if result.message.id != result.id else ""
    return f"{mark} {_PAST[action.name]}  message {result.id} to {result.message.chat_id}{became}"


def _row(result: "Result", action: "Action | None" = None) -> dict[str, object]:
    if result.message is None:
        return {"id": result.id, "result": result.verdict, "detail": result.why}
    verdict = _PAST[action.name] if action is not None and result.verdict == "done" else result.verdict
    row = _message_row(result.message, verdict, result.why or None) | {"id": result.id}
    return row | {"new_id": result.message.id} if result.message.id != result.id else row


def _message_row(message: "Message", verdict: str, detail: str | None) -> dict[str, object]:
    return {
        "id": message.id,
        "result": verdict,
        "state": message.status,
        "instance": message.instance,
        "chat_id": message.chat_id,
        "detail": detail,
    }
