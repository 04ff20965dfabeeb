"""Files are put in place whole, and what somebody changed is seen."""

import os
from pathlib import Path

import pytest

from greenbot.errors import Refused, UsageError
from greenbot.installed.manager import manager_for
from greenbot.installed.place import ManagerFailed, compared, run, write
from tests.installed.situations import situation


def test_what_is_new_what_is_the_same_and_what_was_changed(tmp_path: Path) -> None:
    wanted = {"a": "1\n", "b": "2\n", "c": "3\n"}
    (tmp_path / "b").write_text("2\n")
    (tmp_path / "c").write_text("mine\n")
    a, b, c = compared(wanted, tmp_path)
    assert (a.change, b.change, c.change) == ("new", "same", "changed")
    assert "-mine\n" in c.diff and "+3\n" in c.diff and not a.diff
    write((a, b, c))
    assert [file.change for file in compared(wanted, tmp_path)] == ["same", "same", "same"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a", "b", "c"]
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be"):
        write(compared({"a": "1\n"}, tmp_path / "file" / "below"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("sh", "-c", "echo no such unit >&2; exit 3"), "no such unit"),
        (("sh", "-c", "exit 3"), "status 3"),
        (("no-such-program-here",), "No such file"),
    ],
)
def test_a_manager_that_fails_is_quoted(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(ManagerFailed, match=says):
        run(words)


def test_macos_has_agents_for_one_person(tmp_path: Path) -> None:
    manager = manager_for("user", {}, home=tmp_path, platform="darwin")
    assert manager.folder == tmp_path / "Library" / "LaunchAgents"
    assert set(manager.files(situation("user"))) == {Path(words[-1]).name for words in manager.starting}
    assert all(words[:3] == ("launchctl", "bootstrap", f"gui/{os.getuid()}") for words in manager.starting)
    with pytest.raises(Refused, match="one person"):
        manager_for("system", {}, home=tmp_path, platform="darwin")


def test_without_systemd_it_says_why_not_and_what_else(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="systemd does not run here") as refused:
        manager_for("user", {}, home=tmp_path, root=tmp_path, platform="linux")
    assert "service show compose" in (refused.value.hint or "")
