"""SIGKILL at every named point of a send, and at any other moment: the row is true, and nobody gets it twice."""

import random
import signal
import subprocess

import pytest

from greenbot.errors import ExitCode
from greenbot.failpoints import POINTS
from tests.cli.harness import NUMBER, Desk, running

pytestmark = pytest.mark.integration

OUT_POINTS = [point for point in POINTS if point.startswith("out.")]
#: What must have become of a message that was killed there; the rest of the truth is in the ledger.
STATE_AFTER = {
    "out.after_enqueue": "queued",
    "out.after_claim": "queued",
    "out.after_mark": "uncertain",
    "out.mid_post": "uncertain",
    "out.after_post": "uncertain",
    "out.after_accept": "accepted",
}
KINDS = {
    "sendMessage": ("send", "text", NUMBER, "Your room is ready.", "--key", "booking-4711"),
    "sendFileByUpload": ("send", "file", NUMBER, "menu.pdf", "--caption", "Tonight", "--key", "booking-4711"),
}
AT_RANDOM = 40


def killed(desk: Desk, point: str, words: tuple[str, ...]) -> None:
    """Run the command and let the point kill it; a point that is never passed fails the test."""
    plan = {"GREENBOT_TESTING": "1", "GREENBOT_FAILPOINTS": f"{point}=kill"}
    assert desk(*words, env=plan).exit_code == -signal.SIGKILL, f"{point} was not reached"


def received(desk: Desk, method: str, executed_at_most: int) -> int:
    """How often the guest got it so far; a request may still be being read on the other side."""
    done = desk.simulator.call(lambda: desk.simulator.world.ledger.executions(instance=desk.instance.id, method=method))
    assert len(done) <= executed_at_most
    return len(done)


@pytest.fixture
def kitchen(desk: Desk) -> Desk:
    (desk.folder / "menu.pdf").write_bytes(b"%PDF-1.7\n" + b"soup " * 60_000)
    return desk


@pytest.mark.parametrize("method", KINDS)
@pytest.mark.parametrize("point", OUT_POINTS)
def test_a_kill_leaves_the_truth_and_a_repeat_is_safe(kitchen: Desk, point: str, method: str) -> None:
    words = KINDS[method]
    killed(kitchen, point, words)

    row = kitchen.here("outbox", "show", "1", "--json").ok().json
    executed = received(kitchen, method, 1)
    assert row["state"] == STATE_AFTER[point]
    assert (row["state"], executed) in {
        ("queued", 0),
        ("uncertain", 0),
        ("uncertain", 1),
        ("accepted", 1),
    }
    if row["state"] == "accepted":
        assert row["remote_id"] == kitchen.executed(method)[0].id_message

    again = kitchen.here(*words, "--json")
    after = kitchen.here("outbox", "list", "--json").ok().lines
    assert [line["id"] for line in after] == [1]
    if row["state"] == "uncertain":
        assert again.exit_code == ExitCode.OUTCOME_UNKNOWN
        assert again.error["message_id"] == 1
        assert received(kitchen, method, 1) >= executed
    else:
        assert again.ok().json["state"] == "accepted"
        assert received(kitchen, method, 1) == 1


def test_every_point_has_a_promise() -> None:
    assert set(STATE_AFTER) == set(OUT_POINTS)


def test_a_file_that_is_gone_after_the_kill_is_still_sent(kitchen: Desk) -> None:
    killed(kitchen, "out.after_enqueue", KINDS["sendFileByUpload"])
    (kitchen.folder / "menu.pdf").unlink()
    assert "greenbot outbox run" in kitchen.here("outbox", "show", "1").ok().stdout
    kitchen("outbox", "run", "--drain", "--timeout", "30s").ok()
    assert received(kitchen, "sendFileByUpload", 1) == 1


def test_a_message_left_in_the_queue_can_be_taken_back(desk: Desk) -> None:
    killed(desk, "out.after_claim", KINDS["sendMessage"])
    assert desk.here("outbox", "cancel", "1", "--json").ok().json["state"] == "cancelled"
    assert desk.here("outbox", "cancel", "1").exit_code == ExitCode.REFUSED
    assert desk.executed() == []


def test_a_kill_at_any_moment(desk: Desk) -> None:
    """The delays are drawn, the verdicts are not: whatever the moment was, row and ledger agree."""
    moments = random.Random(4711)
    desk.here("outbox", "list").ok()  # the store is there, as on any day but the first
    for guest in range(AT_RANDOM):
        words = ("send", "text", f"3804412300{guest:02}", f"Room {guest}", "--key", f"room-{guest}")
        with running(desk.start(*words)) as process:
            try:
                process.wait(moments.uniform(0.0, 0.25))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    rows = {line["chat_id"]: line for line in desk.here("outbox", "list", "--json").ok().lines}
    chats = [entry.chat_id for entry in desk.executed()]
    assert len(chats) == len(set(chats)), "somebody got it twice"
    for chat_id in chats:
        assert rows[chat_id]["state"] in ("accepted", "uncertain")
    for chat_id, row in rows.items():
        assert row["state"] in ("queued", "accepted", "uncertain")
        assert row["state"] != "accepted" or chat_id in chats
        assert row["state"] != "queued" or chat_id not in chats

    for guest in range(AT_RANDOM):
        said = desk.here("send", "text", f"3804412300{guest:02}", f"Room {guest}", "--key", f"room-{guest}")
        assert said.exit_code in (0, ExitCode.OUTCOME_UNKNOWN)
    chats = [entry.chat_id for entry in desk.executed()]
    assert len(chats) == len(set(chats)), "a repeat doubled it"
    unsure = [row["chat_id"] for row in desk.here("outbox", "list", "--state", "uncertain", "--json").lines]
    assert len(set(chats) | set(unsure)) == AT_RANDOM
