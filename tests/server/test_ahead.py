"""No part of a service imports a module of greenbot in its own thread, where another one may be half way through it."""

import os
import secrets
import sys
from pathlib import Path

import pytest

from tests.cli.harness import NUMBER, until
from tests.server.test_end_to_end import PATH, Hotel, simulated_hotel

pytestmark = pytest.mark.integration

#: Writes down which thread looks for which module of those that import each other, from the beginning.
WITNESS = """
import sys, threading

class Witness:
    def find_spec(self, name, path=None, target=None):
        who = threading.current_thread()
        if who is not threading.main_thread() and name.partition(".")[0] in ("greenbot", "aiohttp"):
            with open({log!r}, "a") as log:
                log.write(f"{{who.name}}: {{name}}\\n")

sys.meta_path.insert(0, Witness())
from greenbot.entry import main
sys.argv[0] = "greenbot"
main()
"""


def serve(hotel: Hotel, log: Path) -> str:
    """Start a service under the witness; where it listens."""
    read, write = os.pipe()
    program = WITNESS.format(log=str(log))
    hotel.run([sys.executable, "-c", program, "serve", "--port", "0", "--ready-fd", str(write)], pass_fds=(write,))
    os.close(write)
    with os.fdopen(read) as ready:
        return ready.readline().strip()


def test_whatever_a_service_does_its_threads_find_every_module_imported(tmp_path: Path) -> None:
    log = tmp_path / "imports"
    log.touch()
    with simulated_hotel(tmp_path) as hotel:
        token = tmp_path / "greenbot" / "secrets" / "grand-kyiv.webhook-token"
        token.write_text(secrets.token_hex(24))
        token.chmod(0o600)
        hotel("hooks", "add", "desk", "--command", "cat")
        hotel("alerts", "receivers", "add", "ops", "--kind", "command", "--command", "cat")
        url = serve(hotel, log)
        hotel(
            *("api", "setSettings", "-i", "grand-kyiv"),
            *("-F", f"webhookUrl={url}{PATH}", "-F", f"webhookUrlToken=@{token}"),
        )
        hotel("sim", "guest", NUMBER, "Is the pool open?", "-i", "grand-kyiv")
        hotel("trigger", "incomingMessageReceived.imageMessage", "-i", "grand-kyiv")
        picture = tmp_path / "menu.png"
        picture.write_bytes(b"\x89PNG")
        sent = [
            hotel("send", *what, "-i", "grand-kyiv", "--queue", "-q").stdout.strip()
            for what in (("text", NUMBER, "Yes"), ("location", NUMBER, "1", "2"), ("file", NUMBER, str(picture)))
        ]
        hotel("alerts", "receivers", "test", "ops", "--timeout", "20s")
        until(lambda: all(hotel("outbox", "show", one, "--json").json["remote_id"] for one in sent))
        until(lambda: len(hotel("hooks", "show", "desk", "--json").json["attempts"]) >= 2)
    assert log.read_text().splitlines() == []
