"""Forgetting what was told long ago. What an open alert still needs stays: who was told that it began."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: Old enough for any look back.
KEEP_DAYS = 90

NOTICES = """
delete from notices
 where id in (select notices.id from notices
               where notices.is_open = 0 and notices.state_at_ms < :before
                 and not exists (select 1 from alerts
                                  where alerts.rule = notices.rule and alerts.instance = notices.instance
                                    and alerts.state in ('firing', 'recovering', 'nodata'))
               order by notices.id limit :most)
"""
DELIVERIES = """
delete from notice_deliveries
 where id in (select id from notice_deliveries as mine
               where state in ('sent', 'proved', 'failed', 'dropped') and created_at_ms < :before
                 and not exists (select 1 from notices, json_each(mine.notice_ids) as carried
                                  where notices.id = carried.value)
               order by id limit :most)
"""
LOG = """
delete from alert_log where id in (select id from alert_log where at_ms < :before order by id limit :most)
"""


def prune(db: "Db", *, before_ms: int, most: int = 500) -> int:
    """Forget notices settled before that moment, the texts nothing is left of, and older history; how many rows."""
    with db.write() as tx:
        return sum(tx.run(sql, before=before_ms, most=most) for sql in (NOTICES, DELIVERIES, LOG))
