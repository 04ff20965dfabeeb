"""Pausing, resuming and cancelling a campaign: first the campaign itself, then its messages in bounded transactions.

Whoever dies in between leaves a campaign whose state already holds: a message that comes up for
dispatch meets it there, and repeating the command finishes the work.
"""

from typing import TYPE_CHECKING

from greenbot.campaigns import table
from greenbot.campaigns.campaign import HELD, READY, Campaign, Standing
from greenbot.campaigns.handover import OnProgress, hand_over, ignore_progress
from greenbot.campaigns.layout import lay_out
from greenbot.db.audit import Operator
from greenbot.errors import Refused
from greenbot.outbox.states import State

if TYPE_CHECKING:
    from greenbot.db.connect import Db

HOLD = """
update messages set held_reason = :held, epoch = epoch + 1, state_at_ms = :now, reason = 'held', cause = :why,
                    detail = null, actor = :actor
 where id in (select id from messages
               where campaign_id = :id and state = 'queued' and held_reason is null and id > :after
               order by id limit :most)
returning id
"""
RELEASE = """
update messages set held_reason = null, epoch = epoch + 1, state_at_ms = :now, reason = 'released', cause = null,
                    detail = null, actor = :actor
 where id in (select id from messages
               where campaign_id = :id and state = 'queued' and held_reason = :held and id > :after
               order by id limit :most)
returning id
"""
CANCEL = """
update messages set state = 'cancelled', epoch = epoch + 1, state_at_ms = :now, reason = 'operator',
                    cause = 'campaign_cancelled', detail = null, actor = :actor
 where id in (select id from messages where campaign_id = :id and state = 'queued' order by id limit :most)
"""
CANCEL_ROWS = """
update campaign_rows set status = 'cancelled'
 where campaign_id = :id and number in (
   select number from campaign_rows where campaign_id = :id and status = 'ready' order by number limit :most)
"""
FORGIVE = "update campaigns set forgiven = :failed where id = :id"

#: Why a campaign is paused when no operator paused it.
FAILING, RESTRICTED = "failing", "number_restricted"


def pause(db: "Db", campaign: Campaign, by: Operator, *, why: str = "operator") -> Campaign:
    """Let nothing of it leave until it is resumed; what is on its way arrives. Raises `Refused` when it is over."""
    if campaign.state in (Standing.STARTING, Standing.RUNNING):
        with db.write() as tx:
            table.move(tx, campaign, Standing.PAUSED, by, verb="pause", why=why)
        campaign = table.by_id(db, campaign.id)
    if campaign.state is not Standing.PAUSED:
        raise Refused(f"The campaign {campaign.name} is {campaign.state}, so there is nothing to pause.")
    hold_all(db, campaign, by)
    return campaign


def hold_all(db: "Db", campaign: Campaign, by: Operator) -> None:
    """Hold what still waits in the outbox."""
    after, last = 0, -1
    while after != last:
        last = after
        with db.write() as tx:
            held = tx.all(
                HOLD,
                id=campaign.id,
                held=HELD,
                why=campaign.why,
                now=by.clock.now_ms(),
                actor=by.name,
                after=after,
                most=table.BATCH,
            )
        after = max((row["id"] for row in held), default=after)


def resume(db: "Db", campaign: Campaign, by: Operator, *, on_progress: OnProgress = ignore_progress) -> Campaign:
    """Let a paused campaign go on, from now and at its pace; failures so far are forgiven.

    What had not been handed over is handed over now. Raises `Refused` for one that is not paused.
    """
    if campaign.state is Standing.PAUSED:
        lay_out(db, campaign, by.clock)
        counts = table.tally(db, campaign.id)
        target = Standing.STARTING if counts.of(READY) else Standing.RUNNING
        with db.write() as tx:
            if table.move(tx, campaign, target, by, verb="resume"):
                tx.run(FORGIVE, id=campaign.id, failed=counts.failed)
        campaign = table.by_id(db, campaign.id)
    if campaign.state not in (Standing.STARTING, Standing.RUNNING):
        raise Refused(f"The campaign {campaign.name} is {campaign.state}; only a paused one can go on.")
    _release_all(db, campaign, by)
    if campaign.state is Standing.STARTING:
        hand_over(db, campaign, by, fresh=False, on_progress=on_progress)
    return table.by_id(db, campaign.id)


def _release_all(db: "Db", campaign: Campaign, by: Operator) -> None:
    after, last = 0, -1
    while after != last:
        last = after
        with db.write() as tx:
            if table.by_id(tx, campaign.id).state not in (Standing.STARTING, Standing.RUNNING):
                return
            released = tx.all(
                RELEASE, id=campaign.id, held=HELD, now=by.clock.now_ms(), actor=by.name, after=after, most=table.BATCH
            )
        after = max((row["id"] for row in released), default=after)


def cancel(db: "Db", campaign: Campaign, by: Operator) -> Campaign:
    """End it: whatever has not left never will. Repeating it is harmless. Raises Busy, StoreError."""
    while campaign.state is not Standing.CANCELLED:
        with db.write() as tx:
            table.move(tx, campaign, Standing.CANCELLED, by, verb="cancel", why="operator")
        campaign = table.by_id(db, campaign.id)
    counts = table.tally(db, campaign.id)
    while counts.of(READY, State.QUEUED):
        with db.write() as tx:
            ended = tx.run(CANCEL, id=campaign.id, now=by.clock.now_ms(), actor=by.name, most=table.BATCH)
            ended += tx.run(CANCEL_ROWS, id=campaign.id, most=table.BATCH)
        if not ended:
            break
        counts = table.tally(db, campaign.id)
    return campaign
