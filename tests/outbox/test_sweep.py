"""Dead owners, leases that ran out, and messages nobody wants any more."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.outbox.claims import Claim, claim, mark_sending
from greenbot.outbox.history import log_of
from greenbot.outbox.message import Message
from greenbot.outbox.owner import Owner, is_alive
from greenbot.outbox.sweep import Swept, sweep
from greenbot.outbox.table import get
from tests.db.helpers import environment
from tests.outbox.conftest import OTHER_GUEST, Add


def taken(db: Db, message: Message, owner: Owner, clock: ManualClock) -> Claim:
    held = claim(db, message.id, owner=owner.id, clock=clock)
    assert isinstance(held, Claim)
    return held


def test_a_dead_owners_messages_are_taken_back_as_far_as_they_had_got(
    db: Db, add: Add, run_dir: Path, clock: ManualClock
) -> None:
    claimed, sending = add(), add(to=OTHER_GUEST)
    with Owner(run_dir) as owner:
        taken(db, claimed, owner, clock)
        mark_sending(db, taken(db, sending, owner, clock), clock=clock)
        assert sweep(db, run_dir=run_dir, clock=clock) == Swept(), "the owner lives"
    assert sweep(db, run_dir=run_dir, clock=clock) == Swept(requeued=(claimed.id,), uncertain=(sending.id,))
    assert get(db, claimed.id).state == "queued"
    assert get(db, sending.id).state == "uncertain", "it may be on the wire: never back to the queue"
    assert get(db, sending.id).ambiguous_attempts == 1
    assert log_of(db, sending.id)[-1].detail == f"owner {owner.id}"
    assert sweep(db, run_dir=run_dir, clock=clock) == Swept()


def test_a_lease_that_ran_out_counts_like_a_death(db: Db, add: Add, owner: Owner, clock: ManualClock) -> None:
    message = add()
    mark_sending(db, taken(db, message, owner, clock), clock=clock)
    clock.advance(90)
    assert sweep(db, run_dir=owner.run_dir, clock=clock) == Swept()
    clock.advance(0.001)
    assert sweep(db, run_dir=owner.run_dir, clock=clock) == Swept(uncertain=(message.id,))
    assert get(db, message.id).reason == "lease_over"


def test_a_lease_of_another_boot_is_over(db: Db, add: Add, owner: Owner, clock: ManualClock) -> None:
    message = add()
    taken(db, message, owner, clock)
    with db.write() as tx:
        tx.run("update messages set boot_id = 'before the power cut'")
    assert sweep(db, run_dir=owner.run_dir, clock=clock).requeued == (message.id,)


def test_messages_whose_time_is_over_expire(db: Db, add: Add, owner: Owner, clock: ManualClock) -> None:
    late, held, lasting = add(expires_at_ms=clock.now_ms() + 1), add(expires_at_ms=clock.now_ms() + 1), add()
    clock.advance(1)
    assert sweep(db, run_dir=owner.run_dir, clock=clock).expired == (late.id, held.id)
    assert get(db, lasting.id).state == "queued"


def test_two_sweepers_do_the_work_once(
    db: Db, add: Add, run_dir: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from greenbot.outbox import sweep as module

    message = add()
    with Owner(run_dir) as owner:
        taken(db, message, owner, clock)
    planned = module._abandoned(db, run_dir, clock)
    assert sweep(db, run_dir=run_dir, clock=clock).requeued == (message.id,)
    monkeypatch.setattr(module, "_abandoned", lambda *_: planned)
    assert sweep(db, run_dir=run_dir, clock=clock) == Swept(), "the second comes too late and knows it"
    assert len(log_of(db, message.id)) == 3


def test_an_owner_is_alive_until_it_closes(run_dir: Path) -> None:
    owner = Owner(run_dir)
    assert is_alive(run_dir, owner.id)
    assert oct((run_dir / f"worker-{owner.id}.lock").stat().st_mode)[-3:] == "600"
    owner.close()
    owner.close()
    assert not is_alive(run_dir, owner.id)
    assert not is_alive(run_dir, "nobody")
    assert list(run_dir.iterdir()) == []


HOLD = """
import sys
from pathlib import Path
from greenbot.outbox.owner import Owner
owner = Owner(Path(sys.argv[1]), owner_id="child")
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.integration
def test_a_stopped_owner_lives_and_a_killed_one_is_dead_at_once(run_dir: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run_dir)],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        os.kill(child.pid, signal.SIGSTOP)
        assert is_alive(run_dir, "child")
        child.kill()
        child.wait()
        assert not is_alive(run_dir, "child")
    assert list(run_dir.iterdir()) == [], "a dead owner's file is cleared away"
