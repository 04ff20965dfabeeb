"""Somebody has taken note of an alert: nothing is repeated until it is resolved. Its state goes on."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.alerts.evaluate import OPEN
from greenbot.db.audit import Operator, note
from greenbot.errors import NotFound, UsageError
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

ALERT = "select * from alerts where rule = :rule and instance = :instance"
ACK = """
update alerts set acked_by = :by, acked_at_ms = :now, ack_comment = :comment
 where rule = :rule and instance = :instance
"""
WITHDRAW = """
update alerts set acked_by = null, acked_at_ms = null, ack_comment = null where rule = :rule and instance = :instance
"""
#: What receivers were told of it; those that keep a state of their own are told about the acknowledgement too.
LATEST = """
select severity, value, facts from notices
 where rule = :rule and instance = :instance and kind in ('firing', 'repeat') order by id desc limit 1
"""
NOTICE = """
insert into notices (key, at_ms, rule, instance, kind, severity, value, reason, facts, state_at_ms)
values (:key, :now, :rule, :instance, 'acked', :severity, :value, 'acked', :facts, :now) on conflict (key) do nothing
"""
MOST_LETTERS = 500


class NotFiring(NotFound):
    """There is no such alert now."""

    hint = "See what fires with: greenbot alerts status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acked:
    """Who took note of which alert, when and with which words."""

    rule: str
    instance: str
    by: str
    at_ms: int
    comment: str


def acknowledge(db: "Db", rule: str, instance: str, by: Operator, comment: str = "") -> Acked:
    """Take note of an alert until it is resolved; again, and the last one counts.

    Raises `NotFiring` when it does not fire, `UsageError` for a comment of many lines, Busy, StoreError.
    """
    words = comment.strip()
    if len(words) > MOST_LETTERS or safe_text(words) != words:
        raise UsageError(f"The comment should be one line of at most {MOST_LETTERS} letters.")
    acked = Acked(rule=rule, instance=instance, by=by.name, at_ms=by.clock.now_ms(), comment=words)
    with db.write() as tx:
        alert = _open_alert(tx, rule, instance)
        tx.run(ACK, rule=rule, instance=instance, by=by.name, now=acked.at_ms, comment=words)
        note(tx, by, action="alerts.ack", subject=f"alert {rule} {instance}", after={"comment": words})
        _tell(tx, alert, acked)
    return acked


def withdraw(db: "Db", rule: str, instance: str, by: Operator) -> bool:
    """Take an acknowledgement back, so that repeats go on; whether there was one. Raises `NotFiring`."""
    with db.write() as tx:
        alert = _open_alert(tx, rule, instance)
        if alert["acked_by"] is None:
            return False
        tx.run(WITHDRAW, rule=rule, instance=instance)
        note(tx, by, action="alerts.unack", subject=f"alert {rule} {instance}", before={"by": alert["acked_by"]})
        return True


def _open_alert(tx: "Tx", rule: str, instance: str) -> "Row":
    row = tx.one(ALERT, rule=rule, instance=instance)
    if row is None or row["state"] not in OPEN:
        whom = "the fleet" if instance == "*" else instance[:63]
        raise NotFiring(f"No alert of {rule[:63]} for {whom} fires now.")
    return row


def _tell(tx: "Tx", alert: "Row", acked: Acked) -> None:
    latest = tx.one(LATEST, rule=acked.rule, instance=acked.instance)
    if latest is None:
        return
    facts = json.loads(latest["facts"]) | {"acked_by": acked.by, "comment": acked.comment}
    tx.run(
        NOTICE,
        key=f"{acked.rule} {acked.instance} {alert['active_since_ms']} acked {acked.at_ms}",
        now=acked.at_ms,
        rule=acked.rule,
        instance=acked.instance,
        severity=latest["severity"],
        value=alert["value"],
        facts=json.dumps(facts),
    )
