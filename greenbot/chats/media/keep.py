"""Putting a fetched file into our folder under a name of our own, and taking old ones out.

`<first 16 digits of its SHA-256>.<ending by its bytes>`: nothing a guest chose is part of a path. Every file is
opened from the descriptor of the folder, never through a link, and only its owner can read it.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.chats.media.sniff import ENDINGS, HEAD_BYTES, FileType, file_type
from greenbot.chats.media.table import NAMED, Wanted
from greenbot.clock import Clock
from greenbot.errors import Refused

if TYPE_CHECKING:
    from greenbot.db.connect import Db

ADD = """
insert into media (instance, chat, entry_id, sha256, name, type, size_bytes, given_name, at_ms)
select :instance, chat, id, :sha256, :name, :type, :size_bytes, :given_name, :now from chat_entries where id = :entry_id
    on conflict do nothing
"""
OLD = """
select id, name, size_bytes from media
 where at_ms < :before and (:instance is null or instance = :instance) order by id limit :most
"""
REMOVE = "delete from media where id = :id"
_BATCH = 200
_NAME = re.compile(r"[0-9a-f]{16}\.([a-z0-9]{2,4})")
_PARTIAL = re.compile(r"\.[0-9a-f]{16}\.part")
#: A download that began less long ago may still be under way.
_PARTIAL_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A complete file with a temporary name."""

    partial: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was removed."""

    files: int
    size_bytes: int


def stored_name(sha256: str, found: FileType) -> str:
    """The name of a file with these bytes: digits and an ending from our list, so it cannot leave the folder."""
    name = f"{sha256[:16]}.{found.ending}"
    match = _NAME.fullmatch(name)
    assert match is not None and match[1] in ENDINGS, "made here"
    return name


@contextmanager
def folder(path: Path) -> Iterator[int]:
    """The folder as a descriptor, made 0700 where missing. Raises OSError, also when it is a link."""
    if not path.is_dir():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def begin(where: int, random_bytes: bytes) -> tuple[str, int]:
    """A new file to write into: its temporary name and its descriptor."""
    name = f".{random_bytes.hex()}.part"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return name, os.open(name, flags, 0o600, dir_fd=where)


def finish(db: "Db", where: int, arrived: Arrived, wanted: Wanted, clock: Clock) -> str:
    """Give a file its name and write it down; the name. The same bytes twice are one file.

    Raises `Refused` when another file has this name, Busy, StoreError, OSError.
    """
    found = file_type(_head(where, arrived.partial), wanted.given_name)
    name = stored_name(arrived.sha256, found)
    try:
        # Unlike a rename this never replaces what is there.
        os.link(arrived.partial, name, src_dir_fd=where, dst_dir_fd=where, follow_symlinks=False)
    except FileExistsError:
        if _digest(where, name) != arrived.sha256:
            raise Refused(f"Another file is called {name} already; this one was not kept.", hint=None) from None
    os.fsync(where)
    with db.write() as tx:
        tx.run(
            ADD,
            instance=wanted.instance,
            entry_id=wanted.entry_id,
            sha256=arrived.sha256,
            name=name,
            type=found.mime_type,
            size_bytes=arrived.size_bytes,
            given_name=wanted.given_name,
            now=clock.now_ms(),
        )
    return name


def discard(where: int, partial: str) -> None:
    """Remove a temporary file; harmless when it is gone."""
    try:
        os.unlink(partial, dir_fd=where)
    except FileNotFoundError:
        return


def prune(db: "Db", where: int, *, before_ms: int, instance: str | None, clock: Clock) -> Pruned:
    """Remove files fetched before that moment, and whatever lies in the folder without belonging to anything."""
    removed, size = 0, 0
    while rows := db.all(OLD, before=before_ms, instance=instance, most=_BATCH):
        with db.write() as tx:
            for row in rows:
                tx.run(REMOVE, id=row["id"])
        for row in rows:
            if _forget(db, where, row["name"]):
                removed, size = removed + 1, size + row["size_bytes"]
    strays = [name for name in os.listdir(where) if _is_stray(db, where, name, clock)]
    for name in strays:
        discard(where, name)
    return Pruned(files=removed + len(strays), size_bytes=size)


def old(db: "Db", *, before_ms: int, instance: str | None) -> Pruned:
    """What `prune` would remove of what is written down."""
    rows = db.all(OLD, before=before_ms, instance=instance, most=-1)
    return Pruned(files=len({row["name"] for row in rows}), size_bytes=sum(row["size_bytes"] for row in rows))


def _forget(db: "Db", where: int, name: str) -> bool:
    if db.one(NAMED, name=name) is not None:
        return False
    discard(where, name)
    return True


def _is_stray(db: "Db", where: int, name: str, clock: Clock) -> bool:
    """A file of ours that no row names; what others put here is none of our business."""
    if not (_NAME.fullmatch(name) or _PARTIAL.fullmatch(name)) or db.one(NAMED, name=name) is not None:
        return False
    age_seconds = clock.now_ms() / 1000 - os.stat(name, dir_fd=where, follow_symlinks=False).st_mtime
    return age_seconds > _PARTIAL_SECONDS


def _head(where: int, name: str) -> bytes:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=where)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(HEAD_BYTES)


def _digest(where: int, name: str) -> str:
    import hashlib

    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=where)
    with os.fdopen(descriptor, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
