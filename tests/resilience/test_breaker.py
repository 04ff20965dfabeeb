"""The breaker as a machine: tables for its rules, and a model that plays it at random."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.resilience.breaker import (
    DEFAULT_RULES,
    MOVES,
    Admission,
    Bucket,
    Circuit,
    Result,
    Rules,
    Tally,
    admitted,
    forced,
    merged,
    queue_until_ms,
    rebooted,
    resumed,
    settled,
    tallied,
    timed,
)
from greenbot.resilience.retry import Rng
from tests.resilience.stores import Fixed, Half

NOW = 3_600_000


def after(
    results: str,
    *,
    circuit: Circuit | None = None,
    every_ms: int = 0,
    elapsed_ms: int = 10,
    rules: Rules = DEFAULT_RULES,
    rng: Rng | None = None,
) -> Circuit:
    """The circuit after calls written as letters: `.` ok, `5` failed, `x` unreachable, `-` ignored."""
    circuit, now_ms = circuit or Circuit(), NOW
    words: dict[str, Result] = {".": "ok", "5": "failed", "x": "unreachable", "-": "ignored"}
    for letter in results:
        tally = tallied(Tally(), words[letter], elapsed_ms=elapsed_ms, now_ms=now_ms, rules=rules)
        circuit = merged(circuit, tally, now_ms=now_ms, rng=rng or Half(), rules=rules)
        now_ms += every_ms
    return circuit


@pytest.mark.parametrize(
    ("results", "every_ms", "state"),
    [
        ("xxxxx", 0, "open"),  # five transport failures in a row
        ("xxxx", 0, "closed"),
        ("xxxx.xxxx", 0, "closed"),  # a call got through in between: not enough calls for a ratio either
        ("xxxx5xxxx", 0, "closed"),  # a 5xx is an answer, too
        ("xx-x-xx", 0, "open"),  # what says nothing interrupts no streak
        ("5555555555", 0, "open"),  # 10 of 10
        ("555555555", 0, "closed"),  # nine calls are too few
        (".....55555", 0, "open"),  # exactly half of ten
        ("......5555", 0, "closed"),
        ("......5555.55", 0, "closed"),  # 6 of 13
        ("......5555.555", 0, "open"),  # 7 of 14
        ("5" * 9 + "-" * 20, 0, "closed"),  # what says nothing counts nowhere
        ("5" * 20, 7_000, "closed"),  # never ten within one minute
        ("5" * 20, 6_000, "open"),
        ("." * 100 + "5" * 99, 0, "closed"),
        ("." * 100 + "5" * 100, 0, "open"),
    ],
)
def test_when_a_closed_circuit_opens(results: str, every_ms: int, state: str) -> None:
    assert after(results, every_ms=every_ms).state == state


@pytest.mark.parametrize(
    ("percent", "elapsed_ms", "state"), [(None, 60_000, "closed"), (80, 60_000, "open"), (80, 30_000, "closed")]
)
def test_slow_calls_open_it_only_where_that_rule_is_on(percent: int | None, elapsed_ms: int, state: str) -> None:
    rules = replace(DEFAULT_RULES, slow_percent=percent)
    assert after("." * 12, elapsed_ms=elapsed_ms, rules=rules).state == state


@pytest.mark.parametrize(
    ("openings", "wait_ms"), [(0, 30_000), (1, 60_000), (2, 120_000), (3, 240_000), (4, 300_000), (99, 300_000)]
)
def test_every_opening_lasts_twice_as_long_up_to_five_minutes(openings: int, wait_ms: int) -> None:
    recently = Circuit(openings=openings, since_ms=NOW - DEFAULT_RULES.calm_ms + 1)
    assert after("xxxxx", circuit=recently).open_until_ms == NOW + wait_ms
    calm = Circuit(openings=openings, since_ms=NOW - DEFAULT_RULES.calm_ms)
    assert after("xxxxx", circuit=calm).open_until_ms == NOW + 30_000


@pytest.mark.parametrize(("chance", "wait_ms"), [(0.0, 24_000), (0.999999, 36_000)])
def test_no_two_openings_end_together(chance: float, wait_ms: int) -> None:
    assert after("xxxxx", rng=Fixed(chance)).open_until_ms == NOW + wait_ms


def test_calls_that_come_back_after_it_opened_change_nothing() -> None:
    opened = after("xxxxx")
    assert after("x5.x5", circuit=opened) == opened


def test_tallies_of_several_processes_add_up_to_what_one_would_have_seen() -> None:
    tallies = []
    for letter in "xx", "x", "xx":
        tally = Tally()
        for _ in letter:
            tally = tallied(tally, "unreachable", elapsed_ms=1, now_ms=NOW)
        tallies.append(tally)
    circuit = Circuit()
    for tally in tallies:
        circuit = merged(circuit, tally, now_ms=NOW, rng=Half())
    assert circuit.state == "open"


@pytest.mark.parametrize("number", [NOW // 6_000 - 10, NOW // 6_000 + 1])
def test_buckets_of_the_past_and_of_an_invented_future_do_not_count(number: int) -> None:
    circuit = Circuit(buckets=(Bucket(number=number, calls=99, failures=99),))
    assert merged(circuit, Tally(), now_ms=NOW, rng=Half()) == Circuit()


def ask(circuit: Circuit, *, now_ms: int, owner: str = "a") -> tuple[Circuit, Admission]:
    return admitted(timed(circuit, now_ms=now_ms), owner=owner, now_ms=now_ms, lease_ms=90_000)


def settle(circuit: Circuit, admission: Admission, result: Result, *, now_ms: int) -> Circuit:
    assert admission.ticket is not None
    return settled(circuit, admission.ticket, result, now_ms=now_ms, rng=Half())


def half_open() -> tuple[Circuit, Admission, int]:
    """A circuit whose time has come, the probe that was let out, and the time."""
    opened = after("xxxxx")
    now_ms = opened.open_until_ms
    return *ask(opened, now_ms=now_ms), now_ms


def test_while_open_nothing_goes_out_and_everybody_learns_until_when() -> None:
    opened = after("xxxxx")
    same, admission = ask(opened, now_ms=opened.open_until_ms - 1)
    assert same == opened
    assert admission == Admission(answer="wait", until_ms=opened.open_until_ms)


def test_when_the_time_has_come_one_caller_probes_and_the_others_wait_a_moment() -> None:
    circuit, probe, now_ms = half_open()
    assert (circuit.state, probe.answer) == ("half_open", "probe")
    same, other = ask(circuit, now_ms=now_ms + 5, owner="b")
    assert same == circuit
    assert other == Admission(answer="wait", until_ms=now_ms + 5 + 1_000)


def test_the_probe_and_two_calls_one_after_the_other_close_it() -> None:
    circuit, probe, now_ms = half_open()
    circuit = settle(circuit, probe, "ok", now_ms=now_ms)
    for state in ("half_open", "closed"):
        circuit, trial = ask(circuit, now_ms=now_ms)
        assert trial.answer == "go"
        assert ask(circuit, now_ms=now_ms, owner="b")[1].answer == "wait"
        circuit = settle(circuit, trial, "ok", now_ms=now_ms)
        assert circuit.state == state
    assert ask(circuit, now_ms=now_ms)[1] == Admission(answer="go")
    assert circuit.openings == 1  # remembered until it has been closed for ten minutes


@pytest.mark.parametrize("good_calls", [0, 1, 2])
@pytest.mark.parametrize("result", ["failed", "unreachable"])
def test_any_failure_on_the_way_opens_it_again_for_twice_as_long(good_calls: int, result: Result) -> None:
    circuit, admission, now_ms = half_open()
    for _ in range(good_calls):
        circuit = settle(circuit, admission, "ok", now_ms=now_ms)
        circuit, admission = ask(circuit, now_ms=now_ms)
    circuit = settle(circuit, admission, result, now_ms=now_ms)
    assert (circuit.state, circuit.open_until_ms) == ("open", now_ms + 60_000)


def test_a_call_that_says_nothing_lets_the_next_one_try() -> None:
    circuit, probe, now_ms = half_open()
    circuit, again = ask(settle(circuit, probe, "ignored", now_ms=now_ms), now_ms=now_ms, owner="b")
    assert again.answer == "probe"
    assert again.ticket != probe.ticket


def test_when_the_prober_dies_another_probes_without_a_longer_wait() -> None:
    circuit, probe, now_ms = half_open()
    now_ms += DEFAULT_RULES.probe_lease_ms
    assert ask(circuit, now_ms=now_ms - 1, owner="b")[1].answer == "wait"
    lost = timed(circuit, now_ms=now_ms)
    assert (lost.state, lost.open_until_ms, lost.openings) == ("open", now_ms, 1)
    circuit, again = ask(circuit, now_ms=now_ms, owner="b")
    assert again.answer == "probe"
    assert settle(circuit, probe, "ok", now_ms=now_ms) == circuit  # the dead one's answer comes late and counts nowhere
    assert settle(circuit, probe, "failed", now_ms=now_ms) == circuit


@pytest.mark.parametrize("results", ["", "xxxxx"])
def test_what_was_forced_open_stays_so_until_somebody_resumes_it(results: str) -> None:
    circuit = forced(after(results), "credentials refused", now_ms=NOW)
    assert ask(circuit, now_ms=NOW + 10**9)[1] == Admission(answer="wait", until_ms=None)
    assert after("....", circuit=circuit) == circuit
    circuit = resumed(circuit, now_ms=NOW)
    assert ask(circuit, now_ms=NOW)[1].answer == "probe"


def test_resuming_an_open_circuit_lets_the_probe_out_now_and_changes_no_other() -> None:
    assert ask(resumed(after("xxxxx"), now_ms=NOW), now_ms=NOW)[1].answer == "probe"
    assert resumed(Circuit(), now_ms=NOW) == Circuit()
    trying, _, now_ms = half_open()
    assert resumed(trying, now_ms=now_ms) == trying


def test_after_a_reboot_an_open_circuit_probes_at_once_and_a_forced_one_stays() -> None:
    assert ask(rebooted(after("xxxxx")), now_ms=5)[1].answer == "probe"
    assert ask(rebooted(half_open()[0]), now_ms=5)[1].answer == "probe"
    assert ask(rebooted(forced(Circuit(), "", now_ms=NOW)), now_ms=5)[1].answer == "wait"
    assert ask(rebooted(after("5555")), now_ms=5)[1].answer == "go"
    assert rebooted(after("5555")).buckets == ()


def test_messages_do_not_all_come_back_in_the_same_moment() -> None:
    assert [queue_until_ms(100, Fixed(chance)) for chance in (0.0, 0.5, 0.999999)] == [100, 5_100, 10_100]


class Play:
    """A circuit, the calls that are out, and what must hold after every step."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.now_ms = NOW
        self.circuit = Circuit()
        self.out: list[Admission] = []

    def become(self, circuit: Circuit) -> None:
        assert circuit.state == self.circuit.state or (self.circuit.state, circuit.state) in MOVES
        assert circuit.ticket >= self.circuit.ticket
        assert circuit.lease_owner is None or circuit.state == "half_open"
        self.circuit = circuit

    def ask(self, owner: str) -> None:
        before = self.circuit
        circuit, admission = admitted(before, owner=owner, now_ms=self.now_ms, lease_ms=90_000)
        self.become(circuit)
        resting = before.state == "open" and self.now_ms < before.open_until_ms
        if resting or before.state == "forced_open" or before.lease_owner is not None:
            assert admission.answer == "wait"
        if before.state == "closed":
            assert admission == Admission(answer="go")
        if admission.ticket is not None:
            assert admission.answer == ("go" if before.probed else "probe")
        if admission.answer != "wait":
            self.out.append(admission)

    def answer(self, result: Result) -> None:
        if not self.out:
            return
        admission = self.out.pop(0)
        if admission.ticket is None:
            tally = tallied(Tally(), result, elapsed_ms=1, now_ms=self.now_ms)
            self.become(merged(self.circuit, tally, now_ms=self.now_ms, rng=self.rng))
        else:
            self.become(settled(self.circuit, admission.ticket, result, now_ms=self.now_ms, rng=self.rng))

    def wait(self, wait_ms: int) -> None:
        self.now_ms += wait_ms

    def force(self, reason: str) -> None:
        self.become(forced(self.circuit, reason, now_ms=self.now_ms))

    def resume(self, _nothing: str) -> None:
        self.become(resumed(self.circuit, now_ms=self.now_ms))


