"""`greenbot journal …`: what GREEN-API itself keeps. Each module below registers its commands on the group."""

from greenbot.cli import (  # noqa: F401, I001 - they register their commands, in the order of the help
    journal_messages,
    journal_calls,
)
from greenbot.cli.journal_group import group

__all__ = ["group"]
