"""How many people a number writes to for the first time on one day.

Numbers that write to many strangers get restricted; a new number most of all. GREEN-API docs
(recommendations against bans): in the first 10 days at most 20 new recipients a day. Who counts as
known stands in `known_chats`, kept by triggers, so the count holds across all processes.
"""

import re
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from greenbot.campaigns.localtime import day_around, zone_of
from greenbot.campaigns.pace import NewChats
from greenbot.campaigns.reader import Reader
from greenbot.clock import Clock
from greenbot.errors import UsageError
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

#: GREEN-API docs: recommendations against bans.
WARMUP_CHATS_PER_DAY = 20

_PER_DAY = re.compile(r"(\d{1,6})\s*(?:/\s*(?:d|day))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChatLimit:
    """`per_day` always holds; in the first `warmup_days` at most 20 a day besides. None: no such limit.

    The warm-up begins at `warmup_from_ms`, or when the limit is set. Days are those of `timezone`.
    """

    per_day: int | None = None
    warmup_days: int | None = None
    timezone: str = "UTC"
    warmup_from_ms: int | None = None

    @property
    def zone(self) -> tzinfo:
        """Its time zone; UTC where this machine does not know it."""
        return zone_of(self.timezone) or UTC

    def for_pace(self) -> NewChats:
        """What it means for a timetable."""
        return NewChats(zone=self.zone, cap=self.cap)

    def cap(self, day_begins_ms: int) -> int | None:
        """How many new chats may begin on the day that begins then."""
        return min((most for most in (self.per_day, self._warmup(day_begins_ms)) if most is not None), default=None)

    def _warmup(self, day_begins_ms: int) -> int | None:
        if self.warmup_days is None or self.warmup_from_ms is None:
            return None
        first, _ = day_around(self.warmup_from_ms, self.zone)
        # Half a day more or less hides the hour that a change of clocks takes or gives.
        day = (day_begins_ms - first + 43_200_000) // 86_400_000
        return WARMUP_CHATS_PER_DAY if day < self.warmup_days else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """New chats of today: how many may begin (None: any number), how many have, and when the next day begins."""

    cap: int | None
    used: int
    until_ms: int

    @property
    def is_used_up(self) -> bool:
        """No further new chat today."""
        return self.cap is not None and self.used >= self.cap


def per_day(text: str) -> int:
    """`20/d`, `20/day` or `20`. Raises `UsageError`."""
    found = _PER_DAY.fullmatch(text.strip().lower())
    if found is None or not int(found[1]):
        raise UsageError(
            f"'{safe_text(text, limit=40)}' is not a number of new chats per day.", hint="Write it like 20/d."
        )
    return int(found[1])


SET = """
insert into new_chat_limits (instance, per_day, warmup_days, warmup_from_ms, timezone, changed_at_ms)
values (:instance, :per_day, :warmup_days, :warmup_from, :timezone, :now)
    on conflict do update set per_day = excluded.per_day, warmup_days = excluded.warmup_days,
       warmup_from_ms = excluded.warmup_from_ms, timezone = excluded.timezone, changed_at_ms = excluded.changed_at_ms
"""
LIMIT = "select per_day, warmup_days, warmup_from_ms, timezone from new_chat_limits where instance = :instance"
BEGUN = """
select count(*) as chats from known_chats
 where instance = :instance and first_by = 'us' and first_at_ms >= :begin and first_at_ms < :end
"""
KNOWN = "select 1 from known_chats where instance = :instance and chat_id = :chat_id"
MEET = """
insert into known_chats (instance, chat_id, first_at_ms, first_by) values (:instance, :chat_id, :at, 'guest')
    on conflict do update set first_by = 'guest' where first_by = 'us'
"""


def set_limit(db: "Db", instance: str, limit: NewChatLimit, clock: Clock) -> NewChatLimit:
    """Set the limit of a number; a warm-up under way goes on from its first day. Raises `UsageError`, `StoreError`."""
    numbers = [number for number in (limit.per_day, limit.warmup_days) if number is not None]
    if not numbers or min(numbers) < 1:
        raise UsageError("A limit is at least one new chat a day, or a warm-up of at least one day.")
    with db.write() as tx:
        before = limit_of(tx, instance)
        begun = before.warmup_from_ms if before is not None and before.warmup_days is not None else None
        tx.run(
            SET,
            instance=instance,
            per_day=limit.per_day,
            warmup_days=limit.warmup_days,
            warmup_from=limit.warmup_from_ms or begun or clock.now_ms(),
            timezone=limit.timezone,
            now=clock.now_ms(),
        )
    found = limit_of(db, instance)
    assert found is not None, "just written"
    return found


def clear_limit(db: "Db", instance: str) -> bool:
    """Let a number begin as many chats as it likes; False when there was no limit."""
    with db.write() as tx:
        return tx.run("delete from new_chat_limits where instance = :instance", instance=instance) == 1


def limit_of(reader: Reader, instance: str) -> NewChatLimit | None:
    """The limit set for a number, or None."""
    row = reader.one(LIMIT, instance=instance)
    if row is None:
        return None
    return NewChatLimit(
        per_day=row["per_day"],
        warmup_days=row["warmup_days"],
        warmup_from_ms=row["warmup_from_ms"],
        timezone=row["timezone"],
    )


def allowance(reader: Reader, instance: str, now_ms: int) -> Allowance:
    """What a number may still begin today, by the days of its limit (UTC where it has none)."""
    limit = limit_of(reader, instance) or NewChatLimit()
    begin, end = day_around(now_ms, limit.zone)
    row = reader.one(BEGUN, instance=instance, begin=begin, end=end)
    return Allowance(cap=limit.cap(begin), used=row["chats"] if row is not None else 0, until_ms=end)


def is_known(reader: Reader, instance: str, chat_id: str) -> bool:
    """Whether this number and this person have written to each other before; groups always count as known."""
    if not chat_id.endswith(("@c.us", "@lid")):
        return True
    return reader.one(KNOWN, instance=instance, chat_id=chat_id) is not None


def guest_wrote(tx: "Tx", instance: str, chat_id: str, at_ms: int) -> None:
    """For the inbox: who wrote to us is no stranger, and answering costs none of the day's new chats."""
    tx.run(MEET, instance=instance, chat_id=chat_id, at=at_ms)
