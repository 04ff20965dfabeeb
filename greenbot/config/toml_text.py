"""Small changes to a TOML text that keep everything else as the person wrote it.

Each function returns the new text and has checked that it means exactly what was asked: the old
values with this one change.
"""

import copy
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence

from greenbot.config.lines import KeyLines
from greenbot.config.table import Value
from greenbot.errors import ConfigError

Path = tuple[str, ...]


def with_value(text: str, path: Path, value: Value) -> str:
    """The text with `path` set: replaced in place, put where the commented example stands, or added to its section."""
    wanted = tomllib.loads(text)
    _set(wanted, path, list(value) if isinstance(value, tuple) else value)
    line = f"{path[-1]} = {_literal(value)}"
    attempts = (
        lambda: _replaced(text, path, value),
        lambda: _uncommented(text, path, line),
        lambda: _inserted(text, path, line),
        lambda: _appended(text, path, line),
    )
    return _first_right(attempts, wanted)


def without(text: str, path: Path) -> str:
    """The text without this key or section; the same text when it has none."""
    wanted = tomllib.loads(text)
    inner = _table(wanted, path[:-1])
    if inner is None or path[-1] not in inner:
        return text
    del inner[path[-1]]
    return _first_right((lambda: _removed(text, path),), wanted)


def with_section(text: str, path: Path, values: Mapping[str, Value]) -> str:
    """The text with a new section at its end."""
    wanted = tomllib.loads(text)
    _set(wanted, path, {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()})
    lines = [f"[{'.'.join(path)}]", *(f"{key} = {_literal(value)}" for key, value in values.items())]
    added = (text.rstrip() + "\n\n" if text.strip() else "") + "\n".join(lines) + "\n"
    return _first_right((lambda: added,), wanted)


def _first_right(attempts: Sequence[Callable[[], str | None]], wanted: dict[str, object]) -> str:
    for attempt in attempts:
        candidate = attempt()
        if candidate is not None and _means(candidate, wanted):
            return candidate
    raise ConfigError(
        "This change cannot be made without rewriting the file.", hint="Make it by hand: greenbot config edit"
    )


def _means(text: str, wanted: dict[str, object]) -> bool:
    try:
        return _without_empty(tomllib.loads(text)) == _without_empty(wanted)
    except tomllib.TOMLDecodeError:
        return False


def _without_empty(data: Mapping[str, object]) -> dict[str, object]:
    # An empty [section] says the same as none; an instance without settings does not.
    return {key: value for key, value in data.items() if value != {}}


def _literal(value: Value) -> str:
    import tomlkit

    return tomlkit.item(list(value) if isinstance(value, tuple) else value).as_string()


def _set(data: dict[str, object], path: Path, value: object) -> None:
    for key in path[:-1]:
        inner = data.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{key} is not a section in this file.", hint="Correct it with: greenbot config edit")
        data = inner
    data[path[-1]] = copy.copy(value)


def _table(data: dict[str, object], path: Path) -> dict[str, object] | None:
    for key in path:
        inner = data.get(key)
        if not isinstance(inner, dict):
            return None
        data = inner
    return data


def _replaced(text: str, path: Path, value: Value) -> str | None:
    """In place, when the key is there or its section is written inline."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    known = KeyLines(text)
    if path not in known.pairs and (not path[:-1] or path[:-1] not in known.pairs):
        return None
    try:
        document = tomlkit.parse(text)
        _set(document, path, list(value) if isinstance(value, tuple) else value)
        return tomlkit.dumps(document)
    except (TOMLKitError, TypeError):
        return None


def _removed(text: str, path: Path) -> str | None:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        inner = _table(document, path[:-1])
        if inner is None:
            return None
        del inner[path[-1]]
        return tomlkit.dumps(document)
    except (TOMLKitError, KeyError):
        return None


def _uncommented(text: str, path: Path, line: str) -> str | None:
    """Where the example file shows the setting as `#name = value`."""
    lines = text.split("\n")
    shown = re.compile(rf"#\s?{re.escape(path[-1])}\s*=")
    for number in _region(text, lines, path[:-1]):
        if shown.match(lines[number]):
            lines[number] = line
            return "\n".join(lines)
    return None


def _region(text: str, lines: Sequence[str], section: Path) -> Iterator[int]:
    """The line numbers (from 0) between the header of the section and the next one, real or commented."""
    start = KeyLines(text).headers.get(section) if section else 0
    if start is None:
        return
    for number in range(start, len(lines)):
        if re.match(r"#?\s*\[", lines[number]):
            return
        yield number


def _inserted(text: str, path: Path, line: str) -> str | None:
    """Below the last setting of its section, else right below the header, else (no section) at the top."""
    known = KeyLines(text)
    section = path[:-1]
    start = known.headers.get(section) if section else 0
    if start is None:
        return None
    end = min((number for number in known.headers.values() if number > start), default=text.count("\n") + 2)
    inside = [span.last for key, span in known.pairs.items() if len(key) == len(path) and start < span.first < end]
    lines = text.split("\n")
    lines.insert(max(inside, default=start), line)
    return "\n".join(lines)


def _appended(text: str, path: Path, line: str) -> str | None:
    """In a new section at the end."""
    if not path[:-1]:
        return None
    return (text.rstrip() + "\n\n" if text.strip() else "") + f"[{'.'.join(path[:-1])}]\n{line}\n"
