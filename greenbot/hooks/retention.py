"""Forgetting deliveries by age; what a guest's erasure takes with it stands in greenbot.chats.erase."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenbot.db.connect import Db

PRUNE = """
delete from hook_deliveries
 where id in (select id from hook_deliveries
               where state in ('done', 'dead') and state_at_ms < :before order by id limit :most)
"""


def prune(db: "Db", *, before_ms: int, most: int = 500) -> int:
    """Forget deliveries that ended before that moment, with their attempts; how many, at most `most` at once."""
    with db.write() as tx:
        return tx.run(PRUNE, before=before_ms, most=most)
