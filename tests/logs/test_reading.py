"""Reading the log: the wanted lines and no other, each once, whatever happens to the files meanwhile."""

import os
import re
from pathlib import Path

import pytest

from greenbot.logs import files
from greenbot.logs.files import Snapshot
from greenbot.logs.follow import Follower
from greenbot.logs.line import encode, level_of, time_text
from greenbot.logs.rotation import rotate
from greenbot.logs.stats import Stats
from greenbot.logs.wanted import Wanted, parsed

START_MS = 1_790_000_000_000


def line(number: int, **fields: object) -> bytes:
    level = level_of(str(fields.pop("level", "info")))
    given = {"instance": "kyiv", "method": "sendMessage", "message_id": number, "outcome": "accepted", "status": 200}
    return encode(START_MS + number * 1000, level, str(fields.pop("event", "call")), given | fields)  # type: ignore[arg-type]  # each test names its own


def numbers(found: object) -> list[object]:
    return [(parsed(one) or {}).get("message_id") for one in found]  # type: ignore[attr-defined]  # lists and iterators


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log with two full files and a current one, ten lines each, of every kind."""
    file = tmp_path / "greenbot.log"
    for begin in (0, 10, 20):
        if begin:
            rotate(file, keep=10)
        with file.open("ab") as log:
            for number in range(begin, begin + 10):
                log.write(
                    line(
                        number,
                        level="error" if number % 10 == 3 else "warning" if number % 10 == 4 else "info",
                        instance="lviv" if number % 2 else "kyiv",
                        method="getChats" if number % 5 == 0 else "sendMessage",
                        status=4290 if number == 7 else 429 if number == 8 else 200,
                        words="готово" if number == 9 else 'say "level":"error" now',
                    )
                )
    return file


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(Wanted(), list(range(30)), id="everything"),
        pytest.param(Wanted(level="error"), [3, 13, 23], id="a text that speaks of errors is none"),
        pytest.param(Wanted(level="warning"), [3, 4, 13, 14, 23, 24], id="a level and what is graver"),
        pytest.param(Wanted(level="error", instances=("lviv",)), [3, 13, 23], id="two conditions"),
        pytest.param(Wanted(level="error", instances=("kyiv",)), [], id="two conditions that exclude each other"),
        pytest.param(Wanted(instances=("l*",), level="warning"), [3, 13, 23], id="a pattern of names"),
        pytest.param(Wanted(instances=("lviv", "kyiv"), method="getChats"), [0, 5, 10, 15, 20, 25], id="two names"),
        pytest.param(Wanted(status=429), [8], id="a status is no beginning of another"),
        pytest.param(Wanted(message_id=2), [2], id="nor is a number"),
        pytest.param(Wanted(match=re.compile("готов")), [9], id="letters that are escaped in the file"),
        pytest.param(Wanted(since=time_text(START_MS + 27_000)), [27, 28, 29], id="since"),
        pytest.param(Wanted(until=time_text(START_MS + 2_000)), [0, 1], id="until"),
    ],
)
def test_the_wanted_lines_are_found_forwards_and_backwards(path: Path, wanted: Wanted, found: list[int]) -> None:
    with Snapshot(path) as snapshot:
        assert numbers(snapshot.forwards(wanted)) == found
        assert numbers(snapshot.last(1_000, wanted)) == found
        assert numbers(snapshot.last(2, wanted)) == found[-2:]
        assert numbers(snapshot.last(0, wanted)) == []


@pytest.mark.parametrize("tail", [16, 64, 200, 100_000])
def test_blocks_of_any_size_cut_no_line(path: Path, tail: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "TAIL_BLOCK", tail)
    monkeypatch.setattr("greenbot.logs.ahead.BLOCK", tail)
    with Snapshot(path) as snapshot:
        assert numbers(snapshot.last(25, Wanted())) == list(range(5, 30))
        assert numbers(snapshot.forwards(Wanted(level="warning"))) == [3, 4, 13, 14, 23, 24]


def test_a_line_longer_than_a_block_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "greenbot.log"
    path.write_bytes(line(1) + line(2, words="x" * 3_000_000) + line(3))
    with Snapshot(path) as snapshot:
        assert numbers(snapshot.forwards(Wanted(instances=("kyiv",)))) == [1, 2, 3]
        assert numbers(snapshot.last(2, Wanted(instances=("kyiv",)))) == [2, 3]


def test_lines_of_others_are_shown_and_never_taken_for_ours(tmp_path: Path) -> None:
    path = tmp_path / "greenbot.log"
    path.write_bytes(b"Traceback \xff\x1b[2J\n[]\n" + b"[" * 5_000 + b"\n" + line(1) + b"no newline at the end")
    with Snapshot(path) as snapshot:
        assert len(list(snapshot.forwards(Wanted()))) == 5
        assert numbers(snapshot.forwards(Wanted(instances=("kyiv",)))) == [1]
    stats = Stats()
    with Snapshot(path) as snapshot:
        for one in snapshot.forwards(Wanted()):
            stats.add(one)
    assert (stats.lines, stats.foreign, stats.methods["sendMessage"].calls) == (5, 4, 1)


def follower_of(path: Path) -> Follower:
    """One that begins at the end of what is there, as `greenbot logs -f` does."""
    with Snapshot(path) as snapshot:
        fd = os.dup(snapshot.fd) if snapshot.fd >= 0 else -1
        return Follower(path, fd=fd, position=snapshot.size, number=snapshot.number)


def new(follower: Follower) -> list[object]:
    found: list[object] = []
    while block := follower.read():
        found += numbers(block.splitlines())
    return found


def append(path: Path, *given: int) -> None:
    with path.open("ab") as log:
        log.write(b"".join(map(line, given)))


def test_following_begins_before_there_is_a_file_and_shows_each_line_once(tmp_path: Path) -> None:
    path = tmp_path / "greenbot.log"
    follower = follower_of(path)
    assert new(follower) == []
    append(path, 1, 2)
    assert new(follower) == [1, 2]
    assert new(follower) == []
    follower.close()


def test_following_catches_up_over_many_rotations(path: Path) -> None:
    follower = follower_of(path)
    append(path, 30)
    for number in range(31, 36):
        rotate(path, keep=100)
        append(path, number)
    assert new(follower) == [30, 31, 32, 33, 34, 35]
    rotate(path, keep=100)
    assert new(follower) == [], "while there is no file yet"
    append(path, 36)
    assert new(follower) == [36]
    assert follower.missed == 0
    follower.close()


def test_files_that_were_removed_too_early_are_counted(path: Path) -> None:
    follower = follower_of(path)
    for number in range(30, 36):
        append(path, number)
        rotate(path, keep=2)
    append(path, 36)
    assert new(follower) == [30, 34, 35, 36]
    assert follower.missed == 3
    follower.close()


@pytest.mark.parametrize("count", [1, 40])
def test_a_file_that_is_emptied_is_read_from_its_beginning(path: Path, count: int) -> None:
    follower = follower_of(path)
    append(path, 30)
    assert new(follower) == [30]
    os.truncate(path, 0)
    append(path, *range(50, 50 + count))  # shorter than before, or longer already
    assert new(follower) == list(range(50, 50 + count))
    follower.close()


def test_half_a_line_is_shown_when_it_is_whole(tmp_path: Path) -> None:
    path, whole = tmp_path / "greenbot.log", line(1)
    path.write_bytes(whole[:20])
    follower = Follower(path, fd=-1, position=0, number=0)
    assert follower.read() == b""
    with path.open("ab") as log:
        log.write(whole[20:])
    assert follower.read() == whole
    follower.close()


def test_a_file_renamed_by_another_program_is_read_to_its_end(path: Path) -> None:
    follower = follower_of(path)
    append(path, 30)
    path.rename(path.with_name("greenbot.log.1"))
    append(path, 31)
    assert new(follower) == [30, 31]
    follower.close()
