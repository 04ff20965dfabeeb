"""The limits at GREEN-API's door, when the disk takes its time between a message's turn and its POST."""

from pathlib import Path

import pytest

from greenbot.clock import ManualClock
from greenbot.db.connect import Db, Tx
from greenbot.outbox.limits import LaneLimits
from greenbot.outbox.owner import Owner
from greenbot.outbox.turn import Taken, Turn
from tests.outbox.conftest import Add
from tests.outbox.virtual import Remote, Yard


@pytest.mark.parametrize("slow_ms", [0, 10, 60, 400, 1500])
@pytest.mark.parametrize("nth", [2, 3, 61])
def test_a_slow_commit_never_makes_a_window_too_full(
    db: Db,
    clock: ManualClock,
    run_dir: Path,
    add: Add,
    owner: Owner,
    monkeypatch: pytest.MonkeyPatch,
    slow_ms: int,
    nth: int,
) -> None:
    remote = Remote(clock=clock)
    yard = Yard(db=db, clock=clock, run_dir=run_dir, remote=remote, limits=LaneLimits(most_unconfirmed=None))
    for number in range(70):
        add(f"text {number}", f"38050{number:07d}")
    take, turns = Turn.take, []

    def slow(self: Turn, tx: Tx) -> Taken:
        taken = take(self, tx)
        turns.append(taken)
        if len(turns) == nth:
            clock.advance(slow_ms / 1000)
        return taken

    monkeypatch.setattr(Turn, "take", slow)
    assert yard.drain(owner)
    moments = [post.at_ms for post in remote.sends()]
    assert len(moments) == 70
    for count, window_ms in ((2, 1000), (60, 60_000)):
        assert min(later - sooner for sooner, later in zip(moments, moments[count:], strict=False)) >= window_ms
