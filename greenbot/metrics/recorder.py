"""Counting in memory what leaves no row of its own; a process flushes it every ten seconds and at its end."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.metrics.cell import Cell, begin_of
from greenbot.metrics.cells import Key, append
from greenbot.metrics.names import Names
from greenbot.metrics.series import Series, call_failed, call_label

if TYPE_CHECKING:
    from greenbot.api.client import CallRecord
    from greenbot.db.connect import Db

_OF_CLASS = {"send": Series.SEND, "query": Series.QUERY, "transfer": Series.TRANSFER, "poll": Series.POLL}


class Recorder:
    """Counts for one process; any of its threads may count and flush.

    A call for a message counts itself, from the row it has in the store; `call` leaves it out unless
    `counts_sends` says that these calls are made without a message.
    """

    def __init__(self, clock: Clock, *, counts_sends: bool = False) -> None:
        self._clock = clock
        self._counts_sends = counts_sends
        self._cells: dict[Key, Cell] = {}
        self._lock = threading.Lock()

    def call(self, record: "CallRecord") -> None:
        """A finished call to GREEN-API. Suits `on_call` of a client."""
        from greenbot.api.endpoints import ENDPOINTS

        about = ENDPOINTS.get(record.method)
        series = _OF_CLASS[about.call_class] if about else Series.SEND
        if about and (about.sends or about.name == "uploadFile") and not self._counts_sends:
            return
        outcome = record.outcome
        ok = not call_failed(outcome.cls, outcome.reason)
        label = "" if outcome.succeeded else call_label(outcome.status, outcome.reason)
        self.count(record.instance, series, ok=ok, value_ms=record.elapsed_ms, label=label,
                   at_ms=record.at_ms + record.elapsed_ms)  # fmt: skip

    def wait(self, instance: str, wait_ms: int) -> None:
        """A call had to wait for a rate limit."""
        self.count(instance, Series.WAIT, value_ms=wait_ms)

    def count(
        self,
        instance: str,
        series: Series,
        *,
        ok: bool = True,
        value_ms: int | None = None,
        label: str = "",
        at_ms: int | None = None,
    ) -> None:
        """One of a series, now or at `at_ms`."""
        at_ms = self._clock.now_ms() if at_ms is None else at_ms
        key = Key(at_s=begin_of(at_ms), instance=instance, series=series)
        with self._lock:
            cell = self._cells.get(key)
            if cell is None:
                cell = self._cells[key] = Cell()
            cell.add(at_ms, ok=ok, value_ms=value_ms, label=label)

    def count_all(self, instance: str, series: Series, values_ms: Sequence[int]) -> None:
        """Several of a series that all went well, now, and how long each took."""
        at_ms = self._clock.now_ms()
        key = Key(at_s=begin_of(at_ms), instance=instance, series=series)
        with self._lock:
            cell = self._cells.get(key)
            if cell is None:
                cell = self._cells[key] = Cell()
            for value_ms, count in Counter(values_ms).items():
                cell.add(at_ms, value_ms=value_ms, count=count)

    @property
    def is_empty(self) -> bool:
        """Nothing was counted since the last flush."""
        return not self._cells

    def flush(self, db: "Db", names: Names) -> None:
        """Write what was counted, and begin anew. Raises Busy, StoreError; what was counted is kept then."""
        if self.is_empty:
            return
        counted = self._taken()
        try:
            with db.write(durable=False) as tx:
                append(tx, names, counted)
        except BaseException:
            self._put_back(counted)
            raise

    def _taken(self) -> dict[Key, Cell]:
        with self._lock:
            cells, self._cells = self._cells, {}
        return cells

    def _put_back(self, counted: Mapping[Key, Cell]) -> None:
        with self._lock:
            for key, cell in counted.items():
                # What was counted meanwhile came later.
                cell.merge(self._cells.get(key, Cell()))
                self._cells[key] = cell
