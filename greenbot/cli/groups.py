"""`greenbot groups …`: WhatsApp groups of a number. Each module below registers its commands on the group."""

from greenbot.cli import (  # noqa: F401, I001 - they register their commands, in the order of the help
    groups_look,
    groups_create,
    groups_change,
    groups_members,
)
from greenbot.cli.groups_group import group

__all__ = ["group"]
