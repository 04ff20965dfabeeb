"""Ctrl-C and SIGTERM at every moment of a send: what is on its way is finished, nothing new begins, the row is true."""

import os
import pty
import signal
import subprocess
from collections.abc import Iterator

import pytest

from greenbot.errors import ExitCode
from tests.cli.harness import NUMBER, Desk, program, running, until

pytestmark = pytest.mark.integration

SEND = ("send", "text", NUMBER, "Your room is ready.")
DEADLINE_SECONDS = 30.0


def ended(process: "subprocess.Popen[bytes]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=DEADLINE_SECONDS)
    return process.returncode, out.decode(), err.decode()


def state(desk: Desk) -> str:
    return str(desk.here("outbox", "show", "1", "--json").ok().json["state"])


@pytest.fixture
def held(desk: Desk) -> Iterator["subprocess.Popen[bytes]"]:
    """A send whose request reached GREEN-API, which does not answer."""
    desk.fault("no-reply execute=true count=1")
    with running(desk.start(*SEND)) as process:
        until(desk.ledger)
        yield process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_during_the_post_ends_at_once_with_the_truth(
    desk: Desk, held: "subprocess.Popen[bytes]", number: signal.Signals
) -> None:
    assert held.stderr is not None
    held.send_signal(number)
    assert b"warning: Stopping: waiting a moment for GREEN-API's answer." in held.stderr.readline()
    held.send_signal(number)
    code, out, err = ended(held)
    assert (code, out) == (ExitCode.OUTCOME_UNKNOWN, "")
    assert "error: The message may or may not have been sent" in err
    assert "greenbot outbox show 1" in err
    assert state(desk) == "uncertain"
    assert len(desk.executed()) == 1


def test_one_signal_during_the_post_waits_only_a_moment(desk: Desk, held: "subprocess.Popen[bytes]") -> None:
    held.send_signal(signal.SIGINT)
    code, _, err = ended(held)
    assert code == ExitCode.OUTCOME_UNKNOWN
    assert "may or may not have been sent" in err
    assert state(desk) == "uncertain"


def test_an_answer_that_comes_in_time_is_still_recorded(desk: Desk) -> None:
    desk.fault("slow@0.5 count=1")
    with running(desk.start(*SEND)) as process:
        until(desk.ledger)
        process.send_signal(signal.SIGINT)
        code, out, err = ended(process)
    assert code == 0, err
    assert out.startswith("id\t1\n")
    assert "Stopping" in err
    assert state(desk) == "accepted"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("point", ["out.after_enqueue", "out.after_claim"])
def test_a_signal_before_the_post_means_not_sent(desk: Desk, number: signal.Signals, point: str) -> None:
    plan = {"GREENBOT_TESTING": "1", "GREENBOT_FAILPOINTS": f"{point}=stop"}
    with running(desk.start(*SEND, env=plan)) as process:
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        code, _, err = ended(process)
    assert code == ExitCode.INTERRUPTED, err
    assert "nothing was sent" in err
    assert state(desk) == "cancelled"
    assert desk.executed() == []


def test_a_list_stops_after_the_message_on_its_way(desk: Desk) -> None:
    desk.fault("slow@0.5 count=1")
    numbers = desk.folder / "guests.txt"
    numbers.write_text("".join(f"38044123456{digit}\n" for digit in range(5)))
    with (
        numbers.open("rb") as given,
        running(
            subprocess.Popen(
                program("send", "text", "-", "The pool is open."),
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=desk.environ,
                cwd=desk.folder,
            )
        ) as process,
    ):
        until(desk.ledger)
        process.send_signal(signal.SIGTERM)
        code, _, err = ended(process)
    assert code == ExitCode.PARTLY_DONE
    assert "1 of 5 were sent; 4 were not begun." in err
    assert len(desk.executed()) == 1
    assert len(desk.here("outbox", "list", "--json").lines) == 1


def test_a_list_does_not_go_on_after_a_message_in_doubt(desk: Desk) -> None:
    desk.fault("no-reply count=1")
    numbers = "".join(f"38044123456{digit}\n" for digit in range(5))
    process = subprocess.Popen(
        program("send", "text", "-", "The pool is open."),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=desk.environ,
        cwd=desk.folder,
    )
    with running(process):
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(numbers.encode())
        process.stdin.close()
        process.stdin = None
        until(desk.ledger)
        process.send_signal(signal.SIGINT)
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        code, _, err = ended(process)
    assert code == ExitCode.PARTLY_DONE
    assert "0 of 5 were sent, 1 may have been; 4 were not begun." in err


def test_a_question_can_be_left_with_ctrl_c(desk: Desk) -> None:
    controller, terminal = pty.openpty()
    with running(
        subprocess.Popen(
            program("instances", "remove", "default"),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=desk.environ,
            cwd=desk.folder,
            start_new_session=True,
        )
    ) as process:
        os.close(terminal)
        asked = b""
        while b"Type default to go on: " not in asked:
            asked += os.read(controller, 1000)
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_SECONDS) == ExitCode.INTERRUPTED
    os.close(controller)


def test_a_closed_terminal_does_not_lose_the_message(desk: Desk) -> None:
    """ssh breaks: SIGHUP ends the process; what was on its way is uncertain, never lost and never doubled."""
    desk.fault("no-reply execute=true count=1")
    with running(desk.start(*SEND)) as process:
        until(desk.ledger)
        process.send_signal(signal.SIGHUP)
        process.communicate()
    assert state(desk) == "uncertain"
    assert len(desk.executed()) == 1
