"""Removing a guest everywhere: the right to be forgotten.

Gone afterwards: the conversation in both directions, the events as they came, messages with their calls and
results, deliveries of hooks, files, what the guest wrote in groups, the words and the number in campaigns, and
the index of words. What stays is that the guest wants no promotion (without the reason): forgetting that would
mean to write to them again. The audit says that a conversation was erased, not whose.

The bytes go too: what SQLite frees is overwritten, the file is rebuilt and the log emptied.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.chats import tally
from greenbot.chats.chat import Reader
from greenbot.db.audit import Operator, note
from greenbot.errors import Busy
from greenbot.outbox.claims import move
from greenbot.outbox.decide import Change
from greenbot.outbox.message import Message
from greenbot.outbox.states import Reason, State

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

ALSO_KNOWN_AS = """
select lid as id from chat_links where chat_id in (select value from json_each(:ids))
 union select chat_id from chat_links where lid in (select value from json_each(:ids))
"""
CHATS = "select id from chats where chat_id in (select value from json_each(:ids))"
MESSAGES = "select count(*) as messages from messages where chat_id in (select value from json_each(:ids))"
IN_FLIGHT = """
select id from messages
 where chat_id in (select value from json_each(:ids)) and state in ('claimed', 'sending') limit 1
"""
IN_WORK = """
select id from events where chat_id in (select value from json_each(:ids)) and state = 'processing' limit 1
"""
OPEN = """
select * from messages where chat_id in (select value from json_each(:ids)) and state in ('queued', 'uncertain')
"""
IN_GROUPS = """
select id, chat, event_id from chat_entries
 where sender_id in (select value from json_each(:ids))
   and chat not in (select id from chats where chat_id in (select value from json_each(:ids)))
"""
EVENTS_OF = "select id from events where chat_id in (select value from json_each(:ids))"
# Whatever names the guest: a call, a group's message, a notice of the instance. What still waits to be worked on stays.
EVENTS_NAMING = """
select id from events
 where state not in ('stored', 'processing')
   and exists (select 1 from json_each(:ids) as guest
                where instr(events.raw, cast('"' || guest.value || '"' as blob)) > 0)
"""
EVENTS_WAITING_IN_GROUPS = """
select id from events
 where state = 'stored' and chat_id like '%@g.us'
   and exists (select 1 from json_each(:ids) as guest
                where instr(events.raw, cast('"sender":"' || guest.value || '"' as blob)) > 0
                   or instr(events.raw, cast('"sender": "' || guest.value || '"' as blob)) > 0)
"""
FILES = """
select distinct name from media
 where chat in (select value from json_each(:chats)) or entry_id in (select value from json_each(:entries))
"""
STILL_USED = "select 1 from media where name = :name"
SPOOLED = """
select distinct file_sha256 from messages
 where chat_id in (select value from json_each(:ids)) and file_sha256 is not null
"""
STILL_SPOOLED = "select 1 from messages where file_sha256 = :sha256"
#: Name of the count -> what removes it.
REMOVE: dict[str, str] = {
    "deliveries": """
delete from hook_deliveries
 where chat_id in (select value from json_each(:ids)) or event_id in (select value from json_each(:events))
""",
    "events": "delete from events where id in (select value from json_each(:events))",
    "messages": "delete from messages where chat_id in (select value from json_each(:ids))",
    "changes": """
delete from chat_changes
 where sender_id in (select value from json_each(:ids)) or chat in (select value from json_each(:chats))
""",
    "entries": """
delete from chat_entries
 where id in (select value from json_each(:entries)) or chat in (select value from json_each(:chats))
""",
    "chats": "delete from chats where id in (select value from json_each(:chats))",
    "links": """
delete from chat_links
 where lid in (select value from json_each(:ids)) or chat_id in (select value from json_each(:ids))
""",
    "checks": """
delete from number_checks
 where chat_id in (select value from json_each(:ids)) or known_as in (select value from json_each(:ids))
""",
    "known": "delete from known_chats where chat_id in (select value from json_each(:ids))",
    "campaign_rows": """
update campaign_rows set chat_id = null, text = null, timezone = null, problem = null
 where chat_id in (select value from json_each(:ids))
""",
    "suppressions_kept": """
update suppressed set reason = null where chat_id in (select value from json_each(:ids))
""",
    "suppression_log": """
delete from suppression_log
 where chat_id in (select value from json_each(:ids)) and chat_id not in (select chat_id from suppressed)
""",
    "suppression_reasons": """
update suppression_log set reason = null where chat_id in (select value from json_each(:ids))
""",
}
# A line of a group goes on where one of its deliveries was taken out.
NEXT_DELIVERIES = """
update hook_deliveries set is_head = 1
 where state = 'queued' and is_head = 0
   and id in (select min(id) from hook_deliveries where state in ('queued', 'sending')
               group by hook_id, instance, chat_id)
"""
FORGET_WORDS = (
    "insert into chat_entries_fts (chat_entries_fts) values ('optimize')",
    "insert into chat_sent_fts (chat_sent_fts) values ('optimize')",
    "insert into chat_changes_fts (chat_changes_fts) values ('optimize')",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where files of guests lie besides the store: fetched ones, and copies of what was sent."""

    media: Path
    spool: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What the store holds of a guest, as ids."""

    ids: tuple[str, ...]
    chats: tuple[int, ...]
    entries: tuple[int, ...]
    groups: tuple[int, ...]
    events: tuple[int, ...]
    messages: int
    files: tuple[str, ...]
    spooled: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How much of what was removed. `bytes_gone`: nothing of it is left in the store's files either."""

    counts: dict[str, int] = field(default_factory=dict)
    files: int = 0
    bytes_gone: bool = False


