"""The rules every installation begins with. Once: what a person changed or removed stays as that person left it."""

from typing import TYPE_CHECKING

from greenbot.alerts.rule import Rule
from greenbot.alerts.table import BY_NAME, add_in
from greenbot.clock import Clock
from greenbot.db.audit import Operator

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: What is said of them is in the guide, page alerts.
SEVEN: tuple[Rule, ...] = (
    Rule(
        name="high_error_rate",
        metric="error_rate",
        op=">=",
        threshold=10,
        window_s=300,
        for_s=300,
        min_total=20,
        min_bad=3,
        scope="both",
        severity="high",
        description="Too many calls to GREEN-API fail.",
        origin="default",
    ),
    Rule(
        name="critical_error_rate",
        metric="error_rate",
        op=">=",
        threshold=25,
        window_s=60,
        for_s=60,
        min_total=8,
        min_bad=3,
        scope="both",
        severity="critical",
        description="A quarter of all calls to GREEN-API fail, or more.",
        repeat_s=3600,
        origin="default",
    ),
    Rule(
        name="slow_response",
        metric="response_time",
        op=">",
        threshold=5000,
        window_s=300,
        for_s=300,
        min_total=5,
        severity="medium",
        description="GREEN-API answers slowly.",
        origin="default",
    ),
    Rule(
        name="very_slow_response",
        metric="response_time",
        op=">",
        threshold=10_000,
        window_s=180,
        for_s=180,
        min_total=3,
        severity="high",
        description="GREEN-API answers very slowly.",
        origin="default",
    ),
    Rule(
        name="rate_limit_hits",
        metric="rate_limit_hits",
        op=">=",
        threshold=5,
        window_s=300,
        severity="medium",
        description="GREEN-API says that we send too fast.",
        origin="default",
    ),
    Rule(
        name="webhook_failures",
        metric="event_failure_rate",
        op=">=",
        threshold=20,
        window_s=300,
        for_s=300,
        min_total=10,
        min_bad=3,
        scope="both",
        severity="high",
        description="Events from GREEN-API cannot be worked.",
        origin="default",
    ),
    Rule(
        name="message_send_failures",
        metric="message_failure_rate",
        op=">=",
        threshold=15,
        window_s=300,
        for_s=300,
        min_total=10,
        min_bad=3,
        scope="both",
        severity="high",
        description="Too many messages come to a bad end.",
        origin="default",
    ),
)

BUILT_IN: tuple[Rule, ...] = (
    Rule(
        name="instance_not_sendable",
        metric="instance_not_sendable",
        op=">=",
        threshold=1,
        window_s=60,
        severity="critical",
        description="This number cannot send.",
        repeat_s=3600,
        origin="default",
    ),
    Rule(
        name="outbox_oldest_age",
        metric="outbox_oldest_age",
        op=">",
        threshold=900_000,
        window_s=60,
        severity="high",
        description="Messages wait for longer than a quarter of an hour.",
        origin="default",
    ),
    Rule(
        name="uncertain_messages",
        metric="uncertain_messages",
        op=">=",
        threshold=1,
        window_s=60,
        for_s=600,
        severity="medium",
        description="The fate of messages is not known; a person may have to look.",
        origin="default",
    ),
    Rule(
        name="stalled_messages",
        metric="stalled_messages",
        op=">=",
        threshold=1,
        window_s=60,
        severity="medium",
        description="GREEN-API took messages and never sent them.",
        origin="default",
    ),
    Rule(
        name="webhook_silence",
        metric="webhook_silence",
        op=">",
        threshold=3,
        window_s=60,
        for_s=900,
        severity="low",
        description="No event came for much longer than usual at these hours.",
        origin="default",
    ),
    Rule(
        name="auth_failures",
        metric="auth_failures",
        op=">=",
        threshold=20,
        window_s=300,
        scope="fleet",
        severity="medium",
        description="Somebody knocks with wrong credentials.",
        origin="default",
    ),
    Rule(
        name="disk_reserve",
        metric="disk_reserve",
        op="<",
        threshold=100,
        window_s=60,
        scope="fleet",
        severity="high",
        description="The disk of the store is nearly full.",
        origin="default",
    ),
    Rule(
        name="db_guard",
        metric="db_guard",
        op=">",
        threshold=64,
        window_s=60,
        for_s=600,
        scope="fleet",
        severity="medium",
        description="The log of the store grows: something holds the store open for reading.",
        origin="default",
    ),
)

ALL = (*SEVEN, *BUILT_IN)

MARK = "insert into metric_marks (name, value) values ('alert_defaults', :version) on conflict do nothing"
IS_MARKED = "select 1 from metric_marks where name = 'alert_defaults'"


def install(db: "Db", clock: Clock) -> int:
    """Store the rules of the beginning where that was never done; how many. Raises Busy, StoreError."""
    if db.one(IS_MARKED) is not None:
        return 0
    by = Operator(name="greenbot", clock=clock)
    with db.write() as tx:
        if not tx.run(MARK, version=1):
            return 0
        missing = [rule for rule in ALL if tx.one(BY_NAME, name=rule.name) is None]
        for rule in missing:
            add_in(tx, rule, by)
    return len(missing)
