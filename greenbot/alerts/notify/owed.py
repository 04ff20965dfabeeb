"""What a text is made of, read from the store when it leaves: figures may be old, states are those of now."""

import json
from typing import TYPE_CHECKING

from greenbot.alerts.notify.deliveries import Claim
from greenbot.alerts.notify.telling import Telling
from greenbot.alerts.texts import Owed, telling_of

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row

NOTICES = """
select notices.*, coalesce(alerts.state, '') as alert_state
  from notices left join alerts on alerts.rule = notices.rule and alerts.instance = notices.instance
 where notices.id in (select value from json_each(:ids)) order by notices.id
"""


def telling_for(db: "Db", held: Claim, at_ms: int) -> Telling | None:
    """The text of a delivery; None when its notices are gone. Raises Busy, StoreError."""
    rows = db.all(NOTICES, ids=json.dumps(held.notice_ids))
    if not rows:
        return None
    return telling_of([_owed(row) for row in rows], notice_id=held.notice_id, kind=held.kind, at_ms=at_ms)


def _owed(row: "Row") -> Owed:
    return Owed(
        id=row["id"],
        at_ms=row["at_ms"],
        rule=row["rule"],
        instance=row["instance"],
        kind=row["kind"],
        severity=row["severity"],
        value=row["value"],
        reason=row["reason"],
        facts=json.loads(row["facts"]),
        state=row["alert_state"],
    )
