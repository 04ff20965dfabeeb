"""Many processes write the log: nothing is lost, torn or shown in the clear, and nobody is disturbed."""

import json
import os
import threading
from pathlib import Path

import pytest

from greenbot.clock import ManualClock
from greenbot.logs import notes
from greenbot.logs.book import Book, Detail, Rules
from greenbot.logs.line import FIELDS, encode, level_of
from greenbot.logs.rotation import Limits, rotated
from greenbot.logs.sinks import Journal
from greenbot.logs.writer import FileWriter
from greenbot.redact import Secret
from tests.logs.crowd import Crowd, let_write, orders, written


class Memory:
    """A sink that keeps lines, or refuses them as a full disk does."""

    def __init__(self) -> None:
        self.lines: list[dict[str, object]] = []
        self.is_full = False

    def write(self, lines: bytes) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.lines += [json.loads(line) for line in lines.splitlines()]

    def close(self) -> None:
        """Nothing is open."""


def book(sink: Memory, **rules: object) -> Book:
    return Book(sink, Rules(**rules), ManualClock())  # type: ignore[arg-type]  # each test names the rules it is about


@pytest.mark.integration
def test_processes_lose_and_tear_no_line_through_rotations_and_a_follower_sees_each_once(tmp_path: Path) -> None:
    crowd = Crowd(path=tmp_path / "greenbot.log", processes=4, lines=1_500, most_bytes=60_000)
    seen = let_write(crowd)
    found = written(crowd.path)
    assert (found.intact, found.different, found.torn) == (6_000, 6_000, 0)
    assert found.rotations >= 10
    assert seen == (6_000, 6_000, 0)
    assert all(order == sorted(order) for order in orders(crowd.path)), "the lines of one process keep their order"


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "\n2026 ERROR", "\x9b1m", "\u202e", "\u2028", "\x7f", "\ud800", '","level":"error']
)
def test_whatever_a_value_holds_the_line_is_one_line_of_printable_ascii(text: str) -> None:
    line = encode(0, "info", "call", {"words": text})
    assert line.endswith(b"\n")
    assert all(0x20 <= byte < 0x7F for byte in line[:-1])
    assert json.loads(line)["words"] == text
    assert line.count(b'"level":"') == 1, "no value can pretend to be a field"


def test_keys_stand_in_one_order_whatever_the_order_of_the_call() -> None:
    line = encode(0, "info", "call", dict.fromkeys(reversed(FIELDS), "x"))
    assert list(json.loads(line)) == ["time", "level", "event", *FIELDS]
    with pytest.raises(KeyError):
        encode(0, "info", "call", {"colour": "blue", "words": "x"})


def test_secrets_and_numbers_do_not_reach_the_file() -> None:
    token, sink = Secret("d75b3a66374942c5b3c019c698abc2067e151558acbd412345"), Memory()
    book(sink).note("error", "call", {"chat": "380441234567@c.us", "words": f"at /{token.reveal()} to +380441234567"})
    assert sink.lines[0]["chat"] == "+38***4567@c.us"
    assert sink.lines[0]["words"] == "at /*** to +38***4567"
    whole = Memory()
    book(whole, phones=True).note("error", "call", {"chat": "380441234567@c.us"})
    assert whole.lines[0]["chat"] == "380441234567@c.us"


@pytest.mark.parametrize(
    ("level", "detailed", "wanted"),
    [("info", False, ["info", "error"]), ("info", True, ["debug", "info", "error"]), ("error", False, ["error"])],
)
def test_the_level_decides_and_an_instance_may_tell_more(level: str, detailed: bool, wanted: list[str]) -> None:
    sink = Memory()
    one = book(sink, level=level_of(level), instances={"kyiv": Detail(detailed=detailed)})
    for grave in ("debug", "info", "error"):
        one.note(level_of(grave), "call", {"instance": "kyiv"})
    assert [line["level"] for line in sink.lines] == wanted


