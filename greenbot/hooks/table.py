"""The rules themselves: made, looked at, changed, removed, each change in the audit."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from greenbot.db.audit import Operator, note
from greenbot.errors import NotFound, UsageError
from greenbot.hooks.hook import Hook, Rule, shown_target

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx, Value

INSERT = """
insert into hooks (name, kind, target, instances, tag, events, direction, chat, match_kind, match_text, environment,
                   concurrency, timeout_ms, created_at_ms, changed_at_ms)
values (:name, :kind, :target, :instances, :tag, :events, :direction, :chat, :match_kind, :match_text, :environment,
        :concurrency, :timeout_ms, :now, :now)
"""
UPDATE = """
update hooks
   set target = :target, kind = :kind, instances = :instances, tag = :tag, events = :events, direction = :direction,
       chat = :chat, match_kind = :match_kind, match_text = :match_text, environment = :environment,
       concurrency = :concurrency, timeout_ms = :timeout_ms, changed_at_ms = :now,
       streak = 0, openings = 0, open_until_ms = 0
 where name = :name
"""
SWITCH = """
update hooks
   set enabled = :enabled, disabled_reason = :reason, changed_at_ms = :now, streak = 0, openings = 0, open_until_ms = 0
 where id = :id
"""
ALL = "select * from hooks order by name"
BY_NAME = "select * from hooks where name = :name"
COUNTS = """
select hook_id,
       sum(state in ('queued', 'sending')) as waiting,
       sum(state = 'dead') as dead,
       sum(state = 'done') as done,
       min(case when state = 'queued' then created_at_ms end) as oldest_at_ms
  from hook_deliveries group by hook_id
"""


class UnknownHook(NotFound):
    """No hook has that name."""

    hint = "See the names with: greenbot hooks list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The deliveries of one hook in numbers."""

    waiting: int = 0
    dead: int = 0
    done: int = 0
    oldest_at_ms: int | None = None


def add(db: "Db", rule: Rule, by: Operator) -> Hook:
    """Store a new rule; it sees events from now on. Raises `UsageError` when its name is taken."""
    with db.write() as tx:
        if tx.one(BY_NAME, name=rule.name) is not None:
            raise UsageError(
                f"There is a hook called {rule.name} already.", hint=f"Change it with: greenbot hooks edit {rule.name}"
            )
        tx.insert(INSERT, **_columns(rule), now=by.clock.now_ms())
        note(tx, by, action="hooks.add", subject=f"hook {rule.name}", after=_facts(rule))
        return _get(tx, rule.name)


def change(db: "Db", rule: Rule, by: Operator) -> Hook:
    """Replace the rule of that name; what waits goes to the new target, and a rest it had is over."""
    with db.write() as tx:
        before = _get(tx, rule.name)
        tx.run(UPDATE, **_columns(rule), now=by.clock.now_ms())
        note(
            tx,
            by,
            action="hooks.edit",
            subject=f"hook {rule.name}",
            before=_facts(before.rule),
            after=_facts(rule),
        )
        return _get(tx, rule.name)


def switch(db: "Db", name: str, by: Operator, *, enabled: bool) -> Hook:
    """Enable or disable. While disabled it gets no new events, and what waits stays where it is."""
    with db.write() as tx:
        hook = _get(tx, name)
        reason = None if enabled else f"disabled by {by.name}"
        tx.run(SWITCH, id=hook.id, enabled=int(enabled), reason=reason, now=by.clock.now_ms())
        verb = "enable" if enabled else "disable"
        note(tx, by, action=f"hooks.{verb}", subject=f"hook {name}", before={"enabled": hook.is_enabled})
        return _get(tx, name)


def remove(db: "Db", name: str, by: Operator) -> Count:
    """Remove a rule with everything that waits for it; how much that was."""
    with db.write() as tx:
        hook = _get(tx, name)
        lost = _counts(tx).get(hook.id, Count())
        tx.run("delete from hooks where id = :id", id=hook.id)
        note(
            tx,
            by,
            action="hooks.remove",
            subject=f"hook {name}",
            before={**_facts(hook.rule), "waiting": lost.waiting, "dead": lost.dead},
        )
        return lost


def get(db: "Db", name: str) -> Hook:
    """The hook of that name. Raises `UnknownHook`."""
    return _get(db, name)


def all_of(db: "Db | Tx") -> list[Hook]:
    """Every hook, by name."""
    return [Hook.from_row(row) for row in db.all(ALL)]


def counts(db: "Db") -> dict[int, Count]:
    """The deliveries of each hook by its id."""
    return _counts(db)


def register_handlers(db: "Db", rule: Rule, by: Operator) -> Hook:
    """The hook of a module of handlers: made when it is first served, changed when the module wants other events."""
    row = db.one(BY_NAME, name=rule.name)
    if row is None:
        return add(db, rule, by)
    hook = Hook.from_row(row)
    return hook if hook.rule == rule else change(db, rule, by)


def _get(db: "Db | Tx", name: str) -> Hook:
    row = db.one(BY_NAME, name=name)
    if row is None:
        raise UnknownHook(f"There is no hook called {name}.")
    return Hook.from_row(row)


def _counts(db: "Db | Tx") -> dict[int, Count]:
    return {
        row["hook_id"]: Count(
            waiting=row["waiting"], dead=row["dead"], done=row["done"], oldest_at_ms=row["oldest_at_ms"]
        )
        for row in db.all(COUNTS)
    }


def _columns(rule: Rule) -> "dict[str, Value]":
    wanted = asdict(rule.wanted) | {"events": json.dumps(rule.wanted.events)}
    return {
        **wanted,
        "name": rule.name,
        "kind": rule.kind,
        "target": json.dumps(rule.target),
        "environment": json.dumps(rule.environment),
        "concurrency": rule.concurrency,
        "timeout_ms": rule.timeout_ms,
    }


def _facts(rule: Rule) -> dict[str, object]:
    """What the audit keeps: no keys of a URL, and no text to look for, which may be a guest's."""
    facts = _columns(rule) | {"target": shown_target(rule)}
    return {name: value for name, value in facts.items() if name not in ("match_text", "name")}
