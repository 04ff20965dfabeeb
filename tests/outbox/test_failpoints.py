"""Each named point of the worker and of reconciliation: reached, killed there, and survived.

A process is killed at the point; another one of the same kind finishes its work, and the simulator's
ledger says what guests got.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenbot import failpoints
from tests.outbox.processes import Hall, eventually, hall

pytestmark = pytest.mark.integration

#: Of the specification; a point may be added, none may vanish.
OUT = ("out.after_enqueue", "out.after_claim", "out.after_mark", "out.mid_post", "out.after_post", "out.after_accept")
REC = ("rec.after_queue", "rec.after_journal", "rec.before_claim", "rec.before_requeue")

#: What makes a process pass the point: nothing special, an answer that is lost, a request that never arrived.
LOST_ANSWER = "drop-reply method=sendMessage count=1"
LOST_REQUEST = "reset method=sendMessage count=1"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Hall]:
    with hall(tmp_path) as opened:
        yield opened


def kill_at(point: str) -> dict[str, str]:
    return {"GREENBOT_FAILPOINTS": f"{point}=kill"}


def everybody_got_one(place: Hall, messages: int) -> bool:
    """Whether all are accepted, each carried out once."""
    executed = place.executed()
    return place.states() == {"accepted": messages} and len(executed) == len(set(executed)) == messages


def test_every_point_of_the_outbox_is_tried_here() -> None:
    assert tuple(point for point in failpoints.POINTS if point.startswith(("out.", "rec."))) == OUT + REC


@pytest.mark.parametrize("point", [point for point in OUT if point != "out.after_enqueue"])
def test_a_worker_killed_at_a_point_of_its_work_loses_and_doubles_nothing(place: Hall, point: str) -> None:
    place.accept(6, chats=3)
    killed = place.start_worker(wait=False, **kill_at(point))
    assert killed.wait(60) == -signal.SIGKILL, f"{point} was not reached"
    place.start_worker()
    eventually(lambda: everybody_got_one(place, 6))


def test_a_shell_killed_right_after_it_accepted_a_message_loses_nothing(place: Hall) -> None:
    words = ("send", "text", "11001234568", "text 0", "--key", "one")
    killed = place.shell(*words, **kill_at("out.after_enqueue"))
    assert killed.returncode == -signal.SIGKILL
    assert place.executed() == []
    assert place.shell(*words).returncode == 0
    place.start_worker()
    eventually(lambda: everybody_got_one(place, 1))


@pytest.mark.parametrize(
    ("point", "fault"),
    [
        ("rec.after_queue", LOST_ANSWER),
        ("rec.after_journal", LOST_ANSWER),
        ("rec.before_claim", LOST_ANSWER),
        ("rec.after_queue", LOST_REQUEST),
        ("rec.after_journal", LOST_REQUEST),
        ("rec.before_requeue", LOST_REQUEST),
    ],
)
def test_a_worker_killed_while_it_looks_for_a_message_loses_and_doubles_nothing(
    place: Hall, point: str, fault: str
) -> None:
    place.fault(fault)
    place.accept(4, chats=2)
    killed = place.start_worker(wait=False, **kill_at(point))
    assert killed.wait(60) == -signal.SIGKILL, f"{point} was not reached"
    place.start_worker()
    eventually(lambda: everybody_got_one(place, 4))


@pytest.mark.parametrize("point", REC)
def test_the_command_that_reconciles_may_be_killed_as_well(place: Hall, point: str) -> None:
    place.fault(LOST_REQUEST if point == "rec.before_requeue" else LOST_ANSWER)
    assert place.shell("send", "text", "11001234568", "text 0").returncode == 7
    killed = place.shell("outbox", "reconcile", "--wait", **kill_at(point))
    assert killed.returncode == -signal.SIGKILL, f"{point} was not reached: {killed.stderr}"
    assert place.shell("outbox", "reconcile", "--wait").returncode == 0
    place.start_worker()
    eventually(lambda: everybody_got_one(place, 1))
