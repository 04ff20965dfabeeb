"""`greenbot instances …` with all its commands: each module below registers its own on the group."""

from greenbot.cli import (  # noqa: F401, I001 - imported for what they register, in this order
    instances,
    instances_state,
    instances_health,
    instances_link,
    instances_power,
    instances_ops,
    instances_settings,
    instances_settings_change,
)
from greenbot.cli.instances_group import group

__all__ = ["group"]
