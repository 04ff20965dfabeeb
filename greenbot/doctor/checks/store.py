"""The store: its file, its mode, its soundness, its backups, and the disk below it."""

from collections.abc import Iterator

from greenbot.doctor.facts import Facts, Missing
from greenbot.doctor.finding import Check, Finding, fault, ok, or_ok, skipped, warning

MIB = 1024 * 1024
DAY_MS = 86_400_000
#: Locks and shared memory of SQLite do not hold on these.
_NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "afs", "ceph", "glusterfs", "fuse.glusterfs", "davfs", "lustre")
LITTLE_BYTES, TOO_LITTLE_BYTES = 1024 * MIB, 100 * MIB
_WAL_BYTES = 64 * MIB
_FEW_INODES = 1000


def ours(facts: Facts) -> Iterator[Finding]:
    """The file is a store of this greenbot, in its schema."""
    assert not isinstance(facts.store, Missing)
    found = facts.store
    if not found.is_ours:
        yield fault(f"{found.path} belongs to another program.", "greenbot config get database")
    elif found.schema > found.latest_schema:
        what = f"The store has schema {found.schema}; this greenbot knows {found.latest_schema}."
        yield fault(what, "Install the newer version again, or: greenbot db restore FILE")
    elif found.schema < found.latest_schema:
        what = f"The store has schema {found.schema}, this greenbot works with {found.latest_schema}."
        yield warning(what, "greenbot db migrate")


def mode(facts: Facts) -> Iterator[Finding]:
    """SQLite works in the mode that loses nothing."""
    assert not isinstance(facts.store, Missing)
    found, version = facts.store, ".".join(map(str, facts.store.sqlite))
    if found.journal_mode == "wal" != found.wanted_journal_mode:
        what = f"The store is in WAL mode, and SQLite {version} can lose committed rows in it."
        yield fault(what, "pip install pysqlite3, then: greenbot db migrate")
    elif found.wanted_journal_mode != "wal":
        what = (
            f"SQLite {version} has a bug with WAL, so the store works in the slower mode {found.wanted_journal_mode}."
        )
        yield warning(what, "pip install pysqlite3")
    elif found.journal_mode != found.wanted_journal_mode:
        what = f"Another program put the store into the journal mode {found.journal_mode}."
        yield warning(what, "greenbot db migrate")


def sound(facts: Facts) -> Iterator[Finding]:
    """The file is not damaged."""
    assert not isinstance(facts.store, Missing)
    found = facts.store
    if found.problems is None:
        yield skipped("The store is too large to be checked in a few seconds.", fix="greenbot db check")
    for problem in (found.problems or ())[:3]:
        yield fault(f"The store is damaged: {problem}.", "greenbot db check, then: greenbot db restore FILE")


def wal(facts: Facts) -> Iterator[Finding]:
    """Changes get from the WAL into the store."""
    assert not isinstance(facts.store, Missing)
    if facts.store.wal_bytes > _WAL_BYTES:
        what = f"The WAL has grown to {facts.store.wal_bytes // MIB} MB: some program reads the store without an end."
        yield warning(what, f"fuser -v {facts.store.path}")


def backups(facts: Facts) -> Iterator[Finding]:
    """There is a backup, and it is fresh."""
    assert not isinstance(facts.store, Missing)
    last = facts.store.last_backup_at_ms
    if last is None:
        yield warning("There is no backup.", "greenbot db backup, each night: greenbot service install")
    elif facts.now_ms - last > 7 * DAY_MS:
        yield fault(f"The last backup is {(facts.now_ms - last) // DAY_MS} days old.", "greenbot db backup")
    elif facts.now_ms - last > 2 * DAY_MS:
        yield warning(f"The last backup is {(facts.now_ms - last) // DAY_MS} days old.", "greenbot db backup")


def space(facts: Facts) -> Iterator[Finding]:
    """There is room, and it can be written."""
    assert not isinstance(facts.disk, Missing)
    found = facts.disk
    free = f"{found.free_bytes // MIB} MB are free in {found.folder}."
    if not found.is_writable:
        yield fault(f"{found.folder} cannot be written.", f"ls -ld {found.folder}; mount | grep ' ro,'")
    if found.free_bytes < TOO_LITTLE_BYTES:
        yield fault(
            f"Only {free} Below 16 MB events are refused.", "greenbot outbox purge, greenbot events purge, df -h"
        )
    elif found.free_bytes < LITTLE_BYTES:
        yield warning(f"Only {free}", "greenbot outbox purge, greenbot events purge, df -h")
    if found.free_inodes is not None and found.free_inodes < _FEW_INODES:
        yield fault(f"{found.folder} has room for {found.free_inodes} more files only.", "df -i")


def local(facts: Facts) -> Iterator[Finding]:
    """The store is on a disk of this machine."""
    assert not isinstance(facts.disk, Missing)
    kind = facts.disk.kind
    if kind.startswith(_NETWORK):
        what = f"{facts.disk.folder} is on a network file system ({kind}): locks do not hold there, rows get lost."
        yield fault(what, "Stop everything, move the folder to a disk of this machine, set GREENBOT_HOME")
    elif kind in ("tmpfs", "ramfs"):
        what = f"{facts.disk.folder} is in memory ({kind}): everything is gone with the machine."
        yield warning(what, "Set GREENBOT_HOME to a folder on a disk")
    else:
        yield ok(f"It is ({kind or 'kind unknown'}).")


CHECKS = (
    Check(
        id="store.schema",
        title="The store fits this greenbot",
        why="A store of another version cannot be worked with.",
        needs=("store",),
        decide=lambda facts: or_ok(ours(facts), "It does."),
    ),
    Check(
        id="store.mode",
        title="SQLite loses nothing",
        why="What was acknowledged has to be there after a power cut.",
        needs=("store",),
        decide=lambda facts: or_ok(mode(facts), "It writes in a safe mode (WAL, synchronous FULL)."),
    ),
    Check(
        id="store.sound",
        title="The store is not damaged",
        why="Damage spreads with each write, and into each backup.",
        needs=("store",),
        decide=lambda facts: or_ok(sound(facts), "No page is."),
    ),
    Check(
        id="store.wal",
        title="The WAL stays small",
        why="A program that never stops reading makes it grow until the disk is full.",
        needs=("store",),
        decide=lambda facts: or_ok(wal(facts), "It is."),
    ),
    Check(
        id="store.backup",
        title="There is a fresh backup",
        why="After the loss of the disk only a backup is left.",
        needs=("store",),
        decide=lambda facts: or_ok(backups(facts), "It is not older than two days."),
    ),
    Check(
        id="disk.space",
        title="The disk has room",
        why="On a full disk no message and no event is accepted.",
        needs=("disk",),
        decide=lambda facts: or_ok(space(facts), "It has."),
    ),
    Check(
        id="disk.local",
        title="The store is on a disk of this machine",
        why="SQLite's locks need one.",
        needs=("disk",),
        decide=local,
    ),
)