def ids_of(reader: Reader, chat_id: str) -> tuple[str, ...]:
    """Every id of the guest that links know, the given one first."""
    found = [chat_id]
    while True:
        more = [str(row["id"]) for row in reader.all(ALSO_KNOWN_AS, ids=json.dumps(found))]
        fresh = [each for each in dict.fromkeys(more) if each not in found]
        if not fresh:
            return tuple(found)
        found += fresh


def traces(reader: Reader, ids: Sequence[str]) -> Traces:
    """What is stored of a guest under these ids; reads everything that could name them."""
    guest = json.dumps(list(ids))
    chats = [row["id"] for row in reader.all(CHATS, ids=guest)]
    in_groups = reader.all(IN_GROUPS, ids=guest)
    events = {row["event_id"] for row in in_groups if row["event_id"] is not None}
    for statement in (EVENTS_OF, EVENTS_NAMING, EVENTS_WAITING_IN_GROUPS):
        events |= {row["id"] for row in reader.all(statement, ids=guest)}
    entries = [row["id"] for row in in_groups]
    files = reader.all(FILES, chats=json.dumps(chats), entries=json.dumps(entries))
    return Traces(
        ids=tuple(ids),
        chats=tuple(chats),
        entries=tuple(entries),
        groups=tuple({row["chat"] for row in in_groups}),
        events=tuple(sorted(events)),
        messages=_count(reader.one(MESSAGES, ids=guest)),
        files=tuple(row["name"] for row in files),
        spooled=tuple(row["file_sha256"] for row in reader.all(SPOOLED, ids=guest)),
    )


def _count(row: "Row | None") -> int:
    return 0 if row is None else int(row["messages"])


def erase(db: "Db", chat_id: str, by: Operator, folders: Folders) -> Erased:
    """Remove a guest everywhere. Doing it again finishes what could not be finished before.

    Raises `Busy` while a message to the guest is being sent or an event of theirs is being worked on.
    """
    db.all("pragma secure_delete = on")
    with db.write() as tx:
        found = traces(tx, ids_of(tx, chat_id))
        _check_quiet(tx, found)
        _end_open_messages(tx, found, by)
        counts = _remove(tx, found)
        # Before the commit: whatever dies next, a file without its row cannot stay behind.
        files = _remove_files(tx, found, folders)
        facts: dict[str, object] = {name: count for name, count in counts.items() if count}
        note(tx, by, action="chats.erase", subject=_subject(found), before={**facts, "files": files})
    return Erased(counts=counts, files=files, bytes_gone=scrub(db))


def scrub(db: "Db") -> bool:
    """Rebuild the file and empty the log: nothing removed can be read from the disk. False when others were busy."""
    try:
        db.all("vacuum")
    except Busy:
        return False
    # Whoever still reads an older state is waited for, as long as for any lock.
    row = db.one("pragma wal_checkpoint(truncate)")
    return row is None or row[0] == 0


def _check_quiet(tx: "Tx", found: Traces) -> None:
    ids = json.dumps(found.ids)
    if tx.one(IN_FLIGHT, ids=ids) is not None:
        raise Busy("A message to this guest is being sent at this moment.", hint="Run it again in a moment.")
    if tx.one(IN_WORK, ids=ids) is not None:
        raise Busy("An event of this guest is being worked on at this moment.", hint="Run it again in a moment.")


def _end_open_messages(tx: "Tx", found: Traces, by: Operator) -> None:
    """What waits is cancelled, what is in doubt is given up: an open message cannot be removed."""
    for row in tx.all(OPEN, ids=json.dumps(found.ids)):
        message = Message.from_row(row)
        state = State.CANCELLED if message.state is State.QUEUED else State.FAILED
        ended = move(tx, message, Change(state=state, reason=Reason.OPERATOR, cause="erased"), by.name, by.clock)
        assert ended, "read in this transaction"


def _remove(tx: "Tx", found: Traces) -> dict[str, int]:
    given = {
        "ids": json.dumps(found.ids),
        "chats": json.dumps(found.chats),
        "entries": json.dumps(found.entries),
        "events": json.dumps(found.events),
    }
    counts = {}
    for name, statement in REMOVE.items():
        counts[name] = tx.run(statement, **{key: value for key, value in given.items() if f":{key}" in statement})
    tx.run(NEXT_DELIVERIES)
    for group in found.groups:
        tally.recount(tx, group)
    for statement in FORGET_WORDS:
        tx.run(statement)
    return counts


def _remove_files(tx: "Tx", found: Traces, folders: Folders) -> int:
    """Files that nobody else sent or received, byte for byte the same."""
    gone = [folders.media / name for name in found.files if tx.one(STILL_USED, name=name) is None]
    gone += [folders.spool / sha256 for sha256 in found.spooled if tx.one(STILL_SPOOLED, sha256=sha256) is None]
    removed = 0
    for path in gone:
        removed += path.exists()
        path.unlink(missing_ok=True)
    return removed


def _subject(found: Traces) -> str:
    return f"chat {', '.join(map(str, found.chats))}" if found.chats else "chat unknown"
