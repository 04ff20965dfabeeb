"""The power fails: what would the disk hold, and is everything that was answered on it?

    python -m tests.verify.powerloss                         1,000 images, half of them in each journal mode
    python -m tests.verify.powerloss --images 20000
    python -m tests.verify.powerloss --normal                synchronous=NORMAL must lose answered events

A process keeps and works events under strace. From its system calls crash images are built for many
moments: what was synced is there, and of everything else nothing, everything, some of it, or some sectors of
some of it. Each image is opened as greenbot opens its store after the power came back.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from greenbot.clock import SystemClock
from greenbot.db import driver
from greenbot.db.connect import connect
from greenbot.errors import GreenbotError
from tests.verify.nursery import OLD_SQLITE
from tests.verify.powerloss_trace import CALLS, Op, ops_of
from tests.verify.powerloss_writer import ACKS, STORE

ROOT = Path(__file__).parents[2]
SECTOR = 512
DIGEST_BYTES = 16
WAYS = ("nothing", "everything", "some", "some", "torn", "torn")
FILES = (STORE, f"{STORE}-wal", f"{STORE}-journal")


@dataclass(slots=True, kw_only=True)
class Options:
    """What the command line asks for."""

    images: int
    seed: int
    mode: str
    normal: bool
    events: int


@dataclass(slots=True)
class Disk:
    """What certainly is on the disk at one moment, and what only may be."""

    safe: dict[str, bytearray] = field(default_factory=dict)
    pending: list[Op] = field(default_factory=list)
    acked: list[bytes] = field(default_factory=list)

    def see(self, op: Op) -> None:
        """One more call has ended."""
        name = Path(op.path).name
        if name == ACKS and op.kind == "write":
            self.acked += [op.data[at : at + DIGEST_BYTES] for at in range(0, len(op.data), DIGEST_BYTES)]
        elif op.kind == "sync":
            self._sync(op)
        elif name in FILES:
            self.pending.append(op)

    def _sync(self, sync: Op) -> None:
        """A sync of a file saves what had been done to it before; one of the folder saves what was made and removed."""
        left = []
        for op in self.pending:
            in_folder = op.kind in ("create", "unlink") and Path(op.path).parent == Path(sync.path)
            # A file that was synced can be found again, too.
            if op.ended < sync.began and (op.path == sync.path or in_folder):
                apply(self.safe, op)
            else:
                left.append(op)
        self.pending = left

    def image(self, way: str, rng: random.Random) -> dict[str, bytearray]:
        """What the disk could hold if the power failed now."""
        files = {name: bytearray(content) for name, content in self.safe.items()}
        share = rng.random()
        for op in self.pending:
            if way == "nothing" or (way in ("some", "torn") and rng.random() > share):
                continue
            apply(files, op, torn=rng if way == "torn" else None)
        return files


def apply(files: dict[str, bytearray], op: Op, *, torn: random.Random | None = None) -> None:
    """Carry one change out; a torn write reaches only some sectors."""
    name = Path(op.path).name
    if op.kind == "unlink":
        files.pop(name, None)
        return
    content = files.setdefault(name, bytearray())
    if op.kind == "truncate":
        del content[op.size :]
        content.extend(bytes(op.size - len(content)))
    elif op.kind == "write":
        for at in range(0, len(op.data), SECTOR):
            if torn is None or torn.random() < 0.5:
                begin, part = op.offset + at, op.data[at : at + SECTOR]
                content.extend(bytes(max(0, begin + len(part) - len(content))))
                content[begin : begin + len(part)] = part


def traced(folder: Path, options: Options) -> list[Op]:
    """What the writer did to the store, from its first connection on."""
    trace = folder / "trace"
    safety = "normal" if options.normal else "full"
    store = folder / "store"
    store.mkdir(mode=0o700)
    writer = [sys.executable, "-m", "tests.verify.powerloss_writer", str(store), options.mode, safety]
    watched = [part for name in (*FILES, ACKS) for part in ("-P", str(store / name))] + ["-P", str(store)]
    strace = ["strace", "-f", "-y", "-xx", "-s", "10000000", "-e", f"trace={CALLS}", *watched, "-o", str(trace)]
    subprocess.run(
        [*strace, *writer, str(options.events)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    with trace.open(encoding="ascii") as lines:
        return list(ops_of(lines))


def images(ops: list[Op], options: Options, rng: random.Random) -> Iterator[tuple[str, dict[str, bytearray], Disk]]:
    """Crash images at moments spread over the whole run, each answer's own moment among them."""
    disk = Disk()
    first = next(number for number, op in enumerate(ops) if Path(op.path).name == ACKS)
    moments = len(ops) - first
    left = options.images
    for number, op in enumerate(ops):
        disk.see(op)
        if number < first:
            continue
        share = left / max(1, moments)
        moments -= 1
        for _ in range(int(share) + (rng.random() < share % 1)):
            if left:
                left -= 1
                way = rng.choice(WAYS)
                yield way, disk.image(way, rng), disk


