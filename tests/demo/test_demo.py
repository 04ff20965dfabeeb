"""The demo keeps its promises, also when somebody breaks them."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from greenbot.clock import SystemClock
from greenbot.demo.performance import Performance, Summary
from greenbot.demo.screen import NEXT, Plain
from greenbot.demo.script import EVERY_TYPE, WISH, Cast, shown
from greenbot.demo.stage import Finished, Stage
from greenbot.messages.outgoing import KINDS

pytestmark = pytest.mark.integration


def perform(stage: Stage) -> tuple[Summary, str]:
    heard = io.StringIO()
    with stage, Plain(heard) as audience:
        summary = Performance(stage, audience, 0.0).play()
    return summary, heard.getvalue()


def test_every_type_arrives_and_the_lost_answer_is_reported_not_repeated() -> None:
    summary, heard = perform(Stage(SystemClock(), speed=20.0))
    assert summary.broken == ()
    sent = len(EVERY_TYPE) + 1  # and the answer to the guest who waits
    assert (summary.accepted, summary.uncertain, summary.executed) == (sent, 1, sent + 1)
    assert summary.events > 10
    assert WISH in heard
    assert "uncertain" in heard
    assert all(command in heard for command, _ in NEXT)


def test_every_kind_of_draft_is_on_the_programme() -> None:
    cast = Cast(words={"menu": __file__, "question": "Q", "welcome": "W"})
    kinds = {"text", "file", "location", "contact", "poll", "buttons", "typing", "reaction", "forward", "status"}
    assert {cast.command(step)[1] for step in EVERY_TYPE} == kinds
    assert len(KINDS) == 14
    assert sum(step.argv[0] == "status" for step in EVERY_TYPE) == 3


class BrokenStage(Stage):
    """A greenbot that sends again when it should not."""

    def greenbot(self, *argv: str, watch: object = None) -> Finished:
        without_key = [word for word in argv if word not in ("--key", "taxi-4711")]
        return super().greenbot(*without_key)


def test_a_second_send_of_the_lost_message_is_noticed() -> None:
    summary, heard = perform(BrokenStage(SystemClock(), speed=20.0))
    assert "the repeated command was not recognised by its --key" in summary.broken
    assert "BROKEN" in heard


def test_the_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    environ = os.environ | {"TMPDIR": str(tmp_path), "GREENBOT_HOME": str(tmp_path / "own"), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "greenbot", "demo", "--fast"], env=environ, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_gets_the_live_screen() -> None:
    master, slave = pty.openpty()
    environ = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(
        [sys.executable, "-m", "greenbot", "demo", "--fast"], stdout=slave, stderr=slave, env=environ
    )
    os.close(slave)
    seen = bytearray()
    while True:
        try:
            seen += os.read(master, 65536)
        except OSError:
            break
    os.close(master)
    assert process.wait() == 0
    assert b"You type" in seen
    assert b"Guests see" in seen
    assert b"nothing was sent twice" in seen


def test_commands_are_shown_as_one_would_type_them() -> None:
    command = shown(("send", "text", "+380 1", "it's", "/long/way/menu.txt"), {"/long/way/menu.txt": "menu.txt"})
    assert command == """greenbot send text '+380 1' 'it'"'"'s' menu.txt"""
