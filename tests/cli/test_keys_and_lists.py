"""Saying the same twice, saying it to many, and saying it from stdin or a file."""

import pytest

from greenbot.errors import ExitCode
from tests.cli.harness import NUMBER, Desk

pytestmark = pytest.mark.integration

OTHER = "380447654321"
THIRD = "380449998877"


def texts(desk: Desk) -> list[object]:
    return [entry.request_body["message"] for entry in desk.executed()]


def chats(desk: Desk) -> list[str]:
    return [entry.chat_id.partition("@")[0] for entry in desk.executed()]


# -- keys


def test_a_key_sends_once_however_often_it_is_typed(desk: Desk) -> None:
    words = ("send", "text", NUMBER, "Your room is ready.", "--key", "booking-4711", "--json")
    first, again = desk.here(*words).ok().json, desk.here(*words).ok().json
    assert (first["id"], first["replayed"]) == (1, False)
    assert (again["id"], again["replayed"]) == (1, True)
    assert again["remote_id"] == first["remote_id"]
    assert len(desk.executed()) == 1


def test_a_key_never_stands_for_two_messages(desk: Desk) -> None:
    desk.here("send", "text", NUMBER, "Your room is ready.", "--key", "booking-4711").ok()
    for other in [("text", NUMBER, "Another text"), ("text", OTHER, "Your room is ready.")]:
        said = desk.here("send", *other, "--key", "booking-4711")
        assert said.exit_code == ExitCode.REFUSED
        assert "The key 'booking-4711' already stands for message 1." in said.stderr
        assert "Use a new --key" in said.stderr
    assert len(desk.executed()) == 1


def test_a_key_of_a_message_that_never_left_is_free_again(desk: Desk) -> None:
    desk.environ["GREEN_API_MAX_RETRIES"] = "0"
    desk.fault("503 count=1")
    words = ("send", "text", NUMBER, "Your room is ready.", "--key", "k")
    assert desk.here(*words).exit_code == ExitCode.NOT_SENT
    desk.here(*words).ok()
    assert len(desk.executed()) == 1


def test_a_key_of_a_message_in_doubt_stays_in_doubt(desk: Desk) -> None:
    desk.fault("drop-reply count=1")
    words = ("send", "text", NUMBER, "Your room is ready.", "--key", "k")
    for said in (desk.here(*words), desk.here(*words), desk.here(*words)):
        assert said.exit_code == ExitCode.OUTCOME_UNKNOWN
        assert "greenbot outbox show 1" in said.stderr
    assert len(desk.executed()) == 1


def test_keys_of_two_instances_are_strangers(desk: Desk, make_desk: object) -> None:
    assert callable(make_desk)
    neighbour = make_desk()
    words = ("send", "text", NUMBER, "hi", "--key", "k")
    desk.here(*words).ok()
    assert neighbour.here(*words, "--json").ok().json["replayed"] is False


@pytest.mark.parametrize("period", ["hour", "day"])
def test_once_per_period_compares_the_message(desk: Desk, period: str) -> None:
    def say(text: str, to: str = NUMBER) -> bool:
        said = desk.here("send", "text", to, text, "--once-per", period, "--json").ok().json
        return bool(said["replayed"])

    assert [say("Breakfast"), say("Breakfast"), say("Lunch"), say("Breakfast", OTHER)] == [False, True, False, False]
    assert texts(desk) == ["Breakfast", "Lunch", "Breakfast"]


def test_one_file_under_one_key(desk: Desk) -> None:
    (desk.folder / "menu.pdf").write_bytes(b"%PDF-1")
    words = ("send", "file", NUMBER, "menu.pdf", "--key", "menu")
    desk.here(*words).ok()
    desk.here(*words).ok()
    (desk.folder / "menu.pdf").write_bytes(b"%PDF-2")
    assert desk.here(*words).exit_code == ExitCode.REFUSED
    assert len(desk.executed("sendFileByUpload")) == 1


# -- lists


def test_a_list_comes_from_stdin(desk: Desk) -> None:
    given = f"\ufeff+{NUMBER}\n\n# the new ones\n{OTHER} # suite\n{NUMBER}@c.us\n"
    said = desk.here("send", "text", "-", "The pool is open.", "--json", stdin=given).ok()
    assert [line["chat_id"].partition("@")[0] for line in said.lines] == [NUMBER, OTHER]
    assert chats(desk) == [NUMBER, OTHER]


