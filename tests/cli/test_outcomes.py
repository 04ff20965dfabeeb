"""Whatever GREEN-API does with a message: the exit code, the words, the row and the guest's phone tell one story."""

from typing import NamedTuple

import pytest

from greenbot.errors import ExitCode
from tests.cli.harness import GUEST, NUMBER, Desk

pytestmark = pytest.mark.integration

SEND = ("send", "text", NUMBER, "Your room is ready.")
NOT_READY, LIMITED, NOT_SENT, UNKNOWN = (
    ExitCode.NOT_READY,
    ExitCode.LIMITED,
    ExitCode.NOT_SENT,
    ExitCode.OUTCOME_UNKNOWN,
)


class Row(NamedTuple):
    """What goes wrong, and everything that follows from it."""

    fault: str
    code: ExitCode
    what: str
    hint: str
    state: str
    executed: int


ASK = "greenbot outbox show 1"
MAYBE = "The message may or may not have been sent"
TABLE = [
    Row("401", NOT_READY, "refused the token", "instances edit default --token-stdin", "failed", 0),
    Row("403", NOT_READY, "refused the token of this instance: Forbidden.", "Compare id, api_url", "failed", 0),
    Row("429", LIMITED, "GREEN-API asks for fewer calls; nothing was sent.", "Wait a moment", "failed", 0),
    Row("466", LIMITED, "quota of this instance is used up; nothing was sent", "first of the month", "failed", 0),
    Row("404", NOT_SENT, "Nothing answers like GREEN-API at this address", "Compare the id, api_url", "failed", 0),
    Row("redirect", NOT_SENT, "nothing was sent: answered with a redirect", "Compare the id", "failed", 0),
    Row("redirect@https://evil.example/x", NOT_SENT, "a redirect to evil.example", "Compare the id", "failed", 0),
    Row("503", NOT_SENT, "GREEN-API has a problem of its own; nothing was sent", "in a minute", "failed", 0),
    Row("500", UNKNOWN, MAYBE, ASK, "uncertain", 0),
    Row("5xx@502 execute=true", UNKNOWN, MAYBE, ASK, "uncertain", 1),
    Row("504", UNKNOWN, MAYBE, ASK, "uncertain", 0),
    Row("drop-reply", UNKNOWN, f"{MAYBE}: the connection was closed without an answer.", ASK, "uncertain", 1),
    Row("reset", UNKNOWN, f"{MAYBE}: Connection reset by peer.", ASK, "uncertain", 0),
    Row("no-reply execute=true", UNKNOWN, f"{MAYBE}: no answer in time.", ASK, "uncertain", 1),
    Row("cut-response@60", UNKNOWN, f"{MAYBE}: the answer broke off.", ASK, "uncertain", 1),
    Row("html-200", UNKNOWN, f"{MAYBE}: the answer is an HTML page.", ASK, "uncertain", 0),
    Row("null-body", UNKNOWN, MAYBE, ASK, "uncertain", 1),
    Row("truncated-json", UNKNOWN, f"{MAYBE}: not JSON", ASK, "uncertain", 1),
    Row("not-json", UNKNOWN, f"{MAYBE}: not JSON", ASK, "uncertain", 1),
    Row("huge-response", UNKNOWN, f"{MAYBE}: the answer is longer than greenbot reads.", ASK, "uncertain", 1),
]


@pytest.mark.parametrize("row", TABLE, ids=[row.fault for row in TABLE])
def test_exit_code_words_row_and_phone_agree(desk: Desk, row: Row) -> None:
    desk.environ["GREEN_API_TIMEOUT"] = "1"
    desk.environ["GREEN_API_MAX_RETRIES"] = "0"
    desk.fault(f"{row.fault} count=1")
    said = desk.here(*SEND, "--json")
    assert said.exit_code == row.code, said
    assert said.stdout == ""
    assert row.what in said.error["message"]
    assert row.hint in said.error["hint"]
    assert (said.error["instance"], said.error["message_id"]) == ("default", 1)
    assert desk.here("outbox", "show", "1", "--json").json["state"] == row.state
    assert len(desk.executed()) == row.executed


def test_a_limit_says_how_long_to_wait(desk: Desk) -> None:
    desk.environ["GREEN_API_MAX_RETRIES"] = "0"
    desk.fault("429 retry_after=7 count=1")
    assert desk.here(*SEND, "--json").error["retry_after_s"] == 7


def test_an_address_where_nobody_answers(desk: Desk) -> None:
    said = desk.here(*SEND, env={"GREEN_API_BASE_URL": "http://127.0.0.1:1"})
    assert said.exit_code == NOT_SENT
    assert "GREEN-API could not be reached; nothing was sent: Connection refused." in said.stderr
    assert "hint:  Check the network and the address" in said.stderr


def test_an_instance_that_is_starting(desk: Desk) -> None:
    desk.state("starting")
    said = desk.here(*SEND)
    assert said.exit_code == NOT_READY
    assert "nothing was sent: the instance is starting." in said.stderr
    assert "greenbot instances state default" in said.stderr
    assert desk.executed() == []


def test_a_query_to_a_number_that_is_not_linked(desk: Desk) -> None:
    desk.state("notAuthorized")
    said = desk.here("api", "getContacts")
    assert said.exit_code == NOT_READY
    assert "not linked" in said.stderr
    assert "greenbot instances state default" in said.stderr


