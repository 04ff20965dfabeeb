"""Whether the service is installed, seen from the files of a machine."""

import os
import pwd
from pathlib import Path

import pytest

from greenbot.installed.state import Installed, installed_state


class Machine:
    """A machine with systemd, as far as its files go."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home = folder, folder / "home" / "ira"
        self.file("run/systemd/system/x")

    def file(self, path: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text("")

    def system(self) -> None:
        self.file("etc/systemd/system/greenbot.service")

    def enabled(self) -> None:
        self.file("etc/systemd/system/multi-user.target.wants/greenbot.service")

    def timer(self) -> None:
        self.file("etc/systemd/system/timers.target.wants/greenbot-backup.timer")

    def user(self) -> None:
        self.file("home/ira/.config/systemd/user/greenbot.service")

    def user_enabled(self) -> None:
        self.file("home/ira/.config/systemd/user/default.target.wants/greenbot.service")

    def lingering(self) -> None:
        self.file(f"var/lib/systemd/linger/{pwd.getpwuid(os.getuid()).pw_name}")

    def look(self, *, active: bool | None = True) -> Installed:
        return installed_state({}, home=self.home, root=self.root, platform="linux", ask=lambda scope: active)


@pytest.mark.parametrize(
    ("has", "active", "scope", "says"),
    [
        ([], None, "", "not installed"),
        ([Machine.system], True, "system", "does not start with the machine"),
        ([Machine.system, Machine.enabled], False, "system", "does not run"),
        ([Machine.system, Machine.enabled], True, "system", ""),
        ([Machine.system, Machine.enabled], None, "system", ""),
        ([Machine.user, Machine.user_enabled], True, "user", "when you log out"),
        ([Machine.user, Machine.user_enabled, Machine.lingering], True, "user", ""),
        ([Machine.user, Machine.system, Machine.enabled], True, "system", ""),
    ],
)
def test_how_it_stands(tmp_path: Path, has: list[object], active: bool | None, scope: str, says: str) -> None:
    machine = Machine(tmp_path)
    for makes in has:
        makes(machine)  # type: ignore[operator]  # methods of Machine
    found = machine.look(active=active)
    assert found.scope == scope
    assert (says in found.problem) if says else (found.problem, found.hint) == ("", "")
    assert bool(found.hint) == bool(says)


def test_daily_jobs_that_are_switched_on(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.system()
    machine.enabled()
    assert machine.look().timers == ()
    machine.timer()
    assert machine.look().timers == ("greenbot-backup",)


def test_without_systemd_nothing_is_asked(tmp_path: Path) -> None:
    found = installed_state({}, home=tmp_path, root=tmp_path, platform="linux")
    assert (found.manager, found.enabled, found.active) == ("none", False, None)
    assert "service show" in found.hint


def test_on_macos_an_agent_is_enough(tmp_path: Path) -> None:
    assert installed_state({}, home=tmp_path, platform="darwin").problem
    agents = tmp_path / "Library" / "LaunchAgents"
    agents.mkdir(parents=True)
    (agents / "greenbot.serve.plist").write_text("")
    found = installed_state({}, home=tmp_path, platform="darwin")
    assert (found.manager, found.enabled, found.problem) == ("launchd", True, "")
