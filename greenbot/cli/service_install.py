"""`greenbot service install`: what would be written, what stands in the way, and then the writing."""

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.cli.run import Run
from greenbot.errors import Refused

if TYPE_CHECKING:
    from greenbot.installed.manager import Manager
    from greenbot.installed.place import Placed
    from greenbot.installed.situation import Situation

#: The root of the file system; tests look at another one.
ROOT = Path("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the person asked for."""

    now: bool
    force: bool


def install_files(run: Run, wanted: Wanted, of: "Situation") -> None:
    """Write what differs and tell the manager. Raises `Refused` with the reason, `ManagerFailed`, `UsageError`."""
    from greenbot.installed.manager import manager_for, systemd
    from greenbot.installed.place import compared

    home = Path.home()
    if run.flags.dry_run:
        # It shows what it would write also where it could not be installed.
        manager = systemd(of.scope, run.environ, home=home, root=ROOT)
        _show(run, compared(manager.files(of), manager.folder), manager, wanted)
        return
    manager = manager_for(of.scope, run.environ, home=home, root=ROOT)
    run.must_write()
    if of.scope == "system":
        _fit_for_a_machine(of)
    files = compared(manager.files(of), manager.folder)
    _respect(run, files, wanted)
    _install(run, files, manager, wanted)


def _show(run: Run, files: "tuple[Placed, ...]", manager: "Manager", wanted: Wanted) -> None:
    run.out.rows(({"file": str(file.path), "change": file.change} for file in files), ("file", "change"))
    for file in files:
        if file.diff:
            run.out.say(file.diff)
    for words in (*manager.reading, *(manager.starting if wanted.now else ())):
        run.out.say(f"Would run: {shlex.join(words)}")


def _fit_for_a_machine(of: "Situation") -> None:
    """What the sandbox of the unit would stumble over is said before anything is written."""
    if os.geteuid() != 0:
        raise Refused(
            "Only root installs a service for the whole machine.",
            hint="Run it with sudo, or without --system for yourself.",
        )
    _needs_account(of.account)
    program = Path(of.program[0])
    if any(program.is_relative_to(place) for place in _homes()):
        raise Refused(
            f"{program} stands in a home folder, which the service cannot see (ProtectHome).",
            hint="Install greenbot for the machine first: python3 -m venv /opt/greenbot, then pip install there.",
        )


def _homes() -> tuple[Path, ...]:
    return (ROOT / "home", ROOT / "root", ROOT / "run/user")


def _needs_account(name: str) -> None:
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError:
        raise Refused(
            f"There is no account '{name}' for the service.",
            hint=f"useradd --system --home-dir /var/lib/greenbot --shell /usr/sbin/nologin {name}",
        ) from None


def _respect(run: Run, files: "tuple[Placed, ...]", wanted: Wanted) -> None:
    """Nothing is written when one file was changed by somebody. Raises `Refused` after showing how."""
    changed = [file for file in files if file.change == "changed"]
    if not changed or wanted.force:
        return
    for file in changed:
        run.out.block(file.diff.rstrip("\n"))
    raise Refused(
        f"{changed[0].path} says something else than greenbot would write; nothing was changed.",
        hint="Replace it with --force. Changes of your own belong into a drop-in: systemctl edit greenbot",
    )


def _install(run: Run, files: "tuple[Placed, ...]", manager: "Manager", wanted: Wanted) -> None:
    from greenbot.installed.place import run as tell
    from greenbot.installed.place import write

    write(files)
    for words in (*manager.reading, *(manager.starting if wanted.now else ())):
        tell(words)
    run.out.rows(({"file": str(file.path), "change": file.change} for file in files), ("file", "change"))
    if not wanted.now:
        run.out.say("Start it, now and with the machine:")
        for words in manager.starting:
            run.out.say(f"  {shlex.join(words)}")
    if manager.advice:
        run.out.warn(manager.advice)
