"""The processor: effects exactly once, order within a chat, and nobody waits for somebody else's trouble."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable

import pytest

from greenbot.clock import ManualClock, SystemClock
from greenbot.db.connect import Db, Tx, connect
from greenbot.errors import Busy
from greenbot.inbox.claims import LEASE_MS, claim
from greenbot.inbox.event import StoredEvent
from greenbot.inbox.fate import MOST_ATTEMPTS
from greenbot.inbox.process import Effect, Pace, Processor
from greenbot.inbox.states import Reason, State
from greenbot.messages.incoming.model import Incoming, MessageEvent, UnknownEvent
from tests.inbox.conftest import GUEST, NOW_MS, OTHER_GUEST, Take, body, state, status, text

EFFECTS = "create table effects (event_id integer, remote_id text, chat_id text)"


def note(tx: Tx, event: StoredEvent, incoming: Incoming) -> None:
    tx.run("insert into effects values (:id, :remote, :chat)", id=event.id, remote=event.remote_id, chat=event.chat_id)


def poisoned(remote_id: str) -> Effect:
    """It writes, and then it cannot go on."""

    def effect(tx: Tx, event: StoredEvent, incoming: Incoming) -> None:
        if event.remote_id == remote_id:
            raise RuntimeError("this cannot be worked")

    return effect


@pytest.fixture(autouse=True)
def effects_table(db: Db) -> None:
    with db.write() as tx:
        tx.run(EFFECTS)


Make = Callable[..., Processor]


@pytest.fixture
def news() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def make(db: Db, clock: ManualClock, news: list[tuple[str, str]]) -> Make:
    def build(
        *more: Effect, owner: str = "me", dead: set[str] | None = None, store: Db = db, most: int = 25
    ) -> Processor:
        return Processor(
            store,
            owner=owner,
            is_alive=lambda name: name not in (dead or set()),
            clock=clock,
            rng=random.Random(1),
            effects=[note, *more],
            on_news=lambda instance, words: news.append((instance, words)),
            pace=Pace(most_at_once=most, look_seconds=0.005),
        )

    return build


def states(db: Db) -> Counter[str]:
    return Counter(row["state"] for row in db.all("select state from events"))


def effects(db: Db) -> list[str]:
    return [row["remote_id"] for row in db.all("select remote_id from effects order by rowid")]


async def test_what_is_stored_is_worked_once_in_its_order(db: Db, take: Take, make: Make) -> None:
    take(*(text(number, GUEST if number % 2 else OTHER_GUEST) for number in range(60)))
    await make().run(drain=True)
    assert effects(db) == [f"3EB0{number}" for number in range(60)]
    assert states(db) == {"done": 60}
    await make().run(drain=True)
    assert len(effects(db)) == 60


async def test_an_event_told_again_in_other_bytes_is_linked_and_not_worked_again(
    db: Db, take: Take, make: Make
) -> None:
    [first, other] = take(text(1), text(1, extra="field"))
    assert first.event_id != other.event_id
    await make().run(drain=True)
    [later] = take(text(1, more="fields"))
    await make().run(drain=True)
    assert effects(db) == ["3EB01"]
    rows = db.all("select state, reason, duplicate_of from events order by id")
    assert [tuple(row) for row in rows] == [
        ("done", "processed", None),
        ("done", "duplicate", first.event_id),
        ("done", "duplicate", first.event_id),
    ]
    assert later.event_id > other.event_id


async def test_the_statuses_of_one_message_are_different_events(db: Db, take: Take, make: Make) -> None:
    take(status(1, "sent"), status(1, "delivered"), status(1, "read"), status(1, "read", extra=1))
    await make().run(drain=True)
    assert effects(db) == ["BAE51"] * 3


async def test_the_twin_of_an_event_that_could_not_be_worked_gets_its_own_chance(
    db: Db, take: Take, make: Make, clock: ManualClock
) -> None:
    [first, _] = take(text(1), text(1, extra="field"))

    def fails_for_the_first(tx: Tx, event: StoredEvent, incoming: Incoming) -> None:
        if event.id == first.event_id:
            raise RuntimeError

    await _until_over(make(fails_for_the_first), clock)
    assert states(db) == {"dead": 1, "done": 1}
    assert effects(db) == ["3EB01"]


async def _until_over(processor: Processor, clock: ManualClock) -> None:
    for _ in range(MOST_ATTEMPTS + 2):
        await processor.run(drain=True)
        clock.advance(90)


async def test_one_poison_event_holds_up_its_own_chat_for_a_while_and_no_other(
    db: Db, take: Take, make: Make, clock: ManualClock, news: list[tuple[str, str]]
) -> None:
    take(text("poison", GUEST), *(text(number, GUEST) for number in range(20)))
    take(*(text(f"other{number}", OTHER_GUEST) for number in range(1_000)))
    processor = make(poisoned("3EB0poison"))
    await processor.run(drain=True)
    assert effects(db) == [f"3EB0other{number}" for number in range(1_000)]
    await _until_over(processor, clock)
    assert states(db) == {"dead": 1, "done": 1_020}
    assert effects(db)[1_000:] == [f"3EB0{number}" for number in range(20)]
    row = db.one("select attempts, reason, detail from events where state = 'dead'")
    assert row is not None
    assert tuple(row) == (MOST_ATTEMPTS, "failed", "RuntimeError: this cannot be worked")
    assert news == [("kyiv", "event 1 is dead; see: greenbot events show 1")]


async def test_what_an_effect_wrote_before_another_failed_is_taken_back(db: Db, take: Take, make: Make) -> None:
    take(text(1), text(2, OTHER_GUEST))
    await make(poisoned("3EB01")).run(drain=True)
    assert effects(db) == ["3EB02"]


async def test_an_effect_that_the_schema_refuses_is_that_events_failure(db: Db, take: Take, make: Make) -> None:
    take(text(1), text(2, OTHER_GUEST))

    def breaks_a_rule(tx: Tx, event: StoredEvent, incoming: Incoming) -> None:
        if event.remote_id == "3EB01":
            tx.run("insert into pollers (instance) values (null)")

    await make(breaks_a_rule).run(drain=True)
    assert states(db) == {"stored": 1, "done": 1}


async def test_backlogs_unknown_types_and_large_bodies_are_all_worked(db: Db, take: Take, make: Make) -> None:
    old_s = NOW_MS // 1000
    take(
        *(text(f"six{number}", timestamp=old_s - 360) for number in range(200)),
        *(text(f"day{number}", timestamp=old_s - 23 * 3600) for number in range(200)),
        *(body(typeWebhook=f"brandNew{number}", chatId=GUEST, idMessage=f"n{number}") for number in range(50)),
        text("large", words="x" * 2 * 1024 * 1024),
        text("after"),
        state("notAuthorized"),
    )
    seen: list[Incoming] = []
    await make(lambda tx, event, incoming: seen.append(incoming)).run(drain=True)
    assert states(db) == {"done": 453}
    assert sum(isinstance(one, UnknownEvent) for one in seen) == 50
    assert sum(isinstance(one, MessageEvent) for one in seen) == 402


async def test_what_waits_for_another_try_is_tried_when_its_time_has_come(
    db: Db, take: Take, make: Make, clock: ManualClock
) -> None:
    take(text(1))
    fails = [True]

    def once(tx: Tx, event: StoredEvent, incoming: Incoming) -> None:
        if fails.pop() if fails else False:
            raise RuntimeError

    processor = make(once)
    await processor.run(drain=True)
    await processor.run(drain=True)
    assert states(db) == {"stored": 1}
    clock.advance(2)
    await processor.run(drain=True)
    assert states(db) == {"done": 1}


def test_what_was_tried_before_is_claimed_alone(db: Db, take: Take, clock: ManualClock) -> None:
    take(text(1), text(2), text(3, OTHER_GUEST))
    assert len(claim(db, owner="dead", clock=clock, most=25)) == 3
    _run_sweep(db, clock)
    alone = claim(db, owner="me", clock=clock, most=25)
    assert [event.remote_id for event in alone] == ["3EB01"]
    # Its chat waits, the other one does not.
    assert [event.remote_id for event in claim(db, owner="me", clock=clock, most=25)] == ["3EB03"]
    assert claim(db, owner="me", clock=clock, most=25) == []


def _is_due(db: Db, clock: ManualClock) -> object:
    return db.scalar("select count(*) from events where state = 'stored' and next_at_ms <= :now", now=clock.now_ms())


def _run_sweep(db: Db, clock: ManualClock) -> list[State]:
    from greenbot.inbox.sweep import sweep

    return [to.state for _, to in sweep(db, is_alive=lambda name: name != "dead", clock=clock, rng=random.Random(1))]


def test_an_event_over_which_eight_processes_died_is_given_up(db: Db, take: Take, clock: ManualClock) -> None:
    take(text(1))
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert len(claim(db, owner="dead", clock=clock, most=25)) == 1
        assert _run_sweep(db, clock) == [State.DEAD if attempt == MOST_ATTEMPTS else State.STORED]
        # The first time it may go on at once; a crash loop of a second must not be the end of an innocent event.
        assert bool(_is_due(db, clock)) == (attempt == 1)
        clock.advance(90)
    row = db.one("select state, reason from events")
    assert row is not None
    assert tuple(row) == (State.DEAD, Reason.OWNER_DEAD)


async def test_who_lost_an_event_changes_nothing_any_more(
    db: Db, take: Take, make: Make, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(text(1))
    slow = make(owner="slow")
    [event] = claim(db, owner="slow", clock=clock, most=25)
    clock.advance(LEASE_MS / 1000 + 1)
    await make(owner="quick").run(drain=True)
    assert effects(db) == ["3EB01"]
    monkeypatch.setattr("greenbot.inbox.process.claim", lambda *arguments, **rest: [event])
    slow.work_once()
    assert effects(db) == ["3EB01"]
    assert db.scalar("select actor from events") == "quick"


async def test_a_store_that_is_locked_for_a_moment_costs_no_attempt(
    db: Db, take: Take, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(text(1))
    processor = make()
    real, calls = Db.write, Counter[str]()

    def sometimes(self: Db, *, durable: bool = True) -> object:
        calls["write"] += 1
        if calls["write"] == 2:
            raise Busy("Locked.")
        return real(self, durable=durable)

    monkeypatch.setattr(Db, "write", sometimes)
    with pytest.raises(Busy):
        processor.work_once()
    assert processor.work_once() == 1
    assert effects(db) == ["3EB01"]
    assert db.scalar("select attempts from events") == 1


async def test_bytes_that_only_parsing_finds_unreadable_are_quarantined(
    db: Db, take: Take, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from greenbot.messages.incoming.model import Unreadable

    def refuse(raw: bytes) -> Incoming:
        raise Unreadable("nested too deeply")

    take(text(1), text(2))
    monkeypatch.setattr("greenbot.inbox.process.parse", refuse)
    await make().run(drain=True)
    assert states(db) == {"quarantined": 2}
    assert effects(db) == []


async def test_a_parser_that_breaks_is_tried_again_later(
    db: Db, take: Take, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_(raw: bytes) -> Incoming:
        raise KeyError("a bug")

    take(text(1))
    monkeypatch.setattr("greenbot.inbox.process.parse", break_)
    await make().run(drain=True)
    assert states(db) == {"stored": 1}
    monkeypatch.undo()


async def test_several_processors_share_the_work_and_keep_the_order_of_each_chat(
    db: Db, take: Take, make: Make, path: object
) -> None:
    guests = [f"38044000{number:04d}@c.us" for number in range(7)]
    take(*(text(number, guests[number % 7]) for number in range(400)))
    stores = [connect(db.path, clock=SystemClock()) for _ in range(3)]
    await asyncio.gather(
        *(make(owner=f"p{number}", store=store, most=5).run(drain=True) for number, store in enumerate(stores))
    )
    await make().run(drain=True)
    for store in stores:
        store.close()
    assert states(db) == {"done": 400}
    for guest in guests:
        order = [row["event_id"] for row in db.all("select * from effects where chat_id = :g order by rowid", g=guest)]
        assert order == sorted(order)
    assert len(effects(db)) == len(set(effects(db))) == 400


async def test_it_works_until_it_is_stopped_and_hears_when_it_is_woken(db: Db, take: Take, make: Make) -> None:
    processor = make()
    running = asyncio.create_task(processor.run())
    await asyncio.sleep(0)
    take(text(1))
    processor.wake()
    async with asyncio.timeout(30):
        while effects(db) != ["3EB01"]:
            await asyncio.sleep(0.001)
        processor.stop()
        await running
