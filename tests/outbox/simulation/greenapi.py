"""A small GREEN-API that remembers what it did: the oracle. It shares no code with the outbox.

Its queue hides the next message, its counter is up to ten seconds old, its journal lags and forgets.
"""

import random
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from tests.outbox.simulation.virtual import VirtualLoop

COUNTER_SECONDS = 10.0
#: What everybody is told while a storm lasts.
STORMS = ("refused", "unavailable", "too_many", "silent", "forbidden")
#: Instance, method, the text of a message.
OnCall = Callable[[str, str, str], AbstractContextManager[None]]


def unwatched(instance: str, method: str, text: str) -> AbstractContextManager[None]:
    """Nobody watches the calls."""
    return nullcontext()


@dataclass(slots=True, kw_only=True, eq=False)
class Execution:
    """One message that GREEN-API took. `text` is what was posted, with the tail that only the oracle reads."""

    remote_id: str
    chat_id: str
    text: str
    at: float
    left_at: float | None = None
    visible_at: float | None = None
    forgotten: bool = False
    status: str = ""


@dataclass(slots=True, kw_only=True)
class Remote:
    """One instance at GREEN-API."""

    name: str
    loop: VirtualLoop
    rng: random.Random
    epoch_seconds: float
    pace: float = 0.5
    journal_lag: float = 0.0
    omission_rate: float = 0.0
    state: str = "authorized"
    clogged: bool = False
    executions: list[Execution] = field(default_factory=list)
    asked: dict[str, float] = field(default_factory=dict)
    on_event: Callable[[str], None] = lambda event: None
    on_call: OnCall = unwatched
    storm: str = ""
    _queue: deque[Execution] = field(default_factory=deque)
    _moving: bool = False
    _counted: tuple[float, int] = (-COUNTER_SECONDS, 0)

    def execute(self, chat_id: str, text: str) -> str:
        """Take a message; it leaves in its turn."""
        remote_id = f"BAE5{self.name.upper()}{len(self.executions):05d}"
        execution = Execution(remote_id=remote_id, chat_id=chat_id, text=text, at=self.loop.now)
        self.executions.append(execution)
        self._queue.append(execution)
        self.on_event(f"{self.name} executes {remote_id} {chat_id} {text!r}")
        self._move()
        return remote_id

    def set_state(self, state: str) -> None:
        """Go over to another state; the queue stands still unless it is authorized."""
        self.state = state
        self.on_event(f"{self.name} is {state}")
        self._move()

    def clog(self, seconds: float) -> None:
        """Stand still for a while, without telling anybody."""
        self.clogged = True
        self.on_event(f"{self.name} is clogged")
        self.loop.call_later(seconds, self._flow)

    def _flow(self) -> None:
        self.clogged = False
        self._move()

    def begin_storm(self, kind: str, seconds: float) -> None:
        """Answer everything in one way for a while."""
        self.storm = kind
        self.on_event(f"{self.name} storms: {kind}")
        self.loop.call_later(seconds, self.calm_down)

    def calm_down(self) -> None:
        """The end of a storm."""
        if self.storm:
            self.on_event(f"{self.name} is calm")
        self.storm = ""

    def _may_leave(self) -> bool:
        return bool(self._queue) and self.state == "authorized" and not self.clogged

    def _move(self) -> None:
        if self._may_leave() and not self._moving:
            self._moving = True
            self.loop.call_later(self.pace, self._leave)

    def _leave(self) -> None:
        self._moving = False
        if self._may_leave():
            execution = self._queue.popleft()
            execution.left_at = self.loop.now
            execution.forgotten = self.rng.random() < self.omission_rate
            execution.visible_at = self.loop.now + self.rng.random() * self.journal_lag
            execution.status = "sent"
            self.loop.call_later(self.rng.random() * 5, self._delivered, execution)
        self._move()

    def _delivered(self, execution: Execution) -> None:
        execution.status = "delivered" if self.rng.random() < 0.7 else "read"

    # --- what the API shows ------------------------------------------------------------------------------------------

    def too_often(self, method: str, rate: float) -> bool:
        """Whether this call comes too soon after the last one of its method."""
        before = self.asked.get(method, -1e9)
        self.asked[method] = self.loop.now
        return self.loop.now - before < 1 / rate - 1e-6

    def shown_queue(self) -> list[dict[str, object]]:
        waiting = list(self._queue)[1:501]
        return [
            {
                "messageID": one.remote_id,
                "messagesIDs": [one.remote_id],
                "type": "sendMessage",
                "body": {"chatId": one.chat_id, "message": one.text},
            }
            for one in waiting
        ]

    def count(self) -> int:
        at = self._counted[0]
        if self.loop.now - at >= COUNTER_SECONDS:
            self._counted = (self.loop.now, len(self._queue))
        return self._counted[1]

    def journal(self, minutes: int) -> list[dict[str, object]]:
        since = self.loop.now - minutes * 60
        seen = [one for one in self.executions if self._is_visible(one) and (one.left_at or 0) >= since]
        return [self._item(one) for one in sorted(seen, key=lambda one: -(one.left_at or 0))]

    def message(self, chat_id: str, remote_id: str) -> dict[str, object] | None:
        for one in self.executions:
            if one.remote_id == remote_id and one.chat_id == chat_id and self._is_visible(one):
                return self._item(one)
        return None

    def _is_visible(self, one: Execution) -> bool:
        return not one.forgotten and one.visible_at is not None and one.visible_at <= self.loop.now

    def _item(self, one: Execution) -> dict[str, object]:
        # WhatsApp takes spaces away at the end, so the journal does not show the tail.
        text = one.text.rstrip()
        return {
            "type": "outgoing",
            "idMessage": one.remote_id,
            "timestamp": int(self.epoch_seconds + (one.left_at or 0)),
            "typeMessage": "extendedTextMessage",
            "chatId": one.chat_id,
            "textMessage": text,
            "extendedTextMessage": {"text": text, "isForwarded": False},
            "statusMessage": one.status,
            "sendByApi": True,
            "isDeleted": False,
        }
