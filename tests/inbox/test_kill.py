"""A processor that is killed at any point of its work leaves an event either untouched or worked, and never twice."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.inbox.process import Processor
from tests.inbox.conftest import GUEST, OTHER_GUEST, Take, text
from tests.verify.nursery import EFFECTS, count

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, random, sys
from pathlib import Path
from greenbot.clock import SystemClock
from greenbot.db.connect import connect
from greenbot.inbox.process import Processor
from tests.verify.nursery import count
clock = SystemClock()
processor = Processor(connect(Path(sys.argv[1]), clock=clock), owner="killed", is_alive=lambda name: True, clock=clock,
                      rng=random.Random(1), effects=[count])
asyncio.run(processor.run(drain=True))
"""

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("nth", [1, 2, 4])
@pytest.mark.parametrize("point", ["proc.after_claim", "proc.after_effect", "proc.before_done"])
async def test_every_effect_happens_exactly_once(
    db: Db, path: Path, take: Take, clock: ManualClock, point: str, nth: int
) -> None:
    with db.write() as tx:
        tx.run(EFFECTS)
    take(*(text(number, GUEST if number % 2 else OTHER_GUEST) for number in range(8)))
    plan = {"GREENBOT_TESTING": "1", "GREENBOT_FAILPOINTS": f"{point}=kill@{1 if 'claim' in point else nth}"}
    environ = os.environ | {"PYTHONPATH": str(ROOT)} | plan
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], env=environ, cwd=ROOT, timeout=60)
    assert done.returncode == -signal.SIGKILL, "the failpoint was not reached"
    assert db.scalar("select count(*) from verify_effects") == 0, "nothing of an unfinished batch was kept"
    assert db.scalar("select count(*) from events where state = 'processing'") == 8
    heir = Processor(
        db, owner="heir", is_alive=lambda name: name == "heir", clock=clock, rng=random.Random(1), effects=[count]
    )
    await heir.run(drain=True)
    rows = db.all("select state, (select count(*) from verify_effects where event_id = events.id) as n from events")
    assert [tuple(row) for row in rows] == [("done", 1)] * 8