def test_one_bad_number_stops_the_list_before_the_first_message(desk: Desk) -> None:
    said = desk.here("send", "text", "-", "The pool is open.", stdin=f"{NUMBER}\n12\n")
    assert said.exit_code == ExitCode.USAGE
    assert "Line 2: '12' has 2 digits" in said.stderr
    assert "hint:  Nothing was sent." in said.stderr
    assert desk.executed() == []


def test_a_partly_failed_list_says_who_and_ends_with_9(desk: Desk) -> None:
    desk.environ["GREEN_API_MAX_RETRIES"] = "0"
    desk.fault("503 after=1 count=1")
    said = desk.here("send", "text", "-", "The pool is open.", stdin=f"{NUMBER}\n{OTHER}\n{THIRD}\n")
    assert said.exit_code == ExitCode.PARTLY_DONE
    assert f"error: {OTHER}@c.us: GREEN-API has a problem of its own" in said.stderr
    assert "error: 2 of 3 were sent." in said.stderr
    assert "Do not just run the whole list again" in said.stderr
    assert chats(desk) == [NUMBER, THIRD]


def test_a_list_under_a_key_is_safe_to_repeat(desk: Desk) -> None:
    desk.environ["GREEN_API_MAX_RETRIES"] = "0"
    desk.fault("503 after=1 count=1")
    words = ("send", "text", "-", "The pool is open.", "--key", "pool")
    given = f"{NUMBER}\n{OTHER}\n{THIRD}\n"
    said = desk.here(*words, stdin=given)
    assert said.exit_code == ExitCode.PARTLY_DONE
    assert "Running the same again is safe" in said.stderr
    desk.here(*words, stdin=given).ok()
    assert sorted(chats(desk)) == sorted([NUMBER, OTHER, THIRD])


def test_a_list_with_a_message_in_doubt_says_so(desk: Desk) -> None:
    desk.fault("drop-reply count=1")
    said = desk.here("send", "text", "-", "The pool is open.", stdin=f"{NUMBER}\n{OTHER}\n")
    assert said.exit_code == ExitCode.PARTLY_DONE
    assert "1 of 2 were sent, 1 may have been." in said.stderr


def test_a_list_that_failed_as_a_whole_keeps_the_exit_code(desk: Desk) -> None:
    desk.fault("401")
    said = desk.here("send", "text", "-", "The pool is open.", stdin=f"{NUMBER}\n{OTHER}\n")
    assert said.exit_code == ExitCode.NOT_READY
    assert "None of the 2 messages was sent." in said.stderr


def test_errors_of_a_list_are_objects_too(desk: Desk) -> None:
    desk.environ["GREEN_API_MAX_RETRIES"] = "0"
    desk.fault("503 count=1")
    said = desk.here("send", "text", "-", "hi", "--json", stdin=f"{NUMBER}\n{OTHER}\n")
    import json

    codes = [json.loads(line)["error"]["code"] for line in said.stderr.splitlines()]
    assert codes == ["upstream_failed", "partly_done"]
    assert [line["chat_id"] for line in said.lines] == [f"{OTHER}@c.us"]


# -- where the text comes from


@pytest.mark.parametrize(
    "words, stdin, text",
    [
        (["Good morning"], None, "Good morning"),
        (["-"], "two\nlines\n", "two\nlines"),
        ([], "without a dash\n", "without a dash"),
        (["@welcome.txt"], None, "Welcome, *guest*"),
        (["@@home"], None, "@home"),
        (["@@"], None, "@"),
        (["--", "-5 °C outside"], None, "-5 °C outside"),
    ],
)
def test_the_text_is_an_argument_stdin_or_a_file(desk: Desk, words: list[str], stdin: str | None, text: str) -> None:
    (desk.folder / "welcome.txt").write_text("Welcome, *guest*\n")
    desk.here("send", "text", NUMBER, *words, stdin=stdin).ok()
    assert texts(desk) == [text]


def test_stdin_that_is_not_text(desk: Desk) -> None:
    said = desk(*("send", "text", NUMBER), stdin=b"caf\xe9")
    assert said.exit_code == ExitCode.USAGE
    assert "The text on stdin is not UTF-8 text." in said.stderr
    assert desk.executed() == []


def test_a_contact_by_name(desk: Desk) -> None:
    desk.simulator.call(lambda: desk.instance.chat(f"{NUMBER}@c.us"))
    desk.here("api", "addContact", "-F", f"chatId={NUMBER}@c.us", "-F", "firstName=Olena", "-F", "lastName=K").ok()
    desk.here("send", "text", "@olena k", "Hello").ok()
    assert chats(desk) == [NUMBER]
