"""Manual pages (man(7)), made from the same declarations as `--help`: one of the program, one of each command."""

import re
from collections.abc import Iterator
from typing import Any

from greenbot.cli.app import root
from greenbot.cli.tree import Record, records_of, split_examples
from greenbot.version import VERSION

Words = tuple[str, ...]

_FILES = (
    ("~/.config/greenbot/config.toml", "The configuration; greenbot config path says where it is here."),
    ("~/.config/greenbot/secrets/", "Tokens, one file each, readable by their owner alone."),
    ("~/.local/state/greenbot/greenbot.db", "The store: messages, events, alerts, figures."),
    ("~/.local/state/greenbot/logs/greenbot.log", "What it did, one JSON object per line."),
    ("/etc/greenbot/config.toml", "Settings of the whole machine."),
)


def every_page() -> dict[str, str]:
    """The page of the program and those of all groups and commands, by file name."""
    pages = {"greenbot.1": program_page()}
    for words, command in _below(root(), ()):
        pages[f"{_name(words)}.1"] = (
            _group_page(words, command) if _is_group(command) else _command_page(words, command)
        )
    return pages


def program_page() -> str:
    """greenbot(1)."""
    top = root()
    lines = [*_head((), top.help or ""), ".SH COMMANDS"]
    for name in top.list_commands(None):
        command = top.get_command(None, name)
        lines += _entry(f"greenbot {name}", _about(command))
    lines += [".SH EXIT STATUS"]
    for code, meaning in _exit_codes():
        lines += _entry(code, meaning)
    lines += [".SH ENVIRONMENT"]
    for name, doc in _environment():
        lines += _entry(name, doc)
    lines += [".SH FILES"]
    for file, about in _FILES:
        lines += _entry(file, about)
    return _ended(lines, ["greenbot help lists the pages of the guide; greenbot help start is the first."])


def _group_page(words: Words, group: Any) -> str:
    lines = [*_head(words, group.help or ""), ".SH COMMANDS"]
    for name in group.list_commands(None):
        lines += _entry(" ".join(("greenbot", *words, name)), _about(group.get_command(None, name)))
    return _ended(lines, ["greenbot(1)"])


def _command_page(words: Words, command: Any) -> str:
    text, examples = split_examples(command.help or "")
    with command.make_context(" ".join(("greenbot", *words)), [], resilient_parsing=True) as context:
        usage = " ".join(command.collect_usage_pieces(context))
        titles = records_of(command, context)
    lines = _head(words, text, usage)
    for title, records in titles.items():
        lines += [f".SH {title.upper()}", *_options(records)]
    lines += [".SH EXAMPLES", ".nf", *map(_line, examples), ".fi"] if examples else []
    return _ended(lines, ["greenbot(1), greenbot help exit-codes"])


def _head(words: Words, text: str, usage: str = "COMMAND [OPTIONS]") -> list[str]:
    name = _name(words)
    first, _, rest = " ".join(text.split("\n\n")[:1]).partition("\n")
    about = " ".join(f"{first} {rest}".split()).rstrip(".")
    more = [piece for paragraph in text.split("\n\n")[1:] for piece in (".PP", _line(" ".join(paragraph.split())))]
    return [
        f'.TH "{name.upper()}" 1 "" "greenbot {VERSION}" "greenbot"',
        ".SH NAME",
        _line(f"{name} - {about.removeprefix('greenbot ')}"),
        ".SH SYNOPSIS",
        f".B {_text(' '.join(('greenbot', *words)))}",
        _line(usage),
        *([".SH DESCRIPTION", *more[1:]] if more else []),
    ]


def _options(records: list[Record]) -> Iterator[str]:
    for name, text in records:
        yield from _entry(name, text)


def _entry(name: str, text: str) -> list[str]:
    return [".TP", f".B {_text(name)}", _line(" ".join(text.split()) or name)]


def _ended(lines: list[str], see: list[str]) -> str:
    return "\n".join([*lines, ".SH SEE ALSO", *map(_line, see)]) + "\n"


def _below(group: Any, path: Words) -> Iterator[tuple[Words, Any]]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        yield (*path, name), command
        if _is_group(command):
            yield from _below(command, (*path, name))


def _is_group(command: Any) -> bool:
    return hasattr(command, "list_commands")


def _about(command: Any) -> str:
    first = (command.help or "").strip().partition("\n")[0]
    return str(first)


def _name(words: Words) -> str:
    return "-".join(("greenbot", *words))


def _exit_codes() -> list[tuple[str, str]]:
    from greenbot.cli.help import page

    rows = re.findall(r"^\| (\d+) \| (.+?) \|", page("exit-codes"), flags=re.MULTILINE)
    return [(code, meaning.replace("**", "").replace("`", "")) for code, meaning in rows]


def _environment() -> Iterator[tuple[str, str]]:
    from greenbot.config.table import SETTINGS

    yield "GREENBOT_HOME", "One folder for the configuration, the store and the log."
    yield "GREENBOT_CONFIG", "The configuration file."
    yield "GREENBOT_READ_ONLY", "Refuse to change or send anything when it is 1."
    seen = set()
    for setting in SETTINGS:
        if setting.env and setting.env not in seen:
            seen.add(setting.env)
            yield setting.env, setting.doc
    yield "NO_COLOR", "No colours."


def _line(text: str) -> str:
    """One line of text that no formatter takes for a request."""
    escaped = _text(text)
    return rf"\&{escaped}" if escaped[:1] in (".", "'") else escaped


def _text(text: str) -> str:
    r"""Backslashes and hyphens as they are to be typed, and every other sign in ASCII: `\[uXXXX]` (groff_char(7))."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "".join(sign if sign.isascii() else f"\\[u{ord(sign):04X}]" for sign in escaped)
