"""Options that every command takes, declared once.

Typer takes a shared option only before the sub-command when it sits on the root; people write it
last (`send text … --json`). So each command's signature is extended here, and its body receives
one `Run` with the answers.
"""

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from greenbot.cli.run import Flags, Run


def _flag(*names: str, help: str, **more: Any) -> Any:  # noqa: A002 - Typer's word
    return typer.Option(*names, help=help, rich_help_panel="shared", show_default=False, **more)


def instance_names(incomplete: str) -> list[str]:
    """For the shell's completion; a broken configuration completes nothing and says nothing."""
    from greenbot.errors import GreenbotError

    try:
        names = Run.begin(Flags()).settings.instances
    except GreenbotError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def _tags(incomplete: str) -> list[str]:
    from greenbot.errors import GreenbotError

    try:
        instances = Run.begin(Flags()).settings.instances.values()
    except GreenbotError:
        return []
    return sorted({tag for instance in instances for tag in instance.tags if tag.startswith(incomplete)})


_ALWAYS: dict[str, Any] = {
    "json": Annotated[bool, _flag("--json", help="Print JSON: one object, or one per line for lists.")],
    "quiet": Annotated[bool, _flag("--quiet", "-q", help="Print only the essential, such as an id.")],
    "verbose": Annotated[bool, _flag("--verbose", "-v", help="Print more: all columns of a list.")],
    "debug": Annotated[
        bool, _flag("--debug", help="Show each HTTP call and the traceback of an error, secrets masked.")
    ],
    "no_color": Annotated[bool, _flag("--no-color", help="No colours; NO_COLOR and TERM=dumb do the same.")],
    "no_input": Annotated[bool, _flag("--no-input", help="Never ask; name the missing option instead.")],
    "read_only": Annotated[bool, _flag("--read-only", help="Refuse to change or send anything.")],
    "config": Annotated[str | None, _flag("--config", metavar="FILE", help="Use this configuration file.")],
}
_ON_REQUEST: dict[str, Any] = {
    "instance": Annotated[
        str | None,
        _flag("--instance", "-i", metavar="NAME", help="The instance (hotel) to use.", autocompletion=instance_names),
    ],
    "tag": Annotated[
        str | None, _flag("--tag", metavar="TAG", help="All instances with this tag.", autocompletion=_tags)
    ],
    "dry_run": Annotated[bool, _flag("--dry-run", "-n", help="Show what would be done; change and send nothing.")],
    "yes": Annotated[bool, _flag("--yes", "-y", help="Do not ask for confirmation.")],
    "columns": Annotated[
        str | None, _flag("--columns", metavar="A,B", help="Show these columns, separated by commas.")
    ],
    "sort": Annotated[
        str | None, _flag("--sort", metavar="COLUMN", help="Sort by this column; -COLUMN begins with the largest.")
    ],
    "csv": Annotated[bool, _flag("--csv", help="Print CSV.")],
    "full": Annotated[bool, _flag("--full", help="Do not shorten long values.")],
}


def _of_send(*names: str, help: str, **more: Any) -> Any:  # noqa: A002 - Typer's word
    return typer.Option(*names, help=help, show_default=False, **more)


#: What every message that is sent understands.
_OF_SENDS: dict[str, Any] = {
    "at": Annotated[str | None, _of_send("--at", metavar="WHEN", help="Send it then: 2h, 'tomorrow 07:30', a date.")],
    "tz": Annotated[str | None, _of_send("--tz", metavar="ZONE", help="Whose clock --at means: Area/City, or hotel.")],
    "expire": Annotated[
        str | None, _of_send("--expire", metavar="DURATION", help="Do not send it any more after so long.")
    ],
    "priority": Annotated[
        str | None, _of_send("--priority", metavar="high|normal|bulk", help="What leaves first when several wait.")
    ],
    "wait_for": Annotated[
        str | None,
        _of_send("--wait-for", metavar="accepted|sent|delivered|read", help="End when it has come so far."),
    ],
    "timeout": Annotated[
        str | None, _of_send("--timeout", metavar="DURATION", help="Wait no longer than this; the message stays.")
    ],
    "queue": Annotated[bool, _of_send("--queue", help="Only accept it; a worker sends it.")],
    "direct": Annotated[bool, _of_send("--direct", help="Send it from this process, even beside a worker.")],
}
_ON_REQUEST |= _OF_SENDS
_TEXTS = {"config", "instance", "tag", "columns", "sort"} | (set(_OF_SENDS) - {"queue", "direct"})
#: What every list understands.
_OF_LISTS = ("columns", "sort", "csv", "full")


def with_shared_options(body: Callable[..., None], **wanted: bool) -> Callable[..., None]:
    """The function Typer sees: the body's own parameters and the shared ones, without `run`.

    `rows=True` stands for everything that lists understand, `sending=True` for what every message does.
    """
    if wanted.pop("sending", False):
        wanted |= dict.fromkeys(_OF_SENDS, True)
    if wanted.pop("rows", False):
        wanted |= dict.fromkeys(_OF_LISTS, True)
    shared = dict(_ALWAYS) | {name: _ON_REQUEST[name] for name, on in wanted.items() if on}
    own = [parameter for name, parameter in inspect.signature(body).parameters.items() if name != "run"]

    def command(**given: Any) -> None:
        answers = {name: given.pop(name) for name in shared}
        run = Run.begin(Flags(**answers))
        try:
            body(run, **given)
        finally:
            run.close()

    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    for name, annotation in shared.items():
        default = None if name in _TEXTS else False
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        )
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what Typer reads
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = body.__doc__
    command.__name__ = body.__name__
    return command
