"""The send queue of one instance: what was accepted leaves one by one, and what becomes of it.

GREEN-API docs: FIFO, one message per `delaySendMessagesMilliseconds` counted from the previous send, kept
for 24 hours, also while the instance is not authorised.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from greenbot.simulator.journal import NEVER, JournalMessage

if TYPE_CHECKING:
    from greenbot.simulator.clock import Timer
    from greenbot.simulator.world import GuestMessage, Instance

SHOWN_LIMIT = 500
# With a delay of zero (load tests) a backlog leaves in portions, so that requests are served in between.
LEAVE_AT_ONCE = 100
SENDING_STATES = frozenset({"authorized", "suspended", "yellowCard"})
GROUP_TOO_LARGE = "SWE004: the number of participants in the group has been exceeded - {limit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMessage:
    """One accepted message; `kind` and `body` are what showMessagesQueue prints, times are seconds."""

    message: JournalMessage
    kind: str
    body: dict[str, object]
    accepted_at: float
    extra_seconds: float = 0.0


class SendQueue:
    """FIFO with a pace. `wake()` after anything changed that could let a message leave."""

    def __init__(self, instance: Instance) -> None:
        self.items: deque[QueuedMessage] = deque()
        self._instance = instance
        self._timer: Timer | None = None
        self._last_left_at = -NEVER
        self._counted: tuple[float, int] = (-NEVER, 0)

    def __len__(self) -> int:
        self._drop_expired()
        return len(self.items)

    def count_shown(self, refresh_seconds: float) -> int:
        """What getMessagesCount says: the length as it was at the last renewal of the counter."""
        now = self._instance.world.clock.now()
        if now - self._counted[0] >= refresh_seconds:
            self._counted = (now, len(self))
        return self._counted[1]

    def accept(self, item: QueuedMessage) -> None:
        """Take a message; it leaves when everything before it has left."""
        self.items.append(item)
        self.wake()

    def shown(self) -> list[QueuedMessage]:
        """What showMessagesQueue admits: without the head (unless the knob says otherwise), at most 500."""
        self._drop_expired()
        first = 1 if self._instance.knobs.hide_queue_head else 0
        return [item for index, item in zip(range(SHOWN_LIMIT + first), self.items, strict=False) if index >= first]

    def clear(self) -> None:
        """Drop everything that has not left yet."""
        self.items.clear()
        self._cancel()

    def wake(self) -> None:
        """Set the timer for the next departure, or stop it while nothing may leave."""
        if not self.items or not self._may_send():
            self._cancel()
            return
        if self._timer is None:
            delay = self._due() - self._instance.world.clock.now()
            self._timer = self._instance.world.clock.call_later(delay, self._leave)

    def _may_send(self) -> bool:
        instance = self._instance
        return instance.state in SENDING_STATES and not instance.knobs.stuck_queue

    def _due(self) -> float:
        return self._last_left_at + self._delay_seconds() + (self.items[0].extra_seconds or self._auto_typing())

    def _auto_typing(self) -> float:
        """GREEN-API docs: automatic typing adds to the pause unless the message names its own time."""
        value = self._instance.settings.get("autoTyping", 0)
        return float(value) if isinstance(value, int) else 0.0

    def _delay_seconds(self) -> float:
        override = self._instance.world.timings.queue_delay
        if override is not None:
            return override
        value = self._instance.settings.get("delaySendMessagesMilliseconds", 500)
        return value / 1000 if isinstance(value, int) else 0.5

    def _leave(self) -> None:
        self._timer = None
        self._drop_expired()
        now = self._instance.world.clock.now()
        for _ in range(LEAVE_AT_ONCE):
            if not self.items or not self._may_send() or self._due() > now:
                break
            self._last_left_at = now
            dispatch(self._instance, self.items.popleft().message)
        self.wake()

    def _drop_expired(self) -> None:
        oldest_kept = self._instance.world.clock.now() - self._instance.world.timings.retention
        while self.items and self.items[0].accepted_at <= oldest_kept:
            self.items.popleft()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def dispatch(instance: Instance, message: JournalMessage) -> None:
    """A message leaves the queue: it is delivered, refused by WhatsApp, or silently lost."""
    world, knobs = instance.world, instance.knobs
    message.timestamp = world.clock.now()
    _restrict_again(instance)
    if knobs.lose_accepted_rate and world.rng.random() < knobs.lose_accepted_rate:
        return
    refusal = _refusal(instance, message.chat_id)
    if refusal is not None:
        _refuse(instance, message, *refusal)
        return
    message.status = "pending"
    publish(instance, message)
    instance.touch_chat(message.chat_id, replied=True)
    world.clock.call_later(world.timings.send_to_sent, partial(_sent, instance, message))


def publish(instance: Instance, message: JournalMessage) -> None:
    """Let the journal show a message after its lag, unless this one is omitted."""
    world, knobs = instance.world, instance.knobs
    lag = world.timings.journal_lag if knobs.journal_lag is None else knobs.journal_lag
    omitted = knobs.journal_omission_rate and world.rng.random() < knobs.journal_omission_rate
    instance.journal.publish(message, visible_at=NEVER if omitted else world.clock.now() + lag)


def _restrict_again(instance: Instance) -> None:
    """GREEN-API docs: after a reboot the restriction returns as soon as a message is sent."""
    until = instance.suspended_until
    if instance.state == "authorized" and until is not None and instance.world.clock.now() < until:
        instance.change_state("suspended")


def _refusal(instance: Instance, chat_id: str) -> tuple[str, str | None] | None:
    knobs = instance.knobs
    if chat_id in knobs.guests_without_whatsapp:
        return "noAccount", None
    if instance.state in ("suspended", "yellowCard") and _dropped(instance):
        return instance.state, None
    if chat_id.endswith("@g.us"):
        return _group_refusal(instance, chat_id)
    return None


def _dropped(instance: Instance) -> bool:
    rate = instance.knobs.suspended_drop_rate
    return rate >= 1 or instance.world.rng.random() < rate


def _group_refusal(instance: Instance, chat_id: str) -> tuple[str, str | None] | None:
    group, limit = instance.groups.get(chat_id), instance.knobs.large_group_limit
    if group is None or instance.phone not in group.members:
        return "notInGroup", None
    if limit is not None and len(group.members) > limit:
        return "failed", GROUP_TOO_LARGE.format(limit=limit)
    return None


def _refuse(instance: Instance, message: JournalMessage, status: str, description: str | None) -> None:
    message.status = status
    if status != "failed" or instance.knobs.journal_failed:
        publish(instance, message)
    instance.tell_status(message, status, description)


def _sent(instance: Instance, message: JournalMessage) -> None:
    received = instance.deliver_to_guest(message)
    _set_status(instance, message, received, "sent")
    if _stays_sent(instance, message.chat_id):
        return
    timings = instance.world.timings
    instance.world.clock.call_later(timings.sent_to_delivered, partial(_delivered, instance, message, received))


def _delivered(instance: Instance, message: JournalMessage, received: GuestMessage) -> None:
    _set_status(instance, message, received, "delivered")
    if instance.knobs.guests_read:
        step = partial(_set_status, instance, message, received, "read")
        instance.world.clock.call_later(instance.world.timings.delivered_to_read, step)


def _set_status(instance: Instance, message: JournalMessage, received: GuestMessage, status: str) -> None:
    message.status = received.status = status
    instance.tell_status(message, status)


def _stays_sent(instance: Instance, chat_id: str) -> bool:
    """GREEN-API docs: to oneself, or to a group without other members, the status stays `sent`."""
    group = instance.groups.get(chat_id)
    return chat_id == instance.phone or (group is not None and len(group.members) <= 1)
