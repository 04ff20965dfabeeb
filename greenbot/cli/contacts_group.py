"""The group `greenbot contacts …` itself, and who its commands mean."""

from typing import Annotated

import typer

from greenbot.cli.tree import Group

group = Group("contacts", "People as the phone and WhatsApp know them.")

ToArgument = Annotated[str, typer.Argument(metavar="TO", help="Phone number, chat id, or @name.")]
ToArguments = Annotated[
    list[str], typer.Argument(metavar="TO...", help="Phone numbers, chat ids or @names; - for a list on stdin.")
]
