"""`greenbot chats …`: conversations with guests. Each module below registers its commands on the group."""

from greenbot.cli import (  # noqa: F401, I001 - they register their commands, in the order of the help
    chats_list,
    chats_show,
    chats_export,
    chats_act,
    chats_erase,
    chats_remote,
)
from greenbot.cli.chats_group import group

__all__ = ["group"]
