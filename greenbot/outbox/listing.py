"""Many messages: pages of them, and their numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.outbox.message import Message, MessageClass
from greenbot.outbox.states import State

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which messages to list; what is None does not matter. Newest first, `before_id` continues a page.

    `why` is a word of what brought them where they are: the reason, its cause, or what holds them.
    """

    instance: str | None = None
    states: tuple[State, ...] = ()
    chat_id: str | None = None
    campaign_id: int | None = None
    message_class: MessageClass | None = None
    created_before_ms: int | None = None
    held: bool | None = None
    why: str | None = None
    before_id: int | None = None
    limit: int = 50


# One index order each, so that a page costs the same at 100,000 messages as at 100. They are named, because with
# statistics SQLite would rather sort a small state than walk a long one.
_THE_REST = """
   and (:class is null or class = :class)
   and (:created_before is null or created_at_ms < :created_before)
   and (:held is null or (held_reason is not null) = :held)
   and (:why is null or :why in (reason, cause, held_reason))
   and id < :before
 order by id desc limit :limit
"""
_WHICH = {
    # that is: by id
    "all": "select * from messages not indexed where true",
    "state": "select * from messages indexed by messages_by_state where state = :state",
    "instance": """
select * from messages indexed by messages_by_instance where instance = :instance and state = :state""",
    "campaign": """
select * from messages indexed by messages_by_campaign
 where campaign_id = :campaign and state = :state and (:instance is null or instance = :instance)""",
    "chat": """
select * from messages indexed by messages_by_chat
 where chat_id = :chat and (:instance is null or instance = :instance)
   and (:campaign is null or campaign_id = :campaign)
   and (:states is null or instr(:states, ' ' || state || ' '))""",
}
PAGE_OF_ALL = _WHICH["all"] + _THE_REST
PAGE_OF_STATE = _WHICH["state"] + _THE_REST
PAGE_OF_INSTANCE = _WHICH["instance"] + _THE_REST
PAGE_OF_CAMPAIGN = _WHICH["campaign"] + _THE_REST
PAGE_OF_CHAT = _WHICH["chat"] + _THE_REST
_LAST_ID = 2**63 - 1


def list_messages(db: "Db", filters: Filters) -> list[Message]:
    """One page of messages, newest first."""
    if filters.chat_id is not None:
        states = f" {' '.join(filters.states)} " if filters.states else None
        rows = _page(db, PAGE_OF_CHAT, filters, chat=filters.chat_id, states=states, **_whose(filters))
    elif filters.states or filters.instance is not None or filters.campaign_id is not None:
        rows = _merged(_pages(db, filters), filters.limit)
    else:
        rows = _page(db, PAGE_OF_ALL, filters)
    return [Message.from_row(row) for row in rows]


def _pages(db: "Db", filters: Filters) -> "Iterable[Row]":
    for state in filters.states or tuple(State):
        if filters.campaign_id is not None:
            yield from _page(db, PAGE_OF_CAMPAIGN, filters, state=state, **_whose(filters))
        elif filters.instance is not None:
            yield from _page(db, PAGE_OF_INSTANCE, filters, state=state, instance=filters.instance)
        else:
            yield from _page(db, PAGE_OF_STATE, filters, state=state)


def _whose(filters: Filters) -> "dict[str, Value]":
    return {"instance": filters.instance, "campaign": filters.campaign_id}


def _page(db: "Db", query: str, filters: Filters, **chosen: "Value") -> "list[Row]":
    return db.all(
        query,
        **chosen,
        **{"class": filters.message_class},
        created_before=filters.created_before_ms,
        held=filters.held,
        why=filters.why,
        before=_LAST_ID if filters.before_id is None else filters.before_id,
        limit=filters.limit,
    )


def _merged(rows: "Iterable[Row]", limit: int) -> "list[Row]":
    return sorted(rows, key=lambda row: -row["id"])[:limit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many messages of one instance are in one state, and since when the oldest was accepted."""

    instance: str
    state: State
    messages: int
    oldest_at_ms: int


STATS = """
select counts.instance, counts.state, counts.messages,
       (select oldest.created_at_ms from messages as oldest
         where oldest.instance = counts.instance and oldest.state = counts.state
         order by oldest.id limit 1) as oldest_at_ms
  from message_counts as counts
 where counts.messages > 0 and (:instance is null or counts.instance = :instance)
 order by counts.instance, counts.state
"""


def stats(db: "Db", instance: str | None = None) -> list[Count]:
    """The outbox in numbers; the cost does not depend on how many messages there are."""
    return [
        Count(
            instance=row["instance"],
            state=State(row["state"]),
            messages=row["messages"],
            oldest_at_ms=row["oldest_at_ms"],
        )
        for row in db.all(STATS, instance=instance)
    ]
