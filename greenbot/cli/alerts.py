"""`greenbot alerts …`: each command's module registers itself in the group."""

from greenbot.cli import (
    alerts_check,
    alerts_drill,
    alerts_exchange,
    alerts_list,
    alerts_receivers,
    alerts_rules,
    alerts_silence,
    alerts_status,
    alerts_trial,
)
from greenbot.cli.alerts_group import group

_ORDER = (
    "status", "list", "show", "add", "edit", "enable", "disable", "remove", "history", "ack", "check",
    "backtest", "test", "drill", "export", "apply",
)  # fmt: skip
# Help shows what is used most first, whichever module was imported first.
group.commands = {name: group.commands[name] for name in _ORDER}

__all__ = [
    "alerts_check",
    "alerts_drill",
    "alerts_exchange",
    "alerts_list",
    "alerts_receivers",
    "alerts_rules",
    "alerts_silence",
    "alerts_status",
    "alerts_trial",
    "group",
]
