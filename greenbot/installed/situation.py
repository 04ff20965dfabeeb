"""What the files must know of this machine: how greenbot is started, for whom, and where its folder is."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Scope = Literal["system", "user"]

#: Where the service of a whole machine keeps everything, and where root puts tokens for it.
SYSTEM_HOME = Path("/var/lib/greenbot")
SYSTEM_SECRETS = Path("/etc/greenbot/secrets")
#: Variables that say where files are; a service manager starts with none of them.
PLACES = ("GREENBOT_HOME", "GREENBOT_CONFIG", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Who runs the service, and how."""

    scope: Scope
    #: The words that start greenbot.
    program: tuple[str, ...]
    #: The folder with the store.
    state_dir: Path
    #: The account of a system service.
    account: str = "greenbot"
    #: What the service must find in its environment.
    environment: tuple[tuple[str, str], ...] = ()
    #: Files with secrets that the manager hands over: the name greenbot looks for, and where root keeps it.
    credentials: tuple[tuple[str, Path], ...] = ()
    port: int = 8080
    #: The name under which GREEN-API reaches the proxy.
    host: str = "hotel.example"


def program_here(executable: Path = Path(sys.executable)) -> tuple[str, ...]:
    """How this very greenbot is started from anywhere."""
    script = executable.parent / "greenbot"
    return (str(script),) if script.is_file() else (str(executable), "-m", "greenbot")


def environment_of(scope: Scope, environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The variables a service of that scope needs to find the files that commands find here."""
    if scope == "system":
        return (("GREENBOT_HOME", str(SYSTEM_HOME)),)
    return tuple((name, environ[name]) for name in PLACES if environ.get(name))


def credentials_in(folder: Path) -> tuple[tuple[str, Path], ...]:
    """Every secret that root laid down for the service; none when the folder cannot be read."""
    try:
        found = sorted(entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith("."))
    except OSError:
        return ()
    return tuple((entry.name, entry) for entry in found)


def for_shell(words: tuple[str, ...]) -> str:
    """The words as a line of a shell or of cron."""
    return shlex.join(words)


def for_systemd(words: tuple[str, ...]) -> str:
    """The words as a command of systemd: `%` and `$` mean something there (systemd.service(5), command lines)."""
    return " ".join(quoted_for_systemd(word.replace("$", "$$")) for word in words)


def quoted_for_systemd(word: str) -> str:
    """One word of any setting: `%` begins a specifier, blanks and quotes separate words (systemd.syntax(7))."""
    word = word.replace("%", "%%")
    if word and not set(word) & set(" \t\"'\\;"):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
