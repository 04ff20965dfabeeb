"""`greenbot db …`: every command of the group."""

from greenbot.cli import db_backup, db_look, db_restore
from greenbot.cli.db_group import group

__all__ = ["db_backup", "db_look", "db_restore", "group"]
