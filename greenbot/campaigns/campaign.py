"""A campaign and its guests, as frozen values."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from greenbot.campaigns.localtime import Quiet, read_quiet, zone_of
from greenbot.campaigns.pace import NO_LIMIT, NewChats, Pace
from greenbot.outbox.message import MessageClass, Policy
from greenbot.outbox.states import OPEN, State

if TYPE_CHECKING:
    from greenbot.db.connect import Row

#: What a guest's row says before there is a message.
BAD, DUPLICATE, SUPPRESSED, READY = "bad", "duplicate", "suppressed", "ready"
#: Rows in one of these never get a message.
LEFT_OUT = (BAD, DUPLICATE)

#: Why messages of a paused campaign do not leave, as the outbox shows it.
HELD = "campaign paused"

#: Fewer ends say nothing about a share of failures.
LEAST_ENDS = 20


class Standing(StrEnum):
    """Where a campaign is. `finished` is not kept anywhere: it is a running one without open messages."""

    PLANNED = "planned"
    STARTING = "starting"  # its rows are being handed to the outbox
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a campaign behaves; chosen when it is planned."""

    instance: str
    timezone: str
    message_class: MessageClass = "promo"
    policy: Policy = "reconcile"
    quiet: Quiet | None = None
    spacing_ms: tuple[int, int] = (8_000, 25_000)
    max_per_day: int | None = None
    #: A share, such as 0.05.
    abort_above: float | None = None
    #: After its start nothing leaves later than this.
    expire_ms: int | None = None
    seed: int = 0

    @property
    def zone(self) -> tzinfo:
        """The hotel's time zone; UTC where this machine does not know it."""
        return zone_of(self.timezone) or UTC

    def zone_for(self, timezone: str | None) -> tzinfo:
        """A guest's time zone: the guest's own, or the hotel's."""
        return (zone_of(timezone) if timezone is not None else None) or self.zone

    def pace(self, new_chats: NewChats = NO_LIMIT) -> Pace:
        """What these rules mean for a timetable."""
        return Pace(
            zone=self.zone,
            spacing_ms=self.spacing_ms,
            quiet=self.quiet,
            max_per_day=self.max_per_day,
            new_chats=new_chats,
        )

    def rng(self) -> random.Random:
        """The same spacing every time the same plan is laid out."""
        return random.Random(self.seed)  # noqa: S311 - spacing, no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign as the store keeps it."""

    id: int
    name: str
    source: str
    template: str | None
    rules: Rules
    state: Standing
    why: str | None
    state_at_ms: int
    created_at_ms: int
    started_at_ms: int | None
    begin_at_ms: int | None
    laid_out_at_ms: int | None
    forgiven: int

    @classmethod
    def from_row(cls, row: "Row") -> Self:
        """The campaign a row of `campaigns` holds."""
        return cls(
            id=row["id"],
            name=row["name"],
            source=row["source"],
            template=row["template"],
            rules=_rules(row),
            state=Standing(row["state"]),
            why=row["why"],
            state_at_ms=row["state_at_ms"],
            created_at_ms=row["created_at_ms"],
            started_at_ms=row["started_at_ms"],
            begin_at_ms=row["begin_at_ms"],
            laid_out_at_ms=row["laid_out_at_ms"],
            forgiven=row["forgiven"],
        )


def _rules(row: "Row") -> Rules:
    return Rules(
        instance=row["instance"],
        timezone=row["timezone"],
        message_class=row["class"],
        policy=row["policy"],
        quiet=read_quiet(row["quiet"]) if row["quiet"] is not None else None,
        spacing_ms=(row["spacing_from_ms"], row["spacing_to_ms"]),
        max_per_day=row["max_per_day"],
        abort_above=row["abort_above"],
        expire_ms=row["expire_ms"],
        seed=row["seed"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRow:
    """One line of the file: what became of it so far."""

    number: int
    line: int
    chat_id: str | None
    timezone: str | None
    text: str | None
    status: str
    problem: str | None = None
    message_id: int | None = None

    @classmethod
    def from_row(cls, row: "Row") -> Self:
        """The guest a row of `campaign_rows` holds."""
        return cls(
            number=row["number"],
            line=row["line"],
            chat_id=row["chat_id"],
            timezone=row["timezone"],
            text=row["text"],
            status=row["status"],
            problem=row["problem"],
            message_id=row["message_id"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many guests of a campaign are where."""

    by_status: Mapping[str, int]

    def of(self, *statuses: str) -> int:
        """Guests in any of these."""
        return sum(self.by_status.get(status, 0) for status in statuses)

    @property
    def guests(self) -> int:
        """Lines of the file."""
        return sum(self.by_status.values())

    @property
    def planned(self) -> int:
        """Guests who were to get a message."""
        return self.guests - self.of(*LEFT_OUT)

    @property
    def open(self) -> int:
        """Guests whose message has not come to an end: not handed over, waiting, on its way, or in doubt."""
        return self.of(READY, *OPEN)

    @property
    def sent(self) -> int:
        """Guests whose message GREEN-API took."""
        return self.of(State.ACCEPTED, State.DELIVERED, State.STALLED)

    @property
    def failed(self) -> int:
        """Guests whose message could not be sent, or never left GREEN-API."""
        return self.of(State.FAILED, State.STALLED)

    @property
    def ended(self) -> int:
        """Messages that say something about success: taken or failed."""
        return self.of(State.ACCEPTED, State.DELIVERED, State.STALLED, State.FAILED)

    def is_failing(self, abort_above: float | None, forgiven: int) -> bool:
        """Whether so many messages fail that a campaign should stop; those an operator has seen do not count."""
        if abort_above is None:
            return False
        ended, failed = self.ended - forgiven, self.failed - forgiven
        return ended >= LEAST_ENDS and failed > ended * abort_above


def standing(campaign: Campaign, tally: Tally) -> Standing:
    """Where a campaign is, seen with its guests."""
    if campaign.state is Standing.RUNNING and tally.open == 0:
        return Standing.FINISHED
    return campaign.state
