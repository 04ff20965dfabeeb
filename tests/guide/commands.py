"""The command lines that stand in the guide, and whether the real command tree understands them."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

from greenbot.cli.app import root
from tests.guide.pages import blocks, prose

_OPERATORS = frozenset("|&;<>()")
Words = tuple[str, ...]


def lines_to_type(text: str) -> Iterator[Words]:
    """Every `greenbot …` in the shell blocks of a page, as words without the program's name."""
    for block in blocks(text):
        if block.is_shell:
            yield from in_script(block.text)


def in_script(script: str) -> Iterator[Words]:
    """Every `greenbot …` of a shell script."""
    for line in script.replace("\\\n", " ").splitlines():
        yield from _in_line(line)


def _in_line(line: str) -> Iterator[Words]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] | None = None
    # A closing quote of "$(greenbot …)" would hide the command inside it, so what is inside counts as a line too.
    for inner in re.findall(r'"\$\(([^()]*)\)"', line):
        yield from _in_line(inner)
    for word in [*lexer, ";"]:
        if set(word) <= _OPERATORS:
            if words is not None:
                yield tuple(words)
            words = None
        elif words is not None:
            words.append(word)
        elif word == "greenbot":
            words = []


def mentions(text: str) -> Iterator[Words]:
    """Every `greenbot …` in the running text of a page."""
    for code in re.findall(r"`(greenbot [^`]+)`", prose(text)):
        yield tuple(code.replace("…", " ").split()[1:])


@cache
def tree() -> Any:
    return root()


def parse(words: Words) -> None:
    """Let the command tree read the words. Raises what Typer raises when it does not understand them."""
    given = [word for word in words if word not in ("--help", "--version")]
    command, context = tree(), tree().make_context("greenbot", list(given))
    while hasattr(command, "list_commands"):
        rest = [*context._protected_args, *context.args]
        if not rest:
            return
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)


def leaf_of(words: Words) -> tuple[Any, Words]:
    """The command that the leading words name, and the words behind them. Raises KeyError for an unknown name."""
    command, rest = tree(), words
    while hasattr(command, "list_commands") and rest and not rest[0].startswith("-"):
        found = command.get_command(None, rest[0])
        if found is None:
            raise KeyError(rest[0])
        command, rest = found, rest[1:]
    return command, rest


def options_of(command: Any) -> set[str]:
    own = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    return own | {"--help"}


def every_command() -> Iterator[str]:
    """The path of every command: `send text`, `sim scenario run`."""
    yield from _below(tree(), ())


def _below(group: Any, path: Words) -> Iterator[str]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from _below(command, (*path, name))
        else:
            yield " ".join((*path, name))
