"""Odd requests against one service: `python -m tests.verify.intake_fuzz --count 1000000`.

Four of five are authenticated webhooks with a mutated body: each must be answered 200 and stand in the store byte
for byte. The fifth has a mutated head, for another instance: it may be refused, but never with a 5xx, and every
connection must end or answer. The service's memory must not grow with the number of requests.
"""

import argparse
import asyncio
import os
import random
import re
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from tests.cli.harness import clean_environ, program
from tests.server.malformed import MALFORMED, mutated, mutated_head, samples
from tests.verify.verdict import Verdict, prove, say

PATH = "/api/v1/webhooks/green-api"
TOKENS = {"kyiv": "0123456789abcdef-kyiv", "coast": "0123456789abcdef-coast"}
CONNECTIONS = 24
PIPELINED = 16
SECONDS = 60.0
#: What a service may gain between the first tenth and the end; caches fill, and nothing else may.
MOST_GROWTH_MIB = 48.0
_STATUS = re.compile(rb"^HTTP/1\.1 (\d{3}) ", re.MULTILINE)
CONFIG = """
[instances.kyiv]
id = "1101000001"
webhook_token_env = "KYIV"
[instances.coast]
id = "1101000002"
webhook_token_env = "COAST"
"""


@dataclass(kw_only=True)
class Seen:
    """What came of the requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    #: Digests of the bodies that were answered 200.
    kept: set[bytes] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)


def digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=16).digest()


def fuzz(*, count: int, seed: int, home: Path) -> Seen:
    """Carry it out in `home` and judge it: `problems` is empty when every promise was kept."""
    seen = Seen()
    (home / "greenbot").mkdir(mode=0o700, parents=True)
    (home / "greenbot" / "config.toml").write_text(CONFIG)
    read, write = os.pipe()
    with (home / "log").open("wb") as log:
        service = subprocess.Popen(
            program(*_SERVE, "--ready-fd", str(write)),
            env=clean_environ(home) | {"KYIV": TOKENS["kyiv"], "COAST": TOKENS["coast"]},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[write],
        )
    os.close(write)
    try:
        with os.fdopen(read) as ready:
            port = int(ready.readline().strip().rpartition(":")[2])
        asyncio.run(_send_all(port, service.pid, count, seed, seen))
        service.send_signal(signal.SIGTERM)
        if service.wait(SECONDS) != 0:
            seen.problems.append(f"the service left with {service.returncode}: {(home / 'log').read_text()[-2000:]}")
    finally:
        service.kill()
        service.wait()
    _judge(home, seen)
    return seen


_SERVE = ("serve", "--port", "0", "--no-worker", "--no-process", "--no-hooks")


async def _send_all(port: int, pid: int, count: int, seed: int, seen: Seen) -> None:
    share = max(PIPELINED, count // CONNECTIONS)
    tasks = [
        asyncio.create_task(_client(port, random.Random(f"{seed}/{number}"), share, seen))
        for number in range(CONNECTIONS)
    ]
    watching = asyncio.create_task(_watch_memory(pid, seen))
    await asyncio.gather(*tasks)
    watching.cancel()


async def _watch_memory(pid: int, seen: Seen) -> None:
    while True:
        status = Path(f"/proc/{pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        seen.memory_mib.append(int(found[1]) / 1024 if found else 0.0)
        await asyncio.sleep(0.25)


async def _client(port: int, rng: random.Random, count: int, seen: Seen) -> None:
    seeds = [*samples(), *(body for body in MALFORMED.values() if len(body) < 10_000)]
    for done in range(0, count, PIPELINED):
        if done % (5 * PIPELINED) == 0:
            await _odd_heads(port, rng, seeds, seen)
        else:
            await _odd_bodies(port, rng, seeds, seen)


async def _odd_bodies(port: int, rng: random.Random, seeds: list[bytes], seen: Seen) -> None:
    bodies = [mutated(rng.choice(seeds), rng) for _ in range(PIPELINED)]
    head = f"POST {PATH}/kyiv HTTP/1.1\r\nHost: h\r\nAuthorization: {TOKENS['kyiv']}\r\nContent-Length: "
    raw = b"".join(b"%s%d\r\n\r\n%s" % (head.encode(), len(body), body) for body in bodies)
    answered = await _exchange(port, raw, PIPELINED, seen)
    if answered != [200] * PIPELINED:
        seen.problems.append(f"authenticated bodies were answered {answered}")
        return
    seen.kept.update(map(digest, bodies))


async def _odd_heads(port: int, rng: random.Random, seeds: list[bytes], seen: Seen) -> None:
    async def one() -> None:
        body = mutated(rng.choice(seeds), rng)
        raw = mutated_head(TOKENS["coast"], f"{PATH}/coast", len(body), rng) + body
        answered = await _exchange(port, raw, 1, seen)
        if any(status >= 500 for status in answered):
            seen.problems.append(f"{answered} for {raw[:300]!r}")

    await asyncio.gather(*(one() for _ in range(PIPELINED)))


async def _exchange(port: int, raw: bytes, expected: int, seen: Seen) -> list[int]:
    """The statuses of what comes back: as many as were expected, or until the service ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        async with asyncio.timeout(SECONDS):
            writer.write(raw)
            if expected == 1:
                # A head that promises more than there is would be waited for: that is what its deadline is for.
                writer.write_eof()
            while len(_STATUS.findall(received)) < expected and (piece := await reader.read(65536)):
                received += piece
    except TimeoutError:
        seen.problems.append(f"no answer within {SECONDS:g} s to {raw[:300]!r}")
    except OSError:
        pass  # the service ended the connection while this side still sent
    finally:
        writer.close()
    statuses = [int(status) for status in _STATUS.findall(received)]
    seen.statuses.update(statuses)
    return statuses


def _judge(home: Path, seen: Seen) -> None:
    from greenbot.clock import SystemClock
    from greenbot.db.connect import connect

    db = connect(home / "greenbot" / "greenbot.db", clock=SystemClock())
    try:
        stored = {digest(bytes(row["raw"])) for row in db.all("select raw from events where instance = 'kyiv'")}
        sound = db.scalar("pragma integrity_check")
    finally:
        db.close()
    if stored != seen.kept:
        seen.problems.append(f"{len(seen.kept - stored)} bodies are missing, {len(stored - seen.kept)} were never sent")
    if sound != "ok":
        seen.problems.append(f"integrity_check: {sound!r}")
    settled = seen.memory_mib[len(seen.memory_mib) // 10 :]
    if settled and max(settled) - settled[0] > MOST_GROWTH_MIB:
        seen.problems.append(f"memory grew from {settled[0]:.0f} to {max(settled):.0f} MiB")


def main() -> int:
    """Run it and say what came of it; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    def proof(folder: Path, verdict: Verdict) -> None:
        seen = fuzz(count=options.count, seed=options.seed, home=folder)
        say(f"{seen.statuses.total()} answers: {dict(sorted(seen.statuses.items()))}")
        say(f"{len(seen.kept)} different bodies acknowledged")
        say(f"memory of the service: {seen.memory_mib[0]:.0f} MiB, at the end {seen.memory_mib[-1]:.0f} MiB")
        for problem in seen.problems[:20]:
            say(f"  {problem}")
        verdict.holds(
            "no 5xx, no hang, what was acknowledged is stored byte for byte, memory flat", so=not seen.problems
        )

    return prove("verify-intake", proof)


if __name__ == "__main__":
    sys.exit(main())
