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
    """The name of a backup made now; two in one second have two names."""
    from greenbot.db.backup import stamp

    now_ms = run.clock.now_ms()
    return f"greenbot-{stamp(now_ms)}-{now_ms % 1000:03d}.db"
