"""Disks that are full or cannot be written. Real ones where this user may mount, else the nearest the system offers."""

import os
import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenbot.clock import SystemClock
from greenbot.db.connect import connect
from greenbot.errors import StoreError, StoreFull

pytestmark = pytest.mark.integration

FILL = "insert into calls (instance, method, started_at_ms, detail) values ('kyiv', 'sendMessage', 1, :detail)"


def _mount(folder: Path, *options: str) -> bool:
    return subprocess.run(["mount", *options, "tmpfs", str(folder)], capture_output=True).returncode == 0


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A file system of 2 MB, or None where this user may not mount one."""
    mounted = shutil.which("mount") is not None and _mount(tmp_path, "-t", "tmpfs", "-o", "size=2m,mode=0700")
    yield tmp_path if mounted else None
    if mounted:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def _leave(folder: Path, *, free_bytes: int) -> None:
    """Let a file take all of the disk but so much."""
    disk = os.statvfs(folder)
    (folder / "ballast").write_bytes(b"x" * (disk.f_bavail * disk.f_bsize - free_bytes))


def _fill(path: Path, committed: list[int]) -> None:
    """Write until the disk refuses, noting each committed row."""
    db = connect(path, clock=SystemClock())
    try:
        while True:
            with db.write() as tx:
                row = tx.insert(FILL, detail="x" * 8000)
            committed.append(row)
    finally:
        db.close()


def _in_child(limit_bytes: int, work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
            work()
        except StoreError:
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_full_disk_is_said_so_loses_nothing_and_passes_by_itself(tiny_disk: Path | None, tmp_path: Path) -> None:
    path = tmp_path / "state" / "greenbot.db"
    committed: list[int] = []
    if tiny_disk is None:
        assert _in_child(400_000, lambda: _fill(path, [])) == 0
    else:
        ballast = tmp_path / "ballast"
        ballast.write_bytes(b"x" * 100_000)
        with pytest.raises(StoreFull, match="not accepted"):
            _fill(path, committed)
        ballast.unlink()
    db = connect(path, clock=SystemClock())
    kept = [row["id"] for row in db.all("select id from calls order by id")]
    assert kept
    assert tiny_disk is None or kept == committed
    assert db.scalar("pragma integrity_check") == "ok"
    with db.write() as tx:
        tx.run(FILL, detail="x")
    db.close()


def test_the_same_connection_works_again_when_space_returns(tiny_disk: Path | None, tmp_path: Path) -> None:
    db = connect(tmp_path / "greenbot.db", clock=SystemClock())
    if tiny_disk is None:
        # The nearest thing without a disk of one's own: SQLite's own ceiling gives the same error.
        db.all("pragma max_page_count = 1")
        db.all(f"pragma max_page_count = {int(str(db.scalar('pragma page_count')))}")
    else:
        _leave(tmp_path, free_bytes=100_000)
    with pytest.raises(StoreFull), db.write() as tx:
        for _ in range(200):
            tx.run(FILL, detail="x" * 8000)
    if tiny_disk is None:
        db.all("pragma max_page_count = 1000000")
    else:
        (tmp_path / "ballast").unlink()
    with db.write() as tx:
        tx.run(FILL, detail="x")
    assert db.scalar("select count(*) from calls") == 1
    db.close()


def test_no_room_for_a_first_store(tiny_disk: Path | None, tmp_path: Path) -> None:
    if tiny_disk is None:
        work = lambda: connect(tmp_path / "greenbot.db", clock=SystemClock()).close()  # noqa: E731 - one line for the child
        assert _in_child(20_000, work) == 0
        return
    with pytest.raises(OSError, match="No space"):
        (tmp_path / "ballast").write_bytes(b"x" * 4_000_000)
    with pytest.raises(StoreFull):
        connect(tmp_path / "greenbot.db", clock=SystemClock())


def _as_nobody(work: Callable[[], None]) -> str:
    """What `work` says as a user without any rights (root may write anywhere)."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            work()
            said = "nothing"
        except BaseException as error:  # noqa: BLE001 - the parent judges
            said = f"{type(error).__name__}: {error} | {getattr(error, 'hint', '')}"
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read, "rb") as pipe:
        return pipe.read().decode()


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder every user can enter, outside of pytest's private ones."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("there_before", "words"),
    [(False, "cannot be written: Permission denied"), (True, "cannot be ")],
    ids=["no store yet", "a store of somebody else"],
)
def test_a_folder_that_may_not_be_written_is_a_store_error_with_a_hint(
    public_folder: Path, there_before: bool, words: str
) -> None:
    path = public_folder / "greenbot.db"
    if there_before:
        connect(path, clock=SystemClock()).close()
    public_folder.chmod(0o555)
    said = _as_nobody(lambda: connect(path, clock=SystemClock()).close())
    assert said.startswith("StoreError: "), said
    assert words in said
    assert "write permission" in said


def test_a_store_on_a_read_only_disk_is_a_store_error_with_a_hint(
    tiny_disk: Path | None, public_folder: Path, tmp_path: Path
) -> None:
    path = (public_folder if tiny_disk is None else tmp_path) / "greenbot.db"
    connect(path, clock=SystemClock()).close()

    def write() -> None:
        with connect(path, clock=SystemClock()).write() as tx:
            tx.run(FILL, detail="x")

    if tiny_disk is None:
        path.chmod(0o400)
        public_folder.chmod(0o555)
        said = _as_nobody(write)
    else:
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)
        with pytest.raises(StoreError) as caught:
            write()
        said = f"StoreError: {caught.value} | {caught.value.hint}"
    assert said.startswith("StoreError: "), said
    assert "cannot be" in said
    assert "write permission" in said
