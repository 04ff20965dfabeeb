"""The top of the command tree, as a table."""

from typing import TYPE_CHECKING

from greenbot.cli.tree import Entry, LazyGroup, root_group

if TYPE_CHECKING:
    from typer.core import TyperOption

ENTRIES = {
    "init": Entry("greenbot.cli.init", "Set greenbot up: an instance, its token, the first message", "Start"),
    "demo": Entry("greenbot.cli.demo", "Watch the whole system work on a simulator, without an account", "Start"),
    "doctor": Entry("greenbot.cli.doctor", "Go through the production checklist, with a fix for each fault", "Start"),
    "help": Entry("greenbot.cli.help", "Read a guide page", "Start"),
    "completion": Entry("greenbot.cli.completion", "Print the completion script of a shell", "Start"),
    "send": Entry("greenbot.cli.send", "Send a message", "Send"),
    "message": Entry("greenbot.cli.message", "One message in a chat: look at it, edit it, delete it", "Send"),
    "outbox": Entry("greenbot.cli.outbox", "The messages greenbot accepted: look, hold, cancel, retry, send", "Send"),
    "templates": Entry("greenbot.cli.templates", "Texts with gaps such as {{name}}", "Send"),
    "campaign": Entry("greenbot.cli.campaign", "One text to many guests: plan, start, follow", "Send"),
    "suppress": Entry("greenbot.cli.suppress", "Guests who want no promotion", "Send"),
    "serve": Entry("greenbot.cli.serve", "Receive GREEN-API's webhooks, and send what waits", "Receive"),
    "chats": Entry("greenbot.cli.chats", "Conversations with guests: look, search, assign, close, erase", "Receive"),
    "media": Entry("greenbot.cli.media", "Files that guests sent", "Receive"),
    "listen": Entry("greenbot.cli.listen", "Watch events, and pass them on to a program you are working on", "Receive"),
    "hooks": Entry("greenbot.cli.hooks", "Pass events on: to a URL of yours, or to a program", "Receive"),
    "receive": Entry("greenbot.cli.receive", "Fetch events from GREEN-API's queue, where no webhook works", "Receive"),
    "events": Entry("greenbot.cli.events", "What GREEN-API told: look, try again, fetch what was missed", "Receive"),
    "status": Entry("greenbot.cli.status", "The fleet on one screen, the worst first", "Operate"),
    "dashboard": Entry("greenbot.cli.dashboard", "The fleet on a terminal, live", "Operate"),
    "report": Entry("greenbot.cli.report", "What each hotel did, day by day: table, CSV, JSON, HTML", "Operate"),
    "metrics": Entry("greenbot.cli.metrics", "What was measured: calls, errors, times, messages, events", "Operate"),
    "logs": Entry("greenbot.cli.logs", "What greenbot did, line by line", "Operate"),
    "trace": Entry("greenbot.cli.trace", "The whole life of one message or event", "Operate"),
    "instances": Entry("greenbot.cli.instances_all", "The WhatsApp numbers greenbot works with", "Operate"),
    "contacts": Entry("greenbot.cli.contacts", "People as the phone and WhatsApp know them", "Operate"),
    "groups": Entry("greenbot.cli.groups", "WhatsApp groups: create them, and who is in them", "Operate"),
    "statuses": Entry("greenbot.cli.statuses", "Stories: who posted what, and who saw ours", "Operate"),
    "journal": Entry("greenbot.cli.journal", "What GREEN-API itself keeps of messages and calls", "Operate"),
    "catalog": Entry("greenbot.cli.catalog", "Products, collections and orders of a business account", "Operate"),
    "profile": Entry("greenbot.cli.profile", "How a number presents itself", "Operate"),
    "remote-queue": Entry("greenbot.cli.remote_queue", "What waits at GREEN-API itself: look, count, clear", "Operate"),
    "partner": Entry("greenbot.cli.partner", "Instances of a partner account: list, create, delete", "Operate"),
    "api": Entry("greenbot.cli.api", "Call any GREEN-API method", "Operate"),
    "alerts": Entry("greenbot.cli.alerts", "Be told when something is wrong: rules, silences, receivers", "Alerts"),
    "sim": Entry("greenbot.cli.sim", "The built-in GREEN-API simulator", "Test"),
    "trigger": Entry("greenbot.cli.trigger", "Let the simulator emit an event", "Test"),
    "understand": Entry("greenbot.cli.understand", "Try how a guest's text is understood", "Test"),
    "config": Entry("greenbot.cli.config", "Read and change the configuration", "Admin"),
    "service": Entry("greenbot.cli.service", "Let the machine run greenbot: systemd, a container, a proxy", "Admin"),
    "db": Entry("greenbot.cli.db", "The store: how it is, backups of it, whether it is sound", "Admin"),
    "audit": Entry("greenbot.cli.audit", "Who changed what", "Admin"),
}


def root() -> LazyGroup:
    """The `greenbot` command."""
    group = root_group("greenbot", "greenbot runs the WhatsApp numbers of hotels on GREEN-API.", ENTRIES)
    group.params.append(_version_option())
    return group


def _version_option() -> "TyperOption":
    """`--version` is answered before any of this is loaded; here it only appears in the help."""
    from typer.core import TyperOption

    return TyperOption(
        param_decls=["--version", "-V"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        help="Print the version.",
        callback=_print_version,
    )


def _print_version(context: object, param: object, value: bool) -> None:
    if value:
        import sys

        from typer import Exit

        from greenbot.version import VERSION

        sys.stdout.write(f"greenbot {VERSION}\n")
        raise Exit(0)
