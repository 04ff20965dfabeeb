"""The tables of the guide that are made from code, so that neither can drift from the other.

`python -m tests.guide.tables` writes them into their pages; a test fails until somebody did.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Sequence

import greenbot
from greenbot.account_settings.fields import FIELDS, SECRETS, Field
from greenbot.api.endpoint import Endpoint
from greenbot.api.endpoints import ENDPOINTS
from greenbot.cli.app import ENTRIES
from greenbot.cli.tree import records_of
from greenbot.config.table import SETTINGS, Setting
from greenbot.doctor.checklist import CHECKS
from greenbot.errors import GreenbotError
from greenbot.messages.incoming.carried import MAKERS
from greenbot.messages.incoming.model import MessageEvent
from greenbot.messages.incoming.parse import KNOWN_TYPES, of_object
from greenbot.messages.incoming.text import kind_of
from greenbot.metrics.catalogue import METRICS
from tests.guide.commands import every_command, leaf_of
from tests.guide.pages import PAGES, section, text_of

#: What a cell without content holds.
NOTHING = "-"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


# --- api ------------------------------------------------------------------------------------------------------------


def methods() -> str:
    """Every method of the catalogue, one table for each group."""
    groups: dict[str, list[Endpoint]] = {}
    for endpoint in ENDPOINTS.values():
        groups.setdefault(endpoint.group, []).append(endpoint)
    head = ("method", "verb", "host", "a second", "parameters", "what it does")
    return "\n".join(f"### {name}\n\n{table(head, map(_method, rows))}" for name, rows in groups.items())


def _method(endpoint: Endpoint) -> tuple[str, ...]:
    params = ", ".join(f"**{param.name}**" if param.required else param.name for param in endpoint.params)
    marks = "".join(f" ({word})" for word, on in (("beta", endpoint.beta), ("archived", endpoint.archived)) if on) + (
        " †" if endpoint.repeat_safe else ""
    )
    rate = f"{endpoint.rate_per_second:g}"
    return f"`{endpoint.name}`", endpoint.verb, endpoint.host, rate, params or NOTHING, endpoint.summary + marks


# --- instances --------------------------------------------------------------------------------------------------------


def account_settings() -> str:
    """The settings of a number at GREEN-API that can be made."""
    rows = [(f"`{field.name}`", _may_be(field), field.about) for field in FIELDS.values()]
    return table(("setting", "may be", "what it does"), rows)


def _may_be(field: Field) -> str:
    if field.kind == "number":
        return f"{field.least} to {field.most}"
    return "`yes`, `no`" if field.kind == "switch" else "a secret" if field.name in SECRETS else "a text"


# --- config ---------------------------------------------------------------------------------------------------------


def general_settings() -> str:
    """The settings of the whole installation."""
    return _settings("global")


def instance_settings() -> str:
    """The settings of one instance."""
    return _settings("instance")


def _settings(scope: str) -> str:
    rows = (_setting(setting) for setting in SETTINGS if setting.scope == scope)
    return table(("setting", "default", "environment", "what it is"), rows)


def _setting(setting: Setting) -> tuple[str, ...]:
    doc = setting.doc
    if setting.choices:
        doc += f" One of {', '.join(f'`{choice}`' for choice in setting.choices)}."
    if setting.most:
        doc += f" From {setting.least:g} to {setting.most:g}."
    if setting.trusted:
        doc += " ‡"
    return f"`{setting.key}`", _default(setting), f"`{setting.env}`" if setting.env else NOTHING, doc


def _default(setting: Setting) -> str:
    if setting.inherits:
        return f"as `{setting.inherits}`"
    if setting.secret or setting.default in (None, ()):
        return NOTHING
    match setting.default:
        case bool(switch):
            return f"`{str(switch).lower()}`"
        case float(number):
            return f"`{number:g}`"
        case other:
            return f"`{other}`"


# --- errors ---------------------------------------------------------------------------------------------------------


def error_classes() -> tuple[type[GreenbotError], ...]:
    """Every error class of the program, as the tree runs."""
    for module in pkgutil.walk_packages(greenbot.__path__, "greenbot."):
        if module.name != "greenbot.__main__":
            importlib.import_module(module.name)
    return tuple(_below(GreenbotError))


def _below(error: type[GreenbotError]) -> Iterable[type[GreenbotError]]:
    yield error
    children = [child for child in error.__subclasses__() if child.__module__.startswith("greenbot.")]
    # Those of errors.py in their order there; the order of the others would be that of the imports.
    for child in sorted(children, key=lambda child: "" if child.__module__ == error.__module__ else child.__name__):
        yield from _below(child)


def errors() -> str:
    """Every error: how it is called in JSON, how the command ends, whether to try again."""
    head = ("code", "exit", "try again", "maybe sent", "what it means", "hint")
    return table(head, map(_error, error_classes()))


def _error(error: type[GreenbotError]) -> tuple[str, ...]:
    yes = {True: "yes", False: "no"}
    hint = error.hint or NOTHING
    return (
        f"`{error.code()}`",
        str(int(error.exit_code)),
        yes[error.retryable],
        yes[error.maybe_sent],
        error.summary(),
        hint,
    )


# --- events -----------------------------------------------------------------------------------------------------------


def events() -> str:
    """Every typeWebhook and what greenbot makes of it."""
    rows = ((f"`{name}`", *_type_of(of_object({"typeWebhook": name}))) for name in KNOWN_TYPES)
    return table(("GREEN-API", "greenbot", "what it is"), rows)


def contents() -> str:
    """Every typeMessage and what greenbot makes of it."""
    return table(("GREEN-API", "greenbot", "in lists", "what it is"), map(_content, MAKERS))


def _content(name: str) -> tuple[str, ...]:
    event = of_object({"typeWebhook": "incomingMessageReceived", "messageData": {"typeMessage": name}})
    assert isinstance(event, MessageEvent)
    kind, about = _type_of(event.content)
    # A text stands for itself; its kind is said nowhere.
    return f"`{name}`", kind, NOTHING if kind == "`Text`" else kind_of(event.content), about


def _type_of(value: object) -> tuple[str, str]:
    """The name of a type, and the first sentence of its docstring."""
    first = " ".join((type(value).__doc__ or "").split("\n\n")[0].split())
    return f"`{type(value).__name__}`", re.split(r"(?<=\.) (?=[A-Z`])", first)[0]


# --- metrics ----------------------------------------------------------------------------------------------------------


def figures() -> str:
    """Every figure with a name."""
    return table(("metric", "unit", "what it is"), ((f"`{one.name}`", one.unit, one.doc) for one in METRICS.values()))


# --- commands ---------------------------------------------------------------------------------------------------------


def commands() -> str:
    """Every command, one table for each section of `greenbot --help`."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for name, entry in ENTRIES.items():
        rows = (row for row in usages() if row[0].split()[1] == name)
        sections.setdefault(entry.section, []).extend(rows)
    head = ("command", "what it does")
    tables = {title: table(head, ((f"`{usage}`", about) for usage, about in rows)) for title, rows in sections.items()}
    return "\n".join(f"### {title}\n\n{text}" for title, text in tables.items())


