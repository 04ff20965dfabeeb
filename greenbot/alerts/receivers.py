"""Receivers: who is told, and how. Made, looked at, changed, removed, each change in the audit.

Their settings hold no secret, only where one is kept.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from greenbot.alerts.fields import Problem
from greenbot.alerts.notify import fields as kind_fields
from greenbot.alerts.notify.kinds import KINDS
from greenbot.alerts.rule import Rule
from greenbot.db.audit import Operator, note
from greenbot.errors import NotFound, Refused, UsageError
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

INSERT = """
insert into receivers (name, kind, settings, enabled, is_default, fallback, created_at_ms)
values (:name, :kind, :settings, :enabled, :is_default, :fallback, :now)
"""
UPDATE = """
update receivers
   set kind = :kind, settings = :settings, enabled = :enabled, is_default = :is_default, fallback = :fallback,
       problem = '', streak = 0, openings = 0, open_until_ms = 0
 where name = :name
"""
ALL = "select * from receivers order by name"
BY_NAME = "select * from receivers where name = :name"
REMOVE = "delete from receivers where name = :name"
DROP = """
update notice_deliveries set state = 'dropped', problem = 'its receiver was removed'
 where receiver = :name and state in ('waiting', 'sending')
"""
RULES_OF = """
select name from alert_rules where :name in (select value from json_each(alert_rules.receivers)) order by name
"""
FALLBACK_OF = "select name from receivers where fallback = :name order by name"
TEST_NOTICE = """
insert into notices (key, at_ms, rule, instance, kind, severity, facts, state, state_at_ms, is_open)
values (:key, :now, 'test', '*', 'test', 'low', :facts, 'told', :now, 0)
"""
TEST_DELIVERY = """
insert into notice_deliveries (receiver, rule, kind, notice_ids, next_at_ms, created_at_ms)
values (:name, 'test', 'test', json_array(:notice), :now, :now)
"""
DELIVERY = "select state, proof, problem, attempts from notice_deliveries where id = :id"
OF_NOTICES = """
select distinct deliveries.id from notice_deliveries as deliveries, json_each(deliveries.notice_ids) as carried
 where deliveries.rule = :rule and carried.value in (select value from json_each(:ids)) order by deliveries.id
