"""Whose turn it is: the next messages of one instance, claimed and marked in one transaction."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Protocol

from greenbot import failpoints
from greenbot.api.endpoints import ENDPOINTS
from greenbot.clock import Clock
from greenbot.errors import UsageError
from greenbot.outbox.claims import LEASE_FOR_FILES_MS, LEASE_MS, Claim, mark_in, move, take_in
from greenbot.outbox.decide import Change
from greenbot.outbox.deliver import draft_of
from greenbot.outbox.gate import Backlog, Gate, Rules, Verdict, gate
from greenbot.outbox.message import PRIORITIES, Message
from greenbot.outbox.states import Reason, State
from greenbot.resilience.budget import pay_in
from greenbot.resilience.health import Health
from greenbot.resilience.shared_health import health_of

if TYPE_CHECKING:
    from greenbot.db.connect import Row, Tx, Value
    from greenbot.messages.outgoing import Draft

# What is due, the longest waiting first; asked once per priority.
CANDIDATES = """
select * from messages as candidate indexed by messages_due
 where instance = :instance and priority = :priority and state = 'queued' and held_reason is null and behind = 0
   and not_before_ms <= :now and (expires_at_ms is null or expires_at_ms > :alive_until)
   and (:may_retry or attempts = 0 or reason not in ('not_sent', 'resend')
        or cause in ('rate_limited', 'cancelled', 'shutdown', 'too_late_to_begin'))
   and method not in (select value from json_each(:barred))
   and not exists (
     select 1 from messages as busy
      where busy.instance = candidate.instance and busy.chat_id = candidate.chat_id
        and busy.state in ('claimed', 'sending', 'uncertain'))
   and not exists (
     select 1 from messages as older
      where older.instance = candidate.instance and older.chat_id = candidate.chat_id and older.id < candidate.id
        and older.state in ('queued', 'claimed', 'sending', 'uncertain')
        and older.held_reason is null and older.scheduled_at_ms <= :now
        and (older.expires_at_ms is null or older.expires_at_ms > :now))
 order by not_before_ms, id limit :most
"""
PAUSED = "select reason from pauses where instance = :instance"
IN_FLIGHT = """
select coalesce(sum(messages), 0) as messages from message_counts
 where instance = :instance and state in ('claimed', 'sending')
"""
UNCONFIRMED = """
select count(*) as messages from (
  select 1 from messages indexed by messages_unconfirmed
   where instance = :instance and state = 'accepted' and delivery is null and accepted_at_ms > :since
   limit :most)
"""
NEXT_DUE = """
select min(not_before_ms) as at_ms from messages indexed by messages_due
 where instance = :instance and priority = :priority and state = 'queued' and held_reason is null and behind = 0
   and not_before_ms > :now
"""
#: Outcomes that were no try at the host. What a 429 costs is paid by whoever goes next, while they last.
NO_TRY = ("rate_limited", "cancelled", "shutdown", "too_late_to_begin")
#: GREEN-API docs: its queue keeps a message for 24 hours.
REMOTE_KEEPS_MS = 86_400_000


class Reader(Protocol):
    """The open store, or a transaction of it."""

    def all(self, sql: str, /, **params: "Value") -> "list[Row]": ...
    def one(self, sql: str, /, **params: "Value") -> "Row | None": ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A message that is committed as `sending` and goes out next."""

    claim: Claim
    message: Message
    draft: "Draft"
    #: When it was marked, in milliseconds since boot: its lease counts from there.
    marked_at_boot_ms: int

    @property
    def host(self) -> str:
        """Where it goes: api or media."""
        return ENDPOINTS[self.message.method].host


