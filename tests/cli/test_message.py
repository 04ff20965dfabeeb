"""`greenbot message show|edit|delete`: one message, by our number or by GREEN-API's id."""

import shlex

import pytest

from greenbot.errors import ExitCode
from greenbot.simulator.incoming import guest_writes
from tests.cli.harness import GUEST, NUMBER, Desk, until
from tests.cli.queue import queue, store_of

pytestmark = pytest.mark.integration


@pytest.fixture
def sent(desk: Desk) -> str:
    """One text of ours that the guest has; GREEN-API's id of it."""
    desk.here("send", "text", NUMBER, "Your room is 511.", "--json").ok()
    [entry] = desk.executed()
    until(lambda: desk.instance.received.get(entry.id_message))
    return entry.id_message


def at_the_guest(desk: Desk, remote_id: str) -> str:
    return desk.simulator.call(lambda: desk.instance.received[remote_id].text)


@pytest.mark.parametrize("by", ["number", "remote id"])
def test_a_message_is_shown_as_greenbot_and_green_api_know_it(desk: Desk, sent: str, by: str) -> None:
    shown = desk.here("message", "show", "1" if by == "number" else sent, "--json").ok().json
    assert (shown["id"], shown["remote_id"], shown["chat_id"]) == (1, sent, GUEST)
    assert (shown["text"], shown["direction"], shown["state"]) == ("Your room is 511.", "us", "accepted")
    assert (shown["remote_status"] in ("sent", "delivered", "read"), shown["sent_by_api"]) == (True, True)
    assert (shown["edited"], shown["deleted"]) == (False, False)


def test_an_edit_reaches_the_guest_and_the_thread_and_is_found_by_its_new_words(desk: Desk, sent: str) -> None:
    desk.here("message", "edit", "1", "-n", "Your suite is 512.").ok()
    assert at_the_guest(desk, sent) == "Your room is 511."
    desk.here("message", "edit", "1", "Your suite is 512.").ok()
    assert at_the_guest(desk, sent) == "Your suite is 512."
    shown = desk.here("message", "show", "1", "--json").ok().json
    assert (shown["text"], shown["earlier"], shown["edited"]) == ("Your suite is 512.", ["Your room is 511."], True)
    [found] = desk.here("chats", "search", "suite", "--json").ok().lines
    assert found["text"] == "Your suite is 512."
    desk.here("message", "edit", sent, "Your room is 513.").ok()
    assert desk.here("chats", "search", "suite").ok().stdout == "", "it does not say that any more"
    assert [line["text"] for line in desk.here("chats", "search", "room", "--json").ok().lines] == ["Your room is 513."]
    [first, second] = desk.here("audit", "list", "--action", "message.edit", "--json").ok().lines
    assert first["after"] == second["after"] == {"message": 1, "remote_id": sent}
    assert "suite" not in str(first) + str(second)


def test_an_event_that_tells_our_own_edit_once_more_changes_nothing(desk: Desk, sent: str) -> None:
    desk.simulator.call(
        lambda: desk.instance.settings.update(outgoingAPIMessageWebhook="yes", editedMessageWebhook="yes")
    )
    desk.here("message", "edit", "1", "Your suite is 512.").ok()
    desk.here("receive", "--drain").ok()
    shown = desk.here("message", "show", "1", "--json").ok().json
    assert (shown["text"], shown["earlier"]) == ("Your suite is 512.", ["Your room is 511."])
    assert len(desk.here("chats", "search", "suite", "--json").ok().lines) == 1


def test_erasing_a_guest_takes_the_edited_words_along(desk: Desk, sent: str) -> None:
    desk.here("message", "edit", "1", "The code is 8812-xylophone.").ok()
    desk.here("chats", "erase", NUMBER, "--confirm", GUEST).ok()
    for file in desk.home.rglob("greenbot.db*"):
        assert b"xylophone" not in file.read_bytes(), file


def test_a_deletion_takes_it_from_the_guest_and_needs_a_yes(desk: Desk, sent: str) -> None:
    refused = desk.here("message", "delete", "1", "--json")
    assert (refused.exit_code, "--yes" in refused.error["hint"]) == (ExitCode.USAGE, True)
    desk.here("message", "delete", "1", "-n").ok()
    assert at_the_guest(desk, sent) == "Your room is 511."
    desk.here("message", "delete", "1", "--only-here", "--yes").ok()
    assert at_the_guest(desk, sent) == "Your room is 511."
    assert desk.here("message", "show", "1", "--json").ok().json["id"] == 1
    desk.here("message", "delete", "1", "--yes").ok()
    assert at_the_guest(desk, sent) == ""
    assert desk.here("message", "show", "1", "--json").ok().json["deleted"] is True
    [line] = desk.here("chats", "show", NUMBER, "--json").ok().lines
    assert line["deleted_at"]


