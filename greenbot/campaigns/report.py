"""What became of a campaign, guest by guest and as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.campaigns import table
from greenbot.campaigns.campaign import BAD, DUPLICATE, READY, SUPPRESSED, Campaign, Standing, Tally, standing
from greenbot.outbox.states import OPEN, State

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row

PAGE = """
select guest.number, guest.line, guest.chat_id, guest.status, guest.problem, guest.message_id,
       sent.delivery, sent.remote_id, sent.cause, sent.detail, sent.state_at_ms
  from campaign_rows as guest left join messages as sent on sent.id = guest.message_id
 where guest.campaign_id = :id and guest.number > :after and (:status is null or guest.status = :status)
 order by guest.number limit 1000
"""
NEXT_AND_LAST = """
select min(not_before_ms) as next_ms, max(not_before_ms) as last_ms from messages
 where campaign_id = :id and state = 'queued'
"""
SHOWS_DELIVERY = (State.ACCEPTED, State.DELIVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """One line of the list and its end. `status` is the most telling word: read, delivered, sent, failed, bad ..."""

    line: int
    chat_id: str | None
    status: str
    message_id: int | None
    remote_id: str | None
    at_ms: int | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A campaign at a glance. `next_ms` and `last_ms`: when the next and the last waiting message are due."""

    campaign: Campaign
    standing: Standing
    tally: Tally
    next_ms: int | None
    last_ms: int | None

    def counts(self) -> dict[str, int]:
        """Guests by what people ask about; the groups add up to `guests`."""
        of = self.tally.of
        return {
            "guests": self.tally.guests,
            "sent": self.tally.sent,
            "waiting": of(READY, *OPEN) - of(State.UNCERTAIN),
            "uncertain": of(State.UNCERTAIN),
            "failed": of(State.FAILED),
            "expired": of(State.EXPIRED),
            "cancelled": of(State.CANCELLED),
            "suppressed": of(SUPPRESSED),
            "duplicate": of(DUPLICATE),
            "bad": of(BAD),
        }


def lines(db: "Db", campaign: Campaign, *, status: str | None = None) -> Iterator[ReportLine]:
    """Every line of the list in its order, page by page."""
    after = 0
    while page := db.all(PAGE, id=campaign.id, after=after, status=status):
        yield from (_line(row) for row in page)
        after = page[-1]["number"]


def _line(row: "Row") -> ReportLine:
    shows_delivery = row["status"] in SHOWS_DELIVERY and row["delivery"] is not None
    why = row["problem"] or (row["detail"] or row["cause"] if row["status"] not in SHOWS_DELIVERY else None)
    return ReportLine(
        line=row["line"],
        chat_id=row["chat_id"],
        status=row["delivery"] if shows_delivery else row["status"],
        message_id=row["message_id"],
        remote_id=row["remote_id"],
        at_ms=row["state_at_ms"],
        why=why,
    )


def summary(db: "Db", campaign: Campaign) -> Summary:
    """The campaign as it stands now."""
    tally = table.tally(db, campaign.id)
    times = db.one(NEXT_AND_LAST, id=campaign.id)
    return Summary(
        campaign=campaign,
        standing=standing(campaign, tally),
        tally=tally,
        next_ms=times["next_ms"] if times is not None else None,
        last_ms=times["last_ms"] if times is not None else None,
    )
