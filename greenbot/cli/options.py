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


def _flag(*names: str, help: str) -> Any:  # noqa: A002 - Typer's word
    return typer.Option(*names, help=help, rich_help_panel="shared", show_default=False)


_ALWAYS: dict[str, Any] = {
    "json": Annotated[bool, _flag("--json", help="Print JSON: one object, or one per line for lists.")],
    "quiet": Annotated[bool, _flag("--quiet", "-q", help="Print only the essential, such as an id.")],
    "verbose": Annotated[bool, _flag("--verbose", "-v", help="Print more.")],
    "debug": Annotated[
        bool, _flag("--debug", help="Show each HTTP call and the traceback of an error, secrets masked.")
    ],
    "no_color": Annotated[bool, _flag("--no-color", help="No colours; NO_COLOR and TERM=dumb do the same.")],
    "no_input": Annotated[bool, _flag("--no-input", help="Never ask; name the missing option instead.")],
    "read_only": Annotated[bool, _flag("--read-only", help="Refuse to change or send anything.")],
    "config": Annotated[str | None, _flag("--config", help="Use this configuration file.")],
}
_ON_REQUEST: dict[str, Any] = {
    "instance": Annotated[str | None, _flag("--instance", "-i", help="The instance (hotel) to use.")],
    "tag": Annotated[str | None, _flag("--tag", help="All instances with this tag.")],
    "dry_run": Annotated[bool, _flag("--dry-run", "-n", help="Show what would be done; change and send nothing.")],
    "yes": Annotated[bool, _flag("--yes", "-y", help="Do not ask for confirmation.")],
    "columns": Annotated[str | None, _flag("--columns", help="Show these columns, separated by commas.")],
    "csv": Annotated[bool, _flag("--csv", help="Print CSV.")],
    "full": Annotated[bool, _flag("--full", help="Do not shorten long values.")],
}


def with_shared_options(body: Callable[..., None], **wanted: bool) -> Callable[..., None]:
    """The function Typer sees: the body's own parameters and the shared ones, without `run`."""
    shared = dict(_ALWAYS) | {name: _ON_REQUEST[name] for name, on in wanted.items() if on}
    own = [parameter for name, parameter in inspect.signature(body).parameters.items() if name != "run"]

    def command(**given: Any) -> None:
        answers = {name: given.pop(name) for name in shared}
        run = Run.begin(Flags(**answers))
        body(run, **given)

    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    for name, annotation in shared.items():
        default = None if name in ("config", "instance", "tag", "columns") else False
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        )
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what Typer reads
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = body.__doc__
    command.__name__ = body.__name__
    return command
