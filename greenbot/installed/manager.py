"""systemd and launchd, as far as an installation needs them: their folders, their files, what they are told. Pure."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from greenbot.errors import Refused
from greenbot.installed.jobs import JOBS
from greenbot.installed.situation import Scope, Situation
from greenbot.installed.state import lingers, runs_systemd, user_units
from greenbot.installed.texts import SERVICE, agents, units

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """Who starts the service, and how it is told to."""

    name: Literal["systemd", "launchd"]
    scope: Scope
    folder: Path
    #: What makes it read the files again.
    reading: tuple[Words, ...]
    #: What starts the service now and from now on.
    starting: tuple[Words, ...]
    #: What a person should do besides, empty when nothing.
    advice: str = ""

    def files(self, of: Situation) -> dict[str, str]:
        """The files to put there, by name."""
        return units(of) if self.name == "systemd" else agents(of)


def manager_for(
    scope: Scope, environ: Mapping[str, str], *, home: Path, root: Path = Path("/"), platform: str = sys.platform
) -> Manager:
    """The manager of that scope on this machine. Raises `Refused` with the reason where there is none."""
    if platform == "darwin":
        return _launchd(scope, home)
    if not runs_systemd(root):
        raise Refused(
            "systemd does not run here (there is no /run/systemd/system), so there is nobody to install it for.",
            hint="Let a container do it: greenbot service show compose. Or cron: greenbot service show cron",
        )
    return systemd(scope, environ, home=home, root=root)


def systemd(scope: Scope, environ: Mapping[str, str], *, home: Path, root: Path = Path("/")) -> Manager:
    """systemd, whether it runs here or not."""
    control: Words = ("systemctl", "--user") if scope == "user" else ("systemctl",)
    wanted = (SERVICE, *(f"greenbot-{job.name}.timer" for job in JOBS))
    stays = scope == "system" or lingers(root)
    return Manager(
        name="systemd",
        scope=scope,
        folder=user_units(environ, home) if scope == "user" else root / "etc/systemd/system",
        reading=((*control, "daemon-reload"),),
        # A service that runs already takes the new file only when it is started again.
        starting=((*control, "enable", *wanted), (*control, "restart", *wanted)),
        advice="" if stays else "It ends when you log out, unless you allow it to stay: loginctl enable-linger",
    )


def _launchd(scope: Scope, home: Path) -> Manager:
    if scope == "system":
        raise Refused("On macOS greenbot is installed for one person, not for the machine.", hint="Leave out --system.")
    folder = home / "Library" / "LaunchAgents"
    names = ["greenbot.serve.plist", *(f"greenbot.{job.name}.plist" for job in JOBS)]
    domain = f"gui/{os.getuid()}"
    return Manager(
        name="launchd",
        scope="user",
        folder=folder,
        reading=(),
        starting=tuple(("launchctl", "bootstrap", domain, str(folder / name)) for name in names),
    )
