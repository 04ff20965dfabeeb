"""Failpoints do nothing in real life and exactly what was planned in a test."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from greenbot import failpoints

PASS_ONE = "from greenbot import failpoints; failpoints.hit('out.after_post'); print('passed', failpoints.armed())"
PASS_THREE = (
    "from greenbot import failpoints\nfor n in 1, 2, 3:\n  print(n, flush=True)\n  failpoints.hit('out.after_post')"
)


def _run(code: str, plan: str, *, testing: str | None = "1") -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GREENBOT_")}
    environ["GREENBOT_FAILPOINTS"] = plan
    if testing is not None:
        environ["GREENBOT_TESTING"] = testing
    return subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("testing", [None, "", "0", "yes"])
def test_a_plan_without_the_testing_switch_is_ignored(testing: str | None) -> None:
    done = _run(PASS_ONE, "out.after_post=kill", testing=testing)
    assert (done.returncode, done.stdout) == (0, "passed False\n")


@pytest.mark.parametrize(
    ("plan", "status"),
    [
        ("out.after_post=kill", -signal.SIGKILL),
        ("out.after_post=exit", 99),
        ("out.after_post=exit:7", 7),
        ("out.after_post=exit:0", 0),
    ],
)
def test_a_planned_end_comes_at_the_point(plan: str, status: int) -> None:
    done = _run(PASS_ONE, plan)
    assert (done.returncode, done.stdout) == (status, "")


def test_only_the_planned_passing_is_hit() -> None:
    done = _run(PASS_THREE, "out.after_post=kill@3")
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "1\n2\n3\n")


def test_a_passing_that_never_comes_does_nothing() -> None:
    assert _run(PASS_THREE, "out.after_post=kill@4").returncode == 0


def test_other_points_pass_while_one_is_planned() -> None:
    done = _run(PASS_ONE, "out.after_mark=kill")
    assert (done.returncode, done.stdout) == (0, "passed True\n")


def test_a_delay_lets_the_process_go_on() -> None:
    assert _run(PASS_ONE, "out.after_post=delay:1ms").stdout == "passed True\n"


def test_several_points_can_be_planned_at_once() -> None:
    assert _run(PASS_ONE, "out.after_mark=kill; out.after_post=exit:5;").returncode == 5


@pytest.mark.parametrize("number", ["EIO", "ENOSPC", "EROFS"])
def test_a_raised_failure_looks_like_the_system_error_it_plays(number: str) -> None:
    act, _ = failpoints.read_plan(f"cfg.after_tmp=raise:{number}")["cfg.after_tmp"]
    with pytest.raises(OSError, match="failpoint") as caught:
        act()
    assert caught.value.errno == getattr(errno, number)


@pytest.mark.parametrize(
    "plan",
    [
        "out.after_pots=kill",  # a name that does not exist
        "out.after_post",  # no action
        "out.after_post=",
        "out.after_post=explode",
        "out.after_post=raise:ENOSUCH",
        "out.after_post=kill@0",  # a passing that never comes
        "out.after_post=kill@-1",
        "out.after_post=kill@x",
    ],
)
def test_a_plan_that_cannot_be_carried_out_stops_the_program(plan: str) -> None:
    with pytest.raises(RuntimeError, match="failpoint"):
        failpoints.read_plan(plan)
    assert "failpoint" in _run(PASS_ONE, plan).stderr


def test_every_point_can_be_planned() -> None:
    plan = failpoints.read_plan(";".join(f"{point}=exit" for point in failpoints.POINTS))
    assert tuple(plan) == failpoints.POINTS
