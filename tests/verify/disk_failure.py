"""A sync of the store fails once, and what the system then forgets is gone: is every acknowledged event still there?

    python -m tests.verify.disk_failure                 20 failures at different moments of a storm
    python -m tests.verify.disk_failure --careless      the stores are closed in good order: events must be lost

A library between the process and the disk keeps what was written to the store since its last sync. One sync fails
with EIO, as Linux tells it: once, with the pages taken for clean. Afterwards the old pages are put back, which is what
the disk holds, and the store is opened together with the WAL as the next process finds it.
"""

import argparse
import asyncio
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from greenbot.clock import SystemClock
from greenbot.db import connect as connecting
from greenbot.db.connect import Db, connect
from greenbot.entry import _leave_stores_open
from greenbot.errors import GreenbotError
from greenbot.inbox.arrival import Arrival, Kept
from greenbot.inbox.group import GroupCommit
from tests.verify.verdict import Verdict, prove, say

ROOT = Path(__file__).parents[2]
CLOCK = SystemClock()
STORE = "greenbot.db"
AT_ONCE = 6
MOST_EVENTS = 20_000
BODY = b'{"typeWebhook":"incomingMessageReceived","n":%d,"x":"%s"}'

LIBRARY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *kept;
static int over;

static int is_store(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    const char *name = "/greenbot.db";
    return length > 12 && !memcmp(path + length - 12, name, 12);
}

static void keep(int fd, size_t size, off64_t at) {
    ssize_t (*read_at)(int, void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pread64");
    char *old = malloc(size);
    long long got = read_at(fd, old, size, at);
    if (got < 0) got = 0;
    if (!kept) kept = fopen(getenv("KEPT"), "w+");
    fwrite(&at, sizeof at, 1, kept); fwrite(&got, 8, 1, kept); fwrite(old, 1, got, kept); fflush(kept);
    free(old);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    ssize_t (*write_at)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
    if (!over && is_store(fd)) keep(fd, size, at);
    return write_at(fd, bytes, size, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return pwrite64(fd, bytes, size, at); }

static int synced(int fd, const char *name) {
    int (*sync)(int) = dlsym(RTLD_NEXT, name);
    if (!over && is_store(fd)) {
        if (kept && ftell(kept) > 0 && !access(getenv("FAIL"), F_OK)) { over = 1; errno = EIO; return -1; }
        if (kept) { rewind(kept); if (ftruncate(fileno(kept), 0)) abort(); }
    }
    return sync(fd);
}
int fsync(int fd) { return synced(fd, "fsync"); }
int fdatasync(int fd) { return synced(fd, "fdatasync"); }
"""


async def storm(store: Path, acknowledged: Path, fail: Path, after: int) -> None:
    """Keep events until the disk fails, writing down each that was acknowledged."""
    group = GroupCommit(lambda: connect(store, clock=CLOCK), CLOCK)
    await group.start()
    with acknowledged.open("w") as said:
        for number in range(0, MOST_EVENTS, AT_ONCE):
            if number >= after:
                fail.touch()
            bodies = [BODY % (number + one, os.urandom(2800).hex().encode()) for one in range(AT_ONCE)]
            arrivals = [Arrival("kyiv", body, "webhook", CLOCK.now_ms()) for body in bodies]
            answers = await asyncio.gather(*map(group.keep, arrivals), return_exceptions=True)
            for answer in answers:
                if isinstance(answer, Kept):
                    said.write(f"{answer.event_id}\n")
            if any(isinstance(answer, BaseException) for answer in answers):
                break
    await group.close()


def child(folder: Path, after: int, *, careless: bool) -> None:
    """The process under which the disk fails. The careless one closes what it has, as one would."""
    if careless:
        setattr(connecting, "disk_has_failed", lambda: False)  # noqa: B010 - mypy knows that this is no way to use it
    asyncio.run(storm(folder / STORE, folder / "acknowledged", folder / "fail", after))
    if not careless:
        _leave_stores_open(13)


def put_back(kept: Path, store: Path) -> int:
    """Write what the disk still holds over what it forgot; how many pieces."""
    pieces = list(_pieces(kept.read_bytes()))
    with store.open("r+b") as file:
        for at, old in reversed(pieces):
            file.seek(at)
            file.write(old)
    return len(pieces)


def _pieces(raw: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(raw):
        at, size = struct.unpack_from("<qq", raw, place)
        yield at, raw[place + 16 : place + 16 + size]
        place += 16 + size


def lost_of(folder: Path) -> tuple[int, int]:
    """How many acknowledged events are not there any more, and of how many; all of them where the store is damaged."""
    acknowledged = {int(line) for line in (folder / "acknowledged").read_text().split()}
    try:
        db: Db = connect(folder / STORE, clock=CLOCK, create=False)
        there = {int(row["id"]) for row in db.all("select id from events")}
        is_whole = db.scalar("pragma integrity_check") == "ok"
        db.close()
    except GreenbotError:
        return len(acknowledged), len(acknowledged)
    return len(acknowledged - there) if is_whole else len(acknowledged), len(acknowledged)


def one_failure(folder: Path, library: Path, after: int, *, careless: bool) -> tuple[int, int, int]:
    """Lost, acknowledged, and pieces of the store that the disk forgot."""
    folder.mkdir()
    environ = {**os.environ, "KEPT": str(folder / "kept"), "FAIL": str(folder / "fail"), "LD_PRELOAD": str(library)}
    line = [sys.executable, "-m", __spec__.name, "--child", str(folder), "--after", str(after)]
    subprocess.run(
        [*line, *(["--careless"] if careless else [])], cwd=ROOT, env=environ, stderr=subprocess.DEVNULL, timeout=120
    )
    (folder / f"{STORE}-shm").unlink(missing_ok=True)
    forgotten = put_back(folder / "kept", folder / STORE)
    return (*lost_of(folder), forgotten)


def proof(folder: Path, verdict: Verdict, *, failures: int, careless: bool) -> None:
    """Fail at that many moments."""
    source, library = folder / "failing.c", folder / "failing.so"
    source.write_text(LIBRARY)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True)
    lost = acknowledged = forgotten = 0
    for number in range(failures):
        after = 1_500 + number * 397 % 4_000
        found = one_failure(folder / str(number), library, after, careless=careless)
        lost, acknowledged, forgotten = lost + found[0], acknowledged + found[1], forgotten + found[2]
        shutil.rmtree(folder / str(number))
    say(f"{failures} failures; acknowledged {acknowledged}, forgotten by the disk {forgotten} pieces, lost {lost}")
    verdict.holds("each failure took something away", so=forgotten >= failures)
    if careless:
        verdict.holds("stores that are closed in good order lose acknowledged events: the harm is seen", so=lost > 0)
    else:
        verdict.holds("every acknowledged event is there, and the store is whole", so=lost == 0)


def main(arguments: list[str]) -> int:
    """Run it; 0 when what was to be shown was shown."""
    parser = argparse.ArgumentParser(prog="verify-disk")
    parser.add_argument("--failures", type=int, default=20)
    parser.add_argument("--careless", action="store_true")
    parser.add_argument("--child", type=Path)
    parser.add_argument("--after", type=int, default=0)
    given = parser.parse_args(arguments)
    if given.child is not None:
        child(given.child, given.after, careless=given.careless)
        return 0
    if sys.platform != "linux" or shutil.which("cc") is None:
        say("This needs Linux and a C compiler.")
        return 1
    return prove(
        "verify-disk",
        lambda folder, verdict: proof(folder, verdict, failures=given.failures, careless=given.careless),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
