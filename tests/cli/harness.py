"""One hotel at one simulated GREEN-API, and greenbot's command line as its clerk would use it."""

import io
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from greenbot.simulator.ledger import LedgerEntry
from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import Instance

ROOT = Path(__file__).resolve().parents[2]
GUEST = "380441234567@c.us"
NUMBER = "380441234567"
SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one command line left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one JSON object on stdout."""
        return json.loads(self.stdout)

    @property
    def lines(self) -> list[Any]:
        """One JSON object per line of stdout."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def error(self) -> Any:
        """The error object on stderr."""
        last = self.stderr.strip().splitlines()[-1]
        return json.loads(last)["error"]

    def ok(self) -> "Result":
        """The same result; fails unless the command succeeded."""
        assert self.exit_code == 0, f"exit {self.exit_code}\n{self.stdout}\n{self.stderr}"
        return self


@dataclass(slots=True, kw_only=True)
class Desk:
    """A reception desk: a home of its own, one instance of the shared simulator, and the program."""

    home: Path
    folder: Path
    simulator: SimulatorThread
    instance: Instance
    token: str
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.home / "config.toml"

    @property
    def store(self) -> Path:
        return self.home / "greenbot.db"

    def __call__(self, *words: str, stdin: str | bytes | None = None, env: Mapping[str, str] | None = None) -> Result:
        """Run the real program in a process of its own."""
        done = subprocess.run(
            program(*words),
            input=as_bytes(stdin),
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            env=self.environ | dict(env or {}),
            cwd=self.folder,
            timeout=SECONDS,
        )
        return Result(exit_code=done.returncode, stdout=text(done.stdout), stderr=text(done.stderr))

    def shell(self, script: str, env: Mapping[str, str] | None = None, **options: Any) -> Result:
        """Run a line of shell in which `greenbot` is the real program."""
        prelude = f'greenbot() {{ "{sys.executable}" -m greenbot "$@"; }}\n'
        done = subprocess.run(
            ["/bin/bash", "-c", prelude + script],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self.environ | dict(env or {}),
            cwd=self.folder,
            timeout=SECONDS,
            **options,
        )
        return Result(exit_code=done.returncode, stdout=text(done.stdout), stderr=text(done.stderr))

    def start(self, *words: str, env: Mapping[str, str] | None = None) -> "subprocess.Popen[bytes]":
        """Start the real program and go on."""
        return subprocess.Popen(
            program(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environ | dict(env or {}),
            cwd=self.folder,
        )

    def here(self, *words: str, stdin: str | bytes | None = None, env: Mapping[str, str] | None = None) -> Result:
        """The same without a process, for everything that is not about processes: twenty times faster."""
        return run_here(words, stdin=stdin, environ=self.environ | dict(env or {}), folder=self.folder)

    def fault(self, rule: str) -> None:
        """Arm a fault for this instance alone."""
        world = self.simulator.world
        self.simulator.call(lambda: world.faults.add(f"{rule} instance={self.instance.id}"))

    def state(self, state: str) -> None:
        """Put the instance into a state."""
        self.simulator.call(lambda: self.simulator.world.set_state(self.instance, state))

    def ledger(self, method: str | None = None) -> list[LedgerEntry]:
        """Every call of this instance that reached the simulator."""
        entries = self.simulator.call(lambda: list(self.simulator.world.ledger.entries))
        return [entry for entry in entries if entry.instance == self.instance.id and method in (None, entry.method)]

    def executed(self, method: str = "sendMessage") -> list[LedgerEntry]:
        """The calls whose work was done: what guests really got."""
        return [entry for entry in self.ledger(method) if entry.executed]

    def configure(self, toml: str) -> None:
        """Write the configuration file."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.config.write_text(toml)


def program(*words: str) -> list[str]:
    """The command line that starts greenbot."""
    return [sys.executable, "-m", "greenbot", *words]


def as_bytes(given: str | bytes | None) -> bytes | None:
    return given.encode("utf-8", "surrogateescape") if isinstance(given, str) else given


def text(output: bytes) -> str:
    return output.decode("utf-8", "surrogateescape")


def run_here(words: Sequence[str], *, stdin: str | bytes | None, environ: Mapping[str, str], folder: Path) -> Result:
    """One command line inside this process, with streams, environment and folder of its own."""
    from greenbot.cli.main import main

    out, err = io.BytesIO(), io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", dict(environ))
        patch.setattr(sys, "stdin", _stream(io.BytesIO(as_bytes(stdin) or b"")))
        patch.setattr(sys, "stdout", _stream(out))
        patch.setattr(sys, "stderr", _stream(err))
        patch.chdir(folder)
        code = int(main(list(words)))
        sys.stdout.flush()
        sys.stderr.flush()
        return Result(exit_code=code, stdout=text(out.getvalue()), stderr=text(err.getvalue()))


def _stream(raw: io.BytesIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape", newline="\n")


def clean_environ(home: Path) -> dict[str, str]:
    """Nothing of this machine but its programs; coverage may follow into the processes."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return kept | {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
        "HOME": str(home),
        "GREENBOT_HOME": str(home / "greenbot"),
    }


def until(true: Callable[[], object]) -> None:
    """Look again until it is so."""
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        select.select([], [], [], 0.005)


@contextmanager
def running(process: "subprocess.Popen[bytes]") -> Iterator["subprocess.Popen[bytes]"]:
    """Never leave a process behind."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
