"""Texts that travel as messages: they count as arrived when every message was delivered, and not before."""

import json
from typing import TYPE_CHECKING

from greenbot.alerts.notify.deliveries import DROP_FIRST, GIVE_UP_MS, PROOF_MS, stand_in
from greenbot.alerts.receivers import all_of

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

UNPROVED = """
select deliveries.*, exists (
         select 1 from receivers join receivers as spares on spares.name = receivers.fallback and spares.enabled = 1
          where receivers.name = deliveries.receiver) as has_spare
  from notice_deliveries as deliveries
 where deliveries.state = 'sent' and deliveries.proof is not null and deliveries.sent_at_ms > :since
"""
MESSAGES = "select state, delivery from messages where id in (select value from json_each(:ids))"
PROVE = "update notice_deliveries set state = 'proved', proof = :proof where id = :id and state = 'sent'"
FAIL = "update notice_deliveries set state = 'failed', problem = :problem where id = :id and state = 'sent'"
PROVED = "update receivers set proved_at_ms = :now, problem = '' where name = :name"
PROBLEM = "update receivers set problem = :problem where name = :name"
_ENDED_BADLY = ("failed", "expired", "cancelled")
HAS_FALLBACK = "select 1 from notice_deliveries where is_fallback_for = :id"


def look(db: "Db", now_ms: int) -> int:
    """See what became of messages that carry notices; how many texts that settled. Raises Busy, StoreError."""
    rows = db.all(UNPROVED, since=now_ms - GIVE_UP_MS)
    news = [(row, verdict) for row in rows if (verdict := _verdict(db, row, now_ms))]
    if not news:
        return 0
    with db.write() as tx:
        for row, verdict in news:
            _settle(tx, row, verdict, now_ms)
    return len(news)


def _verdict(db: "Db", row: "Row", now_ms: int) -> str:
    """`delivered`, what went wrong, `late` when its fallback should be told, or nothing yet."""
    ids = [int(word) for word in str(row["proof"]).split() if word.isdecimal()]
    found = db.all(MESSAGES, ids=json.dumps(ids))
    bad = [message["state"] for message in found if message["state"] in _ENDED_BADLY]
    if bad:
        return f"the message {bad[0]}" if bad[0] == "failed" else f"the message was {bad[0]}"
    if ids and len(found) == len(ids) and all(message["delivery"] in ("delivered", "read") for message in found):
        return "delivered"
    is_late = now_ms - (row["sent_at_ms"] or 0) >= PROOF_MS
    may_bypass = row["has_spare"] and row["is_fallback_for"] is None and row["kind"] != "test"
    return "late" if is_late and may_bypass and db.one(HAS_FALLBACK, id=row["id"]) is None else ""


def _settle(tx: "Tx", row: "Row", verdict: str, now_ms: int) -> None:
    receivers = {receiver.name: receiver for receiver in all_of(tx)}
    receiver = receivers.get(row["receiver"])
    if verdict == "delivered":
        tx.run(PROVE, id=row["id"], proof=f"{row['proof']}, delivered")
        tx.run(PROVED, name=row["receiver"], now=now_ms)
        if row["is_fallback_for"] is not None:
            tx.run(DROP_FIRST, first=row["is_fallback_for"], why=f"{row['receiver']} was told instead")
        return
    if verdict != "late":
        tx.run(FAIL, id=row["id"], problem=verdict)
        tx.run(PROBLEM, name=row["receiver"], problem=verdict)
    if receiver is not None:
        stand_in(tx, row["id"], receiver, now_ms, is_fallback=row["is_fallback_for"] is not None)
