"""`greenbot events`: what came is shown safely, can be worked again, exported, fetched again and removed."""

import csv
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenbot.clock import ManualClock, SystemClock
from greenbot.db.connect import Db, connect
from greenbot.errors import ExitCode
from greenbot.inbox.arrival import Arrival
from greenbot.inbox.fate import MOST_ATTEMPTS
from greenbot.inbox.intake import keep
from greenbot.inbox.process import Processor
from greenbot.simulator.incoming import guest_writes, phone_writes
from tests.cli.harness import GUEST, NUMBER, Desk

DAY_S = 86_400
HOSTILE = "\x1b[2J=cmd|' /C calc'!A0 \u202e[bold]x[/bold]"


@pytest.fixture
def db(desk: Desk) -> Iterator[Db]:
    store = connect(desk.store, clock=SystemClock())
    yield store
    store.close()


@pytest.fixture
def name(desk: Desk) -> str:
    return desk.here("instances", "list", "-q").ok().stdout.strip()


def text(number: int, words: str = "Hello", *, id_instance: int = 0, **fields: object) -> bytes:
    wire: dict[str, object] = {
        "typeWebhook": "incomingMessageReceived",
        "instanceData": {"idInstance": id_instance} if id_instance else {},
        "idMessage": f"3EB0{number}",
        "senderData": {"chatId": GUEST, "sender": GUEST, "senderName": words},
        "messageData": {"typeMessage": "textMessage", "textMessageData": {"textMessage": words}},
    }
    return json.dumps(wire | fields).encode()


def take(db: Db, name: str, *bodies: bytes, now_ms: int | None = None) -> None:
    clock = SystemClock() if now_ms is None else ManualClock(now_ms)
    arrivals = [Arrival(name, raw, "webhook", clock.now_ms()) for raw in bodies]
    keep(db, arrivals, clock=clock, expected_ids={name: "1"})


def work(db: Db, *, failing: str = "") -> None:
    """Work everything; what has that remote id until it is given up."""

    def effect(tx: object, event: object, incoming: object) -> None:
        if failing and getattr(event, "remote_id", None) == failing:
            raise RuntimeError("no")

    clock = ManualClock(SystemClock().now_ms())
    processor = Processor(db, owner="me", is_alive=lambda _: True, clock=clock, rng=random.Random(1), effects=[effect])
    for _ in range(MOST_ATTEMPTS + 1 if failing else 1):
        while processor.work_once():
            pass
        clock.advance(90)


def test_the_newest_come_first_and_filters_choose(desk: Desk, db: Db, name: str) -> None:
    take(db, name, text(1, "one"), text(2, "two"), b"not json", text(3, "three", typeWebhook="brandNew"))
    listed = desk.here("events", "list", "--json").ok().lines
    assert [event["id"] for event in listed] == [4, 3, 2, 1]
    assert [event["summary"] for event in listed] == ["unknown: brandNew", None, "two", "one"]
    assert [event["id"] for event in desk.here("events", "list", "--state", "quarantined", "--json").lines] == [3]
    assert [event["id"] for event in desk.here("events", "list", "--chat", NUMBER, "--json").lines] == [4, 2, 1]
    assert [event["id"] for event in desk.here("events", "list", "--type", "brandNew", "--json").lines] == [4]
    assert [event["id"] for event in desk.here("events", "list", "--before", "3", "--limit", "1", "--json").lines] == [
        2
    ]
    assert len(desk.here("events", "list", "--since", "1h", "-i", name, "--json").lines) == 4
    assert desk.here("events", "list", "--until", "1h", "--json").ok().lines == []
    assert desk.here("events", "list", "--state", "eaten").exit_code == ExitCode.USAGE


def test_worked_events_are_found_by_their_chat_too(desk: Desk, db: Db, name: str) -> None:
    take(db, name, text(1))
    work(db)
    take(db, name, text(2))
    found = desk.here("events", "list", "--chat", NUMBER, "--json").ok().lines
    assert [(event["id"], event["state"]) for event in found] == [(2, "stored"), (1, "done")]


