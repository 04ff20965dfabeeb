"""Rules in the store: versions, editions, conflicts, the audit, and what becomes of their alerts."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from greenbot.alerts import states, table
from greenbot.alerts.defaults import ALL, SEVEN, install
from greenbot.alerts.evaluate import Alert
from greenbot.alerts.fields import rule_from
from greenbot.alerts.rule import Rule
from greenbot.alerts.states import Kept
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator, Wanted, entries
from greenbot.db.connect import Db

RULE = rule_from({"name": "errors", "metric": "error_rate", "op": ">=", "threshold": "10%", "window": "5m"})


def fire(db: Db, rule: Rule, instance: str = "kyiv", state: str = "firing") -> None:
    alert = Alert(rule_version=rule.version, state=states.state_of(state), since_at_ms=1, active_since_ms=1)
    with db.write() as tx:
        states.save(tx, rule, instance, Kept(alert=alert, notified_at_ms=1))


def test_a_rule_is_kept_as_it_was_given(db: Db, by: Operator) -> None:
    table.add(db, replace(RULE, receivers=("ops", "night"), enabled=False), by)
    kept = table.get(db, "errors")

    assert kept.is_like(replace(RULE, receivers=("ops", "night"), enabled=False))
    assert (kept.version, kept.edition, kept.changed_by) == (1, 1, "olena")
    assert table.all_of(db) == [kept]


def test_a_name_is_given_once(db: Db, by: Operator) -> None:
    table.add(db, RULE, by)

    with pytest.raises(table.RuleExists):
        table.add(db, RULE, by)


JUDGED: Mapping[str, object] = {
    "metric": "event_failure_rate", "op": ">", "threshold": 20.0, "window_s": 60, "for_s": 30, "keep_firing_s": 30,
    "min_total": 7, "min_bad": 7, "scope": "both", "instances": "k*",
}  # fmt: skip
TOLD: Mapping[str, object] = {
    "severity": "critical", "description": "x", "receivers": ("ops",), "cooldown_s": 1, "repeat_s": 60,
}  # fmt: skip


@pytest.mark.parametrize("field", [*JUDGED, *TOLD])
def test_what_a_rule_judges_by_is_a_version_and_everything_is_an_edition(db: Db, by: Operator, field: str) -> None:
    rule = table.add(db, RULE, by)
    fire(db, rule)
    changed = table.change(db, replace(rule, **{field: {**JUDGED, **TOLD}[field]}), by)  # type: ignore[arg-type] # table

    assert (changed.version, changed.edition) == (2 if field in JUDGED else 1, 2)
    assert table.get(db, "errors") == changed
    assert states.load(db)["errors", "kyiv"].alert.state == ("resolved" if field in JUDGED else "firing")


def test_saying_the_same_again_changes_nothing(db: Db, by: Operator, clock: ManualClock) -> None:
    table.add(db, RULE, by)
    clock.advance(60)

    assert table.change(db, RULE, by).edition == 1
    assert len(entries(db, Wanted(subject="rule errors"))) == 1


def test_of_two_who_edit_the_same_edition_one_is_told(db: Db, by: Operator) -> None:
    rule = table.add(db, RULE, by)
    table.change(db, replace(rule, for_s=60), by, edition=1)

    with pytest.raises(table.Conflict, match="edition 2, not 1"):
        table.change(db, replace(rule, for_s=120), by, edition=1)
    with pytest.raises(table.Conflict):
        table.switch(db, "errors", by, enabled=False, edition=1)
    with pytest.raises(table.Conflict):
        table.remove(db, "errors", by, edition=1)
    assert table.get(db, "errors").for_s == 60


@pytest.mark.parametrize("state", ["firing", "recovering", "nodata"])
@pytest.mark.parametrize("how", ["disabled", "rule_deleted", "rule_changed"])
def test_what_ends_a_rule_ends_its_alerts_and_says_so(db: Db, by: Operator, state: str, how: str) -> None:
    rule = table.add(db, RULE, by)
    fire(db, rule, state=state)
    fire(db, rule, "lviv", state="pending")
    fire(db, rule, "odesa", state="inactive")
    if how == "disabled":
        table.switch(db, "errors", by, enabled=False)
    elif how == "rule_deleted":
        assert table.remove(db, "errors", by) == 1
    else:
        table.change(db, replace(rule, threshold=50.0), by)

    log = [(row["instance"], row["to_state"], row["reason"]) for row in db.all("select * from alert_log order by id")]
    notices = [(row["instance"], row["kind"], row["reason"]) for row in db.all("select * from notices")]
    assert sorted(log) == [("kyiv", "resolved", how), ("lviv", "inactive", how)]
    assert notices == [("kyiv", "resolved", how)]
    left = {spot: kept.alert.state for spot, kept in states.load(db).items()}
    assert left == ({} if how == "rule_deleted" else {
        ("errors", "kyiv"): "resolved", ("errors", "lviv"): "inactive", ("errors", "odesa"): "inactive"})  # fmt: skip


def test_each_change_is_in_the_audit(db: Db, by: Operator) -> None:
    rule = table.add(db, RULE, by)
    table.change(db, replace(rule, for_s=60), by)
    table.switch(db, "errors", by, enabled=False)
    table.switch(db, "errors", by, enabled=True)
    table.remove(db, "errors", by)

    found = [(entry.actor, entry.action) for entry in reversed(entries(db, Wanted(subject="rule errors")))]
    assert found == [("olena", f"alerts.{verb}") for verb in ("add", "edit", "disable", "enable", "remove")]


@pytest.mark.parametrize("use", ["get", "switch", "remove", "change"])
def test_an_unknown_rule_is_unknown(db: Db, by: Operator, use: str) -> None:
    with pytest.raises(table.UnknownRule):
        if use == "get":
            table.get(db, "errors")
        elif use == "switch":
            table.switch(db, "errors", by, enabled=True)
        elif use == "remove":
            table.remove(db, "errors", by)
        else:
            table.change(db, RULE, by)


def test_the_rules_of_the_beginning_are_stored_once(db: Db, clock: ManualClock, by: Operator) -> None:
    assert install(db, clock) == len(ALL)
    table.remove(db, "slow_response", by)
    table.change(db, rule_from({"threshold": "12%"}, table.get(db, "high_error_rate")), by)

    assert install(db, clock) == 0
    assert "slow_response" not in {rule.name for rule in table.all_of(db)}
    assert table.get(db, "high_error_rate").threshold == 12


def test_a_rule_a_person_made_before_stays(db: Db, clock: ManualClock, by: Operator) -> None:
    table.add(db, replace(RULE, name="slow_response"), by)

    assert install(db, clock) == len(ALL) - 1
    assert table.get(db, "slow_response").metric == "error_rate"


def test_the_seven_are_those_of_the_specification() -> None:
    assert [
        (rule.name, rule.op, rule.threshold, rule.window_s, rule.for_s, rule.min_total, rule.min_bad, rule.scope,
         rule.severity)
        for rule in SEVEN
    ] == [
        ("high_error_rate", ">=", 10, 300, 300, 20, 3, "both", "high"),
        ("critical_error_rate", ">=", 25, 60, 60, 8, 3, "both", "critical"),
        ("slow_response", ">", 5000, 300, 300, 5, 0, "instance", "medium"),
        ("very_slow_response", ">", 10_000, 180, 180, 3, 0, "instance", "high"),
        ("rate_limit_hits", ">=", 5, 300, 0, 0, 0, "instance", "medium"),
        ("webhook_failures", ">=", 20, 300, 300, 10, 3, "both", "high"),
        ("message_send_failures", ">=", 15, 300, 300, 10, 3, "both", "high"),
    ]  # fmt: skip
