"""The exact record of what the simulator was asked and what it executed: the oracle of every proof."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class DoorMark(NamedTuple):
    """One request that arrived, whatever became of it. `status` 0 means: no answer was given."""

    at: float
    instance: int
    method: str
    status: int


@dataclass(slots=True, kw_only=True)
class LedgerEntry:
    """One request that passed the token check, and whether its work was done.

    `executed` is the truth a client cannot see: it stays True when the answer was lost on the way.
    `request_body` holds the parsed parameters (never the token); `at` is simulated unix seconds.
    """

    seq: int
    at: float
    instance: int
    method: str
    chat_id: str
    id_message: str
    request_body: dict[str, object]
    executed: bool
    outcome: str
    fault: str | None
    client: str


@dataclass(slots=True)
class Ledger:
    """Append-only: `entries` (requests with a valid token), `door` (all requests), `counters`."""

    entries: list[LedgerEntry] = field(default_factory=list)
    door: list[DoorMark] = field(default_factory=list)
    counters: Counter[str] = field(default_factory=Counter)

    def add(
        self, *, at: float, instance: int, method: str, chat_id: str, body: dict[str, object], client: str
    ) -> LedgerEntry:
        """Open an entry for a request that is about to be judged; its outcome is filled in later."""
        entry = LedgerEntry(
            seq=len(self.entries) + 1,
            at=at,
            instance=instance,
            method=method,
            chat_id=chat_id,
            id_message="",
            request_body=body,
            executed=False,
            outcome="",
            fault=None,
            client=client,
        )
        self.entries.append(entry)
        return entry

    def executions(
        self, *, instance: int | None = None, method: str | None = None, chat_id: str | None = None
    ) -> list[LedgerEntry]:
        """Entries whose work was done, oldest first; each filter left out matches everything."""
        return [
            entry
            for entry in self.entries
            if entry.executed
            and (instance is None or entry.instance == instance)
            and (method is None or entry.method == method)
            and (chat_id is None or entry.chat_id == chat_id)
        ]

    def mark_door(self, *, at: float, instance: int, method: str, status: int) -> None:
        """Note that a request arrived and with which HTTP status it left (0: without an answer)."""
        self.door.append(DoorMark(at, instance, method, status))
        self.counters[f"{method} {status}"] += 1

    def clear(self) -> None:
        """Forget everything; sequence numbers start again at 1."""
        self.entries.clear()
        self.door.clear()
        self.counters.clear()
