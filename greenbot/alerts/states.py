"""What the store keeps of each alert: its row, the log of its moves, and the notices people are owed for them."""

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from greenbot.alerts.evaluate import OPEN, Alert, Move, State
from greenbot.alerts.measures import unit_of
from greenbot.alerts.rule import Rule

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

NoticeKind = Literal["firing", "repeat", "resolved", "drill"]
#: Rule and instance; the instance `*` is the fleet.
Spot = tuple[str, str]

LOAD = "select * from alerts"
OF_RULE = "select * from alerts where rule = :rule"
SAVE = """
insert into alerts (rule, instance, rule_version, state, epoch, since_at_ms, active_since_ms, firing_since_ms,
                    false_since_ms, nodata_since_ms, evaluated_at_ms, value, reason, notified_at_ms, sequence)
values (:rule, :instance, :rule_version, :state, :epoch, :since_at_ms, :active_since_ms, :firing_since_ms,
        :false_since_ms, :nodata_since_ms, :evaluated_at_ms, :value, :reason, :notified_at_ms, :sequence)
    on conflict (rule, instance) do update set
       rule_version = excluded.rule_version, state = excluded.state, epoch = excluded.epoch,
       since_at_ms = excluded.since_at_ms, active_since_ms = excluded.active_since_ms,
       firing_since_ms = excluded.firing_since_ms, false_since_ms = excluded.false_since_ms,
       nodata_since_ms = excluded.nodata_since_ms, evaluated_at_ms = excluded.evaluated_at_ms, value = excluded.value,
       reason = excluded.reason, notified_at_ms = excluded.notified_at_ms, sequence = excluded.sequence
 where alerts.epoch <= excluded.epoch
"""
#: Somebody took note of an alert until it is resolved, not of the next one.
FORGET_ACK = """
update alerts set acked_by = null, acked_at_ms = null, ack_comment = null where rule = :rule and instance = :instance
"""
LOG = """
insert into alert_log (at_ms, rule, instance, rule_version, from_state, to_state, reason, value, severity)
values (:at, :rule, :instance, :version, :from_state, :to_state, :reason, :value, :severity)
"""
NOTICE = """
insert into notices (key, at_ms, rule, instance, kind, severity, value, reason, facts, state_at_ms)
values (:key, :at, :rule, :instance, :kind, :severity, :value, :reason, :facts, :at) on conflict (key) do nothing
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An alert with what its notices are counted by."""

    alert: Alert
    epoch: int = 0
    #: The last firing or repeat notice, and how many repeats there were.
    notified_at_ms: int | None = None
    sequence: int = 0
    resolved_notified_at_ms: int | None = None
    acked_by: str | None = None


def load(reader: "Db | Tx") -> dict[Spot, Kept]:
    """Every alert that ever was more than inactive. Raises Busy, StoreError."""
    return {(row["rule"], row["instance"]): kept_of(row) for row in reader.all(LOAD)}


def kept_of(row: "Row") -> Kept:
    """A row as it stands."""
    return Kept(
        alert=Alert(
            rule_version=row["rule_version"],
            state=state_of(row["state"]),
            since_at_ms=row["since_at_ms"],
            active_since_ms=row["active_since_ms"],
            firing_since_ms=row["firing_since_ms"],
            false_since_ms=row["false_since_ms"],
            nodata_since_ms=row["nodata_since_ms"],
            evaluated_at_ms=row["evaluated_at_ms"],
            value=row["value"],
            reason=row["reason"],
        ),
        epoch=row["epoch"],
        notified_at_ms=row["notified_at_ms"],
        sequence=row["sequence"],
        resolved_notified_at_ms=row["resolved_notified_at_ms"],
        acked_by=row["acked_by"],
    )


def state_of(word: str) -> State:
    """The state a word stands for. Raises ValueError for no state."""
    for state in get_args(State):
        if state == word:
            return state  # type: ignore[no-any-return] # get_args forgets that these are states
    raise ValueError(word)


