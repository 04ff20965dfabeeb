"""One request on its way through the injected faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from greenbot.simulator.ledger import LedgerEntry

if TYPE_CHECKING:
    from greenbot.simulator.fault_rules import FaultRule
    from greenbot.simulator.world import Instance, World


@dataclass(slots=True, kw_only=True)
class RequestContext:
    """What a fault may look at and touch.

    `rule` is the fault rule that fired. `execute()` judges and executes the method, completes the ledger
    entry, and returns the response a faultless server would send. The body was read before, so it also
    works after the client has left.
    """

    world: World
    instance: Instance
    method: str
    request: web.Request
    chat_id: str
    entry: LedgerEntry
    execute: Callable[[], Awaitable[web.StreamResponse]]
    rule: FaultRule | None = None

    @property
    def fault(self) -> str | None:
        """Kinds of the faults that fired for this request, joined by "+"."""
        return self.entry.fault

    def note_fault(self, kind: str) -> None:
        """Record in the ledger that a fault of this kind fired for this request."""
        self.entry.fault = kind if self.entry.fault is None else f"{self.entry.fault}+{kind}"
