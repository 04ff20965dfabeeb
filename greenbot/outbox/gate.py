"""May a message leave now? Everything that speaks for the whole instance, as one pure decision.

What speaks for a single message (its time, its expiry, its turn in its chat) stands in the query
that looks for candidates; what campaigns and suppression say is asked per message through a hook.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from greenbot.resilience.health import Health, is_doubted, may_send, state_at

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx
    from greenbot.outbox.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What of this instance is under way: `in_flight` in all processes here, and `unconfirmed` at GREEN-API, accepted
    and perhaps not sent on yet."""

    in_flight: int
    unconfirmed: int

    @property
    def size(self) -> int:
        """How many messages can no longer be cancelled, at most."""
        return self.in_flight + self.unconfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How many messages may leave now, of which lifetime; if none, why, and when that can change by itself.

    `on_hold`: the instance as a whole has to wait, for a person or for GREEN-API, and nobody knows how long.
    `look`: only a look into GREEN-API's queue can tell that there is room again.
    """

    room: int
    why: str = ""
    until_at_ms: int | None = None
    least_ttl_ms: int = 0
    on_hold: bool = False
    look: bool = False


class Verdict(Protocol):
    """What the hook says about one message; `greenbot.campaigns.dispatch` has the real one."""

    @property
    def go(self) -> bool: ...
    @property
    def why(self) -> str | None: ...
    @property
    def until_ms(self) -> int | None: ...
    @property
    def ends(self) -> bool: ...


class Rules(Protocol):
    """What is asked about every message right before it is claimed: campaigns, suppression, caps on new chats."""

    def may_leave(self, tx: "Tx", message: "Message", now_ms: int) -> Verdict:
        """Asked inside the transaction that claims."""
        ...

    def hold_back(self, db: "Db", message: "Message", verdict: Verdict) -> None:
        """Carried out afterwards, for a message that may not."""
        ...


#: Tells whoever watches what happens: instance and words.
OnNews = Callable[[str, str], None]


def ignore_news(instance: str, words: str) -> None:
    """Nobody watches."""


def gate(health: Health, backlog: Backlog, *, paused: str | None, most_unconfirmed: int | None, now_ms: int) -> Gate:
    """Whether and how many messages of an instance may leave now.

    `paused`: the words of an operator who stopped it. `most_unconfirmed`: how many may be under way
    or in GREEN-API's queue; greenbot keeps the rest, where it can still be cancelled. None: no bound.
    """
    if paused is not None:
        return Gate(room=0, why=f"paused: {paused}" if paused else "paused", on_hold=True)
    permission = may_send(health, now_ms)
    if not permission.go:
        known = state_at(health, now_ms) != "unknown" and not is_doubted(health, now_ms)
        on_hold = known and health.account != "starting"
        return Gate(room=0, why=permission.why, until_at_ms=permission.until_at_ms, on_hold=on_hold)
    if most_unconfirmed is None:
        return Gate(room=1_000_000, least_ttl_ms=permission.least_ttl_ms)
    room = most_unconfirmed - backlog.size
    if room > 0:
        return Gate(room=room, least_ttl_ms=permission.least_ttl_ms)
    look = backlog.in_flight < most_unconfirmed
    return Gate(room=0, why=f"{backlog.size} messages are on their way already", look=look)
