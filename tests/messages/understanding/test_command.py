"""`greenbot understand`, as an operator types it, and the words of the configuration."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from greenbot.config.kinds import Unfit, check, from_text, to_text
from greenbot.config.table import GENERAL
from greenbot.messages.understanding.rules import parse_line

pytestmark = pytest.mark.integration

_WORDS = GENERAL["understand.words"]


def _run(home: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-m", "greenbot", "understand", *arguments]
    return subprocess.run(command, cwd=root, env=environ, input=stdin, capture_output=True, text=True, timeout=120)


def test_json_holds_the_places_of_everything(tmp_path: Path) -> None:
    text = "Towels to room 305 tomorrow please"
    done = _run(tmp_path, "-", "--json", "--today", "2026-05-06", stdin=text)
    found = json.loads(done.stdout)
    assert (done.returncode, found["intent"], found["language"]) == (0, "request", "en")
    assert [(one["kind"], one["value"]) for one in found["entities"]] == [("room", "305"), ("date", "2026-05-07")]
    assert all(text[one["start"] : one["end"]] == one["text"] for one in found["entities"])


def test_words_of_the_configuration_are_used(tmp_path: Path) -> None:
    config = tmp_path / "greenbot.toml"
    config.write_text('[understand]\nwords = ["spa: massage"]\n')
    assert _run(tmp_path, "a massage", "-q", "--config", str(config)).stdout == "spa\n"
    assert _run(tmp_path, "a massage", "-q").stdout == "other\n"


def test_a_guest_cannot_steer_the_terminal(tmp_path: Path) -> None:
    done = _run(tmp_path, "fire \x1b[31m\u202e in room 305")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout and "\u202e" not in done.stdout


def test_a_day_that_is_none_is_refused(tmp_path: Path) -> None:
    done = _run(tmp_path, "hello", "--today", "soon")
    assert done.returncode == 2
    assert "2026-05-06" in done.stderr


@pytest.mark.parametrize("lines", [["spa: massage"], ["spa: massage, sauna*", "check-in: the boat lands"]])
def test_words_survive_being_written_as_text(lines: list[str]) -> None:
    value = check(_WORDS, lines)
    assert from_text(_WORDS, to_text(value)) == value == tuple(lines)


@pytest.mark.parametrize("line", ["spa", "spa:", "Spa: x", "spa: a: b", "spa: ,", 5, "spa: " + "x" * 3000])
def test_words_that_are_no_rule_are_refused_when_the_file_is_read(line: object) -> None:
    with pytest.raises(Unfit):
        check(_WORDS, [line])


@pytest.mark.parametrize("line", ["spa: massage, sauna*", "late-bus: a .. b, # guests"])
def test_what_the_file_accepts_the_rules_accept(line: str) -> None:
    assert check(_WORDS, [line]) == (line,)
    assert parse_line(line)
