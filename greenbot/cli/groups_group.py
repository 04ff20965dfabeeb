"""The group `greenbot groups …` itself, and which WhatsApp group its commands mean."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.remote_call import chat_of
from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import Rejected, UsageError

if TYPE_CHECKING:
    from greenbot.chat_id import ChatId

group = Group("groups", "WhatsApp groups of a number.")

GroupArgument = Annotated[
    str, typer.Argument(metavar="GROUP", help="Its id, such as 120363043968066561@g.us, or @name.")
]
MemberArguments = Annotated[
    list[str], typer.Argument(metavar="TO...", help="Phone numbers, chat ids or @names; - for a list on stdin.")
]


def group_of(run: Run, given: str) -> "ChatId":
    """The WhatsApp group meant. Raises `UsageError` for a person, and as `recipients`."""
    chat = chat_of(run, given)
    if chat.kind != "group":
        raise UsageError(f"{chat} is a person, not a group.", hint="See groups with: greenbot groups list")
    return chat


@contextmanager
def explained(hint: str) -> Iterator[None]:
    """GREEN-API refuses what a group does not allow without a word of why: this says what it mostly is."""
    try:
        yield
    except Rejected as error:
        error.hint = hint
        raise


def as_administrator(group_id: str) -> AbstractContextManager[None]:
    """For what administrators alone may do."""
    return explained(f"Only an administrator may do this. See who is: greenbot groups members {group_id}")