RESULTS = st.sampled_from(("ok", "ok", "ok", "failed", "unreachable", "unreachable", "ignored"))
STEPS = st.one_of(
    st.tuples(st.just(Play.ask), st.sampled_from("abc")),
    st.tuples(st.just(Play.ask), st.sampled_from("abc")),
    st.tuples(st.just(Play.answer), RESULTS),
    st.tuples(st.just(Play.answer), RESULTS),
    st.tuples(st.just(Play.wait), st.sampled_from((1, 500, 7_000, 31_000, 95_000, 400_000))),
    st.tuples(st.sampled_from((Play.force, Play.resume)), st.just("")),
)


@given(steps=st.lists(STEPS, max_size=80), seed=st.integers())
def test_whatever_happens_it_moves_only_as_allowed_and_tries_one_call_at_a_time(
    steps: list[tuple[Callable[[Play, object], None], object]], seed: int
) -> None:
    play = Play(seed)
    for act, argument in steps:
        play.become(timed(play.circuit, now_ms=play.now_ms))
        act(play, argument)


@given(
    calls=st.lists(st.tuples(st.integers(0, 9_000), st.sampled_from(("ok", "failed"))), max_size=60),
)
def test_the_window_is_the_calls_of_the_last_ten_buckets(calls: list[tuple[int, Result]]) -> None:
    rules = replace(DEFAULT_RULES, min_calls=10**6)  # counts, and never opens
    circuit, now_ms, made = Circuit(), NOW, list[tuple[int, Result]]()
    for gap_ms, result in calls:
        now_ms += gap_ms
        tally = tallied(Tally(), result, elapsed_ms=1, now_ms=now_ms, rules=rules)
        circuit = merged(circuit, tally, now_ms=now_ms, rng=Half(), rules=rules)
        made.append((now_ms, result))
    oldest_ms = (now_ms // 6_000 - 9) * 6_000
    counted = [result for moment_ms, result in made if moment_ms >= oldest_ms]
    assert sum(bucket.calls for bucket in circuit.buckets) == len(counted)
    assert sum(bucket.failures for bucket in circuit.buckets) == counted.count("failed")