def test_what_a_guest_wrote_is_not_ours_to_change(desk: Desk) -> None:
    desk.simulator.call(lambda: desk.instance.settings.update(incomingWebhook="yes"))
    remote_id = desk.simulator.call(lambda: guest_writes(desk.instance, GUEST, "Hello")).id_message
    desk.here("receive", "--drain").ok()
    shown = desk.here("message", "show", remote_id, "--json").ok().json
    assert (shown["direction"], shown["id"]) == ("in", None)
    edited = desk.here("message", "edit", remote_id, "Other words", "--json")
    assert (edited.exit_code, "The guest wrote it" in edited.error["message"]) == (ExitCode.REFUSED, True)
    deleted = desk.here("message", "delete", remote_id, "--yes", "--json")
    assert (deleted.exit_code, deleted.error["hint"]) == (ExitCode.REFUSED, "Add --only-here.")
    assert desk.ledger("editMessage") == desk.ledger("deleteMessage") == []


def test_what_has_not_left_is_sent_to_the_outbox(desk: Desk) -> None:
    [number] = queue(desk)
    for words in (("edit", str(number), "Other words"), ("delete", str(number), "--yes")):
        refused = desk.here("message", *words, "--json")
        assert refused.exit_code == ExitCode.REFUSED
        assert refused.error["hint"] == f"End it before it leaves: greenbot outbox cancel {number}"
    assert desk.here("message", "show", str(number), "--json").ok().json["state"] == "queued"


def test_an_old_message_is_edited_no_more(desk: Desk, sent: str) -> None:
    with store_of(desk) as db, db.write() as tx:
        tx.run("update messages set accepted_at_ms = accepted_at_ms - 901000")
    refused = desk.here("message", "edit", "1", "Other words", "--json")
    assert (refused.exit_code, "more than 15 minutes ago" in refused.error["message"]) == (ExitCode.REFUSED, True)
    assert desk.ledger("editMessage") == []


def test_a_message_greenbot_never_knew_is_reached_through_its_chat(desk: Desk, sent: str) -> None:
    for file in desk.home.glob("greenbot.db*"):
        file.unlink()
    unknown = desk.here("message", "show", sent, "--json")
    assert (unknown.exit_code, "--chat" in unknown.error["hint"]) == (ExitCode.NOT_FOUND, True)
    shown = desk.here("message", "show", sent, "--chat", NUMBER, "--json").ok().json
    assert (shown["text"], shown["id"]) == ("Your room is 511.", None)
    desk.here("message", "edit", sent, "Your suite is 512.", "--chat", NUMBER).ok()
    assert at_the_guest(desk, sent) == "Your suite is 512."


WRONG = [
    ("show 77", ExitCode.NOT_FOUND, "knows no message"),
    ("edit 1 ''", ExitCode.USAGE, ""),
    ("edit 1 Other --read-only", ExitCode.REFUSED, "read-only"),
    ("delete 1 --yes --read-only", ExitCode.REFUSED, "read-only"),
    (f"show BAE5000000000000 --chat {NUMBER}", ExitCode.NOT_SENT, ""),
]


@pytest.mark.parametrize(("words", "code", "message"), WRONG)
def test_what_is_wrong_is_said_and_nothing_changes(desk: Desk, sent: str, words: str, code: int, message: str) -> None:
    said = desk.here("message", *shlex.split(words), "--json")
    assert (said.exit_code, message in said.error["message"]) == (code, True), said
    assert at_the_guest(desk, sent) == "Your room is 511."


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("edit", "1", "Other words"), ExitCode.OUTCOME_UNKNOWN),
        # To delete once more what is deleted changes nothing, so it is safe to run again.
        (("delete", "1", "--yes"), ExitCode.NOT_SENT),
    ],
)
def test_a_lost_answer_is_said_so_and_the_thread_stays(
    desk: Desk, sent: str, words: tuple[str, ...], code: ExitCode
) -> None:
    desk.fault(f"drop-reply method={words[0]}Message")
    assert desk.here("message", *words, "--json").exit_code == code
    with store_of(desk) as db:
        assert db.scalar("select count(*) from chat_changes") == 0
