"""`greenbot logs`: what the commands of a day left behind, for people, pipes and programs, without secrets."""

import json
import signal

import pytest

from tests.cli.harness import NUMBER, Desk

SEND = ("send", "text", NUMBER, "Your room is ready.")
WHOLE = "380441234567@c.us"
MASKED = "+38***4567@c.us"


def log_of(desk: Desk) -> str:
    return (desk.home / "logs" / "greenbot.log").read_text()


def test_a_send_leaves_its_acceptance_and_its_call_and_no_word_of_the_guest(desk: Desk) -> None:
    desk.here(*SEND).ok()
    accepted, call = desk.here("logs", "--json").ok().lines
    assert (accepted["event"], accepted["message_id"], accepted["outcome"]) == ("message", 1, "queued")
    assert (call["event"], call["method"], call["message_id"], call["attempt"]) == ("call", "sendMessage", 1, 1)
    assert (call["outcome"], call["status"], call["instance"]) == ("accepted", 200, "default")
    assert isinstance(call["ms"], int)
    assert (call["v"], call["chat"]) == (1, MASKED)
    written = log_of(desk)
    assert "room is ready" not in written
    assert NUMBER not in written
    assert desk.token not in written
    assert (desk.home / "logs").stat().st_mode & 0o777 == 0o700
    assert (desk.home / "logs" / "greenbot.log").stat().st_mode & 0o777 == 0o600


def test_numbers_are_shown_whole_only_to_who_asks(desk: Desk) -> None:
    desk.here(*SEND).ok()
    assert {line["chat"] for line in desk.here("logs", "--json").ok().lines} == {MASKED}
    assert {line["chat"] for line in desk.here("logs", "--json", "--show-phones").ok().lines} == {WHOLE}


def test_bodies_are_written_only_where_the_switches_say_so_and_never_with_the_token(desk: Desk) -> None:
    switches = {
        "GREEN_API_ENABLE_DETAILED_LOGGING": "true",
        "GREEN_API_LOG_REQUEST_BODY": "true",
        "GREEN_API_LOG_RESPONSE_BODY": "true",
    }
    desk.here(*SEND, env=switches).ok()
    (call,) = desk.here("logs", "--event", "call", "--json").ok().lines
    assert json.loads(call["request"])["message"] == "Your room is ready."
    assert "idMessage" in call["response"]
    assert call["host"] == "127.0.0.1"
    assert NUMBER not in log_of(desk)
    assert desk.token not in log_of(desk)


def test_a_failed_call_is_a_warning_and_can_be_asked_for(desk: Desk) -> None:
    desk.fault("503 method=sendMessage count=1")
    desk.here(*SEND).ok()
    desk.here("instances", "state").ok()
    (failed,) = desk.here("logs", "--level", "warning", "--json").ok().lines
    assert (failed["status"], failed["outcome"], failed["reason"]) == (503, "not_sent", "http_503")
    for words, count in (
        (("--method", "getStateInstance"), 1),
        (("--status", "503"), 1),
        (("--outcome", "accepted"), 1),
        (("--instance", "nobody"), 0),
        (("--instance", "def*", "--event", "call"), 3),
        (("--match", "html page", "--level", "warning"), 0),
        (("--match", "HTML page", "--level", "warning"), 1),
        (("-n", "2"), 2),
        (("--since", "1h"), 5),
        (("--until", "1h"), 0),
    ):
        assert len(desk.here("logs", "--json", *words).ok().lines) == count, words
    stats = desk.here("logs", "--stats", "--json").ok().json
    assert stats["methods"]["sendMessage"]["calls"] == 2
    assert stats["methods"]["sendMessage"]["failed"] == 1


def test_a_pipe_gets_tabs_and_no_control_character_whatever_the_file_holds(desk: Desk) -> None:
    desk.here(*SEND).ok()
    with (desk.home / "logs" / "greenbot.log").open("ab") as log:
        log.write(b"\x1b]0;title\x07 by somebody \x9b else\n")
        log.write(b'{"time":"2026-11-22T08:00:00.000Z","level":"info","event":"\\u001b[2J","words":"\\u202e"}\n')
    lines = desk.here("logs").ok().stdout.splitlines()
    assert len(lines[0].split("\t")) == 11
    assert all(character.isprintable() or character == "\t" for line in lines for character in line)
    as_json = desk.here("logs", "--json").ok()
    assert as_json.lines[2]["event"] == "foreign"
    assert "\x1b" not in as_json.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--level", "loud"), "no level"),
        (("--match", "("), "regular expression"),
        (("--file", "nothing.log"), "no file"),
        (("-f", "--stats"), "exclude each other"),
    ],
)
def test_what_makes_no_sense_is_said(desk: Desk, words: tuple[str, ...], says: str) -> None:
    done = desk.here("logs", *words)
    assert done.exit_code == 2
    assert says in done.stderr


def test_without_a_log_there_is_nothing_to_show_and_nothing_is_made(desk: Desk) -> None:
    assert desk.here("logs").ok().stdout == ""
    assert not (desk.home / "logs").exists()


@pytest.mark.parametrize("place", ["none", "journal", "stderr"])
def test_a_log_that_goes_elsewhere_leaves_no_file_and_says_where_to_look(desk: Desk, place: str) -> None:
    desk.configure(f'[log]\nto = "{place}"\n')
    desk.here(*SEND).ok()
    assert not (desk.home / "logs").exists()
    done = desk.here("logs")
    assert done.exit_code == 2
    assert place in done.stderr


def test_stdin_is_read_like_a_file(desk: Desk) -> None:
    desk.here(*SEND).ok()
    done = desk("logs", "--file", "-", "--event", "call", "--json", stdin=log_of(desk))
    assert [line["method"] for line in done.ok().lines] == ["sendMessage"]


def test_a_log_that_cannot_be_written_fails_no_send(desk: Desk) -> None:
    (desk.home / "logs").mkdir(mode=0o700, parents=True)
    (desk.home / "logs" / "greenbot.log").mkdir()
    desk.here(*SEND).ok()
    assert len(desk.executed()) == 1


@pytest.mark.integration
def test_following_shows_what_comes_and_ends_with_ctrl_c(desk: Desk) -> None:
    desk.here(*SEND).ok()
    following = desk.start("logs", "-f", "--event", "call", "--json")
    assert following.stdout is not None
    assert json.loads(following.stdout.readline())["message_id"] == 1
    desk.here(*SEND[:-1], "And your table, too.").ok()
    assert json.loads(following.stdout.readline())["message_id"] == 2
    following.send_signal(signal.SIGINT)
    assert following.wait(timeout=60) == 130
    following.communicate()


@pytest.mark.integration
def test_a_worker_notes_what_it_did_until_its_end(desk: Desk) -> None:
    for number in range(3):
        desk.here(*SEND[:-1], f"Message {number}.", "--queue").ok()
    desk("outbox", "run", "--drain", "--timeout", "60s").ok()
    lines = desk.here("logs", "--json").ok().lines
    calls = [line for line in lines if line["event"] == "call" and line["method"] == "sendMessage"]
    assert sorted(line["message_id"] for line in calls) == [1, 2, 3]
    assert [line["outcome"] for line in lines if line["event"] == "part"] == ["started", "stopped"]
