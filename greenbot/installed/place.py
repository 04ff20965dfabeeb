"""Putting files where a service manager looks for them: what is new, what was changed by hand, one step each."""

import difflib
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from greenbot.errors import GreenbotError, UsageError

MODE = 0o644
_COMMAND_SECONDS = 120.0

Change = Literal["new", "same", "changed"]


class ManagerFailed(GreenbotError):
    """The service manager did not do what it was asked."""

    hint = "The files are in place. Run the command by hand and see what it says."


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One file to be written, and what stands there now."""

    path: Path
    text: str
    change: Change
    #: What would change, as `diff -u` shows it; empty unless somebody changed the file.
    diff: str = ""


def compared(texts: Mapping[str, str], folder: Path) -> tuple[Placed, ...]:
    """Each file beside what stands there. Raises `UsageError` when one cannot be read."""
    return tuple(_compared(folder / name, text) for name, text in texts.items())


def _compared(path: Path, text: str) -> Placed:
    try:
        present = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Placed(path=path, text=text, change="new")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", hint=f"Look at it with: ls -l {path}") from None
    if present == text:
        return Placed(path=path, text=text, change="same")
    lines = difflib.unified_diff(
        present.splitlines(keepends=True), text.splitlines(keepends=True), str(path), f"{path} (new)"
    )
    return Placed(path=path, text=text, change="changed", diff="".join(lines))


def write(files: Iterable[Placed]) -> None:
    """Write those that differ, each in one step. Raises `UsageError` when a folder cannot be written."""
    for file in files:
        if file.change != "same":
            replace(file.path, file.text)


def replace(path: Path, text: str) -> None:
    """Let the file hold the text, readable by everybody; a crash leaves the old one or the new one.

    Raises `UsageError` when it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(MODE)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}.", hint="Write it elsewhere, or as root."
        ) from None


def run(words: Sequence[str]) -> None:
    """Run one command of the service manager. Raises `ManagerFailed` with what it said."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command, as a list, without a shell
            list(words), capture_output=True, text=True, errors="replace", timeout=_COMMAND_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ManagerFailed(f"{' '.join(words)} did not work: {error}.") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip() or f"it ended with status {done.returncode}"
        raise ManagerFailed(f"{' '.join(words)} did not work: {said}")
