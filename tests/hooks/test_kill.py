"""A process dies at the worst moment: the receiver sees the same id again, a guest never the same answer."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from greenbot.clock import SystemClock
from greenbot.db.audit import Operator
from greenbot.db.connect import connect
from greenbot.handlers import part
from greenbot.outbox.owner import Owner
from tests.cli.harness import ROOT
from tests.cli.receiver import receiving
from tests.hooks.conftest import House
from tests.hooks.process import bot

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("point", "url_posts"),
    [
        # The handlers are served first: passing 2 is the delivery to the URL.
        ("hook.after_claim=kill@1", 1),
        ("hook.after_effect=kill@1", 1),
        ("hook.after_claim=kill@2", 1),
        ("hook.after_effect=kill@2", 2),
    ],
)
def test_killed_in_between_the_delivery_is_repeated_with_its_id(tmp_path: Path, point: str, url_posts: int) -> None:
    clock = SystemClock()
    store, run_dir = tmp_path / "greenbot.db", tmp_path / "run"

    def deliver(**environ: str) -> int:
        words = [sys.executable, "-m", "tests.hooks.process", str(store), str(run_dir), str(tmp_path / "secrets")]
        plain = {name: value for name, value in os.environ.items() if not name.startswith("GREENBOT_")}
        done = subprocess.run(words, cwd=ROOT, env=plain | {"PYTHONPATH": str(ROOT)} | environ, timeout=60)
        return done.returncode

    db = connect(store, clock=clock)
    with receiving() as there, Owner(run_dir, owner_id="setting-up") as owner:
        house = House(db=db, clock=clock, owner=owner, by=Operator(name="anna", clock=clock))  # type: ignore[arg-type]  # any clock will do
        part(bot, db, owner, clock)
        house.add(target=(there.url,))
        house.text("hello")
        assert deliver(GREENBOT_TESTING="1", GREENBOT_FAILPOINTS=point) == -signal.SIGKILL
        for _ in range(2):
            with db.write() as tx:
                tx.run("update hook_deliveries set next_at_ms = 0, epoch = epoch + 1 where state = 'queued'")
            # The first look takes the delivery back from the dead, with a short wait before it is tried again.
            assert deliver() == 0
        assert house.states() == {"done": 1}
        assert house.states("handlers:desk") == {"done": 1}
        ids = [headers["webhook-id"] for headers, _ in there.taken]
    assert len(ids) == url_posts
    assert len(set(ids)) == 1
    assert db.scalar("select count(*) from messages") == 1
    db.close()
