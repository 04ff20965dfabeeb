"""The stage of the demo: a private home, a simulator with three hotels, and the real command line.

Every step starts the `greenbot` program as a person would, so what the demo shows is what they get.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, cast

from greenbot.clock import Clock
from greenbot.config.edit import add_instance, set_value
from greenbot.config.paths import find_paths
from greenbot.redact import Secret
from greenbot.simulator.clock import SimClock
from greenbot.simulator.incoming import guest_writes
from greenbot.simulator.ledger import LedgerEntry
from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import GuestMessage, Timings, World

T = TypeVar("T")

#: Name, idInstance and phone of each hotel.
HOTELS = (
    ("grand-kyiv", 1101000001, "380441230001@c.us"),
    ("coast-odesa", 1101000002, "380481230002@c.us"),
    ("opera-lviv", 1101000003, "380321230003@c.us"),
)
_POLL_SECONDS = 0.03
_TELLS = {"incomingWebhook": "yes", "outgoingWebhook": "yes", "outgoingMessageWebhook": "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How one command ended."""

    exit_code: int
    answer: dict[str, object]
    error: str
    #: Everything it printed, one object per line; `answer` is the last of them.
    lines: tuple[dict[str, object], ...] = ()

    def text(self, name: str) -> str:
        """A field of the command's JSON answer, empty where there is none."""
        value = self.answer.get(name)
        return "" if value is None else str(value)


class Stage:
    """Context manager: everything is gone when it ends."""

    def __init__(self, clock: Clock, *, speed: float = 1.0) -> None:
        self._clock = clock
        self.world = World(clock=SimClock(speed=speed), timings=Timings(queue_delay=0.25))
        self._stack = ExitStack()
        self._environ: dict[str, str] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="greenbot-demo-")))
            self._simulator = stack.enter_context(SimulatorThread(self.world))
            self._environ = _clean_environ(self.home)
            self._configure()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _configure(self) -> None:
        paths = find_paths(self._environ, cwd=self.home)
        for name, number, phone in HOTELS:
            token = f"demo{number}"
            self.ask(partial(self.world.add_instance, id_instance=number, token=token, wid=phone, name=name))
            fields = {"id": str(number), "api_url": self._simulator.api_url, "media_url": self._simulator.media_url}
            add_instance(paths, name, fields, token=Secret(token))
            # A new instance at GREEN-API tells nothing until this is switched on.
            self.ask(partial(self.world.instances[number].settings.update, _TELLS))
        set_value(paths, "default_instance", HOTELS[0][0])

    def file(self, name: str, text: str) -> Path:
        """A file to send."""
        path = self.home / name
        path.write_text(text, encoding="utf-8")
        return path

    def greenbot(self, *argv: str, watch: Callable[[], None] = lambda: None) -> Finished:
        """Run one command line; `watch` is called again and again meanwhile."""
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "greenbot", *argv, "--json"],
            env=self._environ,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while True:
            try:
                # Reading meanwhile: a child whose pipe is full would wait for ever.
                output, talk = process.communicate(timeout=_POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                watch()
        lines = _objects(output)
        answer = lines[-1] if lines else {}
        return Finished(exit_code=process.returncode, answer=answer, error=_error_of(talk), lines=lines)

    def pause(self, seconds: float, watch: Callable[[], None] = lambda: None) -> None:
        """Let a person read, while the world goes on."""
        self.wait_until(lambda: False, seconds, watch)

    def wait_until(self, done: Callable[[], bool], seconds: float, watch: Callable[[], None] = lambda: None) -> bool:
        """Wait for something to become true; False when it did not in time."""
        deadline = self._clock.monotonic() + seconds
        while not done():
            if self._clock.monotonic() >= deadline:
                return False
            watch()
            self._clock.sleep(_POLL_SECONDS)
        return True

    def ask(self, question: Callable[[], T]) -> T:
        """Look at the simulated world, in its own thread."""
        return self._simulator.call(question)

    def inbox(self) -> list[GuestMessage]:
        """What all guests received so far."""
        return self.ask(self.world.inbox)

    def executions(self) -> list[LedgerEntry]:
        """Every send that GREEN-API carried out, oldest first."""
        return [
            entry for entry in self.ask(self.world.ledger.executions) if entry.method.startswith(("send", "forward"))
        ]

    def arm(self, fault: str) -> None:
        """Let something go wrong."""
        self.ask(lambda: self.world.faults.add(fault))

    def guest_writes(self, hotel: int, chat_id: str, text: str, name: str) -> str:
        """A guest writes to a hotel; the id of the message."""
        instance = self.world.instances[hotel]
        return self.ask(lambda: guest_writes(instance, chat_id, text, sender_name=name)).id_message


def _clean_environ(home: Path) -> dict[str, str]:
    """Nothing of the person's own greenbot may reach the demo, nor the demo it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GREENBOT_", "GREEN_API_"))}
    return kept | {"GREENBOT_HOME": str(home / "greenbot"), "PYTHONWARNINGS": "ignore"}


def _objects(output: str) -> tuple[dict[str, object], ...]:
    return tuple(cast(dict[str, object], json.loads(line)) for line in output.splitlines() if line.strip())


def _error_of(talk: str) -> str:
    for line in talk.splitlines():
        if line.startswith('{"error"'):
            return str(json.loads(line)["error"]["message"])
    return talk.strip()
