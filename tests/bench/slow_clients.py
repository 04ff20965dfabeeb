"""Whether slow clients slow down the others: `python -m tests.bench.slow_clients`.

One client posts events one after the other, first alone, then beside 1,000 connections that send a byte of a
head every few seconds and come back when they are cut off, in turns. Leaves with 1 when its p99 beside them is more
than three times what it was alone.
"""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.bench.intake import HOST, PATH, WEBHOOK_TOKEN
from tests.bench.loopback import ID_INSTANCE, TOKEN, clean_environ

SLOW = 1000
MOST = 3.0
BYTE_SECONDS = 2.0
BACK_AFTER_SECONDS = 1.0


@contextmanager
def service(home: Path) -> Iterator[int]:
    """`greenbot serve` in a process; its port."""
    read, write = os.pipe()
    environ = clean_environ(home) | {
        "GREEN_API_INSTANCE_ID": str(ID_INSTANCE),
        "GREEN_API_TOKEN": TOKEN,
        "GREEN_API_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
    }
    command = [sys.executable, "-m", "greenbot", "serve", "--port", "0", "--ready-fd", str(write), "--no-worker"]
    process = subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[write]
    )
    os.close(write)
    try:
        with os.fdopen(read) as ready:
            yield int(ready.readline().strip().rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def slow_clients(port: int) -> Iterator[None]:
    """A thousand of them, in a process of their own, all connected when this begins."""
    command = [sys.executable, "-m", "tests.bench.slow_clients", "--slow-to", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.communicate()


async def be_slow(port: int) -> None:
    """Never ends."""
    clients = [asyncio.create_task(_slow_client(port)) for _ in range(SLOW)]
    await asyncio.sleep(BACK_AFTER_SECONDS)
    sys.stdout.write("here\n")
    sys.stdout.flush()
    await asyncio.gather(*clients)


async def _slow_client(port: int) -> None:
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nX: ")
            cut_off = asyncio.create_task(reader.read())
            while not cut_off.done():
                writer.write(b"y")
                await asyncio.wait({cut_off}, timeout=BYTE_SECONDS)
            writer.close()
            cut_off.exception()
        await asyncio.sleep(BACK_AFTER_SECONDS)


def p99_ms(port: int, requests: int) -> float:
    """Of so many events, posted one after the other over one connection."""
    taken: list[float] = []
    with socket.create_connection((HOST, port), 30) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(requests):
            body = b'{"typeWebhook":"incomingMessageReceived","idMessage":"%d %d"}' % (time.time_ns(), number)
            head = f"POST {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: {WEBHOOK_TOKEN}\r\n"
            length = f"Content-Length: {len(body)}\r\n\r\n"
            begun = time.perf_counter()
            client.sendall((head + length).encode() + body)
            answer = client.recv(4096)
            taken.append(time.perf_counter() - begun)
            if not answer.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"an event was answered {answer[:60]!r}")
    return statistics.quantiles(taken, n=100)[98] * 1000


def measure(*, rounds: int, requests: int) -> Sequence[tuple[float, float]]:
    """The p99 alone and beside slow clients, round by round, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as port:
        p99_ms(port, requests // 4)
        seen = []
        for _ in range(rounds):
            alone = p99_ms(port, requests)
            with slow_clients(port):
                seen.append((alone, p99_ms(port, requests)))
            time.sleep(BACK_AFTER_SECONDS)
        return seen


def main() -> int:
    """Measure, print, and say by the exit code whether it is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--slow-to", type=int, metavar="PORT", help="Be the slow clients of a server.")
    options = parser.parse_args()
    if options.slow_to:
        asyncio.run(be_slow(options.slow_to))
    seen = measure(rounds=options.rounds, requests=options.requests)
    for alone, beside in seen:
        print(f"p99 alone {alone:.2f} ms, beside {SLOW} slow clients {beside:.2f} ms")
    ratio = statistics.median(beside / alone for alone, beside in seen)
    print(f"ratio within one round, median: {ratio:.2f}, at most {MOST:g}  {'ok' if ratio <= MOST else 'MISSED'}")
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
