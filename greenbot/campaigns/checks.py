"""Which numbers have WhatsApp: what was asked before, and how often may still be asked today.

To ask about many numbers looks like hunting for strangers and can get a number banned, and each question counts
against a monthly quota. So an answer is kept, and there is a number of questions per instance and day, of all
processes together. Days are those of the hotel.
"""

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from greenbot.campaigns.localtime import local, zone_of
from greenbot.campaigns.reader import Reader

if TYPE_CHECKING:
    from greenbot.db.connect import Db

_DAY_MS = 86_400_000

KNOWN = """
select exists_there, known_as, at_ms from number_checks
 where instance = :instance and chat_id = :chat_id and at_ms >= :since
"""
USED = "select used from number_check_days where instance = :instance and day = :day"
TAKE = """
insert into number_check_days (instance, day, used) values (:instance, :day, 1)
    on conflict do update set used = used + 1 where used < :most
"""
GIVE_BACK = "update number_check_days set used = used - 1 where instance = :instance and day = :day and used > 0"
FORGET_DAYS = "delete from number_check_days where instance = :instance and day < :day"
KEEP = """
insert into number_checks (instance, chat_id, exists_there, known_as, at_ms)
values (:instance, :chat_id, :exists_there, :known_as, :at)
    on conflict do update set exists_there = excluded.exists_there, known_as = excluded.known_as,
       at_ms = excluded.at_ms
"""
FORGET = "delete from number_checks where instance = :instance and at_ms < :before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What GREEN-API said of a number. `known_as`: the id it gave, where that differs from the one asked for."""

    chat_id: str
    has_whatsapp: bool
    known_as: str | None
    at_ms: int


def day_of(now_ms: int, timezone: str) -> str:
    """The hotel's day of a moment, such as 2026-11-22; UTC's where this machine does not know the zone."""
    return local(now_ms, zone_of(timezone) or UTC).date().isoformat()


def oldest_ms(now_ms: int, keep_days: int) -> int:
    """Answers from before this moment are not believed."""
    return now_ms - keep_days * _DAY_MS


def known(reader: Reader, instance: str, chat_id: str, *, since_ms: int) -> Check | None:
    """The last answer about a number, unless it is older than `since_ms`. Raises Busy, StoreError."""
    row = reader.one(KNOWN, instance=instance, chat_id=chat_id, since=since_ms)
    if row is None:
        return None
    return Check(chat_id=chat_id, has_whatsapp=bool(row["exists_there"]), known_as=row["known_as"], at_ms=row["at_ms"])


def left(reader: Reader, instance: str, day: str, most: int) -> int:
    """How many questions the day still allows."""
    row = reader.one(USED, instance=instance, day=day)
    return max(0, most - (0 if row is None else row["used"]))


def take(db: "Db", instance: str, day: str, most: int) -> bool:
    """Take one question of the day; False when all are used up. Exact across processes."""
    if most < 1:
        return False
    with db.write() as tx:
        tx.run(FORGET_DAYS, instance=instance, day=day)
        return tx.run(TAKE, instance=instance, day=day, most=most) == 1


def give_back(db: "Db", instance: str, day: str) -> None:
    """The question was certainly not asked."""
    with db.write() as tx:
        tx.run(GIVE_BACK, instance=instance, day=day)


def keep(db: "Db", instance: str, check: Check, *, keep_days: int) -> None:
    """Write an answer down, and forget those that are too old to be believed."""
    with db.write() as tx:
        tx.run(FORGET, instance=instance, before=oldest_ms(check.at_ms, keep_days))
        tx.run(
            KEEP,
            instance=instance,
            chat_id=check.chat_id,
            exists_there=int(check.has_whatsapp),
            known_as=check.known_as,
            at=check.at_ms,
        )
