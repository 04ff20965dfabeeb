"""Carrying an event to a program: a list of words, JSON on stdin, no shell, few variables, limits that hold."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from greenbot.clock import Clock
from greenbot.hooks.claims import Attempted
from greenbot.hooks.job import Job
from greenbot.hooks.web import snippet_of

#: What every program may see of greenbot's environment. Everything else, such as tokens, stays here.
HARMLESS = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL")
_KEPT_BYTES = 4096
_GRACE_SECONDS = 2.0
#: Of one turn: a flood must not keep everything else waiting.
_MOST_READS = 16
_NOT_STARTED = 127
#: The program gets its limits before it exists: a small Python sets them and becomes the program. Setting them in a
#: fork of this process would not be safe while it has threads.
_LAUNCH = """
import json, os, resource, sys
limits, argv = json.loads(sys.argv[1]), sys.argv[2:]
for name, value in limits.items():
    number = getattr(resource, name)
    hard = resource.getrlimit(number)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(number, (value, value))
try:
    os.execvpe(argv[0], argv, os.environ)
except OSError as error:
    sys.stderr.write(f"greenbot: {argv[0]}: {error.strerror}\\n")
    sys.exit(127)
"""


class CommandCarrier:
    """Runs programs. `environ` is what greenbot itself was started with."""

    def __init__(self, *, environ: Mapping[str, str], clock: Clock) -> None:
        self._environ = environ
        self._clock = clock

    async def __call__(self, job: Job) -> Attempted:
        """One attempt: done when the program ends with status 0 within its time."""
        environment = environment_of(job, self._environ)
        return await run_program(job.rule.target, job.body, environment, job.rule.timeout_ms, clock=self._clock)


async def run_program(
    argv: Sequence[str], body: bytes, environment: Mapping[str, str], timeout_ms: int, *, clock: Clock
) -> Attempted:
    """Run a program to its end, which is `ok` with status 0 within its time; `environment` is all it sees."""
    began = clock.monotonic()
    with _Output() as output:
        try:
            process = await _started(argv, environment, timeout_ms, output)
        except (OSError, ValueError) as error:
            words = error.strerror if isinstance(error, OSError) and error.strerror else "it cannot be started"
            return Attempted(outcome="failed", words=f"the program cannot be started: {words}")
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                await _tell(process, body)
                await process.wait()
            ended = f"exit status {process.returncode}"
        except TimeoutError:
            ended = f"it did not end within {timeout_ms / 1000:g} seconds"
        finally:
            await _end_group(process)
        kept = output.take()
    return _attempted(process.returncode, ended, kept, round((clock.monotonic() - began) * 1000))


async def _started(argv: Sequence[str], environment: Mapping[str, str], timeout_ms: int, output: "_Output") -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-S", "-c", _LAUNCH, json.dumps(limits_of(timeout_ms))),
        *argv,
        stdin=PIPE,
        stdout=output.writer,
        stderr=STDOUT,
        env=dict(environment),
        start_new_session=True,
        close_fds=True,
    )
    output.close_writer()
    return process


def environment_of(job: Job, environ: Mapping[str, str]) -> dict[str, str]:
    """All variables a program sees: the harmless ones, those its hook declares, and what the event is."""
    chosen = {name: environ[name] for name in (*HARMLESS, *job.rule.environment) if name in environ}
    told = {
        "GREENBOT_HOOK": job.rule.name,
        "GREENBOT_EVENT_ID": job.webhook_id,
        "GREENBOT_INSTANCE": job.event.instance,
        "GREENBOT_TYPE": job.event.type,
        "GREENBOT_CHAT_ID": job.event.chat_id,
        "GREENBOT_ATTEMPT": str(job.attempt),
        "GREENBOT_TEST": "1" if job.is_test else "",
    }
    return chosen | {name: value.replace("\0", "") for name, value in told.items()}


def limits_of(timeout_ms: int) -> dict[str, int]:
    """The limits of a program by their names in `resource`: no core files, bounded time, files and descriptors."""
    return {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": timeout_ms // 1000 + 5,
        "RLIMIT_FSIZE": 256 * 1024 * 1024,
        "RLIMIT_NOFILE": 256,
    }


class _Output:
    """The beginning of what a program says; the rest is read and forgotten, so that it cannot block.

    A pipe of our own: with asyncio's, a program would not count as ended while a child of it holds the pipe.
    """

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._kept = b""

    def __enter__(self) -> Self:
        asyncio.get_running_loop().add_reader(self._reader, self.take)
        return self

    def take(self) -> bytes:
        """Read what has come; what is kept of everything so far."""
        for _ in range(_MOST_READS):
            try:
                piece = os.read(self._reader, 64 * 1024)
            except BlockingIOError:
                break
            if not piece:
                asyncio.get_running_loop().remove_reader(self._reader)
                break
            self._kept += piece[: _KEPT_BYTES - len(self._kept)]
        return self._kept

    def close_writer(self) -> None:
        """The program has it now."""
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._reader)
        os.close(self._reader)
        self.close_writer()


async def _tell(process: Process, body: bytes) -> None:
    assert process.stdin is not None
    # A program need not read what it is told.
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(body)
        await process.stdin.drain()
    process.stdin.close()


async def _end_group(process: Process) -> None:
    """End the program and everything it started, first politely."""
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await process.wait()
    _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: Process, number: signal.Signals) -> None:
    # It leads a session of its own, so its number is that of its group, also after it has ended.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _attempted(returncode: int | None, ended: str, kept: bytes, elapsed_ms: int) -> Attempted:
    failed_to_start = returncode == _NOT_STARTED and kept.startswith(b"greenbot: ")
    return Attempted(
        outcome="ok" if returncode == 0 and ended == "exit status 0" else "failed",
        words="the program cannot be started" if failed_to_start else ended,
        status=returncode,
        snippet=snippet_of(kept),
        elapsed_ms=elapsed_ms,
    )
