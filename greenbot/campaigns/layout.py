"""Giving the waiting messages of a campaign new times, when it fell behind or was paused."""

from typing import TYPE_CHECKING

from greenbot.campaigns import table
from greenbot.campaigns.campaign import Campaign
from greenbot.campaigns.localtime import day_around
from greenbot.campaigns.pace import Stop, timetable
from greenbot.campaigns.reader import Reader
from greenbot.clock import Clock

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: A campaign is not laid out more often than this, whatever happens to its messages.
REST_MS = 60_000

WAITING = """
select waiting.id, guest.timezone,
       exists (select 1 from known_chats as known
                where known.instance = waiting.instance and known.chat_id = waiting.chat_id) as known
  from messages as waiting
  join campaign_rows as guest on guest.campaign_id = waiting.campaign_id and guest.number = waiting.campaign_row
 where waiting.campaign_id = :id and waiting.state = 'queued'
 order by waiting.campaign_row
"""
# A message that rests after a failure goes on resting.
RETIME = """
update messages
   set scheduled_at_ms = :at,
       not_before_ms = case when round_attempts > 0 then max(not_before_ms, :at) else :at end
 where id = :id and state = 'queued'
"""
LAID_OUT = "update campaigns set laid_out_at_ms = :now where id = :id"
LAST_DEPARTURE = """
select at_ms from campaign_departures
 where campaign_id = :id and at_ms <= :latest and message_id <> :besides order by at_ms desc limit 1
"""
DEPARTURES = """
select count(*) as messages from campaign_departures
 where campaign_id = :id and at_ms >= :begin and at_ms < :end and message_id <> :besides
"""


def lay_out(db: "Db", campaign: Campaign, clock: Clock) -> int:
    """Spread all messages that still wait from now on, by the campaign's rules; how many there were.

    Held messages get new times too. Bounded transactions: whoever dies in between leaves times that are
    merely old, which the next message that comes too early sets right. Raises Busy, StoreError.
    """
    now, rules = clock.now_ms(), campaign.rules
    with db.write() as tx:
        tx.run(LAID_OUT, id=campaign.id, now=now)
    waiting = db.all(WAITING, id=campaign.id)
    around = table.around(db, rules.instance, now, with_lists=False)
    earliest = max(now, campaign.begin_at_ms or now, spaced_from(db, campaign, now))
    moments = timetable(
        [Stop(zone=rules.zone_for(row["timezone"]), new=not row["known"]) for row in waiting],
        rules.pace(around.new_chats),
        begin_ms=earliest,
        rng=rules.rng(),
        left_today=left_today(db, campaign, earliest)[0],
        new_today=around.new_today,
    )
    timed = list(zip((row["id"] for row in waiting), moments, strict=True))
    for begin in range(0, len(timed), table.BATCH):
        with db.write() as tx:
            for message_id, moment in timed[begin : begin + table.BATCH]:
                tx.run(RETIME, id=message_id, at=moment)
    return len(timed)


def spaced_from(reader: Reader, campaign: Campaign, now_ms: int, *, besides: int = 0) -> int:
    """From when on the next message keeps its distance to the last departure, that of message `besides` left out."""
    least, most = campaign.rules.spacing_ms
    # A departure in the future was written by a clock that has been put back since: it says nothing.
    row = reader.one(LAST_DEPARTURE, id=campaign.id, latest=now_ms + most, besides=besides)
    if row is None:
        return now_ms
    last_ms: int = row["at_ms"]
    return max(now_ms, last_ms + least)


def left_today(reader: Reader, campaign: Campaign, now_ms: int, *, besides: int = 0) -> tuple[int, int]:
    """How many messages of the campaign left on this day of the hotel, and when the next day begins."""
    begin, end = day_around(now_ms, campaign.rules.zone)
    row = reader.one(DEPARTURES, id=campaign.id, begin=begin, end=end, besides=besides)
    return (row["messages"] if row is not None else 0), end
