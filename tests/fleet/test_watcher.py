"""The watcher against a real simulated GREEN-API, on a clock that the test moves."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from greenbot.alerts import readings
from greenbot.api.client import Client, Credentials
from greenbot.clock import ManualClock
from greenbot.db.connect import Db, connect
from greenbot.errors import TokenMissing
from greenbot.fleet import watcher as module
from greenbot.fleet.history import Transition, history_of, newest, prune
from greenbot.fleet.watcher import LEASE_MS, Means, Watcher
from greenbot.outbox.clients import Clients
from greenbot.outbox.turn import gate_of
from greenbot.redact import Secret
from greenbot.resilience.health import by_person, told
from greenbot.resilience.line_files import LineFiles
from greenbot.resilience.shared_breaker import Breaker
from greenbot.resilience.shared_health import change, health_of
from greenbot.simulator.clock import SimClock
from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import Instance, Timings, World

START_MS = 1_790_000_000_000
TOKEN = "5" * 50


@dataclass(slots=True, kw_only=True)
class Fleet:
    """Some hotels, what they are at GREEN-API, and watchers that share a store."""

    db: Db
    clock: ManualClock
    simulator: SimulatorThread
    folder: Path
    hotels: dict[str, Instance]
    without_token: set[str] = field(default_factory=set)
    ready: list[int] = field(default_factory=list)
    alive: set[str] = field(default_factory=set)
    open: list[Client] = field(default_factory=list)
    every: float = 60.0

    def watcher(self, owner: str = "me") -> Watcher:
        self.alive.add(owner)
        lines = LineFiles(self.folder / "limits", self.clock)
        clients: Clients[Client] = Clients(self._client, names=lambda: self.hotels)
        means = Means(lines=lines, clients=clients, renew=clients.renewed, breaker_of=self._breaker)
        return Watcher(
            self.db,
            means,
            clock=self.clock,
            owner=owner,
            instances=lambda: self.hotels,
            every_seconds=lambda: self.every,
            on_ready=lambda: self.ready.append(self.clock.now_ms()),
            is_alive=self.alive.__contains__,
        )

    def _client(self, name: str) -> Client:
        if name in self.without_token:
            raise TokenMissing(instance=name)
        where = Credentials(
            instance_name=name,
            id=str(self.hotels[name].id),
            token=Secret(self.hotels[name].token),
            api_url=self.simulator.api_url,
            media_url=self.simulator.media_url,
        )
        self.open.append(Client(where, clock=self.clock))
        return self.open[-1]

    def _breaker(self, name: str, host: str) -> Breaker:
        return Breaker(self.db, instance=name, host=host, owner="me", clock=self.clock, rng=Random(1))

    async def live(self, *watchers: Watcher, seconds: int, then: Callable[[int], None] = lambda second: None) -> None:
        """Second by second; `then` may change the world before each."""
        for second in range(seconds):
            then(second)
            for one in watchers:
                one.tick()
            looks = [task for task in asyncio.all_tasks() if task.get_name().startswith("look at")]
            await asyncio.gather(*looks)
            for one in watchers:
                one._check()
            self.clock.advance(1)
            self.simulator.wait(lambda: self.simulator.world.clock.advance(1))

    def say(self, name: str, state: str) -> None:
        self.simulator.call(lambda: self.simulator.world.set_state(self.hotels[name], state))

    def event(self, name: str, state: str) -> None:
        """What a stateInstanceChanged webhook does to the store."""
        now_ms = self.clock.now_ms()
        change(self.db, name, lambda health: told(health, state, event_at_ms=now_ms, now_ms=now_ms))

    def asked(self, name: str | None = None) -> list[tuple[int, str]]:
        """Every question that arrived: the second, and whose."""
        names = {hotel.id: key for key, hotel in self.hotels.items()}
        entries = self.simulator.call(lambda: list(self.simulator.world.ledger.entries))
        found = [(round(one.at) - START_MS // 1000, names[one.instance]) for one in entries]
        return [one for one in found if name in (None, one[1])]

    def state(self, name: str) -> str:
        return health_of(self.db, name).state

    def history(self, name: str) -> list[Transition]:
        return history_of(self.db, name)[::-1]

    def may_send(self, name: str) -> bool:
        return gate_of(self.db, name, self.clock.now_ms(), most_unconfirmed=None).room > 0

    def alerts(self) -> Mapping[str, readings.Fact]:
        """What the built-in rule `instance_not_sendable` is told."""
        return readings.take(self.db, self.clock, self.clock.now_ms(), self.hotels).of.get("instance_not_sendable", {})


@pytest.fixture
def simulator() -> Iterator[SimulatorThread]:
    world = World(clock=SimClock(start=START_MS / 1000, virtual=True), timings=Timings(reboot_seconds=30))
    with SimulatorThread(world) as running:
        yield running


@pytest.fixture
async def make_fleet(tmp_path: Path, simulator: SimulatorThread) -> AsyncIterator[Callable[[int], Fleet]]:
    clock = ManualClock(START_MS)
    made: list[Fleet] = []
    with closing(connect(tmp_path / "state" / "greenbot.db", clock=clock)) as db:

        def make(hotels: int) -> Fleet:
            world = simulator.world
            numbers = {
                f"hotel-{number:02d}": simulator.call(
                    lambda number=number: world.add_instance(id_instance=1101000001 + number, token=TOKEN)  # type: ignore[misc]  # mypy cannot type a default
                )
                for number in range(hotels)
            }
            made.append(Fleet(db=db, clock=clock, simulator=simulator, folder=tmp_path, hotels=numbers))
            return made[-1]

        yield make
        for fleet in made:
            for client in fleet.open:
                await client.aclose()


MakeFleet = Callable[[int], Fleet]


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, object]]]:
    """Lines of the log that tell of states."""
    lines: list[tuple[str, dict[str, object]]] = []

    def note(level: str, event: str, **fields: object) -> None:
        assert event == "state"
        lines.append((level, fields))

    monkeypatch.setattr(module, "note", note)
    return lines


async def test_each_number_is_asked_once_a_minute_and_never_two_in_one_second(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(20)
    await fleet.live(fleet.watcher(), seconds=300)
    asked = fleet.asked()
    assert [name for second, name in asked if second < 20] == list(fleet.hotels), "known as soon as may be"
    assert max(Counter(second for second, _ in asked).values()) == 1
    for name in fleet.hotels:
        seconds = [second for second, _ in fleet.asked(name)]
        apart = [later - earlier for earlier, later in pairwise(seconds)]
        assert 30 <= apart[0] <= 90
        assert set(apart[1:]) == {60}
        assert len(seconds) in (5, 6)
    assert {fleet.state(name) for name in fleet.hotels} == {"authorized"}


async def test_a_flicker_of_one_look_alarms_nobody_and_leaves_no_trace(
    make_fleet: MakeFleet, noted: list[tuple[str, dict[str, object]]]
) -> None:
    fleet = make_fleet(1)
    held: set[int] = set()
    alarmed: list[object] = []

    def then(second: int) -> None:
        if not fleet.may_send("hotel-00") and second > 60:
            held.add(second)
        alarmed.extend(fleet.alerts())
        if second == 100:
            fleet.say("hotel-00", "notAuthorized")
        elif held and second == max(held):
            fleet.say("hotel-00", "authorized")

    await fleet.live(fleet.watcher(), seconds=300, then=then)
    assert len(held) in range(5, 15)  # from the bad word until the next look
    assert alarmed == []
    assert [change.to_state for change in fleet.history("hotel-00")] == ["authorized"]
    assert [fields["outcome"] for _, fields in noted] == ["authorized"]


async def test_an_unlinked_number_is_held_told_and_released_by_itself(
    make_fleet: MakeFleet, noted: list[tuple[str, dict[str, object]]]
) -> None:
    fleet = make_fleet(2)
    sent: list[int] = []

    def then(second: int) -> None:
        if fleet.may_send("hotel-00"):
            sent.append(second)
        if second == 100:
            fleet.say("hotel-00", "notAuthorized")
        if second == 500:
            assert fleet.state("hotel-00") == "not_sendable"
            assert fleet.alerts()["hotel-00"].why == "notAuthorized"
            fleet.say("hotel-00", "authorized")

    await fleet.live(fleet.watcher(), seconds=700, then=then)
    assert [second for second in sent if 170 < second < 500] == []
    assert max(second for second in sent if second < 200) <= 160
    assert min(second for second in sent if second > 500) <= 570
    assert fleet.alerts() == {}
    told = [(change.to_state, change.account, change.source) for change in fleet.history("hotel-00")]
    assert told == [
        ("authorized", "authorized", "look"),
        ("not_sendable", "notAuthorized", "look"),
        ("authorized", "authorized", "look"),
    ]
    mine = [(level, fields) for level, fields in noted if fields["instance"] == "hotel-00"]
    assert [(level, fields["from_"], fields["outcome"]) for level, fields in mine] == [
        ("info", "unknown", "authorized"),
        ("warning", "authorized", "not_sendable"),
        ("info", "not_sendable", "authorized"),
    ]
    released_ms = fleet.history("hotel-00")[-1].at_ms
    assert released_ms in range(fleet.ready[-1] - 2000, fleet.ready[-1] + 1)
    # It is asked more often while it is down, and never more than the rules of health say.
    seconds = [second for second, _ in fleet.asked("hotel-00") if 180 < second < 500]
    assert {later - earlier for earlier, later in pairwise(seconds)} == {30}
    assert fleet.state("hotel-01") == "authorized"


async def test_one_event_and_one_look_are_enough(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(1)

    def then(second: int) -> None:
        if second == 90:
            fleet.say("hotel-00", "blocked")
            fleet.event("hotel-00", "blocked")
            assert fleet.state("hotel-00") == "authorized"
            assert not fleet.may_send("hotel-00")
        if second == 91:
            assert fleet.state("hotel-00") == "not_sendable"
        if second == 95:
            fleet.event("hotel-00", "authorized")  # a lie, or a backlog
        if second == 97:
            assert fleet.state("hotel-00") == "not_sendable"

    await fleet.live(fleet.watcher(), seconds=100, then=then)
    assert [change.source for change in fleet.history("hotel-00")] == ["look", "event"]


async def test_an_api_that_does_not_answer_is_no_state_of_the_number(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(1)

    def then(second: int) -> None:
        if second == 100:
            fleet.simulator.call(lambda: fleet.simulator.world.faults.add("503 method=getStateInstance"))
        if second == 700:
            assert (fleet.state("hotel-00"), health_of(fleet.db, "hotel-00").account) == ("unreachable", "authorized")
            fleet.simulator.call(fleet.simulator.world.faults.clear)

    await fleet.live(fleet.watcher(), seconds=900, then=then)
    assert [change.to_state for change in fleet.history("hotel-00")] == ["authorized", "unreachable", "authorized"]
    # The circuit breaker and the rests between questions hold while nobody answers.
    assert len([second for second, _ in fleet.asked() if 100 < second < 700]) <= 40


async def test_a_refused_token_is_asked_with_anew_and_seldom(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(1)
    old = fleet.hotels["hotel-00"].token
    watcher = fleet.watcher()
    await fleet.live(watcher, seconds=70)

    def new_token() -> None:
        fleet.hotels["hotel-00"].token = "6" * 50

    fleet.simulator.call(new_token)
    await fleet.live(watcher, seconds=140)
    assert len(fleet.open) == 2, "a client with the token as it is now"
    assert (old != fleet.hotels["hotel-00"].token, fleet.state("hotel-00")) == (True, "authorized")


async def test_one_watcher_looks_and_another_follows_when_it_ends_or_dies(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(3)
    first, second = fleet.watcher("first"), fleet.watcher("second")
    await fleet.live(first, second, seconds=185)
    regular = [second for second, name in fleet.asked("hotel-02") if second > 5]
    assert {later - earlier for earlier, later in pairwise(regular)} == {60}, "by one of them"
    first.stop()
    await first.run()  # gives the duty away
    before = len(fleet.asked())
    await fleet.live(second, seconds=120)
    assert len(fleet.asked()) == before + 6
    fleet.alive.discard("second")
    third = fleet.watcher("third")
    await fleet.live(third, seconds=60)
    assert len(fleet.asked()) == before + 9
    # The third one is said to live: it is waited for until its lease is over, which it renews every ten seconds.
    fourth = fleet.watcher("fourth")
    await fleet.live(fourth, seconds=LEASE_MS // 1000 - 12)
    assert len(fleet.asked()) == before + 9
    await fleet.live(fourth, seconds=70)
    assert len(fleet.asked()) > before + 9


async def test_a_number_without_a_token_holds_up_nobody(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(3)
    fleet.without_token.add("hotel-01")
    await fleet.live(fleet.watcher(), seconds=120)
    asked = Counter(name for _, name in fleet.asked())
    assert (asked["hotel-01"], asked["hotel-00"], asked["hotel-02"]) == (0, 3, 2)


async def test_after_the_machine_slept_the_numbers_are_spread_again(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(20)
    watcher = fleet.watcher()
    await fleet.live(watcher, seconds=60)
    fleet.clock.advance(8 * 3600)
    fleet.simulator.wait(lambda: fleet.simulator.world.clock.advance(8 * 3600))
    before = len(fleet.asked())
    await fleet.live(watcher, seconds=20)
    assert [name for _, name in fleet.asked()[before:]] == list(fleet.hotels)
    assert max(Counter(second for second, _ in fleet.asked()[before:]).values()) == 1


async def test_another_interval_counts_at_once(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(1)
    watcher = fleet.watcher()
    await fleet.live(watcher, seconds=60)
    fleet.every = 20.0
    await fleet.live(watcher, seconds=60)
    assert [second for second, _ in fleet.asked() if second >= 60] == [60, 80, 100]


async def test_history_is_forgotten_but_for_the_last_change_of_each_number(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(2)
    for name in fleet.hotels:
        for state in ("blocked", "notAuthorized", "suspended"):
            fleet.event(name, state)
            fleet.clock.advance(1)
    assert len(fleet.history("hotel-00")) == 3
    last = newest(fleet.db, until_ms=fleet.clock.now_ms())
    assert prune(fleet.db, before_ms=fleet.clock.now_ms(), most=3) == 3
    assert prune(fleet.db, before_ms=fleet.clock.now_ms(), most=3) == 1
    assert prune(fleet.db, before_ms=fleet.clock.now_ms(), most=3) == 0
    assert [change.account for change in fleet.history("hotel-00")] == ["suspended"]
    assert newest(fleet.db, until_ms=fleet.clock.now_ms()) == last


async def test_every_change_is_told_once_also_when_another_watcher_follows(
    make_fleet: MakeFleet, noted: list[tuple[str, dict[str, object]]]
) -> None:
    fleet = make_fleet(1)
    first, second = fleet.watcher("first"), fleet.watcher("second")
    await fleet.live(first, second, seconds=70)
    assert len(noted) == 1
    fleet.say("hotel-00", "blocked")
    fleet.event("hotel-00", "blocked")
    await fleet.live(first, second, seconds=1)
    first.stop()
    await first.run()
    assert [fields["outcome"] for _, fields in noted] == ["authorized", "not_sendable"]
    fleet.clock.advance(5)
    fleet.say("hotel-00", "authorized")
    change(fleet.db, "hotel-00", lambda health: by_person(health, "authorized", "linked", fleet.clock.now_ms()))
    await fleet.live(second, seconds=5)
    assert [fields["outcome"] for _, fields in noted] == ["authorized", "not_sendable", "authorized"]
