"""Whether what stands in the store can be true: SQLite's own checks, the schema, what greenbot promises of its rows.

Everything here only reads. Each promise is one statement that finds the rows that break it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from greenbot.clock import Clock
from greenbot.db.connect import connect
from greenbot.db.migrations import LATEST
from greenbot.db.peek import Peek, peek
from greenbot.outbox.states import TRANSITIONS

if TYPE_CHECKING:
    from greenbot.db.connect import Row

Kind = Literal["file", "version", "schema", "rows"]

#: What must have no row, by what it would mean.
PROMISES: dict[str, str] = {
    "a counter of messages is wrong": """
      select counts.instance || ' ' || counts.state as what from message_counts as counts
       where counts.messages <> (
         select count(*) from messages where instance = counts.instance and state = counts.state)""",
    "messages are not counted": """
      select distinct instance || ' ' || state as what from messages
       where not exists (
         select 1 from message_counts as counts
          where counts.instance = messages.instance and counts.state = messages.state)""",
    "the history of a message does not end where the message is": """
      select 'message ' || messages.id as what from messages
        left join message_log as log on log.message_id = messages.id and log.epoch = messages.epoch
       where log.to_state is not messages.state""",
    "a message is worked on by nobody": """
      select 'message ' || id as what from messages
       where state in ('claimed', 'sending') and (owner is null or lease_until_boot_ms is null)""",
    "two messages of one chat are on their way at once": """
      select instance || ' message ' || max(id) as what from messages
       where state in ('claimed', 'sending', 'uncertain') group by instance, chat_id having count(*) > 1""",
    "two messages have one remote id": """
      select instance || ' message ' || max(id) as what from messages
       where remote_id is not null group by instance, remote_id having count(*) > 1""",
    "a delivered message was never accepted": """
      select 'message ' || id as what from messages where state = 'delivered' and accepted_at_ms is null""",
    "the history of an event does not end where the event is": """
      select 'event ' || events.id as what from events
       where epoch > 0 and not exists (
         select 1 from event_log as log
          where log.event_id = events.id and log.epoch = events.epoch and log.to_state = events.state)""",
    "one thing that happened was carried out twice": """
      select instance || ' event ' || max(id) as what from events
       where state = 'done' and duplicate_of is null and semantic_key is not null
       group by instance, semantic_key having count(*) > 1""",
    "a counter of a campaign is wrong": """
      select 'campaign ' || counts.campaign_id || ' ' || counts.status as what from campaign_counts as counts
       where counts.guests <> (
         select count(*) from campaign_rows where campaign_id = counts.campaign_id and status = counts.status)""",
    "a row of a campaign says something else than its message": """
      select 'campaign ' || rows.campaign_id || ' row ' || rows.number as what from campaign_rows as rows
        join messages on messages.id = rows.message_id and messages.campaign_id = rows.campaign_id
       where rows.status <> messages.state and not (rows.status = 'suppressed' and messages.state = 'cancelled')""",
}
_MOVES = "select distinct from_state, to_state, reason from message_log where from_state is not null"
_SCHEMA = """
select type, name, coalesce(sql, '') as sql from sqlite_master
 where name not like 'sqlite_%' and name not like '%_fts%' and name not like '_sqlite_migrations%'
"""
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One thing that is not as it must be. `what` names it, `count` how often it was found."""

    kind: Kind
    what: str
    count: int = 1


def flaws(store: Path, clock: Clock, *, on_step: Callable[[str], None]) -> Iterator[Flaw]:
    """Everything that is wrong with the store, read to its end; hears before each step what is looked at.

    Raises Busy, and StoreError for a file that is no store of greenbot at all.
    """
    with peek(store) as found:
        on_step("every page and index")
        damaged = found.problems(thorough=True) or []
        yield from (Flaw(kind="file", what=problem) for problem in damaged)
        yield from _orphans(found)
        on_step("the schema")
        yield from _of_schema(found, clock)
        if found.schema == LATEST and not damaged:
            on_step("messages, events and campaigns")
            yield from _of_rows(found)


def _orphans(found: Peek) -> Iterator[Flaw]:
    orphans: dict[str, int] = {}
    for row in found.all("pragma foreign_key_check"):
        words = f"a row of {row[0]} belongs to a row of {row[2]} that is not there"
        orphans[words] = orphans.get(words, 0) + 1
    yield from (Flaw(kind="rows", what=words, count=count) for words, count in orphans.items())


def _of_schema(found: Peek, clock: Clock) -> Iterator[Flaw]:
    """Compared with a store that is made new at this moment."""
    if found.schema != LATEST:
        yield Flaw(kind="version", what=f"the store has schema {found.schema}, this greenbot works with {LATEST}")
        return
    wanted, there = _fresh_schema(clock), _schema_of(found)
    for name in sorted(wanted.keys() - there.keys()):
        yield Flaw(kind="schema", what=f"the {name} is missing")
    for name in sorted(name for name in wanted.keys() & there.keys() if wanted[name] != there[name]):
        yield Flaw(kind="schema", what=f"the {name} was changed")


def _fresh_schema(clock: Clock) -> dict[str, str]:
    with TemporaryDirectory(prefix="greenbot-") as folder:
        path = Path(folder) / "new.db"
        connect(path, clock=clock).close()
        with peek(path) as fresh:
            return _schema_of(fresh)


def _schema_of(found: Peek) -> dict[str, str]:
    return {f"{row['type']} {row['name']}": _plain(row["sql"]) for row in found.all(_SCHEMA)}


def _plain(sql: str) -> str:
    """Without comments and spaces: both change nothing."""
    return "".join("".join(line.partition("--")[0].split()) for line in sql.splitlines()).replace('"', "").lower()


def _of_rows(found: Peek) -> Iterator[Flaw]:
    for what, statement in PROMISES.items():
        rows = found.all(statement)
        if rows:
            yield Flaw(kind="rows", what=f"{what}: {_named(rows)}", count=len(rows))
    known = {(str(origin), str(target), str(why)) for (origin, target), whys in TRANSITIONS.items() for why in whys}
    for row in found.all(_MOVES):
        if (row["from_state"], row["to_state"], row["reason"]) not in known:
            yield Flaw(
                kind="rows", what=f"a message moved from {row['from_state']} to {row['to_state']} ({row['reason']})"
            )


def _named(rows: "list[Row]") -> str:
    shown = ", ".join(str(row["what"]) for row in rows[:_MOST_SHOWN])
    return shown + (f" and {len(rows) - _MOST_SHOWN} more" if len(rows) > _MOST_SHOWN else "")
