"""The feed becomes cells: what triggers wrote about messages, calls and events is summed up and taken out of the feed.

Both in one transaction, so nothing is counted twice or never, whoever folds and whoever is killed.
"""

from typing import TYPE_CHECKING

from greenbot.api.endpoints import ENDPOINTS
from greenbot.api.facts import OutcomeClass
from greenbot.metrics.cell import Cell, begin_of
from greenbot.metrics.cells import Key, append
from greenbot.metrics.names import Names
from greenbot.metrics.series import Series, call_failed, counts_as_message, message_failed

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row

FEED = "select * from metric_feed order by id limit :most"
TAKE_OUT = "delete from metric_feed where id <= :last"
IS_EMPTY = "select not exists (select 1 from metric_feed)"
AT_ONCE = 5000

_OF_CLASS = {"send": Series.SEND, "query": Series.QUERY, "transfer": Series.TRANSFER, "poll": Series.POLL}
_GOOD_EVENT = "done"


def fold(db: "Db", names: Names) -> int:
    """Fold everything that is in the feed now; how many lines. Raises Busy, StoreError."""
    folded = 0
    while not db.scalar(IS_EMPTY):
        with db.write(durable=False) as tx:
            lines = tx.all(FEED, most=AT_ONCE)
            if lines:
                append(tx, names, cells_of(lines))
                tx.run(TAKE_OUT, last=lines[-1]["id"])
        folded += len(lines)
        if len(lines) < AT_ONCE:
            break
    return folded


def cells_of(lines: "list[Row]") -> dict[Key, Cell]:
    """Lines of the feed, summed up."""
    cells: dict[Key, Cell] = {}
    for line in sorted(lines, key=lambda line: (line["at_ms"], line["id"])):
        for series, ok, label in _meaning(line["kind"], line["name"], line["label"]):
            key = Key(at_s=begin_of(line["at_ms"]), instance=line["instance"], series=series)
            cell = cells.setdefault(key, Cell())
            cell.add(line["at_ms"], ok=ok, value_ms=line["value_ms"], label=label)
    return cells


def _meaning(kind: str, name: str, label: str) -> list[tuple[Series, bool, str]]:
    """What a line of the feed counts as: series, whether it is good, label."""
    if kind == "call":
        return [_call(name, label)]
    if kind == "wait":
        return [(Series.WAIT, True, "")]
    if kind == "delivery":
        return [(Series.DELIVERY, True, label)]
    if kind == "event":
        return [(Series.EVENT, label == _GOOD_EVENT, name if label == _GOOD_EVENT else f"{name} {label}")]
    if not counts_as_message(label):
        return [(Series.DELIVERY, True, label.partition(" ")[2])]
    return [(Series.MESSAGE, not message_failed(label), label)]


def _call(method: str, label: str) -> tuple[Series, bool, str]:
    outcome, _, told = label.partition(" ")
    about = ENDPOINTS.get(method)
    series = _OF_CLASS[about.call_class] if about else Series.SEND
    cls = OutcomeClass(outcome)
    return series, not call_failed(cls, told.partition(" ")[2]), "" if cls.succeeded else told
