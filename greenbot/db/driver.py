"""Which SQLite this process uses: the only module that imports a driver.

`pysqlite3` bundles a recent SQLite and is preferred wherever its wheel is installed (sqlite-utils
prefers it by itself, and two copies of SQLite must never open one file in one process). Elsewhere
the standard library serves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The two drivers have one interface; only the standard one has type stubs.
    import sqlite3 as sqlite
else:
    try:
        from pysqlite3 import dbapi2 as sqlite
    except ImportError:
        import sqlite3 as sqlite

__all__ = ["journal_mode", "sqlite", "version", "wal_is_safe"]

Version = tuple[int, ...]

version: Version = sqlite.sqlite_version_info

# The WAL-reset bug (sqlite.org/wal.html#walresetbug): two connections that write and checkpoint at
# once can lose committed rows. In every version from 3.7.0 to 3.51.2 but two patched branches.
_FIRST_WITH_WAL = (3, 7, 0)
_FIXED = (3, 51, 3)
_BACKPORTS = ((3, 44, 6), (3, 50, 7))


def wal_is_safe(library: Version) -> bool:
    """Whether this SQLite library may keep the store in WAL mode without losing committed rows."""
    if library < _FIRST_WITH_WAL:
        return False
    return library >= _FIXED or any(fix <= library and library[:2] == fix[:2] for fix in _BACKPORTS)


def journal_mode(library: Version) -> str:
    """`wal` where it is safe, else `truncate`; both lose nothing with synchronous=FULL."""
    return "wal" if wal_is_safe(library) else "truncate"
