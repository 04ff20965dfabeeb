"""The one opener of the store, and the handle everything else reads and writes through.

Nobody opens the file in another way, not even to look: closing a second descriptor drops the
POSIX locks SQLite holds for this process, and acknowledged rows can vanish with the WAL.
"""

import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from os import getpid
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from greenbot.clock import Clock
from greenbot.db import driver, migrations
from greenbot.db.driver import sqlite
from greenbot.db.failstop import check_disk, disk_has_failed, fail_stop, keep_open
from greenbot.db.files import files, prepare_file
from greenbot.db.lock import WriteLock
from greenbot.db.translate import is_busy, is_disk_failure, translated
from greenbot.errors import Busy, StoreError

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    Row: TypeAlias = sqlite.Row

T = TypeVar("T")
Value: TypeAlias = "str | bytes | int | float | None"

BUSY_TIMEOUT_SECONDS = 5.0
LOCK_TIMEOUT_SECONDS = 10.0
#: The driver's cache prefers what was used often, so a connection that migrated first, with hundreds of statements of
#: one use, would prepare each later one anew at each use, for ever: four times slower.
STATEMENTS = 1000

#: Commits of a connection between two checkpoints of its own, and bytes that the WAL may have grown by meanwhile.
CHECKPOINT_COMMITS = 50
CHECKPOINT_BYTES = 4 * 1024 * 1024
#: Of so many short-lived processes one looks after a long WAL that it leaves to others.
CHECKPOINT_SHARE = 16

#: Every message touches a dozen indexes, which 2 MiB, SQLite's own choice, cannot hold for long.
CACHE_KIB = 16_000


class Tx:
    """One write transaction: everything in it is committed together, or nothing."""

    def __init__(self, connection: sqlite.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, /, **params: Value) -> int:
        """Carry out one statement; the number of rows it changed."""
        return self._connection.execute(sql, params).rowcount

    def insert(self, sql: str, /, **params: Value) -> int:
        """Carry out one INSERT; the id of the new row."""
        cursor = self._connection.execute(sql, params)
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def all(self, sql: str, /, **params: Value) -> "list[Row]":
        """Every row of the answer."""
        return self._connection.execute(sql, params).fetchall()

    def rows(self, sql: str, values: "Sequence[Value]", /) -> "list[Row]":
        """Every row of the answer to a statement with hundreds of question marks: names would cost a quarter more."""
        return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, /, **params: Value) -> "Row | None":
        """The first row of the answer. The statement is finished, so a RETURNING clause takes effect."""
        rows = self.all(sql, **params)
        return rows[0] if rows else None


