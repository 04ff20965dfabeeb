"""`greenbot metrics`: what a shell command did is counted by itself, exactly, and can be asked for in any form."""

import csv
import io
import math
import time

import pytest

from tests.cli.harness import NUMBER, Desk

SEND = ("send", "text", NUMBER, "Your room is ready.")


def figures(desk: Desk, *words: str) -> dict[str, object]:
    lines = desk.here("metrics", "show", "--json", *words).ok().lines
    return {line["metric"]: line["value"] for line in lines}


def test_a_shell_send_is_counted_without_a_service(desk: Desk) -> None:
    for _ in range(3):
        desk.here(*SEND).ok()
    found = figures(desk)
    assert (found["requests"], found["errors"], found["messages_sent"]) == (3, 0, 3)
    assert isinstance(found["response_time"], int)
    assert figures(desk) == found, "asking counts nothing twice"


@pytest.mark.parametrize(
    ("fault", "errors", "hits", "sent"),
    [
        pytest.param(
            "502 method=sendMessage count=1",
            1,
            0,
            0,
            id="an unknown outcome is an error of the call, and no end of the message",
        ),
        pytest.param("429 method=sendMessage count=1", 0, 1, 1, id="a rate limit is a hit and no error"),
        pytest.param(
            "503 method=sendMessage count=1", 1, 0, 1, id="a refusal is an error, although the next try arrived"
        ),
    ],
)
def test_what_goes_wrong_is_told_apart(desk: Desk, fault: str, errors: int, hits: int, sent: int) -> None:
    desk.fault(fault)
    desk.here(*SEND)
    found = figures(desk)
    assert (found["errors"], found["rate_limit_hits"]) == (errors, hits)
    assert (found["messages"], found["messages_sent"], found["messages_failed"]) == (sent, sent, 0)


def test_a_figure_over_time_and_an_export_agree_with_the_sum(desk: Desk) -> None:
    for _ in range(2):
        desk.here(*SEND).ok()
    steps = desk.here("metrics", "query", "messages_sent", "--since", "10m", "--json").ok().lines
    assert sum(step["value"] for step in steps) == 2
    rows = list(csv.DictReader(io.StringIO(desk.here("metrics", "export").ok().stdout)))
    assert sum(int(row["n"]) for row in rows if row["series"] == "message") == 2
    assert {row["instance"] for row in rows} == {"*"}
    name = desk.here("instances", "list", "-q").ok().stdout.strip()
    named = desk.here("metrics", "export", "--json", "--instance", name).ok().lines
    assert sum(row["n"] for row in named if row["series"] == "send") == 2


def test_a_wait_for_a_limit_is_counted_with_how_long_it_was(desk: Desk) -> None:
    slow = {"GREEN_API_RATE_LIMIT_PER_SECOND": "0.4"}
    desk.here(*SEND, env=slow).ok()
    started = time.monotonic()
    desk.here(*SEND, env=slow).ok()
    longest_ms = math.ceil((time.monotonic() - started) * 1000)
    found = figures(desk)
    assert found["rate_limit_waits"] == 1
    assert isinstance(found["rate_limit_wait_time"], int)
    assert 1 <= found["rate_limit_wait_time"] <= longest_ms


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("query", "eror_rate"), "There is no metric 'eror_rate'.", "error_rate"),
        (("query", "errors", "--step", "7s"), "finer", "multiple"),
        (("show", "--since", "1h", "--until", "2h"), "--since must lie before --until", "--since 2h"),
        (("show", "--since", "soon"), "no moment", ""),
    ],
)
def test_bad_input_says_what_to_type(desk: Desk, words: tuple[str, ...], message: str, hint: str) -> None:
    result = desk.here("metrics", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert hint in result.stderr


def test_nothing_measured_is_said_and_is_no_error(desk: Desk) -> None:
    assert desk.here("metrics", "query", "errors").ok().stdout == ""
    assert figures(desk)["error_rate"] is None
    assert desk.here("metrics", "prune", "-n").ok().stdout == ""


def test_questions_are_counted_when_a_command_ends(desk: Desk) -> None:
    desk.here(*SEND).ok()
    desk.fault("502 method=getSettings count=1")
    desk.here("api", "getStateInstance").ok()
    desk.here("api", "getSettings")
    found = figures(desk)
    assert (found["requests"], found["errors"]) == (3, 1)


def test_a_command_that_may_not_write_counts_nothing(desk: Desk) -> None:
    desk.here(*SEND).ok()
    desk.here("api", "getStateInstance", "--read-only")
    assert figures(desk)["requests"] == 1