"""
#: Of a receiver itself; everything else is a setting of its kind.
OWN = ("name", "kind", "default", "fallback", "enabled")


class UnknownReceiver(NotFound):
    """No receiver has that name."""

    hint = "See the names with: greenbot alerts receivers list"


class BadReceiver(UsageError):
    """This receiver cannot be used as it is."""

    hint = "See what a receiver may say with: greenbot alerts receivers add --help"

    def __init__(self, problems: "list[Problem]") -> None:
        super().__init__("; ".join(map(str, problems)) + ".")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A receiver and how it has been doing. Moments are UTC milliseconds."""

    name: str
    kind: str
    settings: Mapping[str, object] = field(default_factory=dict)
    enabled: bool = True
    #: Told by every rule that names nobody.
    is_default: bool = False
    #: Told when this one cannot be reached.
    fallback: str | None = None
    created_at_ms: int = 0
    proved_at_ms: int | None = None
    problem: str = ""
    streak: int = 0
    openings: int = 0
    open_until_ms: int = 0

    @property
    def travels_over(self) -> str | None:
        """The instance that carries its texts, if one does."""
        carrier = KINDS[self.kind].carrier if self.kind in KINDS else None
        return None if carrier is None else str(self.settings.get(carrier, ""))

    @classmethod
    def from_row(cls, row: "Row") -> Self:
        """A row of `receivers`."""
        known = {name: row[name] for name in cls.__slots__}
        known |= {"settings": json.loads(row["settings"])}
        known |= {"enabled": bool(row["enabled"]), "is_default": bool(row["is_default"])}
        return cls(**known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How far a text has come. `proved`: it certainly arrived; for WhatsApp, it was delivered."""

    state: Literal["waiting", "sent", "proved", "failed"]
    words: str


def problems(fields: Mapping[str, object], base: Receiver | None = None) -> list[Problem]:
    """Everything that is wrong with a receiver; `base` is the one it changes, if any. Never raises."""
    return _read(fields, base)[1]


def receiver_from(fields: Mapping[str, object], base: Receiver | None = None) -> Receiver:
    """The receiver these fields make, or make of `base`. Raises `BadReceiver` with every problem there is."""
    receiver, wrong = _read(fields, base)
    if receiver is None or wrong:
        raise BadReceiver(wrong)
    return receiver


def fields_of(receiver: Receiver) -> dict[str, object]:
    """The receiver as `receiver_from` reads it; good for TOML and JSON, since no secret can be in it."""
    own: dict[str, object] = {"name": receiver.name, "kind": receiver.kind}
    if receiver.is_default:
        own["default"] = True
    if receiver.fallback is not None:
        own["fallback"] = receiver.fallback
    if not receiver.enabled:
        own["enabled"] = False
    return own | dict(receiver.settings)


def field_docs(kind: str) -> list[tuple[str, str]]:
    """Every setting of a kind, and what it is for. Raises KeyError for a kind that does not exist."""
    return [
        (name, one.doc + ("" if one.needed else " (optional)"))
        for one in KINDS[kind].fields
        for name in kind_fields.names_of(replace(KINDS[kind], fields=(one,)))
    ]


def _read(fields: Mapping[str, object], base: Receiver | None) -> tuple[Receiver | None, list[Problem]]:
    given = {} if base is None else fields_of(base)
    if base is not None and fields.get("kind", base.kind) != base.kind:
        given = {name: value for name, value in given.items() if name in OWN}
    # One place of a secret takes the place of another; None takes a setting away.
    merged = {name: value for name, value in (given | dict(fields)).items() if value is not None}
    for name in fields:
        merged = _without_other_places(merged, name, set(given) - set(fields))
    kind = merged.get("kind")
    wrong = list(_own_problems(merged, base))
    if not isinstance(kind, str) or kind not in KINDS:
        shown = safe_text(str(kind), limit=40)
        text = "is missing" if kind is None else f"should be one of {', '.join(KINDS)}, not {shown}"
        return None, [*wrong, Problem(field="kind", message=text)]
    settings, more = kind_fields.read(KINDS[kind], {n: v for n, v in merged.items() if n not in OWN})
    start = base or Receiver(name=str(merged.get("name", "")), kind=kind)
    fallback = merged.get("fallback")
    receiver = replace(
        start,
        kind=kind,
        settings=settings,
        is_default=merged.get("default") is True,
        fallback=fallback if isinstance(fallback, str) else None,
        enabled=merged.get("enabled", True) is True,
    )
    return receiver, [*wrong, *more]


def _without_other_places(merged: dict[str, object], name: str, old: Collection[str]) -> dict[str, object]:
    stem, _, way = name.rpartition("_")
    if way not in ("file", "env", "command") or not stem:
        return merged
    return {key: value for key, value in merged.items() if not (key in old and key.rpartition("_")[0] == stem)}


def _own_problems(merged: Mapping[str, object], base: Receiver | None) -> Iterable[Problem]:
    name, fallback = merged.get("name"), merged.get("fallback")
    if not isinstance(name, str) or not kind_fields.is_name(name):
        yield Problem(field="name", message="should be a name of small letters, digits, _ and -, at most 63")
    elif base is not None and name != base.name:
        yield Problem(field="name", message=f"cannot change: this is {base.name}")
    if fallback is not None and (not isinstance(fallback, str) or not kind_fields.is_name(fallback)):
        yield Problem(field="fallback", message="should be the name of another receiver")
    elif fallback is not None and fallback == name:
        yield Problem(field="fallback", message="should be another receiver than this one")
    for switch in ("default", "enabled"):
        if not isinstance(merged.get(switch, True), bool):
            yield Problem(field=switch, message="should be true or false")


def all_of(reader: "Db | Tx") -> list[Receiver]:
    """Every receiver, by name. Raises Busy, StoreError."""
    return [Receiver.from_row(row) for row in reader.all(ALL)]


def get(reader: "Db | Tx", name: str) -> Receiver:
    """The receiver of that name. Raises `UnknownReceiver`."""
    row = reader.one(BY_NAME, name=name)
    if row is None:
        raise UnknownReceiver(f"There is no receiver called {name[:63]}.")
    return Receiver.from_row(row)


def add(db: "Db", receiver: Receiver, by: Operator, *, secrets_dir: Path | None = None) -> Receiver:
    """Store a new receiver. A webhook that names no signing secret gets one in `secrets_dir`, if that is given.

    Raises `UsageError` when its name is taken, `UnknownReceiver` for a fallback that does not exist, and `Refused`
    when its texts would travel over the very number they are about.
    """
    with db.write() as tx:
        return add_in(tx, receiver, by, secrets_dir=secrets_dir)


def add_in(tx: "Tx", receiver: Receiver, by: Operator, *, secrets_dir: Path | None = None) -> Receiver:
    """The same in a transaction of the caller's."""
    if tx.one(BY_NAME, name=receiver.name) is not None:
        raise UsageError(
            f"There is a receiver called {receiver.name} already.",
            hint=f"Change it with: greenbot alerts receivers edit {receiver.name}",
        )
    _check_store(tx, receiver)
    stored = _signed(receiver, secrets_dir)
    tx.run(INSERT, **_columns(stored), now=by.clock.now_ms())
    note(tx, by, action="receivers.add", subject=f"receiver {receiver.name}", after=fields_of(stored))
    return get(tx, receiver.name)


def change(db: "Db", receiver: Receiver, by: Operator) -> Receiver:
    """Make the receiver of that name what this one says; a rest it had is over. Raises like `add`."""
    with db.write() as tx:
        return change_in(tx, receiver, by)


def change_in(tx: "Tx", receiver: Receiver, by: Operator) -> Receiver:
    """The same in a transaction of the caller's."""
    before = get(tx, receiver.name)
    _check_store(tx, receiver)
    tx.run(UPDATE, **_columns(receiver))
    note(tx, by, action="receivers.edit", subject=f"receiver {receiver.name}", before=fields_of(before),
         after=fields_of(receiver))  # fmt: skip
    return get(tx, receiver.name)


def switch(db: "Db", name: str, by: Operator, *, enabled: bool) -> Receiver:
    """Enable or disable one: while it is disabled, its texts wait, and rules tell their other receivers."""
    with db.write() as tx:
        return change_in(tx, replace(get(tx, name), enabled=enabled), by)


def remove(db: "Db", name: str, by: Operator) -> int:
    """Remove a receiver; how many texts were still waiting for it. Raises `Refused` while others name it."""
    with db.write() as tx:
        return remove_in(tx, name, by)


def remove_in(tx: "Tx", name: str, by: Operator) -> int:
    """The same in a transaction of the caller's."""
    receiver = get(tx, name)
    rules = [row["name"] for row in tx.all(RULES_OF, name=name)]
    others = [row["name"] for row in tx.all(FALLBACK_OF, name=name)]
    if rules or others:
        users = [*(f"rule {rule}" for rule in rules), *(f"receiver {other}, as its fallback" for other in others)]
        raise Refused(f"The receiver {name} is still named by {', '.join(users)}.", hint="Change those first.")
    dropped = tx.run(DROP, name=name)
    tx.run(REMOVE, name=name)
    note(tx, by, action="receivers.remove", subject=f"receiver {name}", before=fields_of(receiver))
    return dropped


def _check_store(tx: "Tx", receiver: Receiver) -> None:
    if receiver.fallback is not None:
        get(tx, receiver.fallback)
    from greenbot.alerts.table import all_of as all_rules

    others = [one for one in all_of(tx) if one.name != receiver.name]
    clashes = conflicts(all_rules(tx), [*others, receiver], only=receiver.name)
    if clashes:
        raise Refused(clashes[0], hint="Give it a fallback that travels another way: --fallback NAME")


def conflicts(rules: Iterable[Rule], receivers: Iterable[Receiver], *, only: str | None = None) -> list[str]:
    """Rules whose texts could travel only over the number they are about, so nobody would hear of its trouble."""
    known = {receiver.name: receiver for receiver in receivers}
    return [
        f"The receiver {receiver.name} sends through {receiver.travels_over}, which the rule {rule.name} watches: if "
        "that number is in trouble, nobody hears of it."
        for rule in rules
        if rule.enabled
        for receiver in _told_by(rule, known)
        if only in (None, receiver.name) and _is_alone(rule, receiver, known)
    ]


def _told_by(rule: Rule, known: Mapping[str, Receiver]) -> list[Receiver]:
    names = rule.receivers or [name for name, one in known.items() if one.is_default]
    return [known[name] for name in names if name in known and known[name].enabled]


def _is_alone(rule: Rule, receiver: Receiver, known: Mapping[str, Receiver]) -> bool:
    carrier = receiver.travels_over
    if carrier is None or not rule.concerns(carrier):
        return False
    told = _told_by(rule, known)
    spares = [known[one.fallback] for one in told if one.fallback is not None and one.fallback in known]
    return all(one.travels_over == carrier for one in (*told, *spares))


def _signed(receiver: Receiver, secrets_dir: Path | None) -> Receiver:
    if (
        receiver.kind != "webhook"
        or secrets_dir is None
        or any(name.startswith("secret_") for name in receiver.settings)
    ):
        return receiver
    import os

    from greenbot.config.secrets import write_secret
    from greenbot.hooks.signature import new_secret

    path = secrets_dir / f"receiver-{receiver.name}.secret"
    if not path.exists():
        write_secret(path, new_secret(os.urandom(32)))
    return replace(receiver, settings={**receiver.settings, "secret_file": str(path)})


def send_test(db: "Db", name: str, by: Operator) -> int:
    """Put a test text in line for a receiver, also for one that is disabled; the number of its delivery.

    Raises `UnknownReceiver`, Busy, StoreError.
    """
    now_ms = by.clock.now_ms()
    with db.write() as tx:
        receiver = get(tx, name)
        notice = tx.insert(TEST_NOTICE, key=f"test {name} {now_ms} {by.name}", now=now_ms,
                           facts=json.dumps({"receivers": [name], "by": by.name}))  # fmt: skip
        note(tx, by, action="receivers.test", subject=f"receiver {receiver.name}")
        return tx.insert(TEST_DELIVERY, name=name, notice=notice, now=now_ms)


def prove(reader: "Db | Tx", delivery_id: int) -> Proof:
    """How far a text has come. Raises NotFound when there is no such delivery."""
    row = reader.one(DELIVERY, id=delivery_id)
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id}.", hint="Send a test again.")
    if row["state"] in ("waiting", "sending"):
        tried = f"tried {row['attempts']} times: {row['problem']}" if row["problem"] else "not tried yet"
        return Proof(state="waiting", words=tried)
    if row["state"] in ("sent", "proved"):
        return Proof(state="proved" if row["state"] == "proved" else "sent", words=row["proof"] or "")
    return Proof(state="failed", words=row["problem"] or "given up")


def deliveries_of(reader: "Db | Tx", rule: str, notice_ids: Collection[int]) -> list[int]:
    """The deliveries that carry these notices of a rule."""
    return [row["id"] for row in reader.all(OF_NOTICES, rule=rule, ids=json.dumps(list(notice_ids)))]


def _columns(receiver: Receiver) -> "dict[str, str | int | None]":
    return {
        "name": receiver.name,
        "kind": receiver.kind,
        "settings": json.dumps(receiver.settings),
        "enabled": int(receiver.enabled),
        "is_default": int(receiver.is_default),
        "fallback": receiver.fallback,
    }