def fault_of(folder: Path, files: dict[str, bytearray], acked: list[bytes]) -> str:
    """What is wrong with an image; empty when nothing is."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    try:
        db = connect(folder / STORE, clock=SystemClock(), create=False)
    except GreenbotError as error:
        return f"unusable: {type(error).__name__}"
    try:
        if db.scalar("pragma integrity_check") != "ok":
            return "damaged"
        kept = {bytes(row["digest"]) for row in db.all("select digest from events")}
        if any(digest not in kept for digest in acked):
            return "lost"
        apart = """
        select count(*) from events
         where (state = 'done') <> (select count(*) from verify_effects where event_id = events.id)
        """
        return "effect and done apart" if db.scalar(apart) else ""
    except GreenbotError as error:
        return f"unreadable: {type(error).__name__}"
    finally:
        db.close()


def verify(options: Options) -> bool:
    """One run in one journal mode; whether it showed what it had to show."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="verify-powerloss-", dir=memory if os.access(memory, os.W_OK) else None))
    newest = driver.version
    if options.mode == "truncate":
        driver.version = OLD_SQLITE
    rng = random.Random(options.seed)
    faults: Counter[str] = Counter()
    count = pending = 0
    begun = time.monotonic()
    try:
        ops = traced(folder, options)
        for way, files, disk in images(ops, options, rng):
            count += 1
            pending += bool(disk.pending)
            if fault := fault_of(folder / "image", files, disk.acked):
                faults[f"{fault} ({way} of what was not synced)"] += 1
    finally:
        driver.version = newest
        shutil.rmtree(folder)
    seconds = time.monotonic() - begun
    safety = "NORMAL" if options.normal else "FULL"
    say(f"{options.mode}, synchronous={safety}: {count} images of {len(ops)} calls in {seconds:.0f} s")
    say(f"  {pending} of them at moments when not everything was synced")
    for fault, times in faults.most_common():
        say(f"  {fault}: {times}")
    if options.normal:
        lost = any(fault.startswith(("lost", "damaged", "un")) for fault in faults)
        say(f"control: {'losses were shown, as they must be' if lost else 'NOTHING was lost: this proves nothing'}")
        return lost
    say("SOUND" if not faults else "BROKEN")
    return not faults and count >= options.images


def say(words: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def read_options(arguments: list[str]) -> list[Options]:
    """The command line: one run, or one in each mode with half of the images."""
    parser = argparse.ArgumentParser(prog="verify-powerloss")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--events", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", choices=("wal", "truncate", "both"))
    parser.add_argument("--normal", action="store_true")
    given = parser.parse_args(arguments)
    # NORMAL is what many run WAL with; in TRUNCATE mode nobody would expect it to be safe.
    chosen = given.mode or ("wal" if given.normal else "both")
    modes = ("wal", "truncate") if chosen == "both" else (chosen,)
    share = -(-given.images // len(modes))
    return [
        Options(images=share, seed=given.seed, mode=mode, normal=given.normal, events=given.events) for mode in modes
    ]


def main(arguments: list[str]) -> int:
    """Every run that was asked for; 0 when all showed what they had to show."""
    if shutil.which("strace") is None:
        say("This needs strace, which shows in which order a process writes and syncs.")
        return 1
    shown = [verify(options) for options in read_options(arguments)]
    return 0 if all(shown) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
