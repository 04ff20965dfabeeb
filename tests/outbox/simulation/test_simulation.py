"""Hundreds of worlds in which everything goes wrong: nothing is lost, claimed falsely, or doubled."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from greenbot.clock import ManualClock
from greenbot.outbox import gate, turn
from greenbot.outbox.hosts import Hosts
from greenbot.outbox.message import Policy
from greenbot.outbox.remote import Remote
from greenbot.resilience.health import Permission
from tests.architecture.files import ROOT
from tests.outbox.simulation.result import Result
from tests.outbox.simulation.run import TIMES, Setup, make_template, simulate
from tests.outbox.simulation.watch import Watch

if TYPE_CHECKING:
    from greenbot.db.connect import Db

SEEDS = 300
IN_ONE_TEST = 10
#: Long queues of identical texts: what the controls need to show their faults in a few runs.
CROWDED = Setup(messages=48, omissions=False)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.mark.parametrize("first", range(1, SEEDS + 1, IN_ONE_TEST))
def test_every_promise_holds_in_every_world(template: Path, first: int) -> None:
    results = [simulate(seed, template) for seed in range(first, first + IN_ONE_TEST)]
    assert "\n".join(str(result) for result in results if not result.is_sound) == ""
    assert sum(result.deaths for result in results) > 0
    assert sum(result.uncertain for result in results) > 0


def test_the_same_seed_gives_the_same_world_also_in_another_process(template: Path) -> None:
    here = simulate(11, template)
    assert simulate(11, template).digest == here.digest
    assert simulate(12, template).digest != here.digest
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-m", "tests.outbox.simulation.run", "11"]
    there = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert there.stdout.splitlines()[-1] == here.digest


def test_a_broken_promise_is_told_with_the_command_that_replays_it() -> None:
    words = str(Result(seed=17, doubled=[4]))
    assert "doubled [4]" in words
    assert words.endswith("python -m tests.outbox.simulation.run 17")


def _together(template: Path, setup: Setup, seeds: range) -> Result:
    total = Result(seed=0)
    for seed in seeds:
        result = simulate(seed, template, setup)
        total.lost += result.lost
        total.false += result.false
        total.doubled += result.doubled
    return total


def test_sending_again_without_looking_doubles_and_loses_nothing(template: Path) -> None:
    policy: Policy = "resend"
    total = _together(template, replace(CROWDED, policy=policy), range(1, 7))
    assert len(total.doubled) > 5
    assert (total.lost, total.false) == ([], [])


def test_looking_too_early_doubles(template: Path) -> None:
    hasty = replace(TIMES, settle_ms=0, apart_ms=0, looks=1)
    assert len(_together(template, replace(CROWDED, times=hasty), range(1, 7)).doubled) > 2


#: The queue of an authorized number stands still for minutes, and its first message is never shown.
CLOGGED = Setup(messages=20, omissions=False, only=("clogged", "lost_after"))


def test_a_message_at_the_hidden_head_of_a_queue_that_stands_still_is_not_sent_again(template: Path) -> None:
    results = [simulate(seed, template, CLOGGED) for seed in range(1, 7)]
    assert "\n".join(str(result) for result in results if not result.is_sound) == ""
    assert sum(result.uncertain for result in results) > 20


def test_who_forgets_that_the_head_is_hidden_doubles(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Remote, "hides_one", False)
    assert _together(template, CLOGGED, range(1, 9)).doubled


@pytest.fixture
def unserialised(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store without the one-in-flight rule, and a worker that does not ask whether a chat is busy."""
    from greenbot.db.driver import sqlite

    path = tmp_path / "unserialised.db"
    path.write_bytes(template.read_bytes())
    connection = sqlite.connect(path)
    connection.execute("drop index messages_in_flight")
    connection.close()
    head, _, rest = turn.CANDIDATES.partition("   and not exists")
    # A column and an index of it say the same as the query.
    head = head.replace(" indexed by messages_due", "").replace(" and behind = 0", "")
    monkeypatch.setattr(turn, "CANDIDATES", head + rest[rest.index(" order by") :])
    return path


def test_without_one_message_at_a_time_per_chat_some_are_claimed_falsely(unserialised: Path) -> None:
    assert _together(unserialised, CROWDED, range(1, 9)).false


#: Everything GREEN-API says is the same for minutes, again and again.
STORMY = Setup(messages=40, omissions=False, only=("storm", "killed"))


def test_storms_open_breakers_stop_instances_and_break_no_promise(template: Path) -> None:
    results = [simulate(seed, template, STORMY) for seed in range(1, 7)]
    assert "\n".join(str(result) for result in results if not result.is_sound) == ""
    assert sum(result.openings for result in results) > 10
    assert sum(result.refusals for result in results) > 1
    assert sum(result.deaths for result in results) > 5


def _broken(template: Path, setup: Setup, seeds: range) -> str:
    return " ".join(" ".join(simulate(seed, template, setup).broken) for seed in seeds)


def test_a_worker_that_does_not_ask_again_after_waiting_is_noticed(
    template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hosts, "_still_holds", lambda *_: True)
    assert "through an open breaker" in _broken(template, STORMY, range(1, 4))


def test_a_worker_that_ignores_the_health_is_noticed(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "may_send", lambda health, now_ms: Permission(go=True))
    assert "refused the token twice" in _broken(template, STORMY, range(4, 7))


def test_too_many_attempts_in_a_minute_are_noticed() -> None:
    broken: list[str] = []
    watch = Watch(cast("Db", None), ManualClock(), broken.append)
    watch.sends["a"] = [(30.0 + number / 2, "the same") for number in range(11)]
    watch.judge_amplification()
    assert broken == []
    watch.sends["a"].append((80.0, "the same"))
    watch.judge_amplification()
    assert broken == ["30.000 12 attempts of a for 1 messages"]
