"""The rules in the store: made, changed, switched and removed, each change in the audit.

A change of what a rule judges by begins its alerts anew; other changes leave them alone.
"""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from greenbot.alerts.fields import fields_of
from greenbot.alerts.rule import Rule
from greenbot.alerts.states import close_all
from greenbot.db.audit import Operator, note
from greenbot.errors import NotFound, Refused, UsageError

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx, Value

INSERT = """
insert into alert_rules (name, version, edition, metric, op, threshold, window_s, for_s, keep_firing_s, min_total,
                         min_bad, scope, instances, severity, description, receivers, cooldown_s, repeat_s, enabled,
                         origin, created_at_ms, changed_at_ms, changed_by)
values (:name, :version, :edition, :metric, :op, :threshold, :window_s, :for_s, :keep_firing_s, :min_total,
        :min_bad, :scope, :instances, :severity, :description, :receivers, :cooldown_s, :repeat_s, :enabled,
        :origin, :created_at_ms, :changed_at_ms, :changed_by)
"""
UPDATE = """
update alert_rules
   set version = :version, edition = :edition, metric = :metric, op = :op, threshold = :threshold,
       window_s = :window_s, for_s = :for_s, keep_firing_s = :keep_firing_s, min_total = :min_total,
       min_bad = :min_bad, scope = :scope, instances = :instances, severity = :severity, description = :description,
       receivers = :receivers, cooldown_s = :cooldown_s, repeat_s = :repeat_s, enabled = :enabled, origin = :origin,
       created_at_ms = :created_at_ms, changed_at_ms = :changed_at_ms, changed_by = :changed_by
 where name = :name
"""
ALL = "select * from alert_rules order by name"
BY_NAME = "select * from alert_rules where name = :name"
REMOVE = "delete from alert_rules where name = :name"
FORGET = "delete from alerts where rule = :name"


class UnknownRule(NotFound):
    """No alert rule has that name."""

    hint = "See the names with: greenbot alerts list"


class RuleExists(UsageError):
    """There is an alert rule of that name already."""

    hint = "Change it with: greenbot alerts edit NAME"


class Conflict(Refused):
    """Somebody else changed this rule meanwhile; nothing was changed."""

    hint = "Look at it again with: greenbot alerts show NAME"


def all_of(reader: "Db | Tx") -> list[Rule]:
    """Every rule, by name. Raises Busy, StoreError."""
    return [rule_of(row) for row in reader.all(ALL)]


def get(reader: "Db | Tx", name: str) -> Rule:
    """The rule of that name. Raises UnknownRule."""
    row = reader.one(BY_NAME, name=name)
    if row is None:
        raise UnknownRule(f"There is no alert rule called {name[:63]}.")
    return rule_of(row)


def add(db: "Db", rule: Rule, by: Operator) -> Rule:
    """Store a new rule; the evaluator takes it up at its next look. Raises RuleExists."""
    with db.write() as tx:
        return add_in(tx, rule, by)


def add_in(tx: "Tx", rule: Rule, by: Operator) -> Rule:
    """The same in a transaction of the caller's."""
    if tx.one(BY_NAME, name=rule.name) is not None:
        raise RuleExists(f"There is an alert rule called {rule.name} already.")
    at_ms = by.clock.now_ms()
    new = replace(rule, version=1, edition=1, created_at_ms=at_ms, changed_at_ms=at_ms, changed_by=by.name)
    # A rule of this name that was removed may have left alerts of the same version.
    tx.run(FORGET, name=rule.name)
    tx.run(INSERT, **_columns(new))
    note(tx, by, action="alerts.add", subject=f"rule {rule.name}", after=fields_of(new))
    return new


def change(db: "Db", rule: Rule, by: Operator, *, edition: int | None = None) -> Rule:
    """Make the rule of that name say what this one says; `edition` is the one it was read at.

    Nothing is written when it says so already. Raises UnknownRule, and Conflict when it is another edition by now.
    """
    with db.write() as tx:
        return change_in(tx, rule, by, edition=edition)


def change_in(tx: "Tx", rule: Rule, by: Operator, *, edition: int | None = None) -> Rule:
    """The same in a transaction of the caller's."""
    before = _at_edition(tx, rule.name, edition)
    if before.is_like(rule):
        return before
    at_ms = by.clock.now_ms()
    judged_anew = not before.judges_like(rule)
    after = replace(
        rule,
        version=before.version + judged_anew,
        edition=before.edition + 1,
        created_at_ms=before.created_at_ms,
        changed_at_ms=at_ms,
        changed_by=by.name,
    )
    if before.enabled and not after.enabled:
        close_all(tx, before, "disabled", at_ms)
    elif judged_anew:
        close_all(tx, before, "rule_changed", at_ms)
    tx.run(UPDATE, **_columns(after))
    note(tx, by, action=_action(before, after), subject=f"rule {rule.name}",
         before=fields_of(before), after=fields_of(after))  # fmt: skip
    return after


def switch(db: "Db", name: str, by: Operator, *, enabled: bool, edition: int | None = None) -> Rule:
    """Enable or disable a rule; disabling ends its alerts. Raises UnknownRule, Conflict."""
    with db.write() as tx:
        return change_in(tx, replace(get(tx, name), enabled=enabled), by, edition=edition)


def remove(db: "Db", name: str, by: Operator, *, edition: int | None = None) -> int:
    """Remove a rule for good; how many alerts ended by it. Raises UnknownRule, Conflict."""
    with db.write() as tx:
        return remove_in(tx, name, by, edition=edition)


def remove_in(tx: "Tx", name: str, by: Operator, *, edition: int | None = None) -> int:
    """The same in a transaction of the caller's."""
    rule = _at_edition(tx, name, edition)
    ended = close_all(tx, rule, "rule_deleted", by.clock.now_ms())
    tx.run(FORGET, name=name)
    tx.run(REMOVE, name=name)
    note(tx, by, action="alerts.remove", subject=f"rule {name}", before=fields_of(rule))
    return ended


def rule_of(row: "Row") -> Rule:
    """A row as it stands."""
    known = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a Row iterates over its values
    known["receivers"] = tuple(json.loads(known["receivers"]))
    known["enabled"] = bool(known["enabled"])
    return Rule(**known)


def _at_edition(tx: "Tx", name: str, edition: int | None) -> Rule:
    rule = get(tx, name)
    if edition is not None and edition != rule.edition:
        raise Conflict(f"The alert rule {name} was changed by {rule.changed_by} meanwhile: it is edition "
                       f"{rule.edition}, not {edition}.")  # fmt: skip
    return rule


def _action(before: Rule, after: Rule) -> str:
    if before.enabled != after.enabled and replace(before, enabled=after.enabled).is_like(after):
        return "alerts.enable" if after.enabled else "alerts.disable"
    return "alerts.edit"


def _columns(rule: Rule) -> "dict[str, Value]":
    columns: dict[str, Value] = {
        name: getattr(rule, name) for name in Rule.__dataclass_fields__ if name not in ("receivers", "enabled")
    }
    return {**columns, "receivers": json.dumps(rule.receivers), "enabled": int(rule.enabled)}
