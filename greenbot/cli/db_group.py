"""The group `greenbot db`, and where its files lie."""

from pathlib import Path

from greenbot.cli.run import Run
from greenbot.cli.tree import Group

group = Group("db", "The store: how it is, backups of it, whether it is sound.")

#: Backups that were given no name: they sort by age.
PATTERN = "greenbot-[0-9]*-[0-9]*.db"


def backup_folder(run: Run) -> Path:
    """Where backups go that were given no name."""
    return run.settings.paths.state_dir / "backups"


def backup_name(run: Run) -> str:
    """The name of a backup made now."""
    from greenbot.db.backup import stamp

    return f"greenbot-{stamp(run.clock.now_ms())}.db"
