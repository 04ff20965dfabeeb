"""How far the change of each number's settings is, kept in the store, so that nobody who is killed leaves a riddle.

sending → sent → done | unverified, or → failed. What is `sending`, `sent` or `unverified` may still come into force:
GREEN-API takes up to five minutes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenbot.account_settings.fields import Value, shown
from greenbot.db.audit import Operator, note
from greenbot.digests import sha256

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row

State = Literal["sending", "sent", "done", "unverified", "failed"]
_OPEN = ("sending", "sent", "unverified")

BEGIN = """
insert into settings_changes (instance, state, wanted, state_before, begun_at_ms, actor)
values (:instance, 'sending', :wanted, :state_before, :at, :actor)
on conflict (instance) do update set
  state = 'sending', wanted = excluded.wanted, state_before = excluded.state_before,
  begun_at_ms = excluded.begun_at_ms, ended_at_ms = null, actor = excluded.actor, detail = null
"""
MOVE = """
update settings_changes
   set state = :state, detail = :detail, ended_at_ms = case when :state in ('done', 'failed') then :at end
 where instance = :instance
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The last change of one number. `wanted`: a digest of each value, which may be secret."""

    instance: str
    state: State
    wanted: Mapping[str, str]
    state_before: str | None
    begun_at_ms: int
    actor: str
    detail: str | None

    @property
    def is_open(self) -> bool:
        """Nobody has seen yet what became of it."""
        return self.state in _OPEN

    def covers(self, wanted: Mapping[str, Value]) -> bool:
        """Whether it asked for all of these values, and none of them is another one by now."""
        return all(self.wanted.get(name) == digest(self.instance, value) for name, value in wanted.items())


def digest(instance: str, value: Value) -> str:
    """Tells whether a value is the same one, without telling it."""
    return str(sha256(f"{instance}\n{value}".encode()).hexdigest())[:16]


def last_change(db: "Db", instance: str) -> Change | None:
    """The last change of a number, whatever became of it. Raises Busy, StoreError."""
    row = db.one("select * from settings_changes where instance = :instance", instance=instance)
    return None if row is None else _change(row)


def _change(row: "Row") -> Change:
    return Change(
        instance=row["instance"],
        state=row["state"],
        wanted=json.loads(row["wanted"]),
        state_before=row["state_before"],
        begun_at_ms=row["begun_at_ms"],
        actor=row["actor"],
        detail=row["detail"],
    )


def begin(
    db: "Db",
    instance: str,
    *,
    before: Mapping[str, object],
    wanted: Mapping[str, Value],
    state_before: str,
    by: Operator,
) -> None:
    """Write down what is asked for from now on, and into the audit, secrets masked. Raises Busy, StoreError."""
    with db.write() as tx:
        tx.run(
            BEGIN,
            instance=instance,
            wanted=json.dumps({name: digest(instance, value) for name, value in wanted.items()}),
            state_before=state_before,
            at=by.clock.now_ms(),
            actor=by.name,
        )
        note(
            tx,
            by,
            action="instances.settings",
            subject=f"instance {instance}",
            before={name: shown(name, before.get(name)) for name in wanted},
            after={name: shown(name, value) for name, value in wanted.items()},
        )


def move(db: "Db", instance: str, state: State, *, at_ms: int, detail: str | None = None) -> None:
    """Write down how far it is now. Raises Busy, StoreError."""
    with db.write() as tx:
        tx.run(MOVE, instance=instance, state=state, detail=detail, at=at_ms)
