"""Rules and receivers as one file that people review: written, compared with the store, and applied as a whole.

    [rules.high_error_rate]
    metric = "error_rate"
    op = ">="
    threshold = "10%"
    window = "5m"

    [receivers.ops]
    kind = "slack"
    url_file = "/etc/greenbot/slack-url"

A file without `rules` says nothing of rules, one without `receivers` nothing of receivers. Secrets are never in it,
only where they are kept.
"""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import tomli_w

from greenbot.alerts import fields, receivers, table
from greenbot.alerts.receivers import Receiver
from greenbot.alerts.rule import Rule
from greenbot.db.audit import Operator
from greenbot.errors import UsageError
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

Fields = Mapping[str, object]
What = Literal["rule", "receiver"]
SECTIONS: Mapping[str, What] = {"rules": "rule", "receivers": "receiver"}
#: A file this long was not reviewed by anybody.
MOST_BYTES = 1_000_000
_HEAD = "# Alert rules and receivers of greenbot. Look first: greenbot alerts apply FILE --dry-run\n\n"


class BadDocument(UsageError):
    """This file cannot be applied; nothing was changed."""

    hint = "See how it is written with: greenbot alerts export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a file says. None: it says nothing of them, so they stay as they are."""

    rules: Mapping[str, Fields] | None
    receivers: Mapping[str, Fields] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that would be added (no `before`), changed, or removed (no `after`); both as people write them."""

    what: What
    name: str
    before: Fields | None
    after: Fields | None
    #: Of the rule it was compared with.
    edition: int | None = None

    @property
    def kind(self) -> Literal["add", "change", "remove"]:
        """What is done to it."""
        if self.before is None:
            return "add"
        return "remove" if self.after is None else "change"

    def lines(self) -> Iterator[tuple[str, object, object]]:
        """Each field that differs: its name, what it was and what it becomes; None for not given."""
        before, after = self.before or {}, self.after or {}
        for name in dict.fromkeys([*before, *after]):
            if before.get(name) != after.get(name):
                yield name, before.get(name), after.get(name)


def text_of(rules: Iterable[Rule], of_receivers: Iterable[Receiver]) -> str:
    """The file that says all of it; the same store gives the same bytes."""
    return _HEAD + tomli_w.dumps(
        {
            "rules": {rule.name: _without_name(fields.fields_of(rule)) for rule in rules},
            "receivers": {one.name: _without_name(receivers.fields_of(one)) for one in of_receivers},
        }
    )


def read(text: str) -> Document:
    """What a file says. Raises `BadDocument` with everything that is no table where one belongs."""
    if len(text) > MOST_BYTES:
        raise BadDocument(f"The file is larger than {MOST_BYTES // 1_000_000} MB.")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadDocument(f"This is not TOML: {safe_text(str(error), limit=200)}.") from None
    wrong = [f"{safe_text(name, limit=60)} is not known here" for name in document if name not in SECTIONS]
    for section in SECTIONS:
        wrong += _no_tables(section, document.get(section, {}))
    if not wrong and not document:
        wrong = ["it holds neither rules nor receivers"]
    if wrong:
        raise BadDocument("; ".join(wrong) + ".")
    return Document(rules=document.get("rules"), receivers=document.get("receivers"))


def _no_tables(section: str, found: object) -> Iterator[str]:
    if not isinstance(found, dict):
        yield f"{section} should be tables: [{section}.NAME]"
        return
    for name, entry in found.items():
        if not isinstance(entry, dict):
            yield f"{section}.{safe_text(name, limit=60)} should be a table"
        elif "name" in entry:
            yield f"{section}.{safe_text(name, limit=60)}.name is not needed: the table is called so"


def plan(reader: "Db | Tx", document: Document, *, prune: bool = False) -> list[Change]:
    """Everything that has to change so that the store says what the file says; with `prune`, nothing more than that.

    Receivers that come are before the rules that name them, those that go behind. Raises `BadDocument` with every
    field that is wrong.
    """
    wrong: list[str] = []
    of_receivers = _changes(document.receivers, _Receivers(reader), wrong, prune=prune)
    of_rules = _changes(document.rules, _Rules(reader), wrong, prune=prune)
    wrong += _lost_fallbacks(reader, document, prune=prune)
    if wrong:
        raise BadDocument("; ".join(wrong) + ".")
    going = [change for change in of_receivers if change.after is None]
    return [*(change for change in of_receivers if change.after is not None), *of_rules, *going]


def _lost_fallbacks(reader: "Db | Tx", document: Document, *, prune: bool) -> Iterator[str]:
    """Fallbacks that would not exist."""
    wanted = document.receivers or {}
    known = {*wanted, *(() if prune else (one.name for one in receivers.all_of(reader)))}
    for name, entry in wanted.items():
        fallback = entry.get("fallback")
        if isinstance(fallback, str) and fallback not in known:
            shown = f"receivers.{safe_text(name, limit=63)}.fallback"
            yield f"{shown} names no receiver: {safe_text(fallback, limit=63)}"


def carry_out(db: "Db", changes: Iterable[Change], by: Operator) -> None:
    """Make all of these changes, or none. Raises `table.Conflict` when somebody else changed a rule meanwhile."""
    changes = list(changes)
    with db.write() as tx:
        for change in _in_order(changes):
            _DO[change.what](tx, change, by)


def _in_order(changes: list[Change]) -> list[Change]:
    """Each fallback before the receiver that names it; of those that go, behind it."""
    coming = [one for one in changes if one.what == "receiver" and one.before is None]
    going = [one for one in changes if one.what == "receiver" and one.after is None]
    rest = [one for one in changes if one not in coming and one not in going]
    return [*_by_fallback(coming, "after"), *rest, *reversed(_by_fallback(going, "before"))]


def _by_fallback(changes: list[Change], side: Literal["before", "after"]) -> list[Change]:
    waiting = {one.name: one for one in changes}
    ordered: list[Change] = []
    while waiting:
        free = [one for one in waiting.values() if (getattr(one, side) or {}).get("fallback") not in waiting]
        # In a ring each waits for another: the store then says which fallback is missing.
        ordered += [waiting.pop(one.name) for one in free or list(waiting.values())]
    return ordered


class _Rules:
    """The rules as the store has them."""

    what: What = "rule"
    section = "rules"

    def __init__(self, reader: "Db | Tx") -> None:
        self._known = {rule.name: rule for rule in table.all_of(reader)}
        self.shown: Mapping[str, Fields] = {name: fields.fields_of(rule) for name, rule in self._known.items()}

    def edition(self, name: str) -> int | None:
        return self._known[name].edition if name in self._known else None

    def problems(self, entry: Fields) -> Iterable[fields.Problem]:
        return fields.problems(entry)

    def settled(self, entry: Fields) -> Fields:
        return fields.fields_of(fields.rule_from(entry))


class _Receivers:
    """The receivers as the store has them."""

    what: What = "receiver"
    section = "receivers"

    def __init__(self, reader: "Db | Tx") -> None:
        self.shown: Mapping[str, Fields] = {one.name: receivers.fields_of(one) for one in receivers.all_of(reader)}

    def edition(self, _name: str) -> int | None:
        return None

    def problems(self, entry: Fields) -> Iterable[fields.Problem]:
        return receivers.problems(entry)

    def settled(self, entry: Fields) -> Fields:
        return receivers.fields_of(receivers.receiver_from(entry))


def _changes(
    wanted: Mapping[str, Fields] | None, known: _Rules | _Receivers, wrong: list[str], *, prune: bool
) -> list[Change]:
    if wanted is None:
        return []
    changes: list[Change] = []
    for name, entry in wanted.items():
        given = {"name": name, **entry}
        found = [*known.problems(given)]
        wrong += [f"{known.section}.{safe_text(name, limit=63)}.{problem}" for problem in found]
        before = known.shown.get(name)
        after = before if found else known.settled(given)
        if before != after:
            edition = known.edition(name)
            changes.append(Change(what=known.what, name=name, before=before, after=after, edition=edition))
    if prune:
        changes += [
            Change(what=known.what, name=name, before=shown, after=None, edition=known.edition(name))
            for name, shown in known.shown.items()
            if name not in wanted
        ]
    return changes


def _do_rule(tx: "Tx", change: Change, by: Operator) -> None:
    if change.after is None:
        table.remove_in(tx, change.name, by, edition=change.edition)
        return
    rule = replace(fields.rule_from(change.after), origin="file")
    if change.before is None:
        table.add_in(tx, rule, by)
    else:
        table.change_in(tx, rule, by, edition=change.edition)


def _do_receiver(tx: "Tx", change: Change, by: Operator) -> None:
    if change.after is None:
        receivers.remove_in(tx, change.name, by)
        return
    receiver = receivers.receiver_from(change.after)
    if change.before is None:
        receivers.add_in(tx, receiver, by)
    else:
        receivers.change_in(tx, receiver, by)


_DO: Mapping[What, "Callable[[Tx, Change, Operator], None]"] = {"rule": _do_rule, "receiver": _do_receiver}


def _without_name(shown: Fields) -> dict[str, object]:
    return {name: value for name, value in shown.items() if name != "name"}
