"""A drill: a marked notice that takes the whole way, from the rule over the grouping to the receiver."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenbot.alerts.measures import unit_of
from greenbot.alerts.table import get
from greenbot.db.audit import Operator, note

if TYPE_CHECKING:
    from greenbot.db.connect import Db

INSERT = """
insert into notices (key, at_ms, rule, instance, kind, severity, value, reason, facts, state_at_ms)
values (:key, :at, :rule, :instance, 'drill', :severity, :value, 'drill', :facts, :at)
"""


def begin(db: "Db", rule_name: str, instance: str, by: Operator, *, receivers: Sequence[str] | None = None) -> int:
    """Owe people a drill of a rule, as if it had just begun to hold; the id of the notice.

    It goes to `receivers`, or to those of the rule. No alert begins by it, and nothing is resolved later.
    Raises UnknownRule, Busy, StoreError.
    """
    at_ms = by.clock.now_ms()
    with db.write() as tx:
        rule = get(tx, rule_name)
        facts = {
            "metric": rule.metric,
            "unit": unit_of(rule.metric),
            "op": rule.op,
            "threshold": rule.threshold,
            "window_s": rule.window_s,
            "for_s": rule.for_s,
            "description": rule.description,
            "receivers": rule.receivers if receivers is None else list(receivers),
            "repeat_s": rule.repeat_s,
            "cooldown_s": 0,
            "active_since_ms": at_ms,
            "firing_since_ms": at_ms,
            "total": 0,
            "bad": 0,
        }
        notice_id = tx.insert(
            INSERT,
            key=f"{rule.name} {instance} {at_ms} drill {by.name}",
            at=at_ms,
            rule=rule.name,
            instance=instance,
            severity=rule.severity,
            value=rule.threshold,
            facts=json.dumps(facts),
        )
        note(tx, by, action="alerts.drill", subject=f"rule {rule.name}", after={"instance": instance})
    return notice_id
