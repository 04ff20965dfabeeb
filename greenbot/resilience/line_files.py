"""Lines in small files beside the store: a lock, a read and a write, some ten times cheaper than a transaction.

Nothing here has to outlast the machine: moments are counted from its boot, and a file of another
boot is an empty line. So nothing is synced, and asking for permission never waits for a disk.
A process killed while it writes leaves the old or the new content: both are written by one call.
"""

import errno
import fcntl
import os
from functools import cache
from pathlib import Path
from struct import Struct, error
from typing import Self

from greenbot.clock import Clock
from greenbot.errors import Busy, StoreError, StoreFull
from greenbot.resilience.line import Line, slots_of

#: Form, boot id, next number, version, pause, last 429, strikes, share, number of slots.
_HEAD = Struct("=4s40sqqqqqdq")
_FORM = b"rl1\n"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_LOCK_TIMEOUT_SECONDS = 5.0
_POLL_SECONDS = 0.0005
_FIRST_READ_BYTES = 4096


class LineFiles:
    """The lines kept in the files of one private folder; for one thread of one process."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._files = _Files(folder)
        self._held = HeldFiles(self._files, clock)

    def change(self) -> "HeldFiles":
        """Hold all lines for a `with` block. Raises Busy when somebody else does not let go of them."""
        return self._held

    def load(self, key: str, boot_id: str) -> Line:
        """The line as it is now."""
        with self.change() as held:
            return held.load(key, boot_id)

    def version(self, key: str, boot_id: str) -> int | None:
        """The version as it is now."""
        with self.change() as held:
            return held.version(key, boot_id)

    def close(self) -> None:
        """Give the files back."""
        self._files.close()


class HeldFiles:
    """The lines while nobody else can change them."""

    def __init__(self, files: "_Files", clock: Clock) -> None:
        self._files = files
        self._clock = clock

    def __enter__(self) -> Self:
        lock = self._files.opened("lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait_for(lock)
        return self

    def __exit__(self, *_failure: object) -> None:
        fcntl.flock(self._files.opened("lock"), fcntl.LOCK_UN)

    def load(self, key: str, boot_id: str) -> Line:
        """The line as it is now."""
        content = self._files.read(_file_name(key))
        try:
            form, boot, next_number, version, paused_ms, limited_ms, strikes, share, count = _HEAD.unpack_from(content)
            if form != _FORM or boot != _boot_field(boot_id):
                return Line()
            slots = slots_of(content[_HEAD.size : _HEAD.size + 8 * count])
        except (error, ValueError):
            return Line()  # written by nobody who knows this form: like no file at all
        if len(slots) != count:
            return Line()
        return Line(slots, next_number, version, paused_ms, share, limited_ms, strikes)

    def version(self, key: str, boot_id: str) -> int | None:
        """The version as it is now."""
        content = self._files.read(_file_name(key))
        if len(content) < _HEAD.size or content[:4] != _FORM or content[4:44] != _boot_field(boot_id):
            return None
        number: int = _HEAD.unpack_from(content)[3]
        return number

    def save(self, key: str, boot_id: str, line: Line) -> None:
        """Keep the line, at once."""
        head = _HEAD.pack(
            _FORM,
            _boot_field(boot_id),
            line.next_number,
            line.version,
            line.paused_until_ms,
            line.limited_at_ms,
            line.strikes,
            line.share,
            len(line.slots),
        )
        self._files.write(_file_name(key), head + line.slots.tobytes())

    def _wait_for(self, lock: int) -> None:
        # Held for microseconds, unless its holder was stopped in the middle of them.
        deadline = self._clock.monotonic() + _LOCK_TIMEOUT_SECONDS
        while self._clock.monotonic() < deadline:
            self._clock.sleep(_POLL_SECONDS)
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
        raise Busy(f"Another greenbot process holds {self._files.folder / 'lock'}.")


class _Files:
    """Small files in one folder, each opened once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, int] = {}

    def opened(self, name: str) -> int:
        fd = self._open.get(name)
        if fd is None:
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                fd = self._open[name] = os.open(self.folder / name, _FLAGS, 0o600)
            except OSError as failure:
                raise self._translated(failure) from failure
        return fd

    def read(self, name: str) -> bytes:
        fd = self.opened(name)
        try:
            content = os.pread(fd, _FIRST_READ_BYTES, 0)
            return content if len(content) < _FIRST_READ_BYTES else os.pread(fd, os.fstat(fd).st_size, 0)
        except OSError as failure:
            raise self._translated(failure) from failure

    def write(self, name: str, content: bytes) -> None:
        try:
            written = os.pwrite(self.opened(name), content, 0)
        except OSError as failure:
            raise self._translated(failure) from failure
        if written != len(content):
            raise StoreFull("The disk is full: a limit could not be noted.")

    def close(self) -> None:
        while self._open:
            os.close(self._open.popitem()[1])

    def _translated(self, failure: OSError) -> StoreError:
        if failure.errno in (errno.ENOSPC, errno.EDQUOT):
            return StoreFull("The disk is full: a limit could not be noted.")
        return StoreError(f"The limits in {self.folder} cannot be used: {failure.strerror}.")


@cache
def _file_name(key: str) -> str:
    # A key may hold any character; a file name may not.
    return "line-" + key.encode().hex()


@cache
def _boot_field(boot_id: str) -> bytes:
    return boot_id.encode()[:40].ljust(40, b"\0")
