"""`greenbot api METHOD`: any method of the catalogue."""

from typing import Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError

group = Group("api", "Call any GREEN-API method")


@group.command("api", instance=True, dry_run=True)
def api(
    run: Run,
    method: Annotated[
        str | None, typer.Argument(metavar="[METHOD]", help="Name of the method, such as getSettings.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            "-F",
            metavar="NAME=VALUE",
            help="A parameter: text, a number, true, false, null or JSON; @FILE reads a file. Repeat for more.",
        ),
    ] = None,
    raw_field: Annotated[
        list[str] | None, typer.Option("--raw-field", "-f", metavar="NAME=VALUE", help="A parameter that stays text.")
    ] = None,
    input_: Annotated[
        str | None, typer.Option("--input", metavar="FILE|-", help="All parameters as one JSON object.")
    ] = None,
    file: Annotated[str | None, typer.Option("--file", metavar="FILE", help="The file of an upload method.")] = None,
    token_out: Annotated[
        str | None,
        typer.Option(
            "--token-out", metavar="FILE", help="Write a token that is in the answer here; it is never shown."
        ),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the methods.")] = False,
) -> None:
    """Call any GREEN-API method and print its answer as JSON.

    Nothing is queued, stored or repeated here: it is one HTTP call. To send messages that must
    not be lost or doubled, use `greenbot send`.

    Examples:
    greenbot api --list
    greenbot api getStateInstance -i grand-kyiv
    greenbot api checkWhatsapp -F chatId=380441234567@c.us
    greenbot api createGroup --input group.json -n
    greenbot api updateApiToken --token-out new-token
    """
    from greenbot.cli import apicall

    if list_:
        apicall.list_methods(run)
    elif method is None:
        raise UsageError("Which method?", hint="See them with: greenbot api --list")
    else:
        given = apicall.parameters(field or [], raw_field or [], input_)
        apicall.call(run, method, given, file_name=file, token_out=token_out)
