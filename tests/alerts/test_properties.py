"""The window of the evaluator, its percentiles, its tails and its waiting, against brute force over raw events."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenbot.alerts.evaluate import Alert, Condition, Verdict, step
from greenbot.alerts.rule import Rule
from greenbot.alerts.silence import Silences
from greenbot.alerts.watch import Watch
from greenbot.clock import ManualClock
from greenbot.db.connect import Db, connect
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.series import CALLS, Series
from tests.metrics.counting import Happening, keep, percentile

NOON_MS = 1_795_348_800_000
RULES = [Rule(name="r", metric="error_rate", op=">=", threshold=10, window_s=300)]

calls = st.lists(
    st.builds(
        Happening,
        at_ms=st.integers(NOON_MS - 1_000_000, NOON_MS + 14_999),
        instance=st.sampled_from(["kyiv", "lviv"]),
        series=st.sampled_from([Series.SEND, Series.QUERY, Series.POLL]),
        ok=st.booleans(),
        value_ms=st.integers(0, 60_000),
    ),
    max_size=60,
)
looks = st.sampled_from([NOON_MS, NOON_MS + 15_000])
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Db:
    path: Path = tmp_path_factory.mktemp("properties") / "greenbot.db"
    return connect(path, clock=ManualClock(NOON_MS))


def watched(store: Db, happenings: Sequence[Happening], batch: int) -> Watch:
    """A store in which these things happened, flushed in small pieces, and the window over it."""
    with store.write(durable=False) as tx:
        tx.run("delete from metric_cells")
    names = Names()
    keep(store, names, happenings, batch=batch)
    watch = Watch(RULES, Silences(0))
    watch.follow(store, names, (NOON_MS + 15_000) // 1000)
    return watch


def chosen(happenings: Sequence[Happening], who: str, first_ms: int, end_ms: int) -> list[Happening]:
    return sorted(
        (one for one in happenings
         if one.series in CALLS and who in (FLEET, one.instance) and first_ms <= one.at_ms < end_ms),
        key=lambda one: one.at_ms,
    )  # fmt: skip


@quick
@given(calls, looks, st.sampled_from([10, 60, 180, 300, 900]), st.integers(1, 9))
def test_a_window_is_what_happened_in_it(
    store: Db, happenings: list[Happening], at_ms: int, seconds: int, batch: int
) -> None:
    watch = watched(store, happenings, batch)
    end_ms = at_ms // 10_000 * 10_000
    for who in ("kyiv", "lviv", FLEET):
        raw = chosen(happenings, who, end_ms - seconds * 1000, end_ms)
        found, counted = watch.window(who, CALLS, at_ms, seconds), watch.counts(who, CALLS, at_ms, seconds)

        assert (found.n, found.bad) == (counted.n, counted.bad) == (len(raw), sum(not one.ok for one in raw))
        assert found.sum_ms == sum(one.value_ms or 0 for one in raw)
        values = [one.value_ms or 0 for one in raw]
        for share in (0.5, 0.95, 0.99):
            exact, told = percentile(values, share), found.percentiles(share)[0]
            assert (exact is None) is (told is None)
            if exact is not None and told is not None:
                assert abs(told - max(1, exact)) <= 0.01 * max(1, exact)
    assert watch.is_shared(CALLS, at_ms, seconds) is (
        len({one.instance for one in chosen(happenings, FLEET, end_ms - seconds * 1000, end_ms)}) > 1
    )


@quick
@given(calls, looks, st.integers(1, 9))
def test_what_is_said_to_be_in_a_row_was_in_a_row(
    store: Db, happenings: list[Happening], at_ms: int, batch: int
) -> None:
    """Never more than brute force counts; and exactly as many where all went the same way."""
    watch = watched(store, happenings, batch)
    end_ms = at_ms // 10_000 * 10_000 + 10_000
    for who in ("kyiv", "lviv", FLEET):
        raw = chosen(happenings, who, end_ms - 900_000, end_ms)
        found = watch.latest(who, CALLS, at_ms, 900)
        oks = [one.ok for one in raw]
        if not raw:
            assert found.tail == 0
            continue
        last_ms = raw[-1].at_ms
        lasts = {one.ok for one in raw if one.at_ms == last_ms}
        length = next((number for number, ok in enumerate(reversed(oks)) if ok != oks[-1]), len(oks))
        if len(lasts) == 1:
            assert abs(found.tail) <= length + sum(
                one.at_ms == raw[-length - 1].at_ms for one in raw if length < len(raw)
            )
            assert (found.tail > 0) is oks[-1] or found.last_ms != last_ms
        if len(set(oks)) == 1:
            assert abs(found.tail) == len(raw)
            assert (found.tail_from_ms, found.last_ms) == (raw[0].at_ms, last_ms)
        if found.tail < 0 and len(lasts) == 1:
            assert watch.ends_badly(who, CALLS, at_ms, 900)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([Condition.TRUE, Condition.TRUE, Condition.FALSE, Condition.UNCLEAR]), max_size=60),
    st.sampled_from([0, 15, 60, 300]),
)
def test_it_fires_when_every_look_of_so_long_was_true(seen: list[Condition], for_s: int) -> None:
    rule = Rule(name="r", metric="errors", op=">", threshold=1, window_s=60, for_s=for_s)
    alert = Alert(rule_version=1, state="inactive", evaluated_at_ms=NOON_MS - 15_000)
    is_open, since, unclear = False, 0, 0
    for number, condition in enumerate(seen):
        alert = step(alert, rule, Verdict(condition=condition), NOON_MS + number * 15_000).alert
        # Brute force: how many looks in a row were true, how many unclear.
        since = since + 1 if condition is Condition.TRUE else 0
        unclear = unclear + 1 if condition is Condition.UNCLEAR else 0
        if is_open and (condition is Condition.FALSE or unclear > 60):
            is_open = False
        elif not is_open and since and (since - 1) * 15 >= for_s:
            is_open = True
        assert (alert.state in ("firing", "nodata", "recovering")) is is_open
