"""Where greenbot keeps its files. All are private to the person who runs it; none is in /tmp."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from greenbot.errors import ConfigError, UnsafePermissions

SYSTEM_FILE = Path("/etc/greenbot/config.toml")
PROJECT_NAME = ".greenbot.toml"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class Paths:
    """Every place greenbot reads or writes."""

    config_file: Path
    #: `GREENBOT_CONFIG` names the file, so it has to be there.
    config_required: bool = False
    system_file: Path = SYSTEM_FILE
    project_file: Path | None = None
    secrets_dir: Path
    state_dir: Path
    store_file: Path
    spool_dir: Path
    run_dir: Path
    log_file: Path
    cache_dir: Path


def find_paths(environ: Mapping[str, str], *, cwd: Path, system_file: Path = SYSTEM_FILE) -> Paths:
    """The places for this person: below `GREENBOT_HOME` if that is set, else where the system keeps such files.

    Nothing is created. Raises `ConfigError` when there is no home directory.
    """
    named = environ.get("GREENBOT_CONFIG")
    config_dir, state_dir, cache_dir = _folders(environ, cwd)
    return Paths(
        config_file=_absolute(named, cwd) if named else config_dir / "config.toml",
        config_required=bool(named),
        system_file=system_file,
        project_file=_project_file(cwd, home=environ.get("HOME")),
        secrets_dir=config_dir / "secrets",
        state_dir=state_dir,
        store_file=state_dir / "greenbot.db",
        spool_dir=state_dir / "spool",
        run_dir=state_dir / "run",
        log_file=state_dir / "logs" / "greenbot.log",
        cache_dir=cache_dir,
    )


def make_private_dir(path: Path) -> Path:
    """Create the folder and what is missing above it, readable by its owner alone (0700).

    Raises `UnsafePermissions` when somebody else owns it or may write into it, `ConfigError`
    when it cannot be created.
    """
    try:
        for folder in [*reversed(path.parents), path]:
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
        facts = path.stat()
    except OSError as error:
        raise ConfigError(
            f"The folder {path} cannot be created: {error.strerror}.",
            hint="Set GREENBOT_HOME to a folder you can write to.",
        ) from error
    if not path.is_dir():
        raise ConfigError(f"{path} is not a folder.", hint="Move it away, or set GREENBOT_HOME to another folder.")
    if facts.st_uid != os.geteuid():
        raise UnsafePermissions(f"The folder {path} belongs to somebody else.", hint=f"Run: chown $(id -u) {path}")
    if facts.st_mode & 0o022:
        raise UnsafePermissions(f"Others may write into the folder {path}.", hint=f"Run: chmod go-w {path}")
    return path


def _folders(environ: Mapping[str, str], cwd: Path) -> tuple[Path, Path, Path]:
    home = environ.get("GREENBOT_HOME")
    if home:
        folder = _absolute(home, cwd)
        return folder, folder, folder / "cache"
    from platformdirs import PlatformDirs

    dirs = PlatformDirs("greenbot", appauthor=False)
    try:
        found = (dirs.user_config_path, dirs.user_state_path, dirs.user_cache_path)
    except RuntimeError:
        found = None  # a user without an entry in the system's list, as in containers
    if found is None or not all(path.is_absolute() for path in found):
        raise ConfigError(
            "There is no home directory to keep files in.", hint="Set GREENBOT_HOME to a folder of your own."
        )
    return found


def _absolute(text: str, cwd: Path) -> Path:
    try:
        return cwd / Path(text).expanduser()
    except RuntimeError as error:
        raise ConfigError(
            f"{text} begins with ~, but there is no home directory.", hint="Write the whole path."
        ) from error


def _project_file(cwd: Path, *, home: str | None) -> Path | None:
    """The nearest `.greenbot.toml` from here upwards, looking no further than the home directory."""
    for folder in (cwd, *cwd.parents):
        candidate = folder / PROJECT_NAME
        if os.path.lexists(candidate):
            return candidate
        if home and folder == Path(home):
            return None
    return None
