"""Forgetting deliveries: by age, and with a guest."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

PRUNE = """
delete from hook_deliveries
 where id in (select id from hook_deliveries
               where state in ('done', 'dead') and state_at_ms < :before order by id limit :most)
"""
ERASE = "delete from hook_deliveries where chat_id = :chat and (:instance is null or instance = :instance)"


def prune(db: "Db", *, before_ms: int, most: int = 500) -> int:
    """Forget deliveries that ended before that moment, with their attempts; how many, at most `most` at once."""
    with db.write() as tx:
        return tx.run(PRUNE, before=before_ms, most=most)


def erase_chat(tx: "Tx", chat_id: str, *, instance: str | None = None) -> int:
    """Forget every delivery of a guest, also those that wait: inside the transaction that erases the guest."""
    return tx.run(ERASE, chat=chat_id, instance=instance)
