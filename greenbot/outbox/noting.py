"""The lines of the log about messages: what became of one, once that is on the disk."""

from greenbot.logs.notes import note, wants
from greenbot.outbox.message import Message
from greenbot.outbox.states import State

#: What the line of its call says already, or is only a step.
_QUIET = frozenset({State.ACCEPTED, State.DELIVERED, State.CLAIMED, State.SENDING})
_GRAVE = frozenset({State.FAILED, State.UNCERTAIN, State.STALLED, State.EXPIRED})


def note_state(message: Message, *, before: State | None = None) -> None:
    """A message as it is now: accepted into the outbox, or moved on from `before`."""
    level = "debug" if message.state in _QUIET else "warning" if message.state in _GRAVE else "info"
    note(
        level,  # type: ignore[arg-type]  # one of the three words
        "message",
        instance=message.instance,
        method=message.method,
        message_id=message.id,
        remote_id=message.remote_id,
        chat=message.chat_id,
        outcome=message.state.value,
        reason=message.reason.value,
        from_=before.value if before is not None else None,
        words=message.detail,
    )


def note_change(message: Message, change: object) -> None:
    """What the outcome of a call made of a message; nothing when it was not ours to change any more."""
    from greenbot.outbox.decide import Change  # it knows outcomes of calls, which a shell that hands over does without

    if not isinstance(change, Change):
        return
    level = "debug" if change.state in _QUIET else "warning"
    if level == "debug" and not wants("debug", message.instance):
        return
    note(
        level,  # type: ignore[arg-type]  # one of the two words
        "message",
        instance=message.instance,
        method=message.method,
        message_id=message.id,
        chat=message.chat_id,
        outcome=change.state.value,
        reason=change.reason.value,
        from_="sending",
        words=change.detail,
    )
