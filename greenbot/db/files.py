"""The store's files as the file system has them. None is opened here: see greenbot.db.connect."""

import os
from pathlib import Path
from typing import TypeAlias

from greenbot.db.translate import from_os
from greenbot.errors import StoreError

Identity: TypeAlias = "tuple[tuple[int, int] | None, ...]"


def prepare_file(path: Path, *, create: bool) -> None:
    """Make the store's file, and see to it that nobody else may read it. Raises StoreError."""
    try:
        if path.exists():
            # The WAL files inherit these bits, so they must be right before SQLite opens the file.
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)
            return
        if not create:
            raise StoreError(f"There is no store at {path}.", hint="Start with: greenbot init")
        make_private_dir(path.parent)
        # Exclusive: opening and closing an existing store here would drop this process's locks on it.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return  # another process made it at this very moment
    except OSError as error:
        raise from_os(error, path) from error


def make_private_dir(folder: Path) -> None:
    """Make a folder, and the missing ones above it, readable by nobody else. Raises OSError."""
    if not folder.is_dir():
        make_private_dir(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def files(path: Path) -> tuple[Identity, int]:
    """Device and inode of the store and of its WAL, and the bytes of the WAL."""
    (store, _), (wal, size) = _file(path), _file(path.with_name(path.name + "-wal"))
    return (store, wal), size


def _file(path: Path) -> tuple[tuple[int, int] | None, int]:
    try:
        found = path.stat()
    except OSError:
        return None, 0
    return (found.st_dev, found.st_ino), found.st_size
