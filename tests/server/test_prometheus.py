"""What Prometheus reads: well-formed, with labels nobody outside can add to, and counters that only grow."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from greenbot.metrics.series import Series
from tests.server.test_monitoring import busy_day
from tests.server.watching import Watched, watching

NAME = r"[a-z_:][a-z0-9_:]*"
LABELS = r'\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")(?:,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\}'
SAMPLE = re.compile(rf"({NAME})({LABELS})? (-?[0-9.e+-]+)")


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    async with watching(tmp_path) as one:
        yield one


async def scraped(watched: Watched) -> dict[str, float]:
    """Samples by name and labels, after a check that every line is what the format says."""
    answer = await watched.ask("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples: dict[str, float] = {}
    families: list[str] = []
    for line in answer.body.decode().splitlines():
        if found := re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.+)", line):
            families += [found[2]] if found[1] == "TYPE" else []
            assert found[1] == "HELP" or found[3] in ("gauge", "counter")
            continue
        found = SAMPLE.fullmatch(line)
        assert found is not None, line
        assert found[1] == families[-1] or families[-1] == "", "a sample stands under its family"
        key = found[1] + (found[2] or "")
        assert key not in samples, "told once"
        samples[key] = float(found[3])
    assert len(families) == len(set(families))
    assert answer.body.endswith(b"\n")
    return samples


async def test_an_empty_store_is_well_formed(watched: Watched) -> None:
    samples = await scraped(watched)
    assert samples['greenbot_requests_total{instance="kyiv"}'] == 0
    assert samples['greenbot_instance_queued_messages{instance="coast"}'] == 0


async def test_the_figures_are_those_of_the_store(watched: Watched) -> None:
    busy_day(watched)
    watched.turn()
    samples = await scraped(watched)
    assert samples['greenbot_requests_total{instance="kyiv"}'] == 10
    assert samples['greenbot_request_errors_total{instance="kyiv"}'] == 2
    assert samples['greenbot_rate_limit_wait_seconds_total{instance="coast"}'] == 0.7
    assert samples["greenbot_auth_failures_total"] == 1
    assert samples['greenbot_recent_errors{status="503"}'] == 1
    assert samples['greenbot_recent_errors{status="none"}'] == 1
    assert samples['greenbot_instance_error_ratio{instance="kyiv"}'] == 0.2
    assert samples['greenbot_instances{standing="trouble"}'] == 0, "two of ten calls say nothing yet"
    busy_day(watched)
    watched.turn()
    assert (await scraped(watched))['greenbot_instances{standing="trouble"}'] == 1, "four of twenty do"


async def test_counters_only_grow_whatever_is_pruned_and_whoever_leaves(watched: Watched) -> None:
    busy_day(watched)
    watched.recorder.count("closed-hotel", Series.SEND)
    watched.turn()
    before = await scraped(watched)
    with watched.db.write() as tx:
        tx.run("delete from metric_hours")
        tx.run("delete from metric_minutes")
    busy_day(watched)
    watched.turn()
    after = await scraped(watched)
    counters = [key for key in before if "_total" in key]
    assert len(counters) > 20
    assert all(after[key] >= before[key] for key in counters)
    assert after['greenbot_requests_total{instance="kyiv"}'] == 20
    assert after['greenbot_requests_total{instance="other"}'] == 1


async def test_what_strangers_choose_makes_no_series(watched: Watched) -> None:
    busy_day(watched)
    watched.turn()
    before = await scraped(watched)
    for number in range(3000):
        watched.recorder.count("kyiv", Series.EVENT, label=f'type-{number}"}} 1\ninjected {number}')
        watched.recorder.count(f"stranger-{number % 500}", Series.SEND, ok=False, label=f"{600 + number} odd")
        watched.recorder.count("kyiv", Series.SEND, ok=False, label=f"{1000 + number} odd")
    watched.turn()
    after = await scraped(watched)
    new = after.keys() - before.keys()
    assert {key for key in new if "other" not in key} == set()
    assert len(new) <= 3
