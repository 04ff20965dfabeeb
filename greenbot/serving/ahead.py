"""What the parts of a service need is imported before they begin, each in a thread of its own.

Modules that import each other in a circle, looked for by two threads at the same moment, are seen half made: Python
would rather hand out such a module than wait for ever (docs.python.org: the import system, deadlock avoidance).
"""

from importlib import import_module
from pkgutil import iter_modules

#: With all that they import themselves.
_NEEDED = (
    "greenbot.alerts.evaluator",
    "greenbot.alerts.heartbeat",
    "greenbot.alerts.teller",
    "greenbot.api.client",
    "greenbot.api.engine",
    "greenbot.campaigns.dispatch",
    "greenbot.effects",
    "greenbot.fleet.watcher",
    "greenbot.hooks.dispatcher",
    "greenbot.hooks.keyfiles",
    "greenbot.inbox.process",
    "greenbot.logs.calls",
    "greenbot.metrics.keeper",
    "greenbot.outbox.clients",
    "greenbot.outbox.presence",
    "greenbot.outbox.reconcile",
    "greenbot.outbox.worker",
    "greenbot.resilience.line_files",
    "greenbot.serving.retention",
    "greenbot.wiring",
)
#: Of these every module is imported by itself, when there is something for it to do.
_KINDS = ("greenbot.alerts.notify", "greenbot.api.methods", "greenbot.messages", "greenbot.messages.drafts")


def import_parts() -> None:
    """Import it all, in this thread."""
    for name in _NEEDED:
        import_module(name)
    for package in _KINDS:
        for found in iter_modules(import_module(package).__path__, f"{package}."):
            import_module(found.name)
