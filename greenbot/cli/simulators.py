"""Which simulator a command talks to, and the one `greenbot sim serve` runs."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from greenbot.cli.run import Run
from greenbot.errors import UsageError
from greenbot.simulator.remote import RemoteSimulator, SimulatorRefused

if TYPE_CHECKING:
    from greenbot.config.settings import Instance, Settings

DEFAULT_PORT = 7105


def remote(run: Run, url: str | None) -> RemoteSimulator:
    """The simulator at `url`, else the one that was started last on this machine, else the default port."""
    return RemoteSimulator(url or _remembered(run) or f"http://127.0.0.1:{DEFAULT_PORT}")


def _remembered(run: Run) -> str | None:
    try:
        return str(json.loads((run.settings.paths.run_dir / "simulator.json").read_text())["url"])
    except (OSError, ValueError, KeyError):
        return None


def remember(run: Run, url: str) -> None:
    """Let `sim` and `trigger` find the simulator that runs at `url`."""
    from greenbot.config.paths import make_private_dir

    folder = make_private_dir(run.settings.paths.run_dir)
    (folder / "simulator.json").write_text(json.dumps({"url": url, "pid": os.getpid()}))


def forget(run: Run) -> None:
    """The simulator stopped."""
    (run.settings.paths.run_dir / "simulator.json").unlink(missing_ok=True)


def simulated(settings: "Settings", port: int) -> "list[Instance]":
    """The configured instances whose address is this simulator."""
    from urllib.parse import urlsplit

    local = ("127.0.0.1", "localhost", "::1")
    found = []
    for instance in settings.instances.values():
        address = urlsplit(instance.api_url)
        if address.hostname in local and address.port == port:
            found.append(instance)
    return found


def number_of(run: Run) -> str | None:
    """The id of the instance named with -i, as the simulator knows it; a bare id works too."""
    named = run.flags.instance
    if named is None or named.isdigit():
        return named
    return run.instance.id


def number_to_act_on(run: Run) -> str | None:
    """The same, or the default instance; None lets the simulator choose its only one."""
    default = run.settings.instances.get(run.settings.default_instance or "")
    return number_of(run) or (default.id if default is not None else None)


@contextmanager
def advising(hint: str) -> Iterator[None]:
    """What to type next when the simulator does not know what was asked of it."""
    try:
        yield
    except SimulatorRefused as error:
        error.hint = hint
        raise


def require_positive(value: float, what: str) -> float:
    """The value, or a `UsageError`."""
    if value <= 0:
        raise UsageError(f"{what} must be more than 0.")
    return value
