"""Every command there is, found by walking the tree."""

from collections.abc import Iterator

from typer.core import TyperCommand, TyperGroup

from greenbot.cli.app import root

Path = tuple[str, ...]


def every_command() -> Iterator[tuple[Path, TyperCommand]]:
    """(words, command) of each command, without the groups."""
    for words, found in _walk((), root()):
        if isinstance(found, TyperCommand):
            yield words, found


def every_group() -> Iterator[Path]:
    """The words of each group; the root is ()."""
    for words, found in _walk((), root()):
        if isinstance(found, TyperGroup):
            yield words


def _walk(words: Path, found: TyperGroup | TyperCommand) -> Iterator[tuple[Path, TyperGroup | TyperCommand]]:
    yield words, found
    if isinstance(found, TyperGroup):
        with found.make_context("greenbot", [], resilient_parsing=True) as context:
            for name in found.list_commands(context):
                yield from _walk((*words, name), found.get_command(context, name))  # type: ignore[arg-type]  # one of the two
