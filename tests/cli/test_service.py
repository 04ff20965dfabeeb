"""`greenbot service`: files that are shown, written where systemd looks, and never over somebody's changes."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from greenbot.cli.service import SHOWN
from greenbot.errors import ExitCode
from tests.cli.commands import every_command, every_group
from tests.cli.harness import Desk, Result

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A desk whose root holds a systemd that writes down what it is told."""

    desk: Desk
    root: Path
    programs: Path

    @property
    def units(self) -> Path:
        return Path(self.desk.environ["HOME"]) / ".config" / "systemd" / "user"

    @property
    def told(self) -> list[str]:
        heard = self.root / "told"
        return heard.read_text().splitlines() if heard.exists() else []

    def install(self, *words: str) -> Result:
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        return self.desk.here("service", "install", *words, env={"PATH": path})


@pytest.fixture
def machine(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    root, programs = tmp_path / "root", tmp_path / "bin"
    (root / "run/systemd/system").mkdir(parents=True)
    programs.mkdir()
    for name in ("systemctl", "launchctl"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >> "{root}/told"\n')
        (programs / name).chmod(0o755)
    monkeypatch.setattr("greenbot.cli.service_install.ROOT", root)
    monkeypatch.setattr("sys.platform", "linux")
    return Machine(desk=desk, root=root, programs=programs)


@pytest.mark.parametrize("name", SHOWN)
def test_each_can_be_shown_and_written(desk: Desk, name: str) -> None:
    text = desk.here("service", "show", name).ok().stdout
    assert text.strip()
    assert desk.here("service", "show", name, "--json").ok().json["text"] == text
    desk.here("service", "show", name, "-o", "there").ok()
    there = desk.folder / "there"
    assert all(path.read_text() in text for path in there.iterdir()) if there.is_dir() else there.read_text() == text


def test_the_list_says_what_each_is_for(desk: Desk) -> None:
    assert {line["name"] for line in desk.here("service", "show", "--json").ok().lines} == set(SHOWN)
    unknown = desk.here("service", "show", "apache")
    assert unknown.exit_code == ExitCode.USAGE
    assert "nginx" in unknown.stderr


def test_one_unit_of_several_has_its_own_name(desk: Desk) -> None:
    assert "OnCalendar" in desk.here("service", "show", "greenbot-backup.timer").ok().stdout
    together = desk.here("service", "show", "systemd", "--system", "--account", "hotel").ok().stdout
    assert "# /etc/systemd/system/greenbot.service\n" in together
    assert "User=hotel\n" in together


def test_units_are_written_as_files_of_their_own(desk: Desk) -> None:
    show = ("service", "show", "systemd", "--system", "-o")
    desk.here(*show, "units").ok()
    written = sorted(path.name for path in (desk.folder / "units").iterdir())
    jobs = [f"greenbot-{job}.{kind}" for job in ("backup", "report") for kind in ("service", "timer")]
    assert written == sorted(["greenbot.service", *jobs])
    assert [(desk.folder / "units" / name).read_text().count("[Unit]") for name in written] == [1] * len(written)
    assert "holds this already" in desk.here(*show, "units").ok().stderr
    in_one = desk.here(*show, "greenbot.service")
    assert in_one.exit_code == ExitCode.USAGE
    assert "greenbot service show greenbot.service -o greenbot.service" in in_one.stderr
    (desk.folder / "units" / "greenbot.service").write_text("mine\n")
    (desk.folder / "units" / "greenbot-backup.timer").unlink()
    assert desk.here(*show, "units").exit_code == ExitCode.REFUSED
    assert not (desk.folder / "units" / "greenbot-backup.timer").exists(), "all or nothing"


def test_the_name_of_the_proxy_and_the_port_are_yours(desk: Desk) -> None:
    desk.here("config", "set", "server.port", "9000").ok()
    text = desk.here("service", "show", "nginx", "--host", "bot.hotel.example").ok().stdout
    assert "server_name bot.hotel.example;" in text
    assert "proxy_pass http://127.0.0.1:9000;" in text


def test_a_file_that_is_there_is_never_written_over(desk: Desk) -> None:
    (desk.folder / "compose.yaml").write_text("mine\n")
    refused = desk.here("service", "show", "compose", "-o", "compose.yaml")
    assert refused.exit_code == ExitCode.REFUSED
    assert "-mine" in refused.stdout
    assert (desk.folder / "compose.yaml").read_text() == "mine\n"


def test_units_are_written_and_systemd_reads_them(machine: Machine) -> None:
    said = machine.install("--user").ok()
    assert sorted(path.name for path in machine.units.iterdir()) == [
        "greenbot-backup.service",
        "greenbot-backup.timer",
        "greenbot-report.service",
        "greenbot-report.timer",
        "greenbot.service",
    ]
    assert machine.told == ["systemctl --user daemon-reload"]
    assert "systemctl --user enable greenbot.service" in said.stderr
    assert "loginctl enable-linger" in said.stderr
    text = (machine.units / "greenbot.service").read_text()
    assert f"Environment=GREENBOT_HOME={machine.desk.environ['GREENBOT_HOME']}\n" in text


def test_now_starts_it_and_its_jobs(machine: Machine) -> None:
    machine.install("--user", "--now").ok()
    names = "greenbot.service greenbot-backup.timer greenbot-report.timer"
    assert machine.told[1:] == [f"systemctl --user enable {names}", f"systemctl --user restart {names}"]


def test_a_second_time_changes_nothing(machine: Machine) -> None:
    machine.install("--user").ok()
    changes = {line["change"] for line in machine.install("--user", "--json").ok().lines}
    assert changes == {"same"}


def test_a_changed_unit_is_shown_and_kept_with_all_others(machine: Machine) -> None:
    machine.units.mkdir(parents=True)
    (machine.units / "greenbot.service").write_text("[Service]\nExecStart=/bin/true\n")
    refused = machine.install("--user")
    assert refused.exit_code == ExitCode.REFUSED
    assert "-ExecStart=/bin/true" in refused.stdout
    assert "--force" in refused.stderr
    assert [path.name for path in machine.units.iterdir()] == ["greenbot.service"]
    assert machine.told == []
    machine.install("--user", "--force").ok()
    assert "Type=notify" in (machine.units / "greenbot.service").read_text()


def test_a_trial_writes_nothing_and_needs_no_systemd(machine: Machine) -> None:
    (machine.root / "run/systemd/system").rmdir()
    tried = machine.install("--user", "-n", "--now", "--json").ok()
    assert {line["change"] for line in tried.lines} == {"new"}
    assert "Would run: systemctl --user enable" in tried.stderr
    assert not machine.units.exists()
    assert machine.told == []


def test_without_systemd_it_is_refused_with_the_reason(machine: Machine) -> None:
    (machine.root / "run/systemd/system").rmdir()
    refused = machine.install("--user")
    assert refused.exit_code == ExitCode.REFUSED
    assert "systemd does not run here" in refused.stderr
    assert "greenbot service show compose" in refused.stderr
    assert not machine.units.exists()


def test_a_manager_that_fails_is_an_error(machine: Machine) -> None:
    (machine.programs / "systemctl").write_text("#!/bin/sh\necho Access denied >&2\nexit 1\n")
    failed = machine.install("--user")
    assert failed.exit_code == ExitCode.UNEXPECTED
    assert "Access denied" in failed.stderr


@pytest.mark.parametrize(
    ("uid", "account", "program", "says"),
    [
        (1000, "nobody", "/opt/greenbot/bin/greenbot", "Only root"),
        (0, "no-such-account", "/opt/greenbot/bin/greenbot", "useradd --system"),
        (0, "nobody", "{root}/home/ira/greenbot", "ProtectHome"),
    ],
)
def test_for_the_whole_machine_it_looks_first(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, uid: int, account: str, program: str, says: str
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: uid)
    words = (program.format(root=machine.root),)
    monkeypatch.setattr("greenbot.installed.situation.program_here", lambda: words)
    refused = machine.install("--system", "--account", account)
    assert refused.exit_code == ExitCode.REFUSED
    assert says in refused.stderr
    assert not (machine.root / "etc").exists()


def test_for_the_whole_machine_the_units_go_where_root_keeps_them(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("greenbot.installed.situation.program_here", lambda: ("/opt/greenbot/bin/greenbot",))
    machine.install("--account", "nobody").ok()
    text = (machine.root / "etc/systemd/system/greenbot.service").read_text()
    assert "User=nobody\n" in text and "Environment=GREENBOT_HOME=/var/lib/greenbot\n" in text
    assert machine.told == ["systemctl daemon-reload"]


def test_nothing_is_written_for_who_forbade_it(machine: Machine) -> None:
    assert machine.install("--user", "--read-only").exit_code == ExitCode.REFUSED
    assert not machine.units.exists()


def test_there_is_a_manual_page_for_everything(desk: Desk) -> None:
    made = desk.here("service", "man", "man1", "--json").ok().json
    pages = {path.name for path in (desk.folder / "man1").iterdir()}
    commands = {f"{'-'.join(('greenbot', *words))}.1" for words, _ in every_command()}
    groups = {f"{'-'.join(('greenbot', *words))}.1" for words in every_group()}
    assert pages == commands | groups
    assert made["pages"] == len(pages)


def test_manual_pages_are_ones_a_formatter_understands(desk: Desk) -> None:
    desk.here("service", "man", "man1").ok()
    pages = sorted(str(path) for path in (desk.folder / "man1").iterdir())
    assert all(Path(page).read_text().isascii() for page in pages)
    if shutil.which("mandoc"):
        said = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages], capture_output=True, text=True).stdout
        # They have no date: the same version always makes the same pages.
        assert [line for line in said.splitlines() if "missing date" not in line] == []


def test_a_manual_page_says_what_help_says(desk: Desk) -> None:
    desk.here("service", "man", "man1").ok()
    page = (desk.folder / "man1" / "greenbot-send-text.1").read_text()
    assert "greenbot\\-send\\-text \\- " in page
    assert ".B \\-\\-once\\-per" in page
    assert ".SH EXAMPLES" in page
    program = (desk.folder / "man1" / "greenbot.1").read_text()
    for code in ExitCode:
        assert f".B {int(code)}\n" in program
    assert ".B GREEN_API_TOKEN\n" in program


def test_trying_writes_no_manual_page(desk: Desk) -> None:
    assert "Would write" in desk.here("service", "man", "man1", "-n").ok().stderr
    assert not (desk.folder / "man1").exists()
