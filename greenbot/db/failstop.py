"""After a failed disk a process must not touch a store any more, not even to close it.

SQLite goes on happily after a failed sync, and the pages that the system dropped then do not come back. The WAL has
them still, unless one more checkpoint, of any connection, succeeds without them and the WAL begins anew; closing the
last connection does just that, and the end of the interpreter closes what is open. So all connections of the process
stop at once and none is closed; the next process takes the whole WAL.
(Rebello et al., Can Applications Recover from fsync Failures?, USENIX ATC 2020.)
"""

from pathlib import Path

from greenbot.errors import StoreError

_HINT = "Stop every greenbot process, and check the disk (dmesg, free space, quota) before you start one again."

#: What to say, once there is something.
_failures: list[str] = []
_never_to_be_closed: list[object] = []


def disk_has_failed() -> bool:
    """Whether stores of this process stay open for ever; whoever ends it then has to do so with `os._exit`."""
    return bool(_failures)


def fail_stop(path: Path) -> None:
    """The disk failed under the store at `path`."""
    _failures.append(f"The disk failed under the store {path}; greenbot stopped here.")


def check_disk() -> None:
    """Raises StoreError once the disk has failed."""
    if _failures:
        raise StoreError(_failures[0], hint=_HINT)


def keep_open(connection: object) -> None:
    """Never let go of a connection, so that nothing closes it."""
    _never_to_be_closed.append(connection)
