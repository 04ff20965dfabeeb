"""What a chat owes its guest: since when somebody waits, and how many messages stand unanswered."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenbot.db.connect import Tx

WAITS = """
update chats
   set unanswered_since_ms = min(coalesce(unanswered_since_ms, :at), :at), waiting = waiting + 1,
       closed_at_ms = case when closed_at_ms <= :at then null else closed_at_ms end
 where id = :chat and settled_at_ms <= :at
"""
# The trigger `chats_are_settled` counts what is left.
SETTLE = "update chats set settled_at_ms = :at where id = :chat and settled_at_ms < :at"
RECOUNT = """
update chats
   set (unanswered_since_ms, waiting, urgency) = (
         select min(at_ms), count(*), max(urgency) from chat_entries
          where chat = :chat and waits = 1 and at_ms > chats.settled_at_ms)
 where id = :chat
"""


def waits(tx: "Tx", chat: int, at_ms: int) -> None:
    """A guest said something then that may want an answer; a closed chat opens again."""
    tx.run(WAITS, chat=chat, at=at_ms)


def settle(tx: "Tx", chat: int, at_ms: int) -> None:
    """Everything said up to then is answered."""
    tx.run(SETTLE, chat=chat, at=at_ms)


def recount(tx: "Tx", chat: int) -> None:
    """Count anew what waits, after entries came, went or moved."""
    tx.run(RECOUNT, chat=chat)
