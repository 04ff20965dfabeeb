"""An event as the store keeps it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from greenbot.inbox.arrival import Source
from greenbot.inbox.states import State

if TYPE_CHECKING:
    from greenbot.db.connect import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One row of `events`. `chat_id` is '' for what concerns the whole instance; moments are UTC milliseconds.

    `digest` stays the same whatever happens to the event: it is the idempotency key of what follows from it.
    """

    id: int
    instance: str
    source: Source
    received_at_ms: int
    digest: bytes
    type: str
    chat_id: str
    remote_id: str | None
    semantic_key: str | None
    at_ms: int | None
    deliveries: int
    state: State
    epoch: int
    state_at_ms: int
    reason: str
    detail: str | None
    actor: str
    duplicate_of: int | None
    attempts: int
    next_at_ms: int
    owner: str | None
    boot_id: str | None
    lease_until_boot_ms: int | None
    done_at_ms: int | None
    raw: bytes

    @classmethod
    def from_row(cls, row: "Row") -> Self:
        """A row of `select * from events`."""
        fields = {name: row[name] for name in row.keys()}  # noqa: SIM118 - iterating a Row gives values
        return cls(**(fields | {"state": State(row["state"])}))