def test_a_full_disk_disturbs_nobody_and_is_told_when_it_is_over() -> None:
    sink = Memory()
    one = book(sink)
    sink.is_full = True
    for _ in range(3):
        one.note("info", "call", {})
    assert one.dropped == 3
    sink.is_full = False
    one.note("info", "call", {})
    assert [line["event"] for line in sink.lines] == ["call", "log"]
    assert (sink.lines[1]["outcome"], sink.lines[1]["count"]) == ("dropped", 3)
    assert one.dropped == 0


def test_a_field_nobody_knows_is_a_dropped_line_and_no_error() -> None:
    one = book(Memory())
    one.note("info", "call", {"colour": "blue", "words": "x"})
    assert one.dropped == 1


def test_without_a_log_a_note_does_nothing_and_one_that_cannot_be_opened_stops_nobody() -> None:
    def broken(*, collects: bool) -> Book:
        raise OSError("no disk")

    notes.end()
    notes.note("info", "call")
    notes.begin(broken)
    notes.note("info", "call")
    notes.end()


def test_what_the_work_is_about_stands_in_every_line_noted_meanwhile() -> None:
    sink = Memory()
    notes.begin(lambda *, collects: book(sink))
    with notes.about(message_id=12, attempt=2):
        notes.note("info", "call", method="sendMessage")
    notes.note("info", "call")
    notes.end()
    assert (sink.lines[0]["message_id"], sink.lines[0]["attempt"]) == (12, 2)
    assert "message_id" not in sink.lines[1]


def test_a_book_that_collects_has_written_everything_when_it_is_closed() -> None:
    sink = Memory()
    one = Book(sink, Rules(), ManualClock(), collects=True)

    def work() -> None:
        for number in range(5_000):
            one.note("info", "call", {"count": number})
            one.flush()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one.close()
    assert sorted(line["count"] for line in sink.lines) == sorted([*range(5_000)] * 3)  # type: ignore[type-var]  # numbers


def lines_of(clock: ManualClock, count: int) -> bytes:
    return b"".join(encode(clock.now_ms(), "info", "call", {"message_id": number}) for number in range(count))


def test_a_file_is_put_aside_when_it_is_old_and_only_so_many_are_kept(tmp_path: Path) -> None:
    clock, path = ManualClock(), tmp_path / "greenbot.log"
    limits = Limits(most_age_ms=3_600_000, keep=2)
    for _ in range(5):
        FileWriter(path, clock, limits).write(lines_of(clock, 1))  # each by another process
        clock.advance(3_600)
    assert [number for number, _ in rotated(path)] == [3, 4]


def test_a_line_that_somebody_left_unfinished_spoils_no_other(tmp_path: Path) -> None:
    clock, path = ManualClock(), tmp_path / "greenbot.log"
    path.write_bytes(b'{"time":"2026')
    FileWriter(path, clock).write(lines_of(clock, 1))
    assert path.read_bytes() == b'{"time":"2026\n' + lines_of(clock, 1)


def test_a_file_that_was_renamed_or_emptied_by_others_is_written_on(tmp_path: Path) -> None:
    clock, path = ManualClock(), tmp_path / "greenbot.log"
    writer, line = FileWriter(path, clock), lines_of(clock, 1)
    writer.write(line)
    path.rename(tmp_path / "greenbot.log.1")
    writer.write(line)
    assert path.read_bytes() == line
    os.truncate(path, 0)
    writer.write(line)
    assert path.read_bytes() == line
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_writer_that_stands_still_with_the_lock_stops_nobody(tmp_path: Path) -> None:
    import fcntl

    clock, path = ManualClock(), tmp_path / "greenbot.log"
    with path.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        FileWriter(path, clock, Limits(most_bytes=1)).write(lines := lines_of(clock, 2))
    assert path.read_bytes() == lines


def test_the_journal_gets_each_line_with_its_priority(tmp_path: Path) -> None:
    import socket

    address = str(tmp_path / "journal")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(address)
        sink = Journal(address)
        sink.write(encode(0, "error", "call", {}) + encode(0, "info", "call", {}))
        entries = [journal.recv(65_536).decode().split("\n") for _ in range(2)]
        sink.close()
    assert [entry[1] for entry in entries] == ["PRIORITY=3", "PRIORITY=6"]
    assert json.loads(entries[0][0].removeprefix("MESSAGE="))["event"] == "call"
