"""Putting a backup in the place of the store, in one step, while no process has the store open.

The store that was there stays beside it under another name. What the restored one must not do again is decided by the
caller, in the same transaction that writes the restore into the audit, before anybody can see the store.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.db.audit import Operator, note
from greenbot.db.backup import back_up, stamp
from greenbot.db.connect import connect
from greenbot.db.driver import sqlite
from greenbot.db.lock import WriteLock
from greenbot.db.migrations import LATEST
from greenbot.db.peek import Peek, peek
from greenbot.db.translate import from_os
from greenbot.errors import Busy, StoreError, StoreTooNew
from greenbot.failpoints import hit

if TYPE_CHECKING:
    from greenbot.db.connect import Tx

ACTION, SUBJECT = "db.restore", "store"
_ENDS = ("-wal", "-shm", "-journal")
_LOCK_SECONDS = 2.0
_STOP = "Stop them first, for example with: systemctl --user stop greenbot"

#: Makes the restored store safe; given the transaction, and the old store where it can still be read. What it did.
Settle = Callable[["Tx", Peek | None], Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A backup that could be restored. `as_of_ms` is when anything in it last changed, as far as it tells."""

    path: Path
    size_bytes: int
    schema: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put in place. `kept` is where the old store is now; None when there was none."""

    kept: Path | None
    old_was_readable: bool
    settled: Mapping[str, object]


def examine(file: Path) -> Candidate:
    """The backup in a file, read from its first page to its last. Raises StoreError, StoreTooNew."""
    try:
        with peek(file) as copy:
            _refuse_strange(copy, file)
            problems = copy.problems(thorough=True)
            schema = copy.schema
    except StoreError as error:
        if file.is_file():
            raise
        raise StoreError(f"There is no backup at {file}.", hint="Backups lie where greenbot db info says.") from error
    if problems:
        raise StoreError(f"The backup {file} is damaged: {problems[0]}.", hint="Take an older one.")
    return Candidate(path=file, size_bytes=file.stat().st_size, schema=schema)


def _refuse_strange(copy: Peek, file: Path) -> None:
    if not copy.is_ours:
        raise StoreError(f"{file} is not a backup of greenbot.", hint="Name a file that greenbot db backup made.")
    if copy.schema > LATEST:
        raise StoreTooNew(f"The backup {file} has schema {copy.schema}; this greenbot knows schemas up to {LATEST}.")


def put_back(candidate: Candidate, store: Path, *, by: Operator, settle: Settle) -> Restored:
    """Put a backup in the place of the store. Raises Busy while any process has the store open, StoreError.

    Killed at any moment, it leaves the old store or the new one in place.
    """
    clock = by.clock
    refuse_users(store)
    lock = WriteLock(store.with_name(store.name + ".lock"), timeout_seconds=_LOCK_SECONDS)
    draft = store.with_name(f".{store.name}.restoring")
    with closing(lock), lock.held():
        _discard(draft)
        try:
            back_up(candidate.path, draft, clock=clock, is_live=False)
            old_was_readable = _made_whole(store)
            settled = _settled(draft, store if old_was_readable else None, candidate, by, settle)
            hit("restore.before_swap")
            refuse_users(store)
            kept = _swap(draft, store, clock)
        finally:
            _discard(draft)
    return Restored(kept=kept, old_was_readable=old_was_readable, settled=settled)


def refuse_users(store: Path) -> None:
    """Raises Busy naming the processes that have the store open, as far as this user may see them."""
    users = sorted(users_of(store))
    if users:
        shown = ", ".join(map(str, users[:5]))
        raise Busy(f"The store {store} is open in other processes: {shown}.", hint=_STOP)


def users_of(store: Path, proc: Path = Path("/proc")) -> set[int]:
    """The processes besides this one that have the store open."""
    try:
        facts = store.stat()
    except OSError:
        return set()
    found = set()
    for folder in proc.glob("[0-9]*/fd"):
        number = int(folder.parent.name)
        if number != os.getpid() and _holds(folder, facts.st_dev, facts.st_ino):
            found.add(number)
    return found


def _holds(folder: Path, device: int, inode: int) -> bool:
    try:
        links = list(folder.iterdir())
    except OSError:
        return False  # gone, or somebody else's
    for link in links:
        with suppress(OSError):
            facts = link.stat()
            if (facts.st_dev, facts.st_ino) == (device, inode):
                return True
    return False


def _made_whole(store: Path) -> bool:
    """Bring the old store's WAL into its file, so that it can be kept as one; whether it is readable at all.

    Raises Busy when somebody has it open: leaving the WAL mode takes every connection but one to be gone.
    """
    if not store.exists():
        return False
    try:
        connection = sqlite.connect(store, timeout=_LOCK_SECONDS, isolation_level=None)
        try:
            mode = connection.execute("pragma journal_mode = delete").fetchone()[0]
        finally:
            connection.close()
        if mode == "wal":
            raise Busy(f"The store {store} is open in another process.", hint=_STOP)
        with peek(store) as old:
            return old.is_ours and not old.problems(thorough=False)
    except sqlite.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (5, 6):
            raise Busy(f"The store {store} is open in another process.", hint=_STOP) from error
        return False
    except (sqlite.Error, StoreError):
        return False  # damaged: that may be why somebody restores


def _settled(
    draft: Path, old_store: Path | None, candidate: Candidate, by: Operator, settle: Settle
) -> Mapping[str, object]:
    """Migrate the copy and make it safe, before it is anybody's store."""
    restored = connect(draft, clock=by.clock)
    try:
        with restored.write() as tx:
            if old_store is None:
                done = settle(tx, None)
            else:
                with peek(old_store) as old:
                    done = settle(tx, old)
            note(tx, by, action=ACTION, subject=SUBJECT, after={"file": str(candidate.path), **done})
        return done
    finally:
        restored.close()


def _swap(draft: Path, store: Path, clock: Clock) -> Path | None:
    try:
        kept = _set_aside(store, clock) if store.exists() else None
        hit("restore.mid_swap")
        draft.replace(store)
        _sync_folder(store.parent)
    except OSError as error:
        raise from_os(error, store) from error
    return kept


def _set_aside(store: Path, clock: Clock) -> Path:
    """Give the old store a second name; it keeps the first one until the new store takes it."""
    name = f"{store.name}.before-restore-{stamp(clock.now_ms())}"
    kept = store.with_name(name)
    number = 1
    while kept.exists():
        number += 1
        kept = store.with_name(f"{name}-{number}")
    os.link(store, kept)
    # A WAL of the old store must never meet the new one. There is one only where the old store could not be read.
    for end in _ENDS:
        with suppress(FileNotFoundError):
            store.with_name(store.name + end).rename(kept.with_name(kept.name + end))
    return kept


def _discard(draft: Path) -> None:
    """Remove a copy that did not become the store, with everything beside it. The caller holds the store's lock."""
    for end in ("", *_ENDS, ".lock", ".lock.turn"):
        with suppress(OSError):
            draft.with_name(draft.name + end).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