def test_one_event_is_shown_with_its_bytes_what_was_read_and_what_happened(desk: Desk, db: Db, name: str) -> None:
    raw = text(1, "Привіт")
    take(db, name, raw, raw)
    work(db)
    shown = desk.here("events", "show", "1", "--json").ok().json
    assert shown["raw"].encode() == raw
    assert shown["event"]["content"] == {"kind": "Text", "text": "Привіт", **_rest(shown)}
    assert (shown["deliveries"], shown["state"]) == (2, "done")
    assert [(line["from"], line["to"]) for line in shown["log"]] == [("stored", "processing"), ("processing", "done")]
    for_people = desk.here("events", "show", "1").ok().stdout
    assert "Привіт" in for_people
    assert desk.here("events", "show", "1", "-q").ok().stdout == "done\n"
    assert desk.here("events", "show", "9").exit_code == ExitCode.NOT_FOUND


def _rest(shown: dict[str, dict[str, dict[str, object]]]) -> dict[str, object]:
    return {key: value for key, value in shown["event"]["content"].items() if key not in ("kind", "text")}


def test_a_guests_bytes_never_steer_the_terminal(desk: Desk, db: Db, name: str) -> None:
    take(db, name, text(1, HOSTILE), b"\xff\x1b[2J\x9b", json.dumps({"typeWebhook": HOSTILE}).encode())
    commands = [("events", "list"), ("events", "list", "--csv"), ("events", "list", "--json"), ("events", "export")]
    commands += [("events", "export", "--csv")]
    commands += [
        ("events", "show", str(number), *more) for number in (1, 2, 3) for more in ((), ("--json",), ("--raw",))
    ]
    for command in commands:
        done = desk.here(*command).ok()
        assert not set("\x1b\x9b\u202e") & set(done.stdout + done.stderr), command


def test_the_export_has_every_byte(desk: Desk, db: Db, name: str, tmp_path: Path) -> None:
    bodies = [text(1, "one"), b"\xff\x00", text(2, HOSTILE)]
    take(db, name, *bodies)
    lines = desk.here("events", "export").ok().lines
    assert lines[0]["raw"].encode() == bodies[0]
    assert lines[1]["raw_base64"] == "/wA="
    assert lines[2]["raw"].encode() == bodies[2]
    target = tmp_path / "events.csv"
    desk.here("events", "export", "--csv", "-o", str(target)).ok()
    assert target.stat().st_mode & 0o777 == 0o600
    cells = list(csv.reader(io.StringIO(target.read_text())))
    assert len(cells) == 4
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in cells for cell in row)
    assert desk.here("events", "export", "-o", str(target)).exit_code == ExitCode.USAGE, "no file is overwritten"


def test_what_was_given_up_is_tried_again(desk: Desk, db: Db, name: str) -> None:
    take(db, name, text(1), text(2))
    work(db, failing="3EB01")
    assert desk.here("events", "list", "--state", "dead", "-q").ok().stdout == "1\n"
    assert "would be retried" in desk.here("events", "retry", "--state", "dead", "-n").ok().stdout
    assert desk.here("events", "retry", "--state", "dead").exit_code == ExitCode.USAGE, "it needs a confirmation"
    assert desk.here("events", "retry", "1", "--json").ok().json["was"] == "dead"
    work(db)
    assert desk.here("events", "show", "1", "-q").stdout == "done\n"
    assert desk.here("events", "retry", "2").exit_code == ExitCode.REFUSED
    assert desk.here("events", "retry", "9").exit_code == ExitCode.NOT_FOUND
    assert "events.retry" in desk.here("audit", "list").stdout


