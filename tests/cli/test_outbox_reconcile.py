"""`greenbot outbox reconcile` finds what was lost, or says why it cannot be found; `resolve` takes a person's word."""

import time

import pytest

from greenbot.errors import ExitCode
from greenbot.outbox.presence import worker_is_alive
from tests.cli.harness import NUMBER, Desk

SEND = ("send", "text", NUMBER, "Your room is ready.")
#: Two minutes become two and a half seconds.
QUICK = {"GREENBOT_TESTING": "1", "GREENBOT_RECONCILE_SHARE": "0.01"}


@pytest.fixture
def unsure(desk: Desk) -> Desk:
    """A desk whose first message was carried out, but nobody heard so."""
    desk.fault("drop-reply count=1")
    assert desk.here(*SEND).exit_code == ExitCode.OUTCOME_UNKNOWN
    return desk


def test_what_was_carried_out_is_found(unsure: Desk) -> None:
    found = unsure.here("outbox", "reconcile", "--json").ok().json
    assert (found["id"], found["what"]) == (1, "found in GREEN-API's journal")
    assert found["remote_id"] == unsure.executed()[0].id_message
    shown = unsure.here("outbox", "show", "1", "--json").ok().json
    assert (shown["evidence"], len(unsure.executed())) == ("journal", 1)
    unsure.here("send", "text", NUMBER, "The chat is free again.").ok()


def test_what_is_nowhere_is_sent_again_once(desk: Desk) -> None:
    desk.fault("reset count=1")
    assert desk.here(*SEND).exit_code == ExitCode.OUTCOME_UNKNOWN
    early = desk.here("outbox", "reconcile", "1", "--json").ok().json
    assert (early["state"], early["what"]) == ("uncertain", "not found; looked too early to conclude anything")
    said = desk.here("outbox", "reconcile", "--wait", "--json", env=QUICK).ok().json
    assert (said["state"], said["what"]) == ("queued", "nowhere to be found: it is sent again")
    desk("outbox", "run", "--drain", "--timeout", "20s").ok()
    assert len(desk.executed()) == 1


def test_what_cannot_be_seen_is_said_and_left_alone(desk: Desk) -> None:
    desk.fault("reset count=1")
    desk.here(*SEND)
    desk.state("notAuthorized")
    said = desk.here("outbox", "reconcile").ok()
    assert "could not be read: the instance is notAuthorized" in said.stderr
    assert "not clear" in said.stdout
    assert desk.here("outbox", "list", "--json").json["state"] == "uncertain"


def test_one_message_of_several_is_shown(unsure: Desk) -> None:
    unsure.fault("drop-reply count=1")
    unsure.here("send", "text", "380447654321", "Another one.")
    assert [row["id"] for row in unsure.here("outbox", "reconcile", "--json").ok().lines] == [1, 2]


def test_an_instance_and_a_single_message_can_be_chosen(unsure: Desk) -> None:
    assert unsure.here("outbox", "reconcile", "2").exit_code == ExitCode.NOT_FOUND
    assert unsure.here("outbox", "reconcile", "1", "--json").ok().json["state"] in (
        "accepted",
        "sent",
        "delivered",
        "read",
    )
    assert unsure.here("outbox", "reconcile", "1", "--json").ok().json["what"] == "not uncertain"


def test_without_doubts_nothing_is_asked(desk: Desk) -> None:
    desk.here(*SEND).ok()
    calls = len(desk.ledger())
    assert "No message is uncertain." in desk.here("outbox", "reconcile").ok().stderr
    assert len(desk.ledger()) == calls


def test_read_only_looks_at_nothing(unsure: Desk) -> None:
    assert unsure.here("outbox", "reconcile", "--read-only").exit_code == ExitCode.REFUSED


def test_one_reading_serves_ten_messages(desk: Desk) -> None:
    for number in range(10):
        desk.fault("drop-reply method=sendMessage count=1")
        desk.here("send", "text", f"3804412345{number:02d}", "Your room is ready.")
        desk.here("instances", "breaker", "default", "--resume").ok()
    assert len(desk.here("outbox", "reconcile", "--json").ok().lines) == 10
    for method in ("showMessagesQueue", "lastOutgoingMessages"):
        assert len(desk.ledger(method)) == 1
    assert {row["state"] for row in desk.here("outbox", "list", "--json").ok().lines} <= {
        "sent",
        "delivered",
        "read",
        "accepted",
    }


# --- a person's word ---------------------------------------------------------------------------------------------


