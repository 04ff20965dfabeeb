"""A hotel as it should be in production: a service that runs, alerts that were drilled, a backup, a public address."""

import itertools
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from greenbot.doctor import gather
from greenbot.doctor.looks import files
from greenbot.installed.state import installed_state
from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import Timings, World
from tests.cli.harness import Desk, clean_environ, until
from tests.cli.receiver import receiving
from tests.cli.test_serve import PATH, Serving, serving
from tests.guide.commands import leaf_of, options_of

WEBHOOK_TOKEN, VIEWER, ADMIN = secrets.token_hex(20), secrets.token_hex(20), secrets.token_hex(20)
_numbers = itertools.count(1101000001)
CONFIG = """\
[instances.kyiv]
id = "{id}"
api_url = "{url}"

[outbound]
allow = ["127.0.0.1"]
"""
SWITCHES = ("incomingWebhook", "outgoingWebhook", "stateWebhook", "outgoingMessageWebhook")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of doctor's report."""

    check: str
    state: str
    what: str
    fix: str
    instance: str | None


@dataclass(slots=True, kw_only=True)
class Hotel:
    """A desk with everything a hotel needs, and a root folder in which systemd would run its service."""

    desk: Desk
    root: Path
    service: Serving | None = None
    #: What doctor gives its looks: a busy machine must not look like a fault.
    seconds: float = 60.0

    def ask(self, *words: str) -> list[Row]:
        """Everything doctor says."""
        with pytest.MonkeyPatch.context() as patch:
            # The machine of the tests is not the hotel's: its systemd and its mounts are planted.
            patch.setattr(gather, "installed_state", partial(installed_state, root=self.root, ask=lambda scope: True))
            patch.setattr(gather, "LOCAL_SECONDS", self.seconds)
            patch.setattr(gather, "ACCOUNT_SECONDS", self.seconds)
            patch.setattr(gather, "PROBE_SECONDS", self.seconds)
            patch.setattr(files, "MOUNTS", self.root / "mountinfo")
            done = self.desk.here("doctor", "--json", *words)
        return [
            Row(
                check=line["check"],
                state=line["state"],
                what=line["what"],
                fix=line["fix"] or "",
                instance=line["instance"],
            )
            for line in done.ok().json["checks"]
        ]

    def troubles(self, *words: str) -> list[Row]:
        """What is not in order."""
        return [row for row in self.ask(*words) if row.state in ("fault", "warning")]

    @property
    def url(self) -> str:
        assert self.service is not None
        return self.service.url + PATH

    def set_remotely(self, **settings: object) -> None:
        """What GREEN-API has as settings of the number."""
        self.desk.simulator.call(lambda: self.desk.instance.settings.update(settings))


def secret(desk: Desk, name: str, value: str) -> Path:
    """A secret file in its usual place."""
    folder = desk.home / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / name
    path.write_text(value)
    path.chmod(0o600)
    return path


def make_hotel(simulator: SimulatorThread, folder: Path) -> Hotel:
    """Configured, without a service and without a store yet."""
    number, token = next(_numbers), secrets.token_hex(25)
    instance = simulator.call(lambda: simulator.world.add_instance(id_instance=number, token=token, name="kyiv"))
    instance.knobs.enforce_limits = False
    home, work = folder / "home", folder / "work"
    home.mkdir(mode=0o700)
    work.mkdir()
    desk = Desk(
        home=home / "greenbot",
        folder=work,
        simulator=simulator,
        instance=instance,
        token=token,
        environ=clean_environ(home),
    )
    desk.configure(CONFIG.format(id=number, url=simulator.api_url))
    for name, value in {
        "kyiv.token": token,
        "kyiv.webhook-token": WEBHOOK_TOKEN,
        "viewer-token": VIEWER,
        "admin-token": ADMIN,
        "heartbeat-url": "http://127.0.0.1:9/beat",
    }.items():
        secret(desk, name, value)
    return Hotel(desk=desk, root=_machine(folder / "machine", home))


def _machine(root: Path, home: Path) -> Path:
    """A machine whose systemd starts greenbot for this person."""
    import pwd

    units = home / ".config" / "systemd" / "user"
    (units / "default.target.wants").mkdir(parents=True)
    (units / "greenbot.service").write_text("[Service]\n")
    (units / "default.target.wants" / "greenbot.service").symlink_to(units / "greenbot.service")
    (root / "run" / "systemd" / "system").mkdir(parents=True)
    linger = root / "var" / "lib" / "systemd" / "linger"
    linger.mkdir(parents=True)
    (linger / pwd.getpwuid(os.getuid()).pw_name).touch()
    (root / "mountinfo").write_text("36 35 98:0 / / rw,noatime shared:1 - ext4 /dev/root rw\n")
    return root


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorThread]:
    with SimulatorThread(World(timings=Timings(queue_delay=0.0))) as running:
        yield running


@pytest.fixture
def quiet(simulator: SimulatorThread, tmp_path: Path) -> Hotel:
    """A hotel of this test's own, in which nothing runs yet."""
    return make_hotel(simulator, tmp_path)


@pytest.fixture(scope="module")
def hotel(simulator: SimulatorThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotel]:
    """The healthy hotel, its service running. Whoever plants a fault in it takes it out again."""
    made = make_hotel(simulator, tmp_path_factory.mktemp("hotel"))
    desk = made.desk
    with ExitStack() as stack:
        told = stack.enter_context(receiving())
        desk.here("alerts", "receivers", "add", "ops", "--kind", "webhook", "--url", told.url).ok()
        made.service = stack.enter_context(serving(desk, env={"GREEN_API_WEBHOOK_TOKEN": ""}))
        made.set_remotely(**dict.fromkeys(SWITCHES, "yes"), webhookUrl=made.url, webhookUrlToken=WEBHOOK_TOKEN)
        desk("alerts", "drill", "--receiver", "ops", "--timeout", "60s").ok()
        desk("db", "backup", "-q").ok()
        until(lambda: not made.troubles("--offline", "--only", "service", "--only", "alerts"))
        yield made


def document(row: Row) -> str:
    """A row for the message of a failed assertion."""
    return json.dumps({"check": row.check, "state": row.state, "what": row.what, "fix": row.fix})


def commands_in(fix: str) -> list[tuple[str, ...]]:
    """Every command of greenbot that a fix tells to type, as words."""
    found = re.findall(r"greenbot ([a-z][^,;()…]*)", fix)
    return [tuple(part.split(":")[0].split()) for part in found]


def unknown_commands(fix: str) -> list[str]:
    """What a fix tells to type that greenbot does not understand."""
    unknown = []
    for words in commands_in(fix):
        try:
            command, rest = leaf_of(words)
        except KeyError as error:
            unknown.append(f"{error} in {' '.join(words)}")
            continue
        options = {word.partition("=")[0] for word in rest if word.startswith("-")}
        if hasattr(command, "list_commands") or options - options_of(command):
            unknown.append(" ".join(words))
    return unknown