def test_a_request_green_api_does_not_accept(desk: Desk) -> None:
    said = desk.here("api", "sendMessage", "-F", "message=hi")
    assert said.exit_code == NOT_SENT
    assert "GREEN-API did not accept the request; nothing was sent: Validation failed." in said.stderr


def test_a_foreign_token_and_a_foreign_id(desk: Desk) -> None:
    assert desk.here(*SEND, env={"GREEN_API_TOKEN": "0" * 50}).exit_code == NOT_READY
    assert desk.here(*SEND, env={"GREEN_API_INSTANCE_ID": "7"}).exit_code == NOT_READY
    assert desk.executed() == []


@pytest.mark.parametrize("fault", ["401", "503", "500", "html-200", "reset", "404", "429"])
def test_a_query_is_never_uncertain(desk: Desk, fault: str) -> None:
    desk.fault(f"{fault} count=1")
    assert desk.here("api", "getStateInstance").exit_code in (NOT_READY, NOT_SENT, LIMITED)


# -- what a person does about a message in doubt


@pytest.fixture
def unsure(desk: Desk) -> Desk:
    """A desk whose first message may or may not have been sent."""
    desk.fault("drop-reply count=1")
    assert desk.here(*SEND).exit_code == UNKNOWN
    return desk


def test_nothing_overtakes_a_message_in_doubt(unsure: Desk) -> None:
    said = unsure.here("send", "text", NUMBER, "Breakfast is until 11.")
    assert said.exit_code == NOT_SENT
    assert "It was not sent: first comes message 1 to the same chat, whose outcome is unknown." in said.stderr
    assert "greenbot outbox show 1" in said.stderr
    assert "greenbot outbox resolve 1 --sent" in unsure.here("outbox", "show", "1").stderr
    unsure.here("send", "text", "380447654321", "Another guest is not concerned.").ok()


def test_a_person_saw_it_arrive(unsure: Desk) -> None:
    assert unsure.here("outbox", "resolve", "1", "--sent", "--json").ok().json["state"] == "accepted"
    unsure.here("send", "text", NUMBER, "Breakfast is until 11.").ok()
    assert [entry.request_body["message"] for entry in unsure.executed()] == [SEND[-1], "Breakfast is until 11."]


def test_a_person_did_not_see_it_and_wants_it_sent(desk: Desk) -> None:
    desk.fault("reset count=1")
    assert desk.here(*SEND).exit_code == UNKNOWN
    desk.here("outbox", "resolve", "1", "--resend").ok()
    assert len(desk.executed()) == 1
    history = desk.here("outbox", "show", "1", "--json").ok().json["log"]
    assert [line["to"] for line in history] == [
        "queued", "claimed", "sending", "uncertain", "queued", "claimed", "sending", "accepted",
    ]  # fmt: skip


def test_a_person_drops_it(unsure: Desk) -> None:
    assert unsure.here("outbox", "resolve", "1", "--drop", "--json").ok().json["state"] == "failed"
    said = unsure.here("outbox", "resolve", "1", "--sent")
    assert said.exit_code == ExitCode.REFUSED
    assert "only an uncertain message" in said.stderr


@pytest.mark.parametrize("words", [(), ("--sent", "--drop")])
def test_one_answer_is_needed(unsure: Desk, words: tuple[str, ...]) -> None:
    said = unsure.here("outbox", "resolve", "1", *words)
    assert said.exit_code == ExitCode.USAGE
    assert "Add one of --sent" in said.stderr


def test_looking_first_changes_nothing(unsure: Desk) -> None:
    said = unsure.here("outbox", "resolve", "1", "--drop", "-n")
    assert "Would settle message 1" in said.ok().stderr
    assert unsure.here("outbox", "resolve", "1", "--drop", "--read-only").exit_code == ExitCode.REFUSED
    assert unsure.here("outbox", "list", "--json").json["state"] == "uncertain"


def test_read_only_refuses_every_change(desk: Desk) -> None:
    desk.here(*SEND).ok()
    commands = [
        SEND,
        ("api", "sendMessage", "-F", f"chatId={GUEST}", "-F", "message=hi"),
        ("config", "set", "language", "uk"),
        ("config", "unset", "language"),
        ("instances", "add", "coast", "--id", "1"),
        ("instances", "edit", "default", "--set", "tags=a"),
        ("instances", "remove", "default", "--confirm", "default"),
        ("init", "--sim"),
        ("outbox", "cancel", "1"),
        ("outbox", "retry", "1"),
    ]
    for command in commands:
        for said in (desk.here(*command, "--read-only"), desk.here(*command, env={"GREENBOT_READ_ONLY": "1"})):
            assert said.exit_code == ExitCode.REFUSED, (command, said)
            assert "read-only" in said.stderr
            assert "Leave out --read-only and unset GREENBOT_READ_ONLY." in said.stderr
    assert len(desk.executed()) == 1
    assert not desk.config.exists()
    assert desk.here("outbox", "list", "--read-only").ok().stdout.startswith("1\taccepted")
    assert desk.here("api", "getStateInstance", "--read-only").ok().json == {"stateInstance": "authorized"}