def test_a_person_may_know_the_id(unsure: Desk) -> None:
    remote_id = unsure.executed()[0].id_message
    settled = unsure.here("outbox", "resolve", "1", "--sent", "--remote-id", remote_id, "--json").ok().json
    assert settled["remote_id"] == remote_id


def test_an_id_without_sent_makes_no_sense(unsure: Desk) -> None:
    assert unsure.here("outbox", "resolve", "1", "--drop", "--remote-id", "BAE5").exit_code == ExitCode.USAGE


def test_the_second_person_is_refused_and_told_why(unsure: Desk) -> None:
    unsure.here("outbox", "resolve", "1", "--drop").ok()
    said = unsure.here("outbox", "resolve", "1", "--resend")
    assert said.exit_code == ExitCode.REFUSED
    assert "Message 1 is failed (by " in said.stderr
    assert len(unsure.executed()) == 1


# --- the invisible mark ------------------------------------------------------------------------------------------


def test_a_marked_text_is_told_from_the_same_text_of_another_program(desk: Desk) -> None:
    desk.fault("reset count=1")
    assert desk.here(*SEND, "--reconcile-marker").exit_code == ExitCode.OUTCOME_UNKNOWN
    desk.here("api", "sendMessage", "-F", f"chatId={NUMBER}@c.us", "-F", f"message={SEND[-1]}").ok()
    said = desk.here("outbox", "reconcile", "--json", env=QUICK).ok().json
    assert (said["state"], said["what"]) == ("uncertain", "not clear: the same text was sent without its mark")


def test_without_the_mark_it_would_be_taken_for_it(desk: Desk) -> None:
    desk.fault("reset count=1")
    desk.here(*SEND)
    desk.here("api", "sendMessage", "-F", f"chatId={NUMBER}@c.us", "-F", f"message={SEND[-1]}").ok()
    assert desk.here("outbox", "reconcile", "--json").ok().json["what"] == "found in GREEN-API's journal"


def test_a_mark_finds_its_message_and_shows_nothing(desk: Desk) -> None:
    desk.fault("drop-reply count=1")
    desk.here(*SEND, "--reconcile-marker")
    [entry] = desk.executed()
    sent = str(entry.request_body["message"])
    assert sent.startswith(SEND[-1])
    assert not any(character.isprintable() for character in sent.removeprefix(SEND[-1]))
    assert desk.here("outbox", "reconcile", "--json").ok().json["what"] == "found in GREEN-API's journal"


def test_the_same_key_gives_the_same_mark(desk: Desk) -> None:
    for _ in range(2):
        desk.here(*SEND, "--reconcile-marker", "--key", "booking-4711").ok()
    assert len(desk.executed()) == 1


# --- how far it came ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("goal", ["accepted", "sent", "delivered", "read"])
def test_a_sender_waits_until_it_is_there(desk: Desk, goal: str) -> None:
    said = desk.here(*SEND, "--wait-for", goal, "--timeout", "20s", "--json").ok().json
    words = ("accepted", "sent", "delivered", "read")
    assert words.index(said["state"]) >= words.index(goal)


def test_a_sender_who_waits_too_short_is_told_that_it_is_pending(desk: Desk) -> None:
    desk.fault("stuck-queue method=sendMessage count=1")
    said = desk.here(*SEND, "--wait-for", "delivered", "--timeout", "2s")
    assert said.exit_code == ExitCode.PENDING
    assert "Message 1 is accepted, not delivered yet." in said.stderr
    assert len(desk.executed()) == 1


def test_a_sender_is_told_that_the_guest_has_no_whatsapp(desk: Desk) -> None:
    desk.simulator.call(lambda: desk.instance.knobs.guests_without_whatsapp.add(f"{NUMBER}@c.us"))
    said = desk.here(*SEND, "--wait-for", "sent", "--timeout", "10s")
    assert said.exit_code == ExitCode.NOT_SENT
    assert "Message 1 is failed: noAccount" in said.stderr


def test_a_sender_is_told_at_once_that_the_outcome_is_unknown(desk: Desk) -> None:
    desk.fault("drop-reply count=1")
    assert desk.here(*SEND, "--wait-for", "read", "--timeout", "60s").exit_code == ExitCode.OUTCOME_UNKNOWN


def test_a_sender_beside_a_worker_waits_as_long(desk: Desk) -> None:
    worker = desk.start("outbox", "run")
    while not worker_is_alive(desk.home / "run"):
        assert worker.poll() is None
        time.sleep(0.05)
    try:
        assert desk(*SEND, "--wait-for", "read", "--timeout", "20s", "--json").ok().json["state"] == "read"
    finally:
        worker.terminate()
        worker.communicate(timeout=30)
