"""May this message leave now? Asked of every message before it is claimed, on every path.

`may_leave` only reads, and belongs into the transaction that claims: what it counts (departures,
new chats of the day) is written by triggers on that claim, so check and count cannot be parted.
`hold_back` then does what a refusal means, in transactions of its own.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.campaigns import newchats, operate, suppress, table
from greenbot.campaigns.campaign import Campaign, Standing
from greenbot.campaigns.layout import REST_MS, lay_out, left_today, spaced_from
from greenbot.campaigns.reader import Reader
from greenbot.clock import Clock
from greenbot.db.audit import Operator
from greenbot.outbox.claims import move
from greenbot.outbox.decide import Change
from greenbot.outbox.message import Message
from greenbot.outbox.states import Reason, State
from greenbot.resilience.shared_health import health_of

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx
    from greenbot.outbox import gate

#: GREEN-API docs: states of a restricted number; before July 2026 suspended was called yellowCard.
RESTRICTED = ("yellowCard", "suspended")
#: Who acts in the log when a message is held back.
ACTOR = "dispatch"
#: How soon to look again when nobody can say how long it takes.
_LATER_MS = 15 * 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a message may leave. If not: `why`, and until when it waits, or that it `ends` here."""

    go: bool
    why: str | None = None
    until_ms: int | None = None
    ends: bool = False


GO = Verdict(go=True)
GUEST_ZONE = "select timezone from campaign_rows where campaign_id = :id and number = :number"


def may_leave(reader: Reader, message: Message, now_ms: int) -> Verdict:
    """The verdict on one queued message whose turn it is. Reads only; `reader` is a `Db` or a `Tx`.

    Reasons to wait: number_restricted, campaign_paused, campaign_failing, quiet_hours, day_is_full, spacing,
    new_chats. Reasons to end: suppressed, campaign_cancelled.
    """
    if message.message_class == "promo" and suppress.is_suppressed(reader, message.chat_id, message.instance):
        return Verdict(go=False, why=suppress.SUPPRESSED, ends=True)
    if message.priority == "bulk" and health_of(reader, message.instance).account in RESTRICTED:
        return _wait(operate.RESTRICTED, now_ms + _LATER_MS)
    if message.campaign_id is not None:
        verdict = _of_campaign(reader, message, message.campaign_id, now_ms)
        if not verdict.go:
            return verdict
    return _of_new_chats(reader, message, now_ms)


def _wait(why: str, until_ms: int) -> Verdict:
    return Verdict(go=False, why=why, until_ms=until_ms)


def _of_campaign(reader: Reader, message: Message, campaign_id: int, now_ms: int) -> Verdict:
    campaign = table.find(reader, campaign_id)
    if campaign is None:
        return GO
    if campaign.state is Standing.CANCELLED:
        return Verdict(go=False, why="campaign_cancelled", ends=True)
    if campaign.state is Standing.PAUSED:
        return _wait("campaign_paused", now_ms + _LATER_MS)
    abort_above = campaign.rules.abort_above
    if abort_above is not None and table.tally(reader, campaign_id).is_failing(abort_above, campaign.forgiven):
        return _wait("campaign_failing", now_ms + _LATER_MS)
    return _of_time(reader, message, campaign, now_ms)


def _of_time(reader: Reader, message: Message, campaign: Campaign, now_ms: int) -> Verdict:
    rules = campaign.rules
    if rules.quiet is not None:
        guest = reader.one(GUEST_ZONE, id=campaign.id, number=message.campaign_row)
        opens = rules.quiet.open_from(now_ms, rules.zone_for(guest["timezone"] if guest is not None else None))
        if opens > now_ms:
            return _wait("quiet_hours", opens)
    if rules.max_per_day is not None:
        left, day_ends_ms = left_today(reader, campaign, now_ms, besides=message.id)
        if left >= rules.max_per_day:
            return _wait("day_is_full", day_ends_ms)
    spaced = spaced_from(reader, campaign, now_ms, besides=message.id)
    return _wait("spacing", spaced) if spaced > now_ms else GO


def _of_new_chats(reader: Reader, message: Message, now_ms: int) -> Verdict:
    if message.priority == "high" or newchats.limit_of(reader, message.instance) is None:
        return GO
    if newchats.is_known(reader, message.instance, message.chat_id):
        return GO
    today = newchats.allowance(reader, message.instance, now_ms)
    return _wait("new_chats", today.until_ms) if today.is_used_up else GO


POSTPONE = """
update messages set scheduled_at_ms = max(scheduled_at_ms, :until), not_before_ms = max(not_before_ms, :until),
                    cause = :why
 where id = :id and state = 'queued' and epoch = :epoch
"""


def hold_back(db: "Db", message: Message, verdict: Verdict, clock: Clock) -> None:
    """Do what a refusal means: end the message, move its time, lay its campaign out anew, or pause it.

    Call it without an open transaction, for a message that is still queued; somebody else's change of it
    wins. Raises Busy, StoreError.
    """
    if verdict.go:
        return
    if verdict.ends:
        ended = Change(state=State.CANCELLED, reason=Reason.OPERATOR, cause=verdict.why)
        with db.write() as tx:
            move(tx, message, ended, ACTOR, clock)
        return
    campaign = table.find(db, message.campaign_id) if message.campaign_id is not None else None
    if campaign is not None and verdict.why in _STOPS_CAMPAIGN:
        _stop(db, campaign, verdict, Operator(name=ACTOR, clock=clock))
        return
    if campaign is not None and _is_far(campaign, message, verdict, clock.now_ms()):
        lay_out(db, campaign, clock)
    _postpone(db, message, verdict)


_STOPS_CAMPAIGN = {operate.RESTRICTED, "campaign_paused", "campaign_failing"}


def _stop(db: "Db", campaign: Campaign, verdict: Verdict, by: Operator) -> None:
    if campaign.state is Standing.PAUSED:
        operate.hold_all(db, campaign, by)
    elif campaign.state in (Standing.STARTING, Standing.RUNNING):
        why = operate.RESTRICTED if verdict.why == operate.RESTRICTED else operate.FAILING
        operate.pause(db, campaign, by, why=why)


def _is_far(campaign: Campaign, message: Message, verdict: Verdict, now_ms: int) -> bool:
    """Whether the campaign lost its timetable: then moving one message alone would only let the next one ask."""
    if campaign.laid_out_at_ms is not None and abs(now_ms - campaign.laid_out_at_ms) < REST_MS:
        return False
    horizon_ms = REST_MS + 2 * campaign.rules.spacing_ms[1]
    late_ms = now_ms - message.not_before_ms
    return late_ms > horizon_ms or (verdict.until_ms or now_ms) - now_ms > horizon_ms


def _postpone(db: "Db", message: Message, verdict: Verdict) -> None:
    # The wished time moves too: what waits with its wished time in the past would block younger messages of its chat.
    with db.write() as tx:
        tx.run(POSTPONE, id=message.id, epoch=message.epoch, until=verdict.until_ms, why=verdict.why)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchRules:
    """Both together, as the worker's turn wants them."""

    clock: Clock

    def may_leave(self, tx: "Tx", message: Message, now_ms: int) -> Verdict:
        """Asked inside the transaction that claims."""
        return may_leave(tx, message, now_ms)

    def hold_back(self, db: "Db", message: Message, verdict: "gate.Verdict") -> None:
        """Carried out afterwards, for a message that may not."""
        assert isinstance(verdict, Verdict), "the answer of may_leave comes back"
        hold_back(db, message, verdict, self.clock)
