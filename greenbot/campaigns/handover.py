"""Starting a campaign: exactly its plan goes to the outbox, each guest once, whatever dies in between.

Rows are handed over in small transactions. A row and its message are one commit, so a start that was
killed goes on with the rows that have no message yet; two starts at once share the work.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from greenbot import failpoints
from greenbot.campaigns import suppress, table
from greenbot.campaigns.campaign import READY, SUPPRESSED, Campaign, GuestRow, Standing
from greenbot.campaigns.layout import lay_out
from greenbot.campaigns.pace import timetable
from greenbot.campaigns.plan import stops_of
from greenbot.chat_id import parse_chat_id
from greenbot.clock import Clock
from greenbot.db.audit import Operator
from greenbot.errors import Refused
from greenbot.messages.outgoing import Text
from greenbot.outbox.message import NewMessage
from greenbot.outbox.table import enqueue_in

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

OnProgress = Callable[[int, int], None]

SKIP = """
update campaign_rows set status = :status, problem = :problem
 where campaign_id = :id and number = :number and status = 'ready'
"""


def ignore_progress(done: int, all_: int) -> None:
    """Nobody watches."""


def start(
    db: "Db",
    campaign: Campaign,
    by: Operator,
    *,
    begin_ms: int | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Campaign:
    """Hand every guest of a plan to the outbox, once; the campaign as it is afterwards.

    Repeating it is harmless: it goes on where an earlier one was stopped, and does nothing to a
    campaign that runs already. Nothing leaves before `begin_ms` (now). Raises `Refused` for one that
    is paused or cancelled, Busy, StoreFull, StoreError.
    """
    fresh = False
    if campaign.state is Standing.PLANNED:
        with db.write() as tx:
            begin_ms = begin_ms or by.clock.now_ms()
            # Whoever loses this race shares the work of the winner.
            fresh = table.move(tx, campaign, Standing.STARTING, by, verb="start", begin_ms=begin_ms)
        failpoints.hit("camp.after_begin")
    campaign = table.by_id(db, campaign.id)
    if campaign.state is Standing.STARTING:
        hand_over(db, campaign, by, fresh=fresh, on_progress=on_progress)
        campaign = table.by_id(db, campaign.id)
    if campaign.state in (Standing.PAUSED, Standing.CANCELLED):
        hint = f"Let it go on with: greenbot campaign resume {campaign.name}"
        raise Refused(
            f"The campaign {campaign.name} is {campaign.state}.",
            hint=hint if campaign.state is Standing.PAUSED else "Plan it anew to send it again.",
        )
    return campaign


def hand_over(db: "Db", campaign: Campaign, by: Operator, *, fresh: bool, on_progress: OnProgress) -> None:
    """Give a message to every row that has none, batch by batch, until there is none or the campaign is stopped.

    Only a `fresh` one knows its whole timetable; what others began is laid out anew at the end.
    """
    clock = by.clock
    moments = _moments(db, campaign, clock)
    all_ = table.tally(db, campaign.id).planned
    while _batch(db, campaign, moments, clock):
        failpoints.hit("camp.after_batch")
        on_progress(all_ - table.tally(db, campaign.id).of(READY), all_)
    if not fresh:
        lay_out(db, campaign, clock)
    failpoints.hit("camp.before_running")
    with db.write() as tx:
        if not table.ready_rows(tx, campaign.id, most=1):
            table.move(tx, campaign, Standing.RUNNING, by, verb="run")
    on_progress(all_ - table.tally(db, campaign.id).of(READY), all_)


def _moments(db: "Db", campaign: Campaign, clock: Clock) -> Mapping[int, int]:
    """When each row that has no message yet would leave, by its number."""
    rules, now = campaign.rules, clock.now_ms()
    rows = list(table.rows_of(db, campaign.id, status=READY))
    around = table.around(db, rules.instance, now)
    moments = timetable(
        stops_of(rows, rules, around.known_chats),
        rules.pace(around.new_chats),
        begin_ms=max(now, campaign.begin_at_ms or now),
        rng=rules.rng(),
        new_today=around.new_today,
    )
    return {row.number: moment for row, moment in zip(rows, moments, strict=True)}


def _batch(db: "Db", campaign: Campaign, moments: Mapping[int, int], clock: Clock) -> bool:
    """Hand over the next few rows; False when there are none, or when somebody stopped the campaign."""
    with db.write() as tx:
        if table.by_id(tx, campaign.id).state is not Standing.STARTING:
            return False
        rows = table.ready_rows(tx, campaign.id, most=table.BATCH)
        for row in rows:
            _hand_over(tx, campaign, row, moments[row.number], clock)
        failpoints.hit("camp.in_batch")
    return bool(rows)


def _hand_over(tx: "Tx", campaign: Campaign, row: GuestRow, moment_ms: int, clock: Clock) -> None:
    assert row.chat_id is not None and row.text is not None, "a ready row has both"
    rules = campaign.rules
    if rules.message_class == "promo" and suppress.is_suppressed(tx, row.chat_id, rules.instance):
        problem = f"line {row.line}: this guest wants no promotion"
        tx.run(SKIP, id=campaign.id, number=row.number, status=SUPPRESSED, problem=problem)
        return
    begin_ms = campaign.begin_at_ms or clock.now_ms()
    new = NewMessage(
        instance=rules.instance,
        draft=Text(chat_id=parse_chat_id(row.chat_id), text=row.text),
        # The second lock on the same door: even a row that forgot its message would find it again.
        key=f"campaign:{campaign.id}:{row.number}",
        priority="bulk",
        message_class=rules.message_class,
        policy=rules.policy,
        scheduled_at_ms=moment_ms,
        expires_at_ms=begin_ms + rules.expire_ms if rules.expire_ms is not None else None,
        campaign_id=campaign.id,
        campaign_row=row.number,
        actor="campaign",
    )
    enqueue_in(tx, new, clock)
