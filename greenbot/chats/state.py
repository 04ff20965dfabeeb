"""What people decide about a conversation: whose it is, and that it is over."""

from typing import TYPE_CHECKING

from greenbot.chats import tally
from greenbot.chats.chat import Chat
from greenbot.db.audit import Operator, note
from greenbot.errors import NotFound

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

BY_ID = "select * from chats where id = :id"
ASSIGN = "update chats set assignee = :assignee where id = :id"
CLOSE = "update chats set closed_at_ms = :now where id = :id"
REOPEN = "update chats set closed_at_ms = null where id = :id"


def assign(db: "Db", chat: Chat, assignee: str | None, by: Operator) -> Chat:
    """Give the conversation to somebody, or to nobody. Raises `NotFound` when it is gone, Busy, StoreError."""
    with db.write() as tx:
        before = _present(tx, chat)
        tx.run(ASSIGN, id=chat.id, assignee=assignee)
        after = {"assignee": assignee}
        note(tx, by, action="chats.assign", subject=_subject(chat), before={"assignee": before.assignee}, after=after)
        return _present(tx, chat)


def close(db: "Db", chat: Chat, by: Operator) -> Chat:
    """It is over: nothing in it waits for an answer any more. The guest's next message opens it again."""
    with db.write() as tx:
        before = _present(tx, chat)
        # Everything that is in it: a clock that was set back must leave nothing behind.
        now_ms = max(by.clock.now_ms(), before.last_at_ms)
        tx.run(CLOSE, id=chat.id, now=now_ms)
        tally.settle(tx, chat.id, now_ms)
        facts = {"state": before.state, "waiting": before.waiting}
        note(tx, by, action="chats.close", subject=_subject(chat), before=facts, after={"state": "closed"})
        return _present(tx, chat)


def reopen(db: "Db", chat: Chat, by: Operator) -> Chat:
    """It goes on."""
    with db.write() as tx:
        before = _present(tx, chat)
        tx.run(REOPEN, id=chat.id)
        facts = {"state": before.state}
        note(tx, by, action="chats.reopen", subject=_subject(chat), before=facts, after={"state": "open"})
        return _present(tx, chat)


def _present(tx: "Tx", chat: Chat) -> Chat:
    row = tx.one(BY_ID, id=chat.id)
    if row is None:
        raise NotFound("This conversation was erased meanwhile.", hint=None)
    return Chat.from_row(row)


def _subject(chat: Chat) -> str:
    # The audit holds no guest's number, so that it need not be rewritten when a guest is erased.
    return f"chat {chat.id}"
