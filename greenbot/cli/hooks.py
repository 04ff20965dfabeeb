"""`greenbot hooks …`: each command's module registers itself in the group."""

from greenbot.cli import hooks_act, hooks_look, hooks_rule
from greenbot.cli.hooks_group import group

__all__ = ["group", "hooks_act", "hooks_look", "hooks_rule"]
