"""SIGKILL at every point of a send: the row and the guest's phone agree, or the row says it does not know."""

from pathlib import Path

import pytest

from greenbot import failpoints
from greenbot.clock import SystemClock
from greenbot.db.connect import connect
from greenbot.outbox.listing import Filters, list_messages
from greenbot.outbox.message import Message
from tests.db.helpers import run, start
from tests.outbox.ledger_server import LedgerServer

pytestmark = pytest.mark.integration

COMMON = """
import asyncio, sys
from pathlib import Path
from greenbot.api.client import Client, Credentials
from greenbot.api.inline import run_inline
from greenbot.chat_id import parse_chat_id
from greenbot.clock import SystemClock
from greenbot.db.connect import connect
from greenbot.messages.outgoing import Text
from greenbot.outbox.deliver import deliver
from greenbot.outbox.message import NewMessage
from greenbot.outbox.owner import Owner
from greenbot.outbox.sweep import sweep
from greenbot.outbox.listing import Filters, list_messages
from greenbot.outbox.table import enqueue
from greenbot.redact import Secret

home, url, transport = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
clock = SystemClock()
db = connect(home / "greenbot.db", clock=clock)
owner = Owner(home / "run")
credentials = Credentials(
    instance_name="kyiv", id="1101000001", token=Secret("0123456789abcdef0123456789abcdef"), api_url=url, media_url=url
)
client = Client(credentials, transport=transport, clock=clock)

def send(message_id):
    async def errand():
        done = await deliver(db, message_id, client=client, owner=owner, clock=clock, on_not_sent="requeue")
        await client.aclose()
        return done
    return run_inline(errand()) if transport == "inline" else asyncio.run(errand())
"""

SEND = (
    COMMON
    + """
draft = Text(chat_id=parse_chat_id("380441234567"), text=sys.argv[4])
message = enqueue(db, NewMessage(instance="kyiv", draft=draft, key=sys.argv[4]), clock)
if message.state == "queued":
    send(message.id)
"""
)

SWEEP = (
    COMMON
    + """
sweep(db, run_dir=home / "run", clock=clock)
"""
)

DRAIN = (
    COMMON
    + """
for message in reversed(list_messages(db, Filters(states=("queued",), limit=1000))):
    send(message.id)
"""
)

FILL = (
    COMMON
    + """
for n in range(int(sys.argv[4])):
    draft = Text(chat_id=parse_chat_id(f"3804400{n % 8:05d}"), text=f"text {n}")
    enqueue(db, NewMessage(instance="kyiv", draft=draft), clock)
"""
)

POINTS = [point for point in failpoints.POINTS if point.startswith("out.")]


def row_of(home: Path) -> Message:
    db = connect(home / "greenbot.db", clock=SystemClock())
    [message] = list_messages(db, Filters())
    db.close()
    return message


def assert_agreement(message: Message, server: LedgerServer) -> None:
    """What the row says is what the guest got; only `uncertain` may leave it open."""
    expected = {"queued": [0], "uncertain": [0, 1], "accepted": [1]}
    assert message.state in expected, f"nobody works on it, but it says {message.state}"
    assert len(server.executed) in expected[message.state]
    if message.state == "accepted":
        assert message.remote_id == server.executed[0][0]


@pytest.mark.parametrize("transport", ["inline", "pooled"])
@pytest.mark.parametrize("point", POINTS)
def test_a_send_killed_anywhere_is_never_carried_out_twice_and_never_lies(
    tmp_path: Path, point: str, transport: str
) -> None:
    with LedgerServer() as server:
        arguments = (tmp_path, server.url, transport, "Your room is ready")
        killed = run(SEND, *arguments, GREENBOT_TESTING="1", GREENBOT_FAILPOINTS=f"{point}=kill")
        assert killed.returncode == -9, f"{point} was not reached: {killed.stderr}"
        assert run(SWEEP, *arguments).stderr == ""
        after_kill = row_of(tmp_path)
        assert_agreement(after_kill, server)
        # Whoever comes next, the same command run again or another process, adds nothing that is not missing.
        for program in (SEND, DRAIN):
            assert run(program, *arguments).stderr == ""
        at_the_end = row_of(tmp_path)
    assert_agreement(at_the_end, server)
    assert at_the_end.state == {"queued": "accepted"}.get(after_kill.state, after_kill.state)


@pytest.mark.parametrize(
    ("point", "state"),
    [
        ("out.after_enqueue", "queued"),
        ("out.after_claim", "queued"),
        ("out.after_mark", "uncertain"),  # the commit says it may be on the wire, so it may
        ("out.mid_post", "uncertain"),
        ("out.after_post", "uncertain"),
        ("out.after_accept", "accepted"),
    ],
)
def test_what_a_kill_leaves(tmp_path: Path, point: str, state: str) -> None:
    with LedgerServer() as server:
        arguments = (tmp_path, server.url, "inline", "Your room is ready")
        run(SEND, *arguments, GREENBOT_TESTING="1", GREENBOT_FAILPOINTS=f"{point}=kill")
        run(SWEEP, *arguments)
    assert row_of(tmp_path).state == state


def test_every_point_of_the_outbox_is_in_that_table() -> None:
    assert len(POINTS) == 6


def test_four_processes_drain_one_queue_and_every_message_is_carried_out_once(tmp_path: Path) -> None:
    with LedgerServer() as server:
        assert run(FILL, tmp_path, server.url, "inline", 60).stderr == ""
        while _queued(tmp_path):
            workers = [start(DRAIN, tmp_path, server.url, "inline") for _ in range(4)]
            assert [worker.communicate(timeout=60)[1] for worker in workers] == [""] * 4
    assert sorted(text for _, text in server.executed) == sorted(f"text {n}" for n in range(60))


def _queued(home: Path) -> object:
    db = connect(home / "greenbot.db", clock=SystemClock())
    waiting = db.scalar("select count(*) from messages where state = 'queued'")
    db.close()
    return waiting
