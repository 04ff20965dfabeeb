"""Lines in files: private, small, and whatever lies there instead is an empty line."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from greenbot.clock import ManualClock
from greenbot.errors import Busy, StoreError, StoreFull
from greenbot.resilience.line import Line, joined
from greenbot.resilience.line_files import LineFiles

BOOT = "b3c1f2b8-0000-4000-8000-123456789abc"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run" / "limits"


@pytest.fixture
def files(folder: Path, clock: ManualClock) -> Iterator[LineFiles]:
    made = LineFiles(folder, clock)
    yield made
    made.close()


def keep(files: LineFiles, line: Line, *, key: str = "hotel") -> None:
    with files.change() as held:
        held.save(key, BOOT, line)


def only_file(folder: Path) -> Path:
    return next(path for path in folder.iterdir() if path.name.startswith("line-"))


@pytest.mark.parametrize("slots", [0, 1, 60, 501, 3000])
def test_what_is_saved_is_loaded_whatever_its_length(files: LineFiles, slots: int) -> None:
    rng = Random(slots)
    for count in (slots, slots // 2):  # a shorter line over a longer one
        line = Line(next_number=7, version=3, paused_until_ms=9, share=0.3, limited_at_ms=-1, strikes=2)
        for _ in range(count):
            line, _ = joined(line, (), -1, rng.randrange(10**9))
        keep(files, line)
        assert files.load("hotel", BOOT) == line
        assert files.version("hotel", BOOT) == 3


def test_keys_of_any_characters_have_lines_of_their_own(files: LineFiles) -> None:
    keys = ("hotel", "hotel/sendPoll", "../up", "Отель", "HOTEL", "a" * 60)
    for version, key in enumerate(keys):
        keep(files, Line(version=version), key=key)
    assert [files.version(key, BOOT) for key in keys] == list(range(len(keys)))


def test_the_line_of_another_boot_is_empty(files: LineFiles) -> None:
    keep(files, Line(version=3))
    assert files.load("hotel", "another") == Line()
    assert files.version("hotel", "another") is None


@pytest.mark.parametrize("content", [b"", b"rl1\n", b"rl1\n" + b"\xff" * 200, b"something else entirely " * 50])
def test_a_file_with_anything_else_in_it_is_an_empty_line(files: LineFiles, folder: Path, content: bytes) -> None:
    keep(files, Line(version=3))
    only_file(folder).write_bytes(content)
    assert files.load("hotel", BOOT) == Line()
    assert files.version("hotel", BOOT) is None


def test_a_file_cut_in_the_middle_of_its_moments_is_an_empty_line(files: LineFiles, folder: Path) -> None:
    keep(files, joined(joined(Line(), (), -1, 5)[0], (), -1, 6)[0])
    os.truncate(only_file(folder), only_file(folder).stat().st_size - 8)
    assert files.load("hotel", BOOT) == Line()


def test_nobody_else_can_read_them(files: LineFiles, folder: Path) -> None:
    keep(files, Line())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_link_in_the_place_of_a_file_is_not_followed(files: LineFiles, folder: Path, tmp_path: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="cannot be used"):
        files.load("hotel", BOOT)
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_that_is_never_let_go_is_an_error_after_some_seconds(
    files: LineFiles, folder: Path, clock: ManualClock
) -> None:
    keep(files, Line())
    with (folder / "lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        begun = clock.monotonic()
        with pytest.raises(Busy), files.change():
            pass
        assert 5 <= clock.monotonic() - begun <= 6
    keep(files, Line(version=1))


def test_a_full_disk_is_named(files: LineFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(files, Line())
    full = os.open("/dev/full", os.O_RDWR)
    monkeypatch.setattr(files._files, "opened", lambda name: full)
    with pytest.raises(StoreFull):
        files._files.write("line", b"x")
    os.close(full)
