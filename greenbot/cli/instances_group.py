"""The group `greenbot instances …` itself, and what several of its commands use."""

from typing import Annotated

import typer

from greenbot.cli.options import instance_names
from greenbot.cli.tree import Group

group = Group("instances", "The WhatsApp numbers greenbot works with.")

NameArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The instance's name, such as grand-kyiv.", autocompletion=instance_names),
]