def test_a_quarantined_event_is_let_in_by_a_persons_word(desk: Desk, db: Db, name: str) -> None:
    take(db, name, text(1, id_instance=2))
    work(db)
    assert desk.here("events", "list", "--json").json["why"] == "foreign"
    assert desk.here("events", "replay", "1", "--read-only").exit_code == ExitCode.REFUSED
    desk.here("events", "replay", "1").ok()
    work(db)
    assert desk.here("events", "show", "1", "-q").stdout == "done\n"


def test_several_are_partly_done(desk: Desk, db: Db, name: str) -> None:
    take(db, name, text(1), text(2, id_instance=2))
    done = desk.here("events", "replay", "1", "2", "9", "--yes", "--json")
    assert done.exit_code == ExitCode.PARTLY_DONE
    assert [row["result"] for row in done.lines] == ["refused", "replayed", "unknown"]


def test_numbers_are_read_from_a_pipe(desk: Desk, db: Db, name: str) -> None:
    take(db, name, text(1, id_instance=2), text(2, id_instance=2))
    numbers = desk.here("events", "list", "-q").stdout
    desk.here("events", "replay", "-", "--yes", stdin=numbers).ok()
    assert desk.here("events", "list", "--state", "stored", "-q").stdout.split() == ["2", "1"]
    assert desk.here("events", "replay", "x").exit_code == ExitCode.USAGE
    assert desk.here("events", "replay").exit_code == ExitCode.USAGE


def test_old_events_are_removed_and_nothing_that_is_younger_or_open(desk: Desk, db: Db, name: str) -> None:
    now_ms = SystemClock().now_ms()
    take(db, name, text(1), text(2), b"bad", now_ms=now_ms - 40 * DAY_S * 1000)
    work(db)
    take(db, name, text(3), now_ms=now_ms - 40 * DAY_S * 1000)
    take(db, name, text(4))
    assert desk.here("events", "purge", "--older-than", "7d").exit_code == ExitCode.USAGE
    assert desk.here("events", "purge", "-n", "--json").ok().json["would_remove"] == 3
    assert desk.here("events", "purge").exit_code == ExitCode.USAGE, "it needs a confirmation"
    assert desk.here("events", "purge", "--state", "done", "--yes", "--json").ok().json["removed"] == 2
    assert desk.here("events", "purge", "--yes", "--json").ok().json["removed"] == 1
    assert [row["remote_id"] for row in desk.here("events", "list", "--json").lines] == ["3EB04", "3EB03"]


def test_a_gap_is_closed_from_the_journals_without_taking_anything_twice(desk: Desk, db: Db, name: str) -> None:
    desk.simulator.call(lambda: desk.instance.settings.update({"incomingWebhook": "yes"}))
    desk.simulator.call(lambda: guest_writes(desk.instance, GUEST, "delivered"))
    desk("receive", "--drain", "--store-only").ok()
    desk.simulator.call(lambda: desk.instance.settings.update({"incomingWebhook": "no"}))
    desk.simulator.call(lambda: guest_writes(desk.instance, GUEST, "missed"))
    desk.simulator.call(lambda: phone_writes(desk.instance, GUEST, "typed on the phone"))
    desk.simulator.call(lambda: _show_journal(desk))
    assert desk.here("events", "backfill", "-n", "--json").ok().json["new"] == 2
    found = desk.here("events", "backfill", "--json").ok().json
    assert (found["new"], found["known"]) == (2, 1)
    assert desk.here("events", "backfill", "--since", "2d", "--json").ok().json["new"] == 0
    work(db)
    listed = desk.here("events", "list", "--json").ok().lines
    assert [(event["summary"], event["source"], event["state"]) for event in listed] == [
        ("typed on the phone", "backfill", "done"),
        ("missed", "backfill", "done"),
        ("delivered", "poll", "done"),
    ]
    assert [event["type"] for event in listed[:2]] == ["outgoingMessageReceived", "incomingMessageReceived"]


def _show_journal(desk: Desk) -> None:
    for message in desk.instance.journal.messages:
        message.visible_at = 0.0
