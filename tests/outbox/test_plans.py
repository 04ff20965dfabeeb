"""A long queue costs no more than a short one: no statement walks the table."""

import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

import pytest

from greenbot import outbox
from greenbot.clock import ManualClock
from greenbot.db import audit
from greenbot.db.connect import Db, connect
from greenbot.outbox import figures, listing, sweep, table, turn
from tests.outbox.conftest import new_text

MODULES = [import_module(f"greenbot.outbox.{found.name}") for found in iter_modules(outbox.__path__)]
STATEMENTS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": value
    for module in (audit, *MODULES)
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, str) and re.match(r"\s*(select|update)\b", value)
}

#: A list handed over, what a limit cut off, and the one row per instance and state (`counts` where it has an alias).
SHORT = ("SCAN json_each", "SCAN (subquery", "SCAN message_counts", "SCAN counts")
#: A page in primary-key order is no scan; the index of reasons leaves out what simply waits and what has left.
WALKS = ("listing.PAGE_OF_ALL", "figures.REASONS", "figures.QUEUED", "pauses.ALL", "audit.PAGE")
#: The reconciler looks at all that is uncertain, at most one message per chat; the numbers have a row per state.
SORTS = ("doubts.UNCERTAIN", "listing.STATS")

#: What the reconciler, the stalled watch and the retention of the next stages will ask.
LATER = {
    "uncertain of an instance": "select * from messages where instance = :i and state = 'uncertain'"
    " order by uncertain_since_ms",
    "unconfirmed of an instance": "select count(*) from messages where instance = :i and state = 'accepted'"
    " and delivery is null",
    "stalled candidates": "select * from messages where instance = :i and state = 'accepted' and delivery is null"
    " and accepted_at_ms < :t",
    "by remote id": "select * from messages where instance = :i and remote_id = :r",
    "campaign progress": "select state, count(*) from messages where campaign_id = :c group by state",
    "retention": "select id from messages where state = 'delivered' and state_at_ms < :t order by id limit 500",
    "next due moment": "select min(not_before_ms) from messages where instance = :i and priority = 1"
    " and state = 'queued' and held_reason is null and behind = 0",
    "calls retention": "select id from calls where started_at_ms < :t limit 500",
}


def fill(db: Db, messages: int) -> None:
    with db.write() as tx:
        for n in range(messages):
            new = new_text(to=f"3804{n:08d}", instance=f"hotel-{n % 3}", campaign_id=n % 7)
            table.enqueue_in(tx, new, ManualClock())


@pytest.fixture(scope="module", params=["fresh", "analyzed"])
def long_queue(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Db]:
    db = connect(tmp_path_factory.mktemp("plans") / "greenbot.db", clock=ManualClock())
    fill(db, 3000)
    if request.param == "analyzed":
        db.all("analyze")
    yield db
    db.close()


def test_every_statement_of_the_outbox_is_looked_at() -> None:
    some = {"turn.CANDIDATES", "moving.MOVE", "listing.PAGE_OF_ALL", "listing.STATS", "sweep.OWNED", "sweep.EXPIRED"}
    assert some < set(STATEMENTS)
    assert len(STATEMENTS) >= 60


def plan(db: Db, sql: str) -> list[str]:
    names: dict[str, object] = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
    return [row["detail"] for row in db.all("explain query plan " + sql, **names)]  # type: ignore[arg-type]  # numbers


@pytest.mark.parametrize("name", [*STATEMENTS, *LATER])
def test_no_statement_scans_or_sorts_a_growing_table(long_queue: Db, name: str) -> None:
    sql = STATEMENTS.get(name) or LATER[name]
    for line in plan(long_queue, sql):
        assert name in WALKS or not line.startswith("SCAN") or line.startswith(SHORT), line
        assert "AUTOMATIC" not in line
        assert name in SORTS or "TEMP B-TREE FOR ORDER" not in line, line


def steps(db: Db, sql: str, **params: object) -> int:
    """How many instructions SQLite's machine carried out, in tens: work, not time."""
    counted = [0]

    def tick() -> int:
        counted[0] += 1
        return 0

    db.all(sql, **params)  # type: ignore[arg-type]  # once before: preparing it reads the schema
    db._connection.set_progress_handler(tick, 10)
    db.all(sql, **params)  # type: ignore[arg-type]  # numbers and words
    db._connection.set_progress_handler(None, 0)
    return counted[0]


#: A turn of twenty, nothing barred.
TURN = {"instance": "hotel-1", "priority": 1, "now": 2**52, "alive_until": 2**52}
TURN |= {"may_retry": True, "barred": "[]", "most": 20}
#: A page of fifty, without further filters.
PAGE = {"before": 2**62, "limit": 50} | dict.fromkeys(("class", "created_before", "held", "why"))


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        (turn.CANDIDATES, TURN),
        (listing.PAGE_OF_ALL, PAGE),
        (listing.PAGE_OF_STATE, PAGE | {"state": "queued"}),
        (listing.PAGE_OF_INSTANCE, PAGE | {"state": "queued", "instance": "hotel-1"}),
        (listing.STATS, {"instance": None}),
        (figures.REASONS, {"instance": None}),
        (sweep.OWNED, {}),
        (sweep.EXPIRED, {"now": 2**52}),
    ],
    ids=["claim", "list", "list by state", "list by instance", "stats", "reasons", "sweep", "expire"],
)
def test_ten_times_the_queue_is_not_more_work(long_queue: Db, db: Db, sql: str, params: dict[str, object]) -> None:
    fill(db, 300)
    if long_queue.one("select 1 from sqlite_master where name = 'sqlite_stat1'"):
        db.all("analyze")
    assert steps(long_queue, sql, **params) <= 2 * steps(db, sql, **params) + 1