def usages() -> Iterable[tuple[str, str]]:
    """How each command is typed, and the first line of its help."""
    for path in every_command():
        command, _ = leaf_of(tuple(path.split()))
        with command.make_context(path, [], resilient_parsing=True) as context:
            pieces = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
        yield " ".join(("greenbot", path, *pieces)), (command.help or "").strip().partition("\n")[0]


def shared_options() -> str:
    """The options that every command takes, and those that many do."""
    command, _ = leaf_of(("outbox", "list"))
    with command.make_context("greenbot", [], resilient_parsing=True) as context:
        records = records_of(command, context)["Shared options"]
    return table(("option", "what it does"), ((f"`{name}`", about) for name, about in records))


# --- the pages ------------------------------------------------------------------------------------------------------

#: page, heading below which the table stands, what makes it
# --- doctor ---------------------------------------------------------------------------------------------------------


def checks() -> str:
    """Every line of the checklist."""
    return table(("check", "is it so", "why"), ((f"`{one.id}`", one.title, one.why) for one in CHECKS))


TABLES: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("commands", "Every command", commands),
    ("commands", "Shared options", shared_options),
    ("api", "Every method", methods),
    ("config", "General settings", general_settings),
    ("config", "Settings of an instance", instance_settings),
    ("doctor", "Every check", checks),
    ("errors", "Every error", errors),
    ("events", "Every event", events),
    ("events", "What a message carries", contents),
    ("instances", "The settings", account_settings),
    ("metrics", "Every figure", figures),
)


def write() -> None:
    """Put every table into its page, in place of what stands below its heading."""
    for page, heading, make in TABLES:
        text = text_of(page)
        title = f"## {heading}\n"
        before, after = text.split(title, 1)
        rest = after[len(section(text, heading)) :]
        PAGES[page].write_text(f"{before}{title}\n{make()}\n{rest}".rstrip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
