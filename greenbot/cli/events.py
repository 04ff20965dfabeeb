"""`greenbot events …`: what GREEN-API told greenbot. Each module below registers its commands on the group."""

from greenbot.cli import (  # noqa: F401, I001 - they register their commands, in the order of the help
    events_show,
    events_act,
    events_backfill,
    events_export,
)
from greenbot.cli.events_group import group

__all__ = ["group"]
