"""A draft accepted into the outbox, as a frozen value."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, Self

from greenbot.outbox.states import ENDS, Reason, State

if TYPE_CHECKING:
    from greenbot.db.connect import Row

Priority = Literal["high", "normal", "bulk"]
MessageClass = Literal["service", "promo"]
Policy = Literal["reconcile", "hold", "resend"]
Delivery = Literal["sent", "delivered", "read"]

#: In the order in which they leave; the store keeps the number.
PRIORITIES: tuple[Priority, ...] = ("high", "normal", "bulk")


class Draft(Protocol):
    """What the outbox needs to know of a draft (`greenbot.messages.outgoing` has them all)."""

    kind: ClassVar[str]
    method: ClassVar[str]

    @property
    def chat_id(self) -> str: ...

    def params(self) -> dict[str, object]: ...

    def to_json(self) -> str: ...

    def fingerprint(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class NewMessage:
    """What `enqueue` accepts."""

    instance: str
    draft: Draft
    key: str | None = None
    priority: Priority = "normal"
    message_class: MessageClass = "service"
    policy: Policy = "reconcile"
    scheduled_at_ms: int = 0
    expires_at_ms: int | None = None
    held_reason: str | None = None
    campaign_id: int | None = None
    campaign_row: int | None = None
    retry_of: int | None = None
    file_sha256: str | None = None
    actor: str = "shell"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)  # no more than a start needs
class Message:
    """One row of the outbox. Moments are UTC milliseconds."""

    id: int
    instance: str
    chat_id: str
    kind: str
    method: str
    draft: str
    fingerprint: str
    payload_digest: str
    dedupe_key: str | None
    retry_of: int | None
    priority: Priority
    message_class: MessageClass
    policy: Policy
    campaign_id: int | None
    campaign_row: int | None
    file_sha256: str | None
    file_url: str | None
    file_url_expires_at_ms: int | None
    created_at_ms: int
    scheduled_at_ms: int
    not_before_ms: int
    expires_at_ms: int | None
    held_reason: str | None
    state: State
    epoch: int
    state_at_ms: int
    reason: Reason
    cause: str | None
    detail: str | None
    actor: str
    owner: str | None
    boot_id: str | None
    lease_until_boot_ms: int | None
    attempts: int
    round_attempts: int
    ambiguous_attempts: int
    first_post_at_ms: int | None
    last_post_at_ms: int | None
    uncertain_since_ms: int | None
    looks: int
    last_look_at_ms: int | None
    remote_id: str | None
    evidence: str | None
    accepted_at_ms: int | None
    delivery: Delivery | None
    delivery_at_ms: int | None
    #: True when `enqueue` found this message under its key instead of making it.
    replayed: bool = False

    @classmethod
    def from_row(cls, row: "Row", *, replayed: bool = False) -> Self:
        """The message a row of `messages` holds."""
        # A worker makes one for each message it sends, and the frozen way into 47 fields is a twentieth of its work.
        message = object.__new__(cls)
        for put, value in zip(_putters(tuple(row.keys())), row, strict=True):
            put(message, value)
        _PUT_REPLAYED(message, replayed)
        return message

    @property
    def known_not_sent(self) -> bool:
        """Ended, and certainly without reaching GREEN-API: sending the same again cannot double it."""
        return self.state in ENDS and self.remote_id is None and self.ambiguous_attempts == 0

    @property
    def status(self) -> str:
        """The most telling single word: `read` rather than `delivered`, `sent` rather than `accepted`."""
        shows_delivery = self.state in (State.ACCEPTED, State.DELIVERED)
        return self.delivery if shows_delivery and self.delivery else self.state.value


Putter = Callable[[Message, object], None]


def _putter(name: str) -> Putter:
    put: Putter = getattr(Message, name).__set__
    return put


def _converting(name: str, convert: Callable[..., object]) -> Putter:
    put = _putter(name)
    return lambda message, value: put(message, convert(value))


def _nowhere(message: Message, value: object) -> None:
    """It is no part of a message."""


_PUT_REPLAYED = _putter("replayed")
#: Columns that are not simply the field of their name; the schema is STRICT, so all others have the field's type.
_PUT: dict[str, Putter] = {
    "class": _putter("message_class"),
    # Speaks of a place in a line, which changes without the message.
    "behind": _nowhere,
    "priority": _converting("priority", PRIORITIES.__getitem__),
    "state": _converting("state", {state.value: state for state in State}.__getitem__),
    "reason": _converting("reason", {reason.value: reason for reason in Reason}.__getitem__),
}


@cache
def _putters(columns: tuple[str, ...]) -> tuple[Putter, ...]:
    """Where the values of such a row go. Raises TypeError when they do not make a whole message."""
    names = {"message_class" if column == "class" else column for column in columns} - {"behind"}
    if names | {"replayed"} != {field.name for field in fields(Message)}:
        raise TypeError("this is not a row of messages")
    return tuple(_PUT.get(column) or _putter(column) for column in columns)
