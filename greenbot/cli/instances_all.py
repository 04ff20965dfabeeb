"""`greenbot instances …` with all its commands: each module below registers its own on the group."""

from greenbot.cli import instances, instances_ops  # noqa: F401 - imported for what they register, in this order
from greenbot.cli.instances_group import group

__all__ = ["group"]
