"""The settings as rows for people: `config list`, `config get`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from greenbot.config import problems
from greenbot.config.kinds import to_text
from greenbot.config.settings import Settings
from greenbot.config.table import GENERAL, INSTANCE, Value, full_key
from greenbot.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One setting as it holds now. For a secret, `value` is the place it is kept in, never the secret."""

    key: str
    value: str
    #: `flag`, `environment`, `project file`, `user file`, `system file`, `default` or `derived`.
    origin: str
    #: The variable, the flag, or the setting it follows.
    name: str
    file: Path | None
    line: int | None


def rows(settings: Settings) -> Iterator[Row]:
    """Every setting that holds, general ones first; finding the lines reads the files' texts again."""
    instances = (full_key(setting, name) for name in settings.instances for setting in INSTANCE.values())
    for key in (*GENERAL, *instances):
        if key in settings.values:
            yield row(settings, key)


def row(settings: Settings, key: str) -> Row:
    """One setting by full key. Raises `UsageError` when there is none of that name."""
    if key not in settings.values:
        near = problems.closest(key, [*settings.values, *GENERAL])
        raise UsageError(
            f"There is no setting {key}.",
            hint=f"Did you mean {near}?" if near else "See all settings with: greenbot config list",
        )
    origin = settings.origins[key]
    return Row(
        key=key,
        value=_shown(settings.values[key], key),
        origin=origin.kind,
        name=origin.name,
        file=origin.file,
        line=origin.line,
    )


def _shown(value: Value, key: str) -> str:
    if key.endswith("_command") and isinstance(value, tuple) and len(value) > 1:
        return f"{value[0]} …"  # arguments of a program may be secret
    return to_text(value)
