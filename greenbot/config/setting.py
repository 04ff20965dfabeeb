"""What a setting is: its name, what it accepts, what it is without anybody's word."""

from dataclasses import dataclass
from typing import Literal

Value = str | int | float | bool | tuple[str, ...] | None
Scope = Literal["global", "instance"]

#: The ways to say where a secret is kept; each becomes a setting such as `token_file`.
SOURCES = ("file", "env", "command", "keyring")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class Setting:
    """One setting: `api.timeout_seconds`, or `tags` inside `[instances.NAME]`."""

    key: str
    #: A name in `kinds.py`: what values it accepts.
    type: str
    default: Value = None
    env: str | None = None
    scope: Scope = "global"
    #: The value itself is secret: only the environment may carry it, files name its source.
    secret: bool = False
    doc: str
    #: What a person would write, for advice in errors.
    example: str
    choices: tuple[str, ...] = ()
    least: float = 0
    most: float = 0
    #: The general setting that serves an instance which says nothing.
    inherits: str | None = None
    #: A project file may not set it: it could send a token or guests' messages elsewhere.
    trusted: bool = False

    @property
    def is_source(self) -> bool:
        """Whether it says where a secret is kept."""
        return self.type in ("path", "env_name", "argv", "keyring")

    @property
    def leaf(self) -> str:
        """The name as written on its line in the file."""
        return self.key.rpartition(".")[2]
