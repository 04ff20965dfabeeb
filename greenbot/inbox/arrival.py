"""One event on its way in: the bytes, what can be read off them at a glance, and what that means for it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from greenbot.digests import blake2b
from greenbot.inbox.states import Reason, State

if TYPE_CHECKING:
    from greenbot.messages.incoming.envelope import Envelope

Source: TypeAlias = Literal["webhook", "poll", "backfill"]
SOURCES: tuple[Source, ...] = ("webhook", "poll", "backfill")

#: A digest is remembered at least so long; whatever claims to be older may be a replay of what was forgotten.
STALE_MS = 7 * 86_400_000
_DIGEST_BYTES = 16
#: Nothing GREEN-API calls an id is nearly as long; what is longer is cut, so that it cannot fill the indexes.
_MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Arrival:
    """One authenticated body, for the instance whose credentials it came with."""

    instance: str
    raw: bytes
    source: Source
    received_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where an arrival is now: durably stored. `is_duplicate`: these very bytes had come before."""

    event_id: int
    is_duplicate: bool
    state: State


#: Told once what became of an arrival: where it is kept, or why it is not known to be.
Answer: TypeAlias = Callable[[Kept | Exception], None]


def digest_of(raw: bytes) -> bytes:
    """What these bytes are recognised by, for ever: it is also the idempotency key of everything that follows."""
    return bytes(blake2b(raw, digest_size=_DIGEST_BYTES).digest())


def judge(envelope: "Envelope", arrival: Arrival, expected_ids: Mapping[str, str]) -> Reason | None:
    """Why an arrival is kept but not acted upon; None for an ordinary one.

    `expected_ids` is GREEN-API's number of each instance; where it has none, any number is believed.
    """
    if not envelope.type:
        return Reason.UNREADABLE
    expected = expected_ids.get(arrival.instance)
    if expected is not None and envelope.instance_id is not None and envelope.instance_id != expected:
        return Reason.FOREIGN
    # GREEN-API docs: notifications are kept for 24 hours. A timestamp of 0 is none.
    if arrival.source != "backfill" and envelope.at_s and envelope.at_s * 1000 < arrival.received_at_ms - STALE_MS:
        return Reason.STALE
    return None


def storable(text: str) -> str:
    """A text of the wire as a column takes it."""
    return text[:_MOST_CHARACTERS]
