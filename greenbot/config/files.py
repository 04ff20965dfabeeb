"""Configuration files as read: once, whole, and only when nobody else could have written them."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from greenbot.errors import ConfigError, UnsafePermissions

_LARGEST = 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class Document:
    """One configuration file."""

    #: `project file`, `user file` or `system file`.
    kind: str
    path: Path
    text: str
    data: dict[str, object]

    def line_of(self, path: tuple[str | int, ...]) -> int | None:
        """The line of a key, counted from 1; scans the text, so ask only when a person wants to know."""
        from greenbot.config.lines import KeyLines

        try:
            return KeyLines(self.text).line_of(path)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class Origin:
    """Where a value comes from."""

    #: `flag`, `environment`, `project file`, `user file`, `system file`, `default` or `derived`.
    kind: str
    #: The variable, the option, or the setting it follows.
    name: str = ""
    document: Document | None = None
    path: tuple[str | int, ...] = ()

    @property
    def file(self) -> Path | None:
        """The file, if it comes from one."""
        return self.document.path if self.document else None

    @property
    def line(self) -> int | None:
        """The line in that file, counted from 1."""
        return self.document.line_of(self.path) if self.document else None

    def place(self) -> str:
        """For people: `/home/ira/.config/greenbot/config.toml, line 12`."""
        if self.document:
            line = self.line
            return f"{self.document.path}, line {line}" if line else str(self.document.path)
        return f"{self.kind} {self.name}".strip()


DEFAULT = Origin(kind="default")


def read_document(kind: str, path: Path, *, required: bool = False) -> Document | None:
    """Read a configuration file; None when it does not exist and need not.

    Raises `UnsafePermissions` when somebody else owns it or may write to it (it can name
    programs to run), `ConfigError` when it cannot be read or is not TOML.
    """
    try:
        content = _read_guarded(path)
    except (FileNotFoundError, NotADirectoryError):
        if required:
            raise ConfigError(
                f"There is no configuration file {path}.", hint="Correct or unset GREENBOT_CONFIG."
            ) from None
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", hint=f"Look at it with: ls -l {path}") from error
    return parse_document(kind, path, content)


def parse_document(kind: str, path: Path, content: bytes) -> Document:
    """The content of a configuration file as a document. Raises `ConfigError` when it is not TOML."""
    try:
        text = content.removeprefix(_BYTE_ORDER_MARK).decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}, line {line}: this is not UTF-8 text.", hint="Save the file as UTF-8 in your editor."
        ) from None
    import tomllib

    try:
        return Document(kind=kind, path=path, text=text, data=tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        raise _not_toml(path, text, error) from None


def _read_guarded(path: Path) -> bytes:
    # O_NONBLOCK: a named pipe in place of the file must not hang the command.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _refuse_foreign(path, os.fstat(descriptor))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(_LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > _LARGEST:
        raise ConfigError(f"{path} is larger than 1 MiB.", hint="This is not a configuration of greenbot.")
    return content


def _refuse_foreign(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise ConfigError(f"{path} is not a file.", hint="Move it away, or name another file in GREENBOT_CONFIG.")
    if facts.st_uid not in (0, os.geteuid()):
        raise UnsafePermissions(
            f"{path} belongs to somebody else, who could run programs as you through it.",
            hint="Have it owned by you or by root, or work from another folder.",
        )
    if facts.st_mode & 0o022:
        raise UnsafePermissions(
            f"Others may write to {path} (mode {stat.S_IMODE(facts.st_mode):04o}): they could run programs as you.",
            hint=f"Run: chmod go-w {path}",
        )


def _not_toml(path: Path, text: str, error: Exception) -> ConfigError:
    from tomllib import TOMLDecodeError

    said = str(error) if isinstance(error, TOMLDecodeError) else "A value is too deep or too long"
    found = re.search(r"\(at line (\d+), column \d+\)", said)
    line = int(found[1]) if found else text.rstrip("\n").count("\n") + 1
    place = f"{path}, line {line}" if found or "end of document" in said else str(path)
    return ConfigError(
        f"{place}: {re.sub(r' .at (line|end)[^)]*.$', '', said)}.",
        hint='Each setting stands on its own line as name = value; text goes in quotes: timezone = "Europe/Kyiv"',
    )
