"""Workers as real processes: several at once, killed, stopped and restarted, beside shells that hand over."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenbot.outbox.claims import LEASE_MS
from greenbot.outbox.presence import worker_is_alive
from greenbot.outbox.worker import DEFAULT_PACE
from tests.outbox.processes import Hall, eventually, hall, nobody_is_there

pytestmark = pytest.mark.integration

GUEST = "11001234568"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Hall]:
    with hall(tmp_path) as opened:
        yield opened


def in_order(executed: list[tuple[str, str]]) -> bool:
    """Each chat got its texts in the order of their numbers."""
    last: dict[str, int] = {}
    for chat, text in executed:
        number = int(text.split()[-1])
        if last.get(chat, -1) >= number:
            return False
        last[chat] = number
    return True


def test_workers_restarted_all_the_time_send_everything_exactly_once(place: Hall) -> None:
    place.accept(1500, chats=200)
    workers = [place.start_worker(wait=False) for _ in range(2)]
    for number in range(3):
        eventually(lambda: len(place.executed()) > 300 * (number + 1))  # noqa: B023 - called at once
        assert place.end(workers.pop(0)) == 0
        workers.append(place.start_worker(wait=False))
    eventually(lambda: place.states() == {"accepted": 1500})
    executed = place.executed()
    assert len(executed) == len(set(executed)) == 1500
    assert in_order(executed)


def test_a_killed_worker_is_noticed_within_seconds_and_only_what_was_on_its_way_is_in_doubt(place: Hall) -> None:
    place.fault("slow seconds=30 method=sendMessage count=4")
    place.accept(20, chats=20)
    first = place.start_worker()
    eventually(lambda: place.states().get("sending", 0) >= 4)
    place.end(first, signal.SIGKILL)
    assert nobody_is_there(place)
    killed_at = time.monotonic()
    place.start_worker()
    eventually(lambda: place.states().get("sending", 0) == 0 and place.states().get("queued", 0) == 0)
    assert time.monotonic() - killed_at < LEASE_MS / 1000 / 2
    with place.store() as db:
        doubts = db.scalar("select count(*) from message_log where to_state = 'uncertain' and reason = 'owner_dead'")
    assert isinstance(doubts, int)
    assert 4 <= doubts <= 20
    # Reconciliation finds them, or sends again what GREEN-API never had: nobody is left out, nobody gets two.
    eventually(lambda: place.states() == {"accepted": 20})
    assert len(set(place.executed())) == 20


def test_a_stopped_worker_holds_nothing_up_but_its_own_messages(place: Hall) -> None:
    place.fault("slow seconds=8 method=sendMessage count=2")
    place.accept(2, chats=2)
    first = place.start_worker()
    eventually(lambda: place.states().get("sending", 0) == 2)
    first.send_signal(signal.SIGSTOP)
    place.accept(10, chats=10, first=2)
    place.start_worker()
    # Two chats wait for the stopped one, eight do not.
    eventually(lambda: place.states().get("accepted", 0) == 8)
    first.send_signal(signal.SIGCONT)
    eventually(lambda: place.states() == {"accepted": 12})
    executed = place.executed()
    assert len(executed) == len(set(executed)) == 12
    assert in_order(executed)


def test_a_worker_that_is_asked_to_end_lets_arrive_what_is_on_its_way(place: Hall) -> None:
    place.fault("slow seconds=8 method=sendMessage")
    place.accept(6, chats=3)
    worker = place.start_worker()
    eventually(lambda: place.states().get("sending", 0) == 3)
    assert place.end(worker) == 0
    assert place.states() == {"accepted": 3, "queued": 3}


def test_a_second_signal_ends_it_at_once_and_says_what_is_not_known(place: Hall) -> None:
    place.fault("slow seconds=30 method=sendMessage")
    place.accept(3, chats=3)
    worker = place.start_worker()
    eventually(lambda: place.states().get("sending", 0) == 3)
    worker.send_signal(signal.SIGTERM)
    eventually(lambda: nobody_is_there(place))
    begun = time.monotonic()
    assert place.end(worker) == 0
    assert time.monotonic() - begun < DEFAULT_PACE.drain_seconds
    assert place.states() == {"uncertain": 3}


def test_drain_ends_when_all_is_sent_and_says_so_when_it_could_not(place: Hall) -> None:
    place.accept(5, chats=5)
    done = place.shell("outbox", "run", "--drain")
    assert (done.returncode, place.states()) == (0, {"accepted": 5})
    place.fault("slow seconds=3 method=sendMessage count=1")
    place.accept(2, chats=1)
    late = place.shell("outbox", "run", "--drain", "--timeout", "1s")
    assert late.returncode == 8
    assert "before everything was sent" in late.stderr


def test_shells_hand_over_to_a_worker_and_learn_the_outcome(place: Hall) -> None:
    place.start_worker()
    sent = place.shell("send", "text", GUEST, "Your room is ready", "--json")
    assert sent.returncode == 0, sent.stderr
    record = json.loads(sent.stdout)
    assert (record["state"], bool(record["remote_id"])) == ("accepted", True)
    with place.store() as db:
        row = db.one("select actor from message_log where to_state = 'sending'")
        assert row is not None
        assert (place.run_dir / f"wake-{row['actor']}.fifo").exists()


def test_many_shells_at_once_share_one_worker(place: Hall) -> None:
    place.start_worker()
    shells = [
        subprocess.Popen(
            place.command("send", "text", f"1100123{number:04d}", f"text {number}"),
            env=place.environ,
            stdout=subprocess.DEVNULL,
        )
        for number in range(12)
    ]
    assert [shell.wait(60) for shell in shells] == [0] * 12
    assert len(set(place.executed())) == len(place.executed()) == 12


def test_a_shell_whose_worker_dies_sends_by_itself(place: Hall) -> None:
    # It lives and listens, but gets no turn: stopped before it could claim.
    worker = place.start_worker()
    worker.send_signal(signal.SIGSTOP)
    shell = subprocess.Popen(
        place.command("send", "text", GUEST, "text 1"), env=place.environ, stdout=subprocess.PIPE, text=True
    )
    eventually(lambda: place.states() == {"queued": 1})
    assert place.executed() == []
    place.end(worker, signal.SIGKILL)
    out, _ = shell.communicate(timeout=60)
    assert shell.returncode == 0
    assert "accepted" in out
    assert [text for _, text in place.executed()] == ["text 1"]


def test_what_is_only_accepted_waits_for_a_worker(place: Hall) -> None:
    queued = place.shell("send", "text", GUEST, "text 1", "--queue")
    assert queued.returncode == 0
    assert "No worker runs" in queued.stderr
    later = place.shell("send", "text", GUEST, "text 2", "--at", "2h")
    assert later.returncode == 0
    assert "leaves at" in later.stderr
    assert place.executed() == []
    assert place.shell("outbox", "run", "--drain").returncode == 0
    assert [text for _, text in place.executed()] == ["text 1"]
    assert place.states() == {"accepted": 1, "queued": 1}


def test_a_shell_says_why_its_message_waits_and_leaves_it_to_the_worker(place: Hall) -> None:
    place.start_worker()
    assert place.shell("outbox", "pause", "--why", "inspection").returncode == 0
    waiting = place.shell("send", "text", GUEST, "text 1")
    assert waiting.returncode == 8, waiting.stderr
    assert "inspection" in waiting.stderr
    assert place.shell("outbox", "resume").returncode == 0
    eventually(lambda: place.states() == {"accepted": 1})


def test_a_worker_leaves_nothing_behind(place: Hall) -> None:
    worker = place.start_worker()
    assert worker_is_alive(place.run_dir, "default")
    assert not worker_is_alive(place.run_dir, "elsewhere")
    assert place.end(worker) == 0
    assert [path.name for path in place.run_dir.iterdir()] == []
