"""The command tree: groups whose modules load only when they are used, and help with examples first.

Typer builds every parameter of every command it knows, and a module of commands imports what its
signatures name. With a hundred commands that is most of a shell call, so a group here is a table
of names, and only the command that was asked for becomes a Typer command.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_from_info
from typer.models import CommandInfo

from greenbot.cli.options import with_shared_options

Body = Callable[..., None]
Record = tuple[str, str]


@dataclass(slots=True)
class Group:
    """The commands of one noun, as its module declares them."""

    name: str
    help: str
    commands: dict[str, Body] = field(default_factory=dict)
    #: The shared options each command takes besides those that all take.
    shared: dict[str, Mapping[str, bool]] = field(default_factory=dict)
    groups: dict[str, "Group"] = field(default_factory=dict)
    takes_negative_numbers: set[str] = field(default_factory=set)

    def command(self, name: str, *, negative_numbers: bool = False, **shared: bool) -> Callable[[Body], Body]:
        """Register a function as the command `name`; `shared` names further shared options it takes.

        `negative_numbers` lets arguments begin with a minus sign.
        """

        def register(body: Body) -> Body:
            self.commands[name] = body
            self.shared[name] = shared
            if negative_numbers:
                self.takes_negative_numbers.add(name)
            return body

        return register

    def group(self, name: str, *, help: str) -> "Group":  # noqa: A002 - what Typer calls it too
        """A group inside this one, such as `instances settings`."""
        self.groups[name] = Group(name, help)
        return self.groups[name]


@dataclass(frozen=True, slots=True, eq=False, repr=False)  # no more than a start needs
class Entry:
    """A line of the top-level table: where a group or a command lives and what it is for."""

    module: str
    help: str
    section: str


def command_of(group: Group, name: str) -> TyperCommand:
    """The Typer command for a registered function."""
    settings = {"ignore_unknown_options": True} if name in group.takes_negative_numbers else None
    callback = with_shared_options(group.commands[name], **group.shared[name])
    info = CommandInfo(name=name, cls=Command, callback=callback, context_settings=settings)
    command = get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)
    assert isinstance(command, TyperCommand)
    return command


class Command(TyperCommand):
    """A command whose help shows what it does, how it is used by example, then its options."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        text, examples = split_examples(self.help or "")
        formatter.write_text(text)
        if examples:
            with formatter.section("Examples"):
                for line in examples:
                    formatter.write(" " * formatter.current_indent + line + "\n")
        formatter.write_paragraph()
        self.format_usage(ctx, formatter)
        for title, lines in records_of(self, ctx).items():
            with formatter.section(title):
                formatter.write_dl(lines)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        arguments = [param.make_metavar(ctx) for param in self.get_params(ctx) if _title(param) == "Arguments"]
        return [*arguments, self.options_metavar or ""]


def records_of(command: TyperCommand, ctx: Any) -> dict[str, list[Record]]:
    """What help says of each parameter, below its title; titles without parameters are left out."""
    records: dict[str, list[Record]] = {"Arguments": [], "Options": [], "Shared options": []}
    for param in command.get_params(ctx):
        record = _record(param, ctx)
        if record is not None:
            records[_title(param)].append(record)
    return {title: lines for title, lines in records.items() if lines}


def _title(param: Any) -> str:
    if param.param_type_name == "argument":
        return "Arguments"
    return "Shared options" if param.rich_help_panel == "shared" or param.name == "help" else "Options"


def _record(param: Any, ctx: Any) -> Record | None:
    """One line of help. Typer would write `<str>` for a text and `[required]` behind what the usage line shows."""
    if param.metavar is None and not getattr(param, "is_flag", False):
        param.metavar = "NUMBER" if param.type.name.startswith(("int", "float")) else "TEXT"
    record: Record | None = param.get_help_record(ctx)
    if record is None:
        return None
    name, text = record
    if param.param_type_name == "argument":
        text = text.removesuffix("[required]").rstrip()
    return name, text.replace("Show this message and exit.", "Show this help.")


def split_examples(help_text: str) -> tuple[str, list[str]]:
    """What a docstring says, and the lines below its `Examples:`."""
    text, _, examples = inspect.cleandoc(help_text).partition("\nExamples:")
    return text.strip(), [line.strip() for line in examples.strip().splitlines()]


class LazyGroup(TyperGroup):
    """A group that makes a command only when it is asked for."""

    def __init__(self, name: str, help: str, makers: Mapping[str, "Maker"]) -> None:  # noqa: A002 - Typer's word
        super().__init__(name=name, help=help, rich_markup_mode=None, no_args_is_help=False)
        self._makers = makers
        # Typer looks for the nearest spelling among these keys.
        self.commands = dict.fromkeys(makers)  # type: ignore[assignment]  # the values are made in get_command

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        maker = self._makers.get(cmd_name)
        return maker.make() if maker else None

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self._makers)

    def invoke(self, ctx: Any) -> Any:
        if not ctx._protected_args:
            import sys

            sys.stdout.write(ctx.get_help() + "\n")
            return None
        return super().invoke(ctx)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write_text(self.help or "")
        formatter.write_paragraph()
        self.format_usage(ctx, formatter)
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, maker in self._makers.items():
            sections.setdefault(maker.section, []).append((name, maker.help))
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)
        options = [record for param in self.get_params(ctx) if (record := _record(param, ctx))]
        with formatter.section("Options"):
            formatter.write_dl(options)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        from typer._click.shell_completion import CompletionItem

        return [
            CompletionItem(name, help=maker.help) for name, maker in self._makers.items() if name.startswith(incomplete)
        ]


@dataclass(frozen=True, slots=True, eq=False, repr=False)  # no more than a start needs
class Maker:
    """Makes one entry of a group when it is needed."""

    help: str
    section: str
    make: Callable[[], Any]


def lazy_group(group: Group) -> LazyGroup:
    """The Typer group of a declared one."""
    makers = {name: _command_maker(group, name) for name in group.commands}
    makers |= {name: Maker(sub.help, "Groups", partial(lazy_group, sub)) for name, sub in group.groups.items()}
    return LazyGroup(group.name, group.help, makers)


def _command_maker(group: Group, name: str) -> Maker:
    first_line = (group.commands[name].__doc__ or "").lstrip().partition("\n")[0].rstrip(".")
    return Maker(first_line, "Commands", lambda: command_of(group, name))


def root_group(name: str, help: str, entries: Mapping[str, Entry]) -> LazyGroup:  # noqa: A002 - Typer's word
    """The top of the tree; no module of `entries` is imported before it is used."""
    makers = {key: Maker(entry.help, entry.section, partial(_load, key, entry)) for key, entry in entries.items()}
    return LazyGroup(name, help, makers)


def _load(name: str, entry: Entry) -> LazyGroup | TyperCommand:
    group: Group = import_module(entry.module).group
    if set(group.commands) == {name}:
        return command_of(group, name)
    return lazy_group(group)