class Db:
    """The open store. For one thread of one process; made by `connect`.

    A commit may be under way in a thread of its own (`write_behind`); whatever else is asked of the store meanwhile
    waits for it, so the connection is never used by two at once.
    """

    def __init__(self, path: Path, connection: sqlite.Connection, lock: WriteLock) -> None:
        self.path = path
        self._connection = connection
        self._lock = lock
        self._writing = False
        self._unusable: tuple[str, str] | None = None  # message and hint
        self._committer: ThreadPoolExecutor | None = None
        self._behind: Future[object] | None = None
        self._identity, self._wal_bytes = files(path)
        self._has_wal = _pragma(connection, "journal_mode") == "wal"
        self._checkpoints = self._has_wal
        self._commits = 0
        self._wal_bytes_then = self._wal_bytes
        _open_stores.add(self)

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Tx]:
        """A write transaction: the lock file first, then BEGIN IMMEDIATE; committed and on the disk at the end.

        `durable=False` spares the disk where that is safe for everything else in the store: a power cut may
        forget this one transaction, so nothing may be acknowledged on the strength of it.
        An exception inside rolls everything back. Raises Busy, StoreFull, StoreError;
        RuntimeError when a write is already open (a write inside a write is a bug).
        """
        self._check_usable()
        self.settle()
        if self._writing:
            raise RuntimeError("a write inside a write")
        with self._lock.held(), self._translated():
            self._writing = True
            try:
                with self._synced(durable=durable), _transaction(self._connection):
                    yield Tx(self._connection)
                self.check_wal()
                self._commits += 1
                if self._is_checkpoint_due():
                    self._checkpoint()
            finally:
                self._writing = False

    def write_behind(self, work: "Callable[[Tx], T]") -> "tuple[T, Future[object]]":
        """Do `work` in a write transaction, and have a thread commit it, which is mostly waiting for the disk.

        What `work` found is true only once the future is done, which raises what `write` raises at its end. Raises
        what `write` raises before that, and what `work` raises: then nothing happened.
        """
        writing = self.write()
        tx = writing.__enter__()
        try:
            found = work(tx)
        except BaseException as error:
            writing.__exit__(type(error), error, error.__traceback__)
            raise
        if self._committer is None:
            from concurrent.futures import ThreadPoolExecutor  # most processes write little

            self._committer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="commit")
        self._behind = self._committer.submit(writing.__exit__, None, None, None)
        return found, self._behind

    def settle(self) -> None:
        """Wait for the commit that is under way, if there is one; who began it hears what became of it."""
        if self._behind is not None:
            self._behind.exception()
            self._behind = None

    @contextmanager
    def _synced(self, *, durable: bool) -> Iterator[None]:
        # In WAL mode the next durable commit, of any process, syncs this one too; elsewhere NORMAL could lose others.
        if durable or not self._has_wal:
            yield
            return
        self._connection.execute("pragma synchronous = normal")
        try:
            yield
        finally:
            self._connection.execute("pragma synchronous = full")

    def all(self, sql: str, /, **params: Value) -> "list[Row]":
        """Every row of one reading statement. Raises Busy, StoreError."""
        self._check_usable()
        self.settle()
        with self._translated():
            return self._connection.execute(sql, params).fetchall()

    def one(self, sql: str, /, **params: Value) -> "Row | None":
        """The first row, or None. Raises Busy, StoreError."""
        rows = self.all(sql, **params)
        return rows[0] if rows else None

    def scalar(self, sql: str, /, **params: Value) -> Value:
        """The first column of the first row, or None. Raises Busy, StoreError."""
        row = self.one(sql, **params)
        return None if row is None else row[0]

    def leave_checkpoints(self) -> None:
        """From now on somebody else calls `checkpoint` for the commits of this connection."""
        self._checkpoints = False

    def checkpoint(self) -> int | None:
        """Move the WAL into the store as far as nobody is disturbed. Its pages; None when it could not be done now.

        SQLite would do it by itself, and keep to itself what the disk said: a failed sync of the store would be
        followed by one that succeeds without the pages it was about, and by the end of the WAL that still has them.
        Raises StoreError.
        """
        self._check_usable()
        self.settle()
        with self._translated():
            return self._checkpoint()

    def _checkpoint(self) -> int | None:
        self._wal_bytes_then = self._wal_bytes
        try:
            row = self._connection.execute("pragma wal_checkpoint(passive)").fetchone()
        except sqlite.Error as error:
            if is_disk_failure(error):
                raise
            # Somebody is at it, or the disk is full: what was committed is safe in the WAL, and may not seem refused.
            return None
        return None if row is None or row[0] else int(row[1])

    def _is_checkpoint_due(self) -> bool:
        if not self._checkpoints:
            return False
        return self._commits % CHECKPOINT_COMMITS == 0 or self._wal_bytes - self._wal_bytes_then > CHECKPOINT_BYTES

    def check_wal(self) -> None:
        """Stop when the files under this connection are no longer the ones it opened.

        What is written after that would be gone at the next start, so nothing may be acknowledged
        any more. Raises StoreError, now and at every later use.
        """
        identity, self._wal_bytes = files(self.path)
        if identity != self._identity:
            self._unusable = (f"The store {self.path} was replaced or removed while greenbot had it open.", _RESTORE)
            self._check_usable()

    def never_wait(self) -> None:
        """From now on raise Busy at once where others hold the store: for a thread that has more to do."""
        self._lock.timeout_seconds = 0
        self.scalar("pragma busy_timeout = 0")

    def close(self) -> None:
        """Close the store; harmless when done twice, and in a forked child."""
        if self._unusable is not _FORKED:
            self.settle()
            if self._committer is not None:
                self._committer.shutdown()
            self._close_connection()
        self._lock.close()
        _open_stores.discard(self)

    def _close_connection(self) -> None:
        is_long = self._wal_bytes > CHECKPOINT_BYTES and getpid() % CHECKPOINT_SHARE == 0
        if self._checkpoints and self._unusable is None and self._commits and is_long:
            with suppress(StoreError):  # what was committed stays, whatever becomes of this
                self.checkpoint()
        if disk_has_failed():
            keep_open(self._connection)
        else:
            self._connection.close()

    def _check_usable(self) -> None:
        check_disk()
        if self._unusable is not None:
            message, hint = self._unusable
            raise StoreError(message, hint=hint)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with translated(self.path):
            try:
                yield
            except sqlite.Error as error:
                if is_disk_failure(error):
                    fail_stop(self.path)
                raise


