"""What becomes of notices: who is told, when, and what is held back. Pure, so every rule is a row."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenbot.alerts.defaults import ALL
from greenbot.alerts.grouping import Decision, Door, Notice, Standing, Text, Times, World, decide, inhibitor
from greenbot.alerts.silences import Silence

RULES = {rule.name: rule for rule in ALL}
OPS = Door(name="ops", is_default=True)
NOW = 1_790_000_000_000
S, M = 1000, 60_000
FIRING = Standing(is_open=True, severity="high")


def notice(number: int, rule: str = "high_error_rate", instance: str = "kyiv", **more: Any) -> Notice:
    fields: dict[str, Any] = {"at_ms": NOW, "kind": "firing", "severity": "high", "episode": 1} | more
    return Notice(id=number, rule=rule, instance=instance, **fields)


def silence(**more: Any) -> Silence:
    fields: dict[str, Any] = {
        "id": 3, "rule": "*", "instance": "*", "severity": "*", "begins_at_ms": NOW - M, "until_at_ms": NOW + 10 * M,
        "author": "anna", "comment": "works", "created_at_ms": NOW - M, "expired_at_ms": None,
    } | more  # fmt: skip
    return Silence(**fields)


def world(**more: Any) -> World:
    fields: dict[str, Any] = {"rules": RULES, "doors": {"ops": OPS}} | more
    return World(**fields)


def texts(decision: Decision) -> list[tuple[str, tuple[int, ...]]]:
    return [(text.receiver, text.notice_ids) for text in decision.texts]


def fates(decision: Decision) -> dict[int, str]:
    return {fate.id: fate.state + ("…" if fate.is_open else "") for fate in decision.fates}


def after(seconds: int, notices: list[Notice], around: World) -> Decision:
    return decide(notices, around, NOW + seconds * S, Times())


@pytest.mark.parametrize(
    ("seconds", "told_s_ago", "leaves"),
    [
        pytest.param(0, None, False, id="nothing leaves at once: others may follow"),
        pytest.param(29, None, False, id="nor a moment before the group's wait is over"),
        pytest.param(30, None, True, id="after it, it leaves"),
        pytest.param(30, 299, False, id="a text of the rule five minutes ago, almost: wait"),
        pytest.param(30, 300, True, id="five minutes ago: leave"),
        pytest.param(30, -3600, True, id="a text from the future was made before the clock was set back"),
    ],
)
def test_what_begins_together_is_told_together_and_a_rule_speaks_every_five_minutes(
    seconds: int, told_s_ago: int | None, leaves: bool
) -> None:
    told = {} if told_s_ago is None else {"high_error_rate": NOW + (seconds - told_s_ago) * S}
    decision = after(seconds, [notice(1), notice(2, instance="odesa")], world(told_at_ms=told))
    assert texts(decision) == ([("ops", (1, 2))] if leaves else [])
    assert (decision.look_at_ms is None) == leaves


def test_a_clock_that_was_set_back_does_not_keep_people_waiting_longer() -> None:
    decision = after(30, [notice(1, at_ms=NOW + 3600 * S)], world())
    assert decision.look_at_ms is not None and decision.look_at_ms <= NOW + 60 * S


@pytest.mark.parametrize(
    ("rule", "instance", "firing", "is_inhibited"),
    [
        ("high_error_rate", "kyiv", ("high_error_rate", "*"), True),
        ("high_error_rate", "*", ("high_error_rate", "kyiv"), False),
        ("high_error_rate", "kyiv", ("critical_error_rate", "kyiv"), True),
        ("high_error_rate", "kyiv", ("critical_error_rate", "*"), True),
        ("high_error_rate", "*", ("critical_error_rate", "*"), True),
        ("high_error_rate", "kyiv", ("critical_error_rate", "odesa"), False),
        ("critical_error_rate", "kyiv", ("high_error_rate", "kyiv"), False),
        ("slow_response", "kyiv", ("very_slow_response", "kyiv"), True),
        ("very_slow_response", "kyiv", ("slow_response", "kyiv"), False),
        ("message_send_failures", "kyiv", ("instance_not_sendable", "kyiv"), True),
        ("message_send_failures", "kyiv", ("instance_not_sendable", "odesa"), False),
        ("rate_limit_hits", "kyiv", ("critical_error_rate", "kyiv"), False),
    ],
)
def test_a_greater_alert_speaks_for_a_lesser_one(
    rule: str, instance: str, firing: tuple[str, str], is_inhibited: bool
) -> None:
    assert (inhibitor(rule, instance, {firing: FIRING}) is not None) == is_inhibited
    assert inhibitor(rule, instance, {firing: Standing(is_open=False)}) is None
    decision = after(30, [notice(1, rule, instance)], world(alerts={firing: FIRING}))
    assert fates(decision) == ({1: "inhibited…"} if is_inhibited else {1: "told"})


def test_when_the_greater_alert_ends_the_lesser_one_gets_a_moment_to_end_too() -> None:
    held = notice(1, state="inhibited")
    first = after(600, [held], world())
    (fate,) = first.fates
    assert (fate.state, fate.is_open, fate.not_before_ms) == ("inhibited", True, NOW + 900 * S)
    lingering = replace(held, not_before_ms=fate.not_before_ms)
    assert after(899, [lingering], world()).texts == ()
    assert texts(after(900, [lingering], world())) == [("ops", (1,))]
    over = notice(2, kind="resolved")
    assert fates(after(700, [lingering, over], world())) == {1: "inhibited", 2: "dropped"}


@pytest.mark.parametrize(
    ("given", "is_silenced"),
    [
        (silence(), True),
        (silence(rule="high_*", instance="ky*", severity="high"), True),
        (silence(rule="slow_*"), False),
        (silence(instance="odesa"), False),
        (silence(severity="low"), False),
        (silence(until_at_ms=NOW), False),
        (silence(begins_at_ms=NOW + 10 * M), False),
        (silence(expired_at_ms=NOW - S), False),
    ],
)
def test_a_silence_holds_back_what_matches_it_and_nothing_else(given: Silence, is_silenced: bool) -> None:
    decision = after(30, [notice(1)], world(silences=[given]))
    assert fates(decision) == ({1: "silenced…"} if is_silenced else {1: "told"})


def test_when_a_silence_ends_before_the_alert_people_are_told_then() -> None:
    held = notice(1, state="silenced")
    assert texts(after(700, [held], world())) == [("ops", (1,))]
    over = notice(2, kind="resolved", at_ms=NOW + 60 * S)
    assert fates(after(60, [held, over], world(silences=[silence()]))) == {1: "silenced", 2: "dropped"}
    assert fates(after(700, [held, over], world())) == {1: "silenced", 2: "dropped"}


@pytest.mark.parametrize(
    ("resolved_s_ago", "kind", "expected"),
    [
        (299, "firing", "cooled…"),
        (300, "firing", "told"),
        (10, "repeat", "told"),
        (-60, "firing", "told"),
    ],
)
def test_after_an_end_was_told_a_new_beginning_waits_five_minutes(
    resolved_s_ago: int, kind: Any, expected: str
) -> None:
    alert = replace(FIRING, resolved_told_ms=NOW + (30 - resolved_s_ago) * S)
    decision = after(30, [notice(1, kind=kind, episode=2)], world(alerts={("high_error_rate", "kyiv"): alert}))
    assert fates(decision) == {1: expected}


def test_what_is_over_before_the_cooldown_is_dropped_and_its_end_too() -> None:
    alert = Standing(is_open=False, resolved_told_ms=NOW)
    owed = [notice(1, state="cooled", episode=2), notice(2, kind="resolved", episode=2)]
    decision = after(60, owed, world(alerts={("high_error_rate", "kyiv"): alert}))
    assert (fates(decision), decision.texts, decision.ended) == ({1: "cooled", 2: "dropped"}, (), ())


def test_what_began_and_ended_within_the_groups_wait_is_still_told_once() -> None:
    owed = [notice(1), notice(2, kind="resolved", at_ms=NOW + 15 * S)]
    decision = after(30, owed, world())
    assert texts(decision) == [("ops", (1, 2))]
    assert decision.ended == (("high_error_rate", "kyiv"),)


def test_an_end_is_told_to_those_alone_who_were_told_the_beginning() -> None:
    end = notice(2, kind="resolved")
    doors = {"ops": OPS, "night": Door(name="night"), "gone": Door(name="gone", enabled=False)}
    told = {(("high_error_rate", "kyiv"), 1): {"night", "gone", "removed"}}
    assert texts(after(30, [end], world(doors=doors, told_to=told))) == [("night", (2,))]
    decision = after(30, [end], world(doors=doors))
    assert (fates(decision), decision.ended) == ({2: "dropped"}, ())


def test_who_has_taken_note_hears_no_repeats_but_the_end() -> None:
    acked = {("high_error_rate", "kyiv"): replace(FIRING, acked_by="anna")}
    assert fates(after(30, [notice(5, kind="repeat")], world(alerts=acked))) == {5: "dropped"}
    told = {(("high_error_rate", "kyiv"), 1): {"ops"}}
    assert texts(after(30, [notice(6, kind="resolved")], world(alerts=acked, told_to=told))) == [("ops", (6,))]


def test_only_receivers_that_keep_track_hear_that_somebody_took_note() -> None:
    doors = {"ops": OPS, "pager": Door(name="pager", hears_acks=True)}
    told = {(("high_error_rate", "kyiv"), 1): {"ops", "pager"}}
    decision = after(1, [notice(7, kind="acked")], world(doors=doors, told_to=told))
    assert decision.texts == (Text(receiver="pager", rule="high_error_rate", kind="ack", notice_ids=(7,)),)


def test_a_drill_waits_for_nothing_and_is_held_back_by_nothing() -> None:
    owed = [notice(1, kind="drill", episode=None)]
    around = world(
        silences=[silence()], told_at_ms={"high_error_rate": NOW}, alerts={("critical_error_rate", "*"): FIRING}
    )
    assert texts(after(0, owed, around)) == [("ops", (1,))]


@pytest.mark.parametrize(
    ("named", "doors", "told"),
    [
        pytest.param((), ["ops!", "crm"], ["ops"], id="the default ones"),
        pytest.param(("crm",), ["ops!", "crm"], ["crm"], id="those the rule names"),
        pytest.param(("gone",), ["ops!", "crm"], ["ops"], id="the default ones for names nobody has"),
        pytest.param(("crm", "ops", "crm"), ["ops!", "crm"], ["crm", "ops"], id="each once"),
    ],
)
def test_a_rule_tells_those_it_names_or_the_default_ones(named: Any, doors: list[str], told: list[str]) -> None:
    known = {name.rstrip("!"): Door(name=name.rstrip("!"), is_default=name.endswith("!")) for name in doors}
    rules = {"high_error_rate": replace(RULES["high_error_rate"], receivers=named)}
    assert [text.receiver for text in after(30, [notice(1)], world(rules=rules, doors=known)).texts] == told


def test_without_any_receiver_it_waits_for_one() -> None:
    assert fates(after(30, [notice(1)], world(doors={}))) == {1: "failed…"}
    assert texts(after(90, [notice(1, state="failed")], world())) == [("ops", (1,))]


PHONE = Door(name="phone", is_default=True, travels_over="kyiv", fallback="mail")
MAIL = Door(name="mail")


@pytest.mark.parametrize(
    ("about", "alerts", "expected"),
    [
        pytest.param(notice(1), {}, ["mail"], id="the number the alert is about"),
        pytest.param(notice(1, instance="odesa"), {}, ["phone"], id="another number is fine"),
        pytest.param(notice(1, instance="odesa"), {("instance_not_sendable", "kyiv"): FIRING}, ["mail"],
                     id="the number that carries it has a grave alert of its own"),
        pytest.param(notice(1, instance="odesa"), {("slow_response", "kyiv"): replace(FIRING, severity="medium")},
                     ["phone"], id="a slight one does not matter"),
        pytest.param(notice(1, instance="*", metric="error_rate"), {}, ["mail"], id="calls of the whole fleet fail"),
        pytest.param(notice(1, "disk_reserve", "*", metric="disk_reserve"), {}, ["phone"], id="about the machine"),
    ],
)  # fmt: skip
def test_nothing_travels_over_the_number_in_trouble(about: Notice, alerts: Any, expected: list[str]) -> None:
    doors = {"phone": PHONE, "mail": MAIL}
    assert [text.receiver for text in after(30, [about], world(doors=doors, alerts=alerts)).texts] == expected
    alone = {"phone": replace(PHONE, fallback=None)}
    decision = after(30, [about], world(doors=alone, alerts=alerts))
    assert [text.receiver for text in decision.texts] == [name for name in expected if name == "phone"]


# Properties: a storm of 200 instances over an hour, looked at every 15 seconds.


@dataclass
class Play:
    """Keeps what a store would keep between looks."""

    around: World
    open: dict[int, Notice] = field(default_factory=dict)
    told: list[tuple[int, Text]] = field(default_factory=list)
    closed: dict[int, str] = field(default_factory=dict)

    def look(self, now_ms: int) -> None:
        rules = {notice.rule for notice in self.open.values()}
        last = {rule: max((at for at, text in self.told if text.rule == rule), default=None) for rule in rules}
        episodes = {(notice.spot, notice.episode) for notice in self.open.values()}
        around = replace(
            self.around,
            told_at_ms={rule: at for rule, at in last.items() if at is not None},
            told_to={one: {"ops"} if self.was_told(one) else set() for one in episodes},
        )
        decision = decide(self.open.values(), around, now_ms, Times())
        for fate in decision.fates:
            found = self.open.pop(fate.id)
            if fate.is_open:
                self.open[fate.id] = replace(found, state=fate.state, not_before_ms=fate.not_before_ms)
            else:
                self.closed[fate.id] = fate.state
        self.told += [(now_ms, text) for text in decision.texts]
        for text in decision.texts:
            self.episodes |= {self.known[number] for number in text.notice_ids}

    known: dict[int, tuple[tuple[str, str], int | None]] = field(default_factory=dict)
    episodes: set[tuple[tuple[str, str], int | None]] = field(default_factory=set)

    def was_told(self, episode: tuple[tuple[str, str], int | None]) -> bool:
        return episode in self.episodes

    def arrive(self, one: Notice) -> None:
        self.open[one.id] = one
        self.known[one.id] = (one.spot, one.episode)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 240), st.integers(0, 199), st.integers(1, 40)), min_size=1, max_size=200),
)
def test_in_a_storm_each_rule_speaks_every_five_minutes_and_nothing_is_forgotten(
    storm: list[tuple[int, int, int]],
) -> None:
    play = Play(world())
    number = 0
    arrivals: dict[int, list[Notice]] = {}
    for episode, (look, instance, lasts) in enumerate(storm):
        for kind, at in (("firing", look), ("resolved", look + lasts)):
            number += 1
            kept: Any = kind
            one = notice(number, instance=f"i{instance}", kind=kept, episode=episode, at_ms=NOW + at * 15 * S)
            arrivals.setdefault(at, []).append(one)
    for look in range(340):
        for one in arrivals.get(look, []):
            play.arrive(one)
        play.look(NOW + look * 15 * S)
    moments = [at for at, _ in play.told]
    assert all(later - earlier >= 300 * S for earlier, later in pairwise(moments))
    assert not play.open, "an hour later everything has found its end"
    carried = [number for _, text in play.told for number in text.notice_ids]
    assert sorted(carried) == sorted(play.known), "each beginning and each end is told, once"