@dataclass(slots=True, kw_only=True)
class Taken:
    """What one turn brought."""

    gate: Gate
    postings: list[Posting] = field(default_factory=list)
    #: Refused by the rules; to be carried out after the commit.
    held_back: list[tuple[Message, Verdict]] = field(default_factory=list)
    #: Hosts that had messages, but no open way.
    shut: set[str] = field(default_factory=set)
    #: When the retry budget allows the next retry at the latest.
    retry_at_ms: int | None = None
    #: A message was due whose method needs another reservation than the one at hand.
    misfit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One look for messages of an instance that may leave. `is_open` and `suits` speak for hosts and methods."""

    instance: str
    owner: str
    clock: Clock
    rules: Rules | None
    most: int
    most_unconfirmed: int | None
    is_open: Callable[[str], bool]
    suits: Callable[[str], bool]
    #: The last answer was a 429: whatever goes now is one more try at the same limit.
    on_probation: bool = False

    def take(self, tx: "Tx") -> Taken:
        """Claim and mark what may leave, within the transaction of a batch."""
        taken = Taken(gate=gate_of(tx, self.instance, self.clock.now_ms(), most_unconfirmed=self.most_unconfirmed))
        room = min(self.most, taken.gate.room, 1 if self.on_probation else self.most)
        for priority in range(len(PRIORITIES)):
            while len(taken.postings) < room and self._take_some(tx, priority, taken, room - len(taken.postings)):
                pass
        return taken

    def _take_some(self, tx: "Tx", priority: int, taken: Taken, most: int) -> bool:
        """Whether looking once more can bring more: something that stood in the way is now left out."""
        left_out = (len(taken.shut), taken.retry_at_ms)
        rows = candidates(
            tx,
            self.instance,
            priority,
            now_ms=self.clock.now_ms(),
            least_ttl_ms=taken.gate.least_ttl_ms,
            may_retry=taken.retry_at_ms is None,
            barred=frozenset().union(*(methods_of(host) for host in taken.shut)),
            most=most,
        )
        for message in rows:
            self._consider(tx, message, taken)
        return (len(taken.shut), taken.retry_at_ms) != left_out

    def _consider(self, tx: "Tx", message: Message, taken: Taken) -> None:
        host = ENDPOINTS[message.method].host
        if host in taken.shut or not self.is_open(host):
            taken.shut.add(host)
        elif not self.suits(message.method):
            taken.misfit = True
        elif self._allowed(tx, message, taken) and self._paid(tx, message, taken):
            posting = self._claimed(tx, message)
            if posting is not None:
                taken.postings.append(posting)

    def _allowed(self, tx: "Tx", message: Message, taken: Taken) -> bool:
        if self.rules is None:
            return True
        verdict = self.rules.may_leave(tx, message, self.clock.now_ms())
        if not verdict.go:
            taken.held_back.append((message, verdict))
        return verdict.go

    def _paid(self, tx: "Tx", message: Message, taken: Taken) -> bool:
        if not self.on_probation and not is_retry(message):
            return True
        # A try at a limit that said no a moment ago costs as much as one after a timeout: several workers may come
        # to it at the same time, each with a first try that cost nothing.
        dear = self.on_probation or message.ambiguous_attempts > 0
        payment = pay_in(tx, self.instance, self.clock, after_timeout=dear)
        if not payment.paid:
            taken.retry_at_ms = payment.ask_again_at_ms
        return payment.paid

    def _claimed(self, tx: "Tx", message: Message) -> Posting | None:
        try:
            draft = draft_of(message)
        except UsageError as error:
            move(
                tx,
                message,
                Change(state=State.FAILED, reason=Reason.BAD_DRAFT, detail=str(error)),
                self.owner,
                self.clock,
            )
            return None
        lease_ms = LEASE_MS if draft.file is None else LEASE_FOR_FILES_MS
        held = take_in(tx, message, owner=self.owner, clock=self.clock, lease_ms=lease_ms)
        failpoints.hit("out.after_claim")
        marked = mark_in(tx, held, clock=self.clock)
        return Posting(claim=marked, message=message, draft=draft, marked_at_boot_ms=self.clock.boot_ms())


def gate_of(reader: Reader, instance: str, now_ms: int, *, most_unconfirmed: int | None) -> Gate:
    """Whether messages of this instance may leave now, by all that is known of it as a whole. Reads only."""
    health = health_of(reader, instance)
    paused = reader.one(PAUSED, instance=instance)
    backlog = Backlog(in_flight=0, unconfirmed=0)
    if most_unconfirmed is not None:
        backlog = _backlog(reader, instance, now_ms, health, most_unconfirmed)
    return gate(
        health,
        backlog,
        paused=None if paused is None else paused["reason"],
        most_unconfirmed=most_unconfirmed,
        now_ms=now_ms,
    )


def _backlog(reader: Reader, instance: str, now_ms: int, health: Health, most: int) -> Backlog:
    oldest_ms = now_ms - REMOTE_KEEPS_MS
    in_flight = reader.one(IN_FLIGHT, instance=instance)
    ever = reader.one(UNCONFIRMED, instance=instance, since=oldest_ms, most=most + 1)
    lately = reader.one(UNCONFIRMED, instance=instance, since=max(oldest_ms, health.queue_at_ms), most=most + 1)
    assert in_flight is not None and ever is not None and lately is not None, "sums always have a row"
    return Backlog(
        in_flight=in_flight["messages"],
        # Without statuses the look into GREEN-API's queue tells, without a look the statuses.
        unconfirmed=min(ever["messages"], lately["messages"] + health.queue_length),
    )


def candidates(
    reader: Reader,
    instance: str,
    priority: int,
    *,
    now_ms: int,
    most: int,
    least_ttl_ms: int = 0,
    may_retry: bool = True,
    barred: frozenset[str] = frozenset(),
) -> list[Message]:
    """The messages whose turn it is, at most one per chat, as they stand in the line."""
    rows = reader.all(
        CANDIDATES,
        instance=instance,
        priority=priority,
        now=now_ms,
        alive_until=now_ms + least_ttl_ms,
        may_retry=may_retry,
        barred=json.dumps(sorted(barred)),
        most=most,
    )
    return [Message.from_row(row) for row in rows]


def next_in_line(reader: Reader, instance: str, now_ms: int) -> Message | None:
    """The message whose turn it is, None when nothing is due. Reads only."""
    for priority in range(len(PRIORITIES)):
        found = candidates(reader, instance, priority, now_ms=now_ms, most=1)
        if found:
            return found[0]
    return None


def next_due_ms(reader: Reader, instance: str, now_ms: int) -> int | None:
    """When the next message that only waits for its time is due."""
    found = [
        reader.one(NEXT_DUE, instance=instance, priority=priority, now=now_ms) for priority in range(len(PRIORITIES))
    ]
    moments = [row["at_ms"] for row in found if row is not None and row["at_ms"] is not None]
    return min(moments, default=None)


def is_retry(message: Message) -> bool:
    """Whether sending it now is a retry that the budget has to allow; `CANDIDATES` says the same.

    What reconciliation or a person sends again has waited for minutes, so it cannot make a storm.
    """
    again = message.reason in (Reason.NOT_SENT, Reason.RESEND)
    return message.attempts > 0 and again and message.cause not in NO_TRY


@cache
def methods_of(host: str) -> frozenset[str]:
    """Every method that sends over this host."""
    return frozenset(name for name, endpoint in ENDPOINTS.items() if endpoint.sends and endpoint.host == host)
