"""`greenbot trace`: one message or event from its acceptance to its last status, from the store and the log."""

import pytest

from tests.cli.harness import NUMBER, Desk

SEND = ("send", "text", NUMBER, "Your room is ready.")


def test_a_message_is_told_from_acceptance_over_attempts_to_its_acceptance_by_green_api(desk: Desk) -> None:
    desk.fault("503 method=sendMessage count=1")
    desk.here(*SEND).ok()
    life = desk.here("trace", "1", "--json").ok().json
    assert (life["message"], life["instance"], life["state"]) == (1, "default", "accepted")
    assert life["chat"] == "+38***4567@c.us"
    told = [
        (moment["source"], moment["facts"].get("to") or moment["facts"].get("outcome")) for moment in life["moments"]
    ]
    assert told == [
        ("message", "queued"),
        ("message", "claimed"),
        ("message", "sending"),
        ("call", "not_sent"),
        ("message", "queued"),
        ("message", "claimed"),
        ("message", "sending"),
        ("call", "accepted"),
        ("message", "accepted"),
    ], "each once, although the log tells of calls too"
    assert [moment["at"] for moment in life["moments"]] == sorted(moment["at"] for moment in life["moments"])
    assert "room is ready" not in desk.here("trace", "1").ok().stdout


def test_a_remote_id_finds_its_message(desk: Desk) -> None:
    remote_id = desk.here(*SEND, "--json").ok().json["remote_id"]
    found = desk.here("trace", remote_id, "--json").ok().json
    assert (found["message"], found["remote_id"]) == (1, remote_id)
    assert desk.here("trace", remote_id, "-q").ok().stdout.strip() == found["state"]


def test_an_event_is_told_with_its_hooks(desk: Desk) -> None:
    from greenbot.clock import SystemClock
    from greenbot.db.connect import connect

    desk.here(*SEND).ok()
    with_event = b'{"typeWebhook":"stateInstanceChanged","timestamp":1790000000,"stateInstance":"authorized"}'
    db = connect(desk.store, clock=SystemClock())
    try:
        with db.write() as tx:
            number = tx.insert(
                "insert into events (instance, received_at_ms, digest, type, state_at_ms, raw)"
                " values ('default', :now, :digest, 'stateInstanceChanged', :now, :raw)",
                now=SystemClock().now_ms(),
                digest=b"d" * 32,
                raw=with_event,
            )
            hook = tx.insert(
                "insert into hooks (name, kind, target, events, created_at_ms, changed_at_ms)"
                " values ('crm', 'url', 'https://crm.example', '[]', 0, 0)"
            )
            delivery = tx.insert(
                "insert into hook_deliveries (hook_id, event_id, instance, chat_id, webhook_id, created_at_ms,"
                " state_at_ms) values (:hook, :event, 'default', '', 'msg_1', :now, :now)",
                hook=hook,
                event=number,
                now=SystemClock().now_ms(),
            )
            tx.insert(
                "insert into hook_attempts (delivery_id, attempt, started_at_ms, elapsed_ms, outcome, status, words)"
                " values (:delivery, 1, :now, 12, 'refused', 500, 'HTTP 500')",
                delivery=delivery,
                now=SystemClock().now_ms(),
            )
    finally:
        db.close()
    life = desk.here("trace", "--event", str(number), "--json").ok().json
    assert (life["event"], life["state"]) == (number, "stored")
    words = [moment["words"] for moment in life["moments"]]
    assert words[0].startswith("stateInstanceChanged arrived by webhook")
    assert words[1:] == [f"hook crm is to get event {number}; now queued", "hook crm, attempt 1: HTTP 500"]


@pytest.mark.parametrize(("words", "code"), [(("99",), 3), (("NOSUCHID",), 3), (("1", "--event", "--message"), 2)])
def test_what_is_not_there_is_said(desk: Desk, words: tuple[str, ...], code: int) -> None:
    desk.here(*SEND).ok()
    assert desk.here("trace", *words).exit_code == code
