"""Greenbot's own copies of files."""

import hashlib
import os
import stat
from pathlib import Path

import pytest

from greenbot.clock import ManualClock, SystemClock
from greenbot.db.connect import Db
from greenbot.errors import BadFile
from greenbot.outbox.claims import Claim, claim, release
from greenbot.outbox.decide import Change
from greenbot.outbox.spool import discard_unused, take_in
from greenbot.outbox.states import Reason, State
from tests.outbox.conftest import Add

DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def menu(tmp_path: Path) -> Path:
    path = tmp_path / "menu.pdf"
    path.write_bytes(b"%PDF-1.4" + os.urandom(3_000_000))
    return path


def test_a_copy_is_complete_private_and_named_by_its_content(tmp_path: Path, menu: Path) -> None:
    copy = take_in(tmp_path / "spool", menu)
    content = menu.read_bytes()
    menu.unlink()
    assert copy.path.read_bytes() == content
    assert (copy.sha256, copy.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert copy.path == tmp_path / "spool" / copy.sha256
    assert stat.S_IMODE(copy.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.path.parent.stat().st_mode) == 0o700


def test_equal_files_share_one_copy(tmp_path: Path, menu: Path) -> None:
    assert take_in(tmp_path / "spool", menu) == take_in(tmp_path / "spool", menu)
    assert len(list((tmp_path / "spool").iterdir())) == 1


@pytest.mark.parametrize("source", ["nothing.pdf", "."], ids=["missing", "a folder"])
def test_what_cannot_be_read_is_a_bad_file_and_leaves_nothing(tmp_path: Path, source: str) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        take_in(tmp_path / "spool", tmp_path / source)
    assert not (tmp_path / "spool").exists() or not list((tmp_path / "spool").iterdir())


def test_a_copy_is_kept_while_a_message_needs_it_and_a_while_longer(
    db: Db, add: Add, clock: ManualClock, tmp_path: Path, menu: Path
) -> None:
    spool = tmp_path / "spool"
    copy = take_in(spool, menu)
    os.utime(copy.path, (0, 0))  # taken in long ago
    message = add(file_sha256=copy.sha256)
    assert discard_unused(db, spool, clock=clock, keep_finished_ms=DAY_MS) == []
    held = claim(db, message.id, owner="me", clock=clock)
    assert isinstance(held, Claim)
    release(db, held, Change(state=State.CANCELLED, reason=Reason.INTERRUPTED), clock=clock)
    assert discard_unused(db, spool, clock=clock, keep_finished_ms=DAY_MS) == []
    clock.advance(DAY_MS / 1000 + 1)
    assert discard_unused(db, spool, clock=clock, keep_finished_ms=DAY_MS) == [copy.path]
    assert list(spool.iterdir()) == []


def test_a_copy_no_message_names_yet_is_left_for_a_day(db: Db, tmp_path: Path, menu: Path) -> None:
    spool = tmp_path / "spool"
    copy = take_in(spool, menu)
    assert discard_unused(db, spool, clock=SystemClock(), keep_finished_ms=0) == []
    os.utime(copy.path, (0, 0))
    take_in(spool, menu)
    assert discard_unused(db, spool, clock=SystemClock(), keep_finished_ms=0) == [], "taken in again: fresh again"
    os.utime(copy.path, (0, 0))
    assert discard_unused(db, spool, clock=SystemClock(), keep_finished_ms=0) == [copy.path]


def test_there_may_be_no_spool_yet(db: Db, tmp_path: Path) -> None:
    assert discard_unused(db, tmp_path / "spool", clock=SystemClock(), keep_finished_ms=0) == []
