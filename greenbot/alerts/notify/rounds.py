"""One round: everything that is owed is looked at, and the texts that are to leave are put in line. One commit.

Any process may do it: what one has decided, the next finds decided.
"""

import json
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from greenbot.alerts import silences, table
from greenbot.alerts.evaluate import OPEN
from greenbot.alerts.grouping import Decision, Door, Fate, Kind, Notice, Spot, Standing, Text, Times, World, decide
from greenbot.alerts.notify.kinds import KINDS
from greenbot.alerts.receivers import Receiver
from greenbot.alerts.receivers import all_of as all_receivers

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

DAY_MS = 86_400_000

ANY_OPEN = "select 1 from notices where is_open = 1 limit 1"
OPEN_NOTICES = "select * from notices where is_open = 1 order by id"
ALERTS = """
select alerts.rule, alerts.instance, alerts.state, alerts.acked_by, alerts.resolved_notified_at_ms,
       coalesce(alert_rules.severity, 'medium') as severity
  from alerts left join alert_rules on alert_rules.name = alerts.rule
 where alerts.state in ('firing', 'recovering', 'nodata') or alerts.resolved_notified_at_ms is not null
"""
TOLD_AT = """
select rule, max(created_at_ms) as at_ms from notice_deliveries
 where rule in (select value from json_each(:rules)) and created_at_ms >= :since
   and kind = 'alert' and is_fallback_for is null
 group by rule
"""
#: Receivers that were told, or still will be, that this episode began. Who stood in for another was told, too.
TOLD_TO = """
select distinct deliveries.receiver
  from notices
  join notice_deliveries as deliveries on deliveries.rule = notices.rule and deliveries.created_at_ms >= notices.at_ms
  join json_each(deliveries.notice_ids) as carried on carried.value = notices.id
 where notices.rule = :rule and notices.instance = :instance and notices.kind in ('firing', 'repeat')
   and json_extract(notices.facts, '$.firing_since_ms') is :episode
   and deliveries.state in ('waiting', 'sending', 'sent', 'proved')
"""
MOVE = """
update notices set state = :state, why = :why, is_open = :is_open, not_before_ms = :not_before, state_at_ms = :now
 where id = :id
"""
PUT_IN_LINE = """
insert into notice_deliveries (receiver, rule, kind, notice_ids, next_at_ms, created_at_ms)
values (:receiver, :rule, :kind, :notices, :now, :now)
"""
ENDED = "update alerts set resolved_notified_at_ms = :now where rule = :rule and instance = :instance"


def run(db: "Db", now_ms: int, times: Times) -> Decision:
    """Decide about everything that is owed. Writes only where something changes. Raises Busy, StoreError."""
    if db.one(ANY_OPEN) is None:
        return Decision()
    decision = _decided(db, now_ms, times)[1]
    if not _changes(decision):
        return decision
    with db.write() as tx:
        # Somebody may have taken note of an alert, or begun a silence, since it was read.
        notices, decision = _decided(tx, now_ms, times)
        _write(tx, notices, decision, now_ms)
    return decision


def _changes(decision: Decision) -> bool:
    return bool(decision.fates or decision.texts or decision.ended)


def _decided(reader: "Db | Tx", now_ms: int, times: Times) -> tuple[dict[int, Notice], Decision]:
    rows = reader.all(OPEN_NOTICES)
    notices = {row["id"]: notice_of(row) for row in rows}
    decision = decide(notices.values(), world_of(reader, notices.values(), now_ms), now_ms, times)
    fates = tuple(fate for fate in decision.fates if not _is_as_it_was(fate, notices[fate.id], rows))
    return notices, Decision(texts=decision.texts, fates=fates, ended=decision.ended, look_at_ms=decision.look_at_ms)


def _is_as_it_was(fate: Fate, notice: Notice, rows: "Iterable[Row]") -> bool:
    if not fate.is_open or (fate.state, fate.not_before_ms) != (notice.state, notice.not_before_ms):
        return False
    return any(row["id"] == fate.id and row["why"] == fate.why for row in rows)


def world_of(reader: "Db | Tx", notices: Collection[Notice], now_ms: int) -> World:
    """Everything a decision about these notices rests upon. Raises Busy, StoreError."""
    ends = {(notice.spot, notice.episode) for notice in notices if notice.kind in ("resolved", "acked")}
    rules = json.dumps(sorted({notice.rule for notice in notices}))
    return World(
        rules={rule.name: rule for rule in table.all_of(reader)},
        alerts={(row["rule"], row["instance"]): _standing(row) for row in reader.all(ALERTS)},
        silences=silences.all_of(reader, now_ms),
        doors={receiver.name: door_of(receiver) for receiver in all_receivers(reader)},
        told_at_ms={row["rule"]: row["at_ms"] for row in reader.all(TOLD_AT, rules=rules, since=now_ms - DAY_MS)},
        told_to={(spot, episode): _told_to(reader, spot, episode) for spot, episode in ends},
    )


def _told_to(reader: "Db | Tx", spot: Spot, episode: int | None) -> frozenset[str]:
    rows = reader.all(TOLD_TO, rule=spot[0], instance=spot[1], episode=episode)
    return frozenset(row["receiver"] for row in rows)


def notice_of(row: "Row") -> Notice:
    """A row of `notices`, as far as the decision depends on it."""
    facts = json.loads(row["facts"])
    kind: Kind = row["kind"]
    return Notice(
        id=row["id"],
        at_ms=row["at_ms"],
        rule=row["rule"],
        instance=row["instance"],
        kind=kind,
        severity=row["severity"],
        episode=facts.get("firing_since_ms"),
        receivers=tuple(facts.get("receivers", ())),
        cooldown_ms=int(facts.get("cooldown_s", 300)) * 1000,
        metric=str(facts.get("metric", "")),
        state=row["state"],
        not_before_ms=row["not_before_ms"],
    )


def door_of(receiver: Receiver) -> Door:
    """A receiver, as far as choosing it depends on it."""
    kind = KINDS.get(receiver.kind)
    return Door(
        name=receiver.name,
        enabled=receiver.enabled and kind is not None,
        is_default=receiver.is_default,
        fallback=receiver.fallback,
        travels_over=receiver.travels_over,
        hears_acks=kind is not None and kind.hears_acks,
    )


def _standing(row: "Row") -> Standing:
    return Standing(
        is_open=row["state"] in OPEN,
        severity=row["severity"],
        acked_by=row["acked_by"],
        resolved_told_ms=row["resolved_notified_at_ms"],
    )


def _write(tx: "Tx", notices: dict[int, Notice], decision: Decision, now_ms: int) -> None:
    for fate in decision.fates:
        tx.run(
            MOVE,
            id=fate.id,
            state=fate.state,
            why=fate.why,
            is_open=int(fate.is_open),
            not_before=fate.not_before_ms,
            now=now_ms,
        )
    for text in decision.texts:
        _put_in_line(tx, text, now_ms)
    for rule, instance in decision.ended:
        tx.run(ENDED, rule=rule, instance=instance, now=now_ms)


def _put_in_line(tx: "Tx", text: Text, now_ms: int) -> None:
    tx.run(
        PUT_IN_LINE,
        receiver=text.receiver,
        rule=text.rule,
        kind=text.kind,
        notices=json.dumps(text.notice_ids),
        now=now_ms,
    )