_RESTORE = "Stop every greenbot process, put the right file in place, and start again."
_FORKED = ("The store was opened before this process was forked.", "Open it anew in the child.")
_open_stores: "weakref.WeakSet[Db]" = weakref.WeakSet()
_left_by_the_parent: list[Db] = []


def _poison_in_child() -> None:
    # Even closing would be wrong: it could take the parent's WAL away. So the child keeps them, unused.
    for store in list(_open_stores):
        store._unusable = _FORKED
        _left_by_the_parent.append(store)


os.register_at_fork(after_in_child=_poison_in_child)


def connect(
    path: Path,
    *,
    clock: Clock,
    create: bool = True,
    lock_timeout_seconds: float = LOCK_TIMEOUT_SECONDS,
) -> Db:
    """Open the store at `path`, made and migrated when needed: 0600 in a 0700 folder.

    Raises StoreTooNew for a store of a newer greenbot, Busy when others hold it,
    StoreFull, and StoreError when it cannot be used.
    """
    check_disk()
    prepare_file(path, create=create)
    lock = WriteLock(path.with_name(path.name + ".lock"), timeout_seconds=lock_timeout_seconds)
    with translated(path):
        connection = sqlite.connect(
            path,
            timeout=BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            cached_statements=STATEMENTS,
            # Used by one thread at a time (`Db.settle` sees to it), but not always by the same: see `Db.write_behind`.
            check_same_thread=False,
        )
        try:
            _bring_up(connection, path, lock, clock)
            return Db(path, connection, lock)
        except BaseException:
            connection.close()
            lock.close()
            raise


def _bring_up(connection: sqlite.Connection, path: Path, lock: WriteLock, clock: Clock) -> None:
    connection.row_factory = sqlite.Row
    migrations.check_not_newer(connection, path)
    mode = driver.journal_mode(driver.version)
    if migrations.is_current(connection) and _pragma(connection, "journal_mode") == mode:
        _set_pragmas(connection, path, mode)
        return
    with lock.held():
        migrations.check_not_newer(connection, path)
        # Before the first page is written: later only a VACUUM could change it.
        connection.execute("pragma auto_vacuum = incremental")
        _set_journal_mode(connection, mode, clock)
        _set_pragmas(connection, path, mode)
        migrations.migrate(connection, path)


def _set_journal_mode(connection: sqlite.Connection, mode: str, clock: Clock) -> None:
    # On a new file this one statement ignores the busy timeout, so it is tried again here, with a deadline of ours.
    connection.execute("pragma busy_timeout = 0")
    deadline = clock.monotonic() + BUSY_TIMEOUT_SECONDS
    while not _took_journal_mode(connection, mode):
        if clock.monotonic() > deadline:
            raise Busy(f"The journal mode could not be set to {mode}: another program has the store open.")
        clock.sleep(0.005)
    connection.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000:.0f}")


def _took_journal_mode(connection: sqlite.Connection, mode: str) -> bool:
    try:
        return bool(connection.execute(f"pragma journal_mode = {mode}").fetchone()[0] == mode)
    except sqlite.OperationalError as error:
        if not is_busy(error):
            raise
        return False


def _set_pragmas(connection: sqlite.Connection, path: Path, mode: str) -> None:
    """Set what durability and safety stand on, and believe only what is read back."""
    wanted: dict[str, str | int] = {"synchronous": 2, "foreign_keys": 1, "trusted_schema": 0}
    for name, value in wanted.items():
        connection.execute(f"pragma {name} = {value}")
    connection.execute(f"pragma cache_size = {-CACHE_KIB}")
    connection.execute("pragma wal_autocheckpoint = 0")  # see `Db.checkpoint`
    for name, expected in {**wanted, "journal_mode": mode}.items():
        found = _pragma(connection, name)
        if found != expected:
            raise StoreError(f"The store {path} runs with {name}={found} instead of {expected}.")


def _pragma(connection: sqlite.Connection, name: str) -> str | int:
    value: str | int = connection.execute(f"pragma {name}").fetchone()[0]
    return value


@contextmanager
def _transaction(connection: sqlite.Connection) -> Iterator[None]:
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        # A full disk may have ended the transaction already.
        if connection.in_transaction:
            connection.execute("rollback")
        raise
