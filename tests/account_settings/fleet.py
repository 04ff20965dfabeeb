"""Many hotels at one simulated GREEN-API, and greenbot's command line for all of them."""

import itertools
import json
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from greenbot.simulator.ledger import LedgerEntry
from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import Instance, Timings, World
from tests.cli.harness import Desk, clean_environ

QUICK = {"GREENBOT_TESTING": "1", "GREENBOT_SETTINGS_SHARE": "0.02"}
_numbers = itertools.count(1103000001)


@dataclass(slots=True, kw_only=True)
class Hotels:
    """A fleet named `hotel-00`, `hotel-01` …; every third one has the tag `coast`. The door enforces the limits."""

    desk: Desk
    world: World
    instances: dict[str, Instance]

    def set_up(self, name: str, **settings: object) -> None:
        """What GREEN-API holds for a hotel now, without a reboot."""
        instance = self.instances[name]
        self.desk.simulator.call(lambda: instance.settings.update(settings))

    def settings(self, name: str) -> dict[str, object]:
        return self.desk.simulator.call(lambda: dict(self.instances[name].settings))

    def changed(self) -> list[LedgerEntry]:
        """Every setSettings that was carried out, oldest first."""
        return self.desk.simulator.call(lambda: self.world.ledger.executions(method="setSettings"))

    def names_of(self, entries: list[LedgerEntry]) -> list[str]:
        by_id = {instance.id: name for name, instance in self.instances.items()}
        return [by_id[entry.instance] for entry in entries]

    def was_asked_slowly(self) -> bool:
        """Whether the limits were kept: of those who ignore them, three requests of five are refused at the door.

        A busy machine may hold one request up so long that the next arrives right behind it; 7 % were seen.
        """
        refused = self.desk.simulator.call(lambda: sum(mark.status == 429 for mark in self.world.ledger.door))
        return refused * 4 < len(self.calls())

    def calls(self) -> list[tuple[str, str]]:
        """(method, hotel) of each call that passed the door."""
        entries = self.desk.simulator.call(lambda: list(self.world.ledger.entries))
        return [(entry.method, name) for entry, name in zip(entries, self.names_of(entries), strict=True)]

    def file(self, text: str, name: str = "wishes.toml") -> str:
        path = self.desk.folder / name
        path.write_text(text)
        return str(path)


@contextmanager
def hotels(ground: Path, count: int, *, reboot_seconds: float = 0.3) -> Iterator[Hotels]:
    """A simulator and a home for so many hotels."""
    timings = Timings(queue_delay=0.0, reboot_seconds=reboot_seconds, settings_apply_seconds=reboot_seconds / 2)
    with SimulatorThread(World(timings=timings)) as simulator:
        folder = Path(tempfile.mkdtemp(prefix="hotels-", dir=ground))
        made = {f"hotel-{number:02}": _instance(simulator) for number in range(count)}
        (folder / "home").mkdir(mode=0o700)
        (folder / "work").mkdir()
        environ = clean_environ(folder / "home") | QUICK
        first = next(iter(made.values()))
        desk = Desk(
            home=folder / "home" / "greenbot",
            folder=folder / "work",
            simulator=simulator,
            instance=first,
            token=first.token,
            environ=environ,
        )
        desk.configure("".join(_section(simulator, name, one) for name, one in made.items()))
        for name, one in made.items():
            _secret(desk, f"{name}.token", one.token)
        yield Hotels(desk=desk, world=simulator.world, instances=made)


def _instance(simulator: SimulatorThread) -> Instance:
    number = next(_numbers)
    token = secrets.token_hex(25)
    return simulator.call(lambda: simulator.world.add_instance(id_instance=number, token=token))


def _section(simulator: SimulatorThread, name: str, one: Instance) -> str:
    tags = '["coast"]' if int(name[-2:]) % 3 == 0 else "[]"
    urls = {"api_url": simulator.api_url, "media_url": simulator.media_url}
    lines = [f"[instances.{name}]", f'id = "{one.id}"', f"tags = {tags}"]
    return "\n".join([*lines, *(f"{key} = {json.dumps(url)}" for key, url in urls.items())]) + "\n\n"


def _secret(desk: Desk, name: str, value: str) -> None:
    folder = desk.home / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(value + "\n")
