"""Whether the service is installed here: read from files, so that it costs nothing and needs no rights."""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from greenbot.installed.jobs import JOBS
from greenbot.installed.situation import Scope
from greenbot.installed.texts import SERVICE

ManagerName = Literal["systemd", "launchd", "none"]
#: Where a system's own units may stand, the strongest first.
_SYSTEM_UNITS = ("etc/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
_ASK_SECONDS = 3.0

#: Asks systemd whether a unit runs; None when it cannot be asked.
Ask = Callable[[Scope], bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """How the service stands on this machine."""

    manager: ManagerName
    #: Whose manager has the unit; empty where nobody has.
    scope: Scope | Literal[""] = ""
    #: The unit's file.
    unit: Path | None = None
    #: It starts by itself with the machine.
    enabled: bool = False
    #: It runs; None when the manager cannot be asked.
    active: bool | None = None
    #: Names of the daily jobs that are switched on, such as `greenbot-backup`.
    timers: tuple[str, ...] = ()
    #: What is wrong, empty when all is well, and what to type.
    problem: str = ""
    hint: str = ""


def installed_state(
    environ: Mapping[str, str],
    *,
    home: Path,
    root: Path = Path("/"),
    platform: str = sys.platform,
    ask: Ask | None = None,
) -> Installed:
    """Look for the service. Nothing is changed; systemd is asked for at most three seconds."""
    if platform == "darwin":
        return _of_launchd(home)
    if not runs_systemd(root):
        return Installed(
            manager="none",
            problem="No systemd runs here, so nothing starts greenbot again by itself.",
            hint="Let a container do it: greenbot service show compose. Or cron: greenbot service show cron",
        )
    found = _systemd_unit(environ, home, root)
    if found is None:
        return Installed(
            manager="systemd",
            problem="The service is not installed, so nobody starts it when the machine does.",
            hint="greenbot service install --now",
        )
    scope, unit = found
    return _judged(scope, unit, root, (ask or ask_systemd)(scope))


def runs_systemd(root: Path = Path("/")) -> bool:
    """systemd is process 1 here (sd_booted(3))."""
    return (root / "run/systemd/system").is_dir()


def user_units(environ: Mapping[str, str], home: Path) -> Path:
    """Where a person's own units stand."""
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "systemd" / "user"


def _systemd_unit(environ: Mapping[str, str], home: Path, root: Path) -> tuple[Scope, Path] | None:
    system = next((root / folder / SERVICE for folder in _SYSTEM_UNITS if (root / folder / SERVICE).is_file()), None)
    if system is not None:
        return "system", system
    own = user_units(environ, home) / SERVICE
    return ("user", own) if own.is_file() else None


def _judged(scope: Scope, unit: Path, root: Path, active: bool | None) -> Installed:
    wants = unit.parent if scope == "user" else root / "etc/systemd/system"
    target = "default.target" if scope == "user" else "multi-user.target"
    enabled = _is_link(wants / f"{target}.wants" / SERVICE)
    names = [f"greenbot-{job.name}" for job in JOBS]
    timers = tuple(name for name in names if _is_link(wants / "timers.target.wants" / f"{name}.timer"))
    problem, hint = _trouble(scope, root, enabled=enabled, active=active)
    return Installed(
        manager="systemd",
        scope=scope,
        unit=unit,
        enabled=enabled,
        active=active,
        timers=timers,
        problem=problem,
        hint=hint,
    )


def _trouble(scope: Scope, root: Path, *, enabled: bool, active: bool | None) -> tuple[str, str]:
    control = "systemctl --user" if scope == "user" else "systemctl"
    if not enabled:
        return "The service does not start with the machine.", f"{control} enable --now greenbot"
    if scope == "user" and not lingers(root):
        return "The service ends when you log out.", "loginctl enable-linger"
    if active is False:
        return "The service is installed and does not run.", f"{control} status greenbot"
    return "", ""


def lingers(root: Path = Path("/"), *, uid: int | None = None) -> bool:
    """Services of this person run also while nobody is logged in (loginctl(1))."""
    try:
        name = pwd.getpwuid(os.getuid() if uid is None else uid).pw_name
    except KeyError:
        return False
    return (root / "var/lib/systemd/linger" / name).exists()


def ask_systemd(scope: Scope) -> bool | None:
    """Whether the service runs, by asking systemctl; None when that is not possible."""
    program = shutil.which("systemctl")
    if program is None:
        return None
    words = [program, *(["--user"] if scope == "user" else []), "is-active", SERVICE]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_ASK_SECONDS, check=False)  # noqa: S603 - a fixed command
    except (OSError, subprocess.TimeoutExpired):
        return None
    word = done.stdout.strip()
    return word in ("active", "reloading", "activating") if word else None


def _of_launchd(home: Path) -> Installed:
    folder = home / "Library" / "LaunchAgents"
    unit = folder / "greenbot.serve.plist"
    if not unit.is_file():
        return Installed(
            manager="launchd",
            problem="The service is not installed, so nobody starts it when you log in.",
            hint="greenbot service install --now",
        )
    timers = tuple(f"greenbot-{job.name}" for job in JOBS if (folder / f"greenbot.{job.name}.plist").is_file())
    # What lies in LaunchAgents is loaded at log-in.
    return Installed(manager="launchd", scope="user", unit=unit, enabled=True, timers=timers)


def _is_link(path: Path) -> bool:
    # As the service sees it in another root, the link may lead nowhere; systemd reads it all the same.
    return path.is_symlink() or path.exists()
