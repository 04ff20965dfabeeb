"""The whole way in real processes: an outage of GREEN-API, `greenbot serve`, and somebody who is told over HTTP.

Three hotels have the same outage at the same time: one service lives through it, one is killed when the alert is on
the disk and nobody is told yet, one when the text has left and that is not on the disk yet.
"""

import json
import select
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from greenbot.alerts import receivers, table
from greenbot.alerts.rule import Rule
from greenbot.clock import SystemClock
from greenbot.db.audit import Operator
from greenbot.db.connect import connect
from tests.cli.conftest import ground, make_desk, simulator  # noqa: F401 - fixtures
from tests.cli.harness import NUMBER, Desk
from tests.cli.test_serve import Serving, serving

pytestmark = [pytest.mark.integration, pytest.mark.webhook]

OUTAGE = Rule(
    name="outage", metric="errors", op=">=", threshold=1, window_s=20, severity="critical", receivers=("crm",)
)
TESTING = {"GREENBOT_TESTING": "1", "GREENBOT_NOTIFY_SHARE": "0.01"}


#: A cell of ten seconds has to be over, and a look comes every fifteen.
SLACK_SECONDS = 25
#: The window has to pass, and a machine may be slow.
PATIENCE_SECONDS = 150.0


def until(true: Callable[[], object]) -> None:
    """Look again until it is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        select.select([], [], [], 0.05)


@dataclass
class Crm:
    """A real HTTP server that notes what it is told."""

    url: str = ""
    told: list[Any] = field(default_factory=list)
    heard_at_ms: dict[str, int] = field(default_factory=dict)

    def about(self, hotel: str) -> list[tuple[str, str]]:
        """Kind and id of what came for a hotel, in order."""
        return [(body["type"], body["id"]) for path, body in list(self.told) if path == f"/{hotel}"]


@pytest.fixture
def crm() -> Iterator[Crm]:
    noted = Crm()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            noted.told.append((self.path, body))
            noted.heard_at_ms.setdefault(self.path, SystemClock().now_ms())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Not on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        noted.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield noted
        server.shutdown()


def prepared(desk: Desk, url: str) -> None:
    """A rule, a receiver, and nothing else."""
    desk.configure('[outbound]\nallow = ["127.0.0.1"]\n')
    clock = SystemClock()
    db, by = connect(desk.store, clock=clock), Operator(name="olena", clock=clock)
    try:
        receivers.add(db, receivers.receiver_from({"name": "crm", "kind": "webhook", "url": url}), by)
        table.add(db, OUTAGE, by)
    finally:
        db.close()


def mended(desk: Desk) -> None:
    """GREEN-API works again for this hotel."""
    faults = desk.simulator.world.faults
    mine = [armed.number for armed in faults.list() if f"instance={desk.instance.id}" in str(armed.rule)]
    assert mine
    for number in mine:
        desk.simulator.call(partial(faults.clear, number))


def seconds_until_told(desk: Desk, crm: Crm, hotel: str) -> float:
    """From the first call that failed until somebody heard of it."""
    db = connect(desk.store, clock=SystemClock())
    try:
        began_ms = db.scalar("select min(started_at_ms) from calls where status = 503")
    finally:
        db.close()
    assert isinstance(began_ms, int)
    return (crm.heard_at_ms[f"/{hotel}"] - began_ms) / 1000


def one_outage(desk: Desk, crm: Crm, hotel: str, failpoint: str) -> list[tuple[str, str]]:
    """Everything that was told about one outage, with the service killed at a point of it, if any is named."""
    prepared(desk, f"{crm.url}/{hotel}")
    armed = TESTING | ({"GREENBOT_FAILPOINTS": f"{failpoint}=kill"} if failpoint else {})
    with ExitStack() as stack:
        service: Serving = stack.enter_context(serving(desk, env=armed))
        desk.fault("503 method=sendMessage")
        desk("send", "text", NUMBER, "Hello", "--queue").ok()
        if failpoint:
            until(lambda: service.process.poll() is not None)
            assert service.process.returncode == -9
            stack.enter_context(serving(desk, env=TESTING))
        until(lambda: len(crm.about(hotel)) >= (2 if failpoint == "notify.after_send" else 1))
        mended(desk)
        until(lambda: crm.about(hotel)[-1][0] == "alert.resolved")
        for running in (service,) if not failpoint else ():
            assert running.end() == 0
            took = seconds_until_told(desk, crm, hotel)
            assert 0 < took <= OUTAGE.window_s + OUTAGE.for_s + SLACK_SECONDS
    return crm.about(hotel)


def test_an_outage_is_told_once_and_its_end_once_whoever_is_killed(make_desk: Callable[[], Desk], crm: Crm) -> None:  # noqa: F811 - a fixture
    hotels = {"calm": "", "before": "alert.after_commit", "after": "notify.after_send"}
    with ThreadPoolExecutor() as pool:
        runs = {name: pool.submit(one_outage, make_desk(), crm, name, point) for name, point in hotels.items()}
        told = {name: run.result() for name, run in runs.items()}
    assert [kind for kind, _ in told["calm"]] == ["alert.firing", "alert.resolved"]
    assert [kind for kind, _ in told["before"]] == ["alert.firing", "alert.resolved"]
    assert [kind for kind, _ in told["after"]] == ["alert.firing", "alert.firing", "alert.resolved"]
    assert told["after"][0] == told["after"][1], "the same id: whoever forgets what came before had it once"
