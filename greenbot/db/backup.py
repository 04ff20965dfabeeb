"""A copy of the store while everything goes on working, complete or not there at all.

SQLite's own backup reads one consistent state. The copy is checked from its first page to its last before it gets its
name, so whatever has a name can be restored.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.clock import Clock, iso_utc
from greenbot.db import driver
from greenbot.db.audit import Operator, note
from greenbot.db.driver import sqlite
from greenbot.db.files import make_private_dir
from greenbot.db.lock import WriteLock
from greenbot.db.peek import Peek, peek
from greenbot.db.translate import from_os, translated
from greenbot.errors import StoreError, UsageError
from greenbot.failpoints import hit

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: The word of the audit by which the last backup is found.
ACTION, SUBJECT = "db.backup", "store"
LAST = "select max(at_ms) from audit where subject = 'store' and action = 'db.backup'"

_STEP_PAGES = 1000
#: So long the copy of a store without WAL waits for whoever writes.
_LOCK_SECONDS = 30.0
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW

OnPages = Callable[[int, int], None]


def ignore_pages(done: int, total: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A finished copy."""

    path: Path
    size_bytes: int
    schema: int
    at_ms: int
    took_ms: int


def stamp(moment_ms: int) -> str:
    """A moment as part of a file's name, in UTC: `20261123-001500`. Such names sort by age."""
    return iso_utc(moment_ms)[:19].replace("-", "").replace(":", "").replace("T", "-")


def back_up(
    store: Path,
    target: Path,
    *,
    clock: Clock,
    replace: bool = False,
    is_live: bool = True,
    on_pages: OnPages = ignore_pages,
) -> Backup:
    """Copy the store at `store` into the new file `target` (0600), whoever writes meanwhile; unless `is_live`, nobody.

    A file that is there already is only replaced with `replace`, and only by a whole one. Raises UsageError for a
    target that cannot be, Busy, StoreFull, StoreError; then nothing has the name `target` that had not before.
    """
    begun, at_ms = clock.monotonic(), clock.now_ms()
    _refuse_target(store, target, replace=replace)
    with _writers_wait(store, is_live=is_live), peek(store) as source, _draft(target) as draft:
        if not source.is_ours:
            raise StoreError(f"{store} belongs to another program.", hint="Name a store of greenbot.")
        _copy(source, draft, on_pages)
        schema = _checked(draft)
        _publish(draft, target, replace=replace)
    return Backup(
        path=target,
        size_bytes=target.stat().st_size,
        schema=schema,
        at_ms=at_ms,
        took_ms=round((clock.monotonic() - begun) * 1000),
    )


def record(db: "Db", made: Backup, by: Operator) -> None:
    """Write down that there is a backup, for whoever asks how old the last one is. Raises Busy, StoreError."""
    facts = {"file": str(made.path), "bytes": made.size_bytes, "schema": made.schema, "as_of_ms": made.at_ms}
    with db.write() as tx:
        note(tx, by, action=ACTION, subject=SUBJECT, after=facts)


@contextmanager
def _writers_wait(store: Path, *, is_live: bool) -> Iterator[None]:
    """Without WAL whoever reads for long and whoever writes are in each other's way: then they take turns."""
    if not is_live or driver.journal_mode(driver.version) == "wal" or not store.is_file():
        yield
        return
    lock = WriteLock(store.with_name(store.name + ".lock"), timeout_seconds=_LOCK_SECONDS)
    with closing(lock), lock.held():
        yield


def _refuse_target(store: Path, target: Path, *, replace: bool) -> None:
    taken = {store.resolve(), *(store.with_name(store.name + end).resolve() for end in ("-wal", "-shm", "-journal"))}
    if target.resolve() in taken:
        raise UsageError(f"{target} is the store itself.", hint="Name another file.")
    if target.is_dir():
        raise UsageError(f"{target} is a folder.", hint=f"Name a file in it: {target / 'greenbot-backup.db'}")
    if target.exists() and not replace:
        raise UsageError(f"There is a file {target} already.", hint="Name another one, or add --force to replace it.")


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """A file beside the target, held under a lock for as long as this lasts, gone afterwards unless it got a name."""
    draft = target.with_name(f".{target.name}.{os.urandom(4).hex()}.partial")
    try:
        make_private_dir(target.parent)
        _clear_abandoned(target)
        descriptor = os.open(draft, _FLAGS, 0o600)
    except OSError as error:
        raise from_os(error, target) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield draft
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        os.close(descriptor)


def _clear_abandoned(target: Path) -> None:
    """Remove what killed backups to the same name left behind."""
    for path in target.parent.glob(f".{target.name}.*.partial"):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        except BlockingIOError:
            continue  # somebody is writing it at this moment
        finally:
            os.close(descriptor)


def _copy(source: Peek, draft: Path, on_pages: OnPages) -> None:
    with translated(draft):
        target = sqlite.connect(draft, isolation_level=None)
    try:
        _copy_into(source, target, draft, on_pages)
        with translated(draft):
            # One file, whole by itself, that also opens where nothing may be written.
            target.execute("pragma journal_mode = delete")
    finally:
        target.close()


def _copy_into(source: Peek, target: sqlite.Connection, draft: Path, on_pages: OnPages) -> None:
    progress = _steps(on_pages)
    if source.pragma("journal_mode") == "wal":
        # A read that stays open sees one state all the time, and keeps no writer waiting.
        with translated(source.path):
            source.connection.execute("begin")
            source.connection.execute("select count(*) from sqlite_master").fetchone()
        with translated(draft):
            source.connection.backup(target, pages=_STEP_PAGES, sleep=0, progress=progress)
        source.connection.execute("rollback")
        return
    with translated(draft):
        source.connection.backup(target, pages=_STEP_PAGES, sleep=0, progress=progress)


def _steps(on_pages: OnPages) -> Callable[[int, int, int], None]:
    """What SQLite calls after each step."""

    def progress(status: int, remaining: int, total: int) -> None:
        hit("backup.mid")
        on_pages(total - remaining, total)

    return progress


def _checked(draft: Path) -> int:
    """The schema of a copy that is without a fault. Raises StoreError."""
    with peek(draft) as copy:
        problems = copy.problems(thorough=True)
        if problems:
            raise StoreError(
                f"The store is damaged, so this would be no backup: {problems[0]}.",
                hint="Look at it with: greenbot db check. Older backups may be whole.",
            )
        return copy.schema


def _publish(draft: Path, target: Path, *, replace: bool) -> None:
    try:
        _sync(draft)
        if replace:
            draft.replace(target)
        else:
            # Fails where a file of that name came up meanwhile.
            os.link(draft, target)
        _sync(target.parent)
    except FileExistsError as error:
        raise UsageError(f"There is a file {target} already.", hint="Name another one, or add --force.") from error
    except OSError as error:
        raise from_os(error, target) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def prune(folder: Path, names: str, *, keep: int, spare: Path) -> list[Path]:
    """Remove the oldest files of a folder called like the pattern `names`, but for the last `keep`; which they were.

    Their names sort by age. `spare` is never removed. Raises StoreError.
    """
    found = sorted(path for path in folder.glob(names) if path.is_file() and not path.is_symlink())
    old = [path for path in found[: max(0, len(found) - keep)] if path != spare]
    for path in old:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise from_os(error, path) from error
    return old
