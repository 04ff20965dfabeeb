"""`greenbot alerts …`: each command's module registers itself in the group."""

from greenbot.cli import alerts_list, alerts_rules, alerts_silence, alerts_status, alerts_trial
from greenbot.cli.alerts_group import group

__all__ = ["alerts_list", "alerts_rules", "alerts_silence", "alerts_status", "alerts_trial", "group"]
