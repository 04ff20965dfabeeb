"""A campaign whose start is killed ten times: everybody gets one message, and the report says so.

The whole figure: `N=10000 python -m pytest tests/campaigns/test_kill.py`.
"""

import os
import random
import select
import signal
from collections import Counter

import pytest

from greenbot.api.client import Client, Credentials
from greenbot.api.inline import run_inline
from greenbot.clock import SystemClock
from greenbot.db.connect import connect
from greenbot.redact import Secret
from tests.campaigns.dispatcher import Dispatcher
from tests.cli.harness import SECONDS, Desk, running, until

pytestmark = pytest.mark.integration

GUESTS = int(os.environ.get("N", "4000"))
FIRST = 380_440_000_000

#: Where five of the kills happen; the others come at random moments.
PLAN: list[str | None] = [
    "camp.after_begin=kill",
    None,
    "camp.in_batch=kill@3",
    None,
    "camp.after_batch=kill@2",
    None,
    None,
    "camp.in_batch=kill@1",
    None,
    "camp.before_running=kill",
]


def start_and_kill(desk: Desk, point: str | None, rng: random.Random) -> int:
    """One start of the campaign that does not live long; its exit code."""
    plan = {"GREENBOT_TESTING": "1", "GREENBOT_FAILPOINTS": point} if point else {}
    handed_over = count(desk)
    with running(desk.start("campaign", "start", "big", "--yes", env=plan)) as child:
        if point is None:
            more = rng.choice([1, 1, 200, GUESTS // 20])
            until(lambda: count(desk) >= handed_over + more or child.poll() is not None)
            select.select([], [], [], rng.uniform(0, 0.05))
            child.kill()
        return child.wait(SECONDS)


def count(desk: Desk) -> int:
    """How many guests have a message."""
    db = connect(desk.store, clock=SystemClock())
    try:
        return int(db.scalar("select count(*) from messages") or 0)
    finally:
        db.close()


def the_list() -> str:
    lines = ["phone;name", *(f"{FIRST + number};Guest {number}" for number in range(GUESTS))]
    lines.insert(GUESTS // 2, "not a number;Nobody")
    lines.insert(GUESTS // 2 + 500, f"{FIRST};Again")
    lines.append("380459999999;Said stop")
    return "\n".join(lines)


def test_ten_kills_lose_nobody_and_double_nobody(desk: Desk) -> None:
    seed = random.SystemRandom().randrange(10**9)
    rng = random.Random(seed)
    (desk.folder / "big.csv").write_text(the_list())
    desk.here("suppress", "add", "380459999999").ok()
    desk.here(
        *("campaign", "plan", "big.csv", "--text", "Dear {{name}}"), *("--spacing", "0s", "--quiet-hours", "none")
    ).ok()

    died = [start_and_kill(desk, point, rng) for point in PLAN]
    assert died == [-signal.SIGKILL] * 10, f"seed {seed}: some start ended before it was killed"
    # The end of the hand-over was reached and killed: nothing is left but to say so.
    assert desk("campaign", "start", "big", "--yes", "-q").ok().stdout == "running\n"
    send_all(desk)

    executed = Counter((str(call.chat_id), call.request_body["message"]) for call in desk.executed())
    wanted = Counter({(f"{FIRST + number}@c.us", f"Dear Guest {number}"): 1 for number in range(GUESTS)})
    assert executed == wanted, f"seed {seed}"
    status = desk.here("campaign", "status", "big", "--json").ok().json
    counts = {name: status[name] for name in ("state", "guests", "sent", "waiting", "failed", "uncertain")}
    assert counts == {
        "state": "finished",
        "guests": GUESTS + 3,
        "sent": GUESTS,
        "waiting": 0,
        "failed": 0,
        "uncertain": 0,
    }
    check_report(desk)


def check_report(desk: Desk) -> None:
    report = desk.here("campaign", "report", "big", "--json").ok().lines
    assert [line["line"] for line in report] == list(range(2, GUESTS + 5))
    assert Counter(line["status"] for line in report) == {"accepted": GUESTS, "bad": 1, "duplicate": 1, "suppressed": 1}
    remote_ids = {line["chat_id"]: line["remote_id"] for line in report if line["status"] == "accepted"}
    assert remote_ids == {str(call.chat_id): call.id_message for call in desk.executed()}


def send_all(desk: Desk) -> None:
    """What a worker does, in this process."""
    url = desk.simulator.api_url
    credentials = Credentials(
        instance_name="default",
        id=str(desk.instance.id),
        token=Secret(desk.token),
        api_url=url,
        media_url=url,
        partner_url=url,
        partner_token=None,
    )
    clock = SystemClock()
    db = connect(desk.store, clock=clock)
    client = Client(credentials, transport="inline", clock=clock, environ={})
    try:
        assert Dispatcher(db, clock, instance="default", client=client).run() == GUESTS
    finally:
        run_inline(client.aclose())
        db.close()
