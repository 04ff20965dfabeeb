"""`greenbot contacts …`: people as the phone and WhatsApp know them. Each module below registers its commands."""

from greenbot.cli import (  # noqa: F401, I001 - they register their commands, in the order of the help
    contacts_look,
    contacts_check,
    contacts_edit,
)
from greenbot.cli.contacts_group import group

__all__ = ["group"]
