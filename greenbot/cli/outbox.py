"""`greenbot outbox …`: the messages greenbot accepted. Each module below registers its commands on the group."""

from greenbot.cli import (  # noqa: F401, I001 - they register their commands, in the order of the help
    outbox_list,
    outbox_show,
    outbox_change,
    outbox_pause,
    outboxreconcile,
    outboxrun,
    outbox_purge,
    outbox_stats,
)
from greenbot.cli.outbox_group import group

__all__ = ["group"]