def save(tx: "Tx", rule: Rule, instance: str, kept: Kept) -> None:
    """Keep an alert as it stands; one that a later evaluator has kept stays as it is."""
    alert = kept.alert
    tx.run(
        SAVE,
        rule=rule.name,
        instance=instance,
        rule_version=alert.rule_version,
        state=alert.state,
        epoch=kept.epoch,
        since_at_ms=alert.since_at_ms,
        active_since_ms=alert.active_since_ms,
        firing_since_ms=alert.firing_since_ms,
        false_since_ms=alert.false_since_ms,
        nodata_since_ms=alert.nodata_since_ms,
        evaluated_at_ms=alert.evaluated_at_ms,
        value=alert.value,
        reason=alert.reason,
        notified_at_ms=kept.notified_at_ms,
        sequence=kept.sequence,
    )


def with_epoch(kept: Kept, epoch: int) -> Kept:
    """As the evaluator of that epoch keeps it."""
    return replace(kept, epoch=epoch)


def log_move(tx: "Tx", rule: Rule, instance: str, move: Move, at_ms: int, value: float | None) -> None:
    """Write down a change of state."""
    tx.run(
        LOG,
        at=at_ms,
        rule=rule.name,
        instance=instance,
        version=rule.version,
        from_state=move.from_state,
        to_state=move.to_state,
        reason=move.reason,
        value=value,
        severity=rule.severity,
    )


def write_notice(
    tx: "Tx", rule: Rule, instance: str, kind: NoticeKind, kept: Kept, at_ms: int, *, reason: str, n: int = 0,
    bad: int = 0,
) -> None:  # fmt: skip
    """Owe people a notice, in the transaction of what it tells; the same one is owed once."""
    alert = kept.alert
    facts = {
        "metric": rule.metric,
        "unit": unit_of(rule.metric),
        "op": rule.op,
        "threshold": rule.threshold,
        "window_s": rule.window_s,
        "for_s": rule.for_s,
        "description": rule.description,
        "receivers": rule.receivers,
        "repeat_s": rule.repeat_s,
        "cooldown_s": rule.cooldown_s,
        "active_since_ms": alert.active_since_ms,
        "firing_since_ms": alert.firing_since_ms,
        "total": n,
        "bad": bad,
    }
    tx.run(
        NOTICE,
        key=f"{rule.name} {instance} {alert.active_since_ms} {kind} {kept.sequence}",
        at=at_ms,
        rule=rule.name,
        instance=instance,
        kind=kind,
        severity=rule.severity,
        value=alert.value,
        reason=reason,
        facts=json.dumps(facts),
    )


def close_all(tx: "Tx", rule: Rule, reason: str, at_ms: int) -> int:
    """End every alert of a rule that was changed, disabled or removed; how many people had been told of."""
    closed = 0
    for row in tx.all(OF_RULE, rule=rule.name):
        kept, instance = kept_of(row), str(row["instance"])
        if kept.alert.state in OPEN:
            write_notice(tx, rule, instance, "resolved", kept, at_ms, reason=reason)
            _end(tx, rule, instance, kept, "resolved", reason, at_ms)
            closed += 1
        elif kept.alert.state == "pending":
            _end(tx, rule, instance, kept, "inactive", reason, at_ms)
    return closed


def _end(tx: "Tx", rule: Rule, instance: str, kept: Kept, state: State, reason: str, at_ms: int) -> None:
    move = Move(from_state=kept.alert.state, to_state=state, reason=reason)
    log_move(tx, rule, instance, move, at_ms, kept.alert.value)
    alert = replace(
        kept.alert, state=state, since_at_ms=at_ms, reason=reason,
        active_since_ms=None, false_since_ms=None, nodata_since_ms=None,
    )  # fmt: skip
    save(tx, rule, instance, replace(kept, alert=alert))
    tx.run(FORGET_ACK, rule=rule.name, instance=instance)
