"""A hotel's day with real processes: the simulator delivers to the service, the service works events and sends."""

import json
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.harness import NUMBER, SECONDS, Result, clean_environ, program, running, text, until

pytestmark = [pytest.mark.integration, pytest.mark.webhook]
PATH = "/api/v1/webhooks/green-api/grand-kyiv"


class Hotel:
    """A home of its own, and the program in it."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self.home = home
        self.environ = clean_environ(home)
        self._stack = stack

    def __call__(self, *words: str) -> Result:
        done = subprocess.run(program(*words), env=self.environ, cwd=self.home, capture_output=True, timeout=SECONDS)
        return Result(exit_code=done.returncode, stdout=text(done.stdout), stderr=text(done.stderr)).ok()

    def start(self, *words: str, pass_fds: tuple[int, ...] = ()) -> "subprocess.Popen[bytes]":
        return self.run(program(*words), pass_fds=pass_fds)

    def run(self, line: list[str], *, pass_fds: tuple[int, ...] = ()) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            line,
            env=self.environ,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=pass_fds,
        )
        return self._stack.enter_context(running(process))

    def serve(self) -> tuple["subprocess.Popen[bytes]", str]:
        read, write = os.pipe()
        process = self.start("serve", "--port", "0", "--ready-fd", str(write), pass_fds=(write,))
        os.close(write)
        with os.fdopen(read) as ready:
            return process, ready.readline().strip()

    def events(self) -> list[dict[str, Any]]:
        return self("events", "list", "-i", "grand-kyiv", "--json").lines


@contextmanager
def simulated_hotel(home: Path) -> Iterator[Hotel]:
    with ExitStack() as stack:
        hotel = Hotel(home, stack)
        simulator = hotel.start("sim", "serve", "--port", "0", "--speed", "50", "--json")
        assert simulator.stdout is not None
        port = json.loads(simulator.stdout.readline())["api_url"].rpartition(":")[2]
        hotel("init", "--sim", "--port", port, "--no-input")
        yield hotel


def test_an_event_comes_in_and_an_answer_goes_out(tmp_path: Path) -> None:
    with simulated_hotel(tmp_path) as hotel:
        token = tmp_path / "greenbot" / "secrets" / "grand-kyiv.webhook-token"
        token.write_text(secrets.token_hex(24))
        token.chmod(0o600)
        service, url = hotel.serve()
        hotel(
            *("api", "setSettings", "-i", "grand-kyiv"),
            *("-F", f"webhookUrl={url}{PATH}", "-F", f"webhookUrlToken=@{token}"),
        )
        asked = hotel("sim", "guest", NUMBER, "Is the pool open?", "-i", "grand-kyiv", "-q").stdout.strip()
        until(lambda: any(event["remote_id"] == asked and event["state"] == "done" for event in hotel.events()))

        answered = hotel(
            *("send", "text", NUMBER, "Yes, until ten.", "-i", "grand-kyiv", "--json"),
            *("--wait-for", "delivered", "--timeout", "40s"),
        ).json
        assert answered["state"] in ("delivered", "read")
        received = hotel("sim", "inbox", "-i", "grand-kyiv", "--json").lines
        assert [message["shown"] for message in received] == ["Yes, until ten."]
        until(lambda: {"outgoingMessageStatus", "incomingMessageReceived"} <= {e["type"] for e in hotel.events()})

        service.send_signal(signal.SIGTERM)
        assert service.wait(SECONDS) == 0


def test_what_arrives_while_the_service_is_down_comes_when_it_is_back(tmp_path: Path) -> None:
    with simulated_hotel(tmp_path) as hotel:
        token = tmp_path / "greenbot" / "secrets" / "grand-kyiv.webhook-token"
        token.write_text(secrets.token_hex(24))
        token.chmod(0o600)
        service, url = hotel.serve()
        hotel(
            *("api", "setSettings", "-i", "grand-kyiv"),
            *("-F", f"webhookUrl={url}{PATH}", "-F", f"webhookUrlToken=@{token}"),
        )
        service.kill()
        service.wait(SECONDS)
        asked = [
            hotel("sim", "guest", NUMBER, f"Question {n}", "-i", "grand-kyiv", "-q").stdout.strip() for n in (1, 2)
        ]
        hotel.start("serve", "--port", url.rpartition(":")[2])
        until(lambda: {event["remote_id"] for event in hotel.events() if event["state"] == "done"} >= set(asked))
        order = [event["remote_id"] for event in hotel.events() if event["remote_id"] in asked]
        assert order in (asked, asked[::-1])
