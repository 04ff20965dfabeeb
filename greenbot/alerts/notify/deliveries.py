"""Who carries which text: claimed under a lease, ended by its claimant, taken back from the dead, handed to others.

A text that cannot be told is tried again for 24 hours. A receiver with a fallback is not waited for that long: after
three attempts, or while it rests, the fallback is told, and when that has worked the first text is dropped.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.alerts.grouping import TextKind
from greenbot.alerts.notify.telling import Told
from greenbot.alerts.receivers import Receiver, all_of
from greenbot.clock import Clock
from greenbot.digests import blake2b
from greenbot.hooks.verdict import Circuit, Rng, after, needs_probe

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

_MINUTE, _HOUR = 60, 3600
#: Seconds between attempts; then each hour, until a day has passed.
RETRY_SECONDS = (5, 15, 60, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE)
LATER_SECONDS = _HOUR
GIVE_UP_MS = 24 * _HOUR * 1000
JITTER = 0.2
#: What is refused as such is hardly taken later.
REFUSED_TRIES = 3
FALLBACK_TRIES = 3
#: Longer than any receiver may take: an attempt that has not come back by then is lost.
LEASE_MS = 300_000
#: A text that was handed over and not proved after so long is told another way, too.
PROOF_MS = 900_000

WAITING = """
select id, receiver, kind, next_at_ms from notice_deliveries as mine
 where state = 'waiting'
   and not exists (select 1 from notice_deliveries as earlier
                    where earlier.receiver = mine.receiver and earlier.rule = mine.rule and earlier.id < mine.id
                      and earlier.state in ('waiting', 'sending'))
 order by id
"""
SENDING = "select * from notice_deliveries where state = 'sending'"
CLAIM = """
update notice_deliveries
   set state = 'sending', attempts = attempts + 1, owner = :owner, boot_id = :boot, lease_until_boot_ms = :lease
 where id = :id and state = 'waiting'
returning id, receiver, rule, kind, notice_ids, is_fallback_for, attempts, created_at_ms
"""
END = """
update notice_deliveries
   set state = :state, owner = null, boot_id = null, lease_until_boot_ms = null, next_at_ms = :next_at,
       sent_at_ms = :sent_at, proof = :proof, problem = :problem
 where id = :id and state = 'sending' and attempts = :attempt
"""
TAKE_BACK = """
update notice_deliveries
   set state = 'waiting', owner = null, boot_id = null, lease_until_boot_ms = null, next_at_ms = :now,
       problem = 'the process that sent it ended before it could note what came of it'
 where id = :id and state = 'sending' and attempts = :attempt
"""
CIRCUIT = """
update receivers set streak = :streak, openings = :openings, open_until_ms = :open_until, problem = :problem,
       proved_at_ms = coalesce(:proved_at, proved_at_ms)
 where name = :name
"""
ALL_DUE = "update notice_deliveries set next_at_ms = :now where receiver = :name and state = 'waiting'"
STAND_IN = """
insert into notice_deliveries (receiver, rule, kind, notice_ids, is_fallback_for, next_at_ms, created_at_ms)
select :fallback, rule, kind, notice_ids, id, :now, :now from notice_deliveries where id = :id
    on conflict do nothing
"""
DROP_FIRST = """
update notice_deliveries set state = 'dropped', problem = :why where id = :first and state = 'waiting'
"""
RESTING = """
select mine.id, mine.receiver from notice_deliveries as mine
  join receivers on receivers.name = mine.receiver
  join receivers as spares on spares.name = receivers.fallback and spares.enabled = 1
 where mine.state = 'waiting' and mine.is_fallback_for is null and mine.kind <> 'test'
   and (receivers.open_until_ms > :now or receivers.enabled = 0)
   and not exists (select 1 from notice_deliveries as other where other.is_fallback_for = mine.id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One text in our hands, as one attempt."""

    id: int
    receiver: Receiver
    rule: str
    kind: TextKind
    notice_ids: tuple[int, ...]
    is_fallback_for: int | None
    attempt: int
    created_at_ms: int

    @property
    def notice_id(self) -> str:
        """What the text is known by outside: the same at each attempt."""
        told = f"{self.id} {self.receiver.name} {self.created_at_ms} {self.notice_ids}"
        return "ntc_" + str(blake2b(told.encode(), digest_size=12).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What could leave: whose turn it is, and when the next one's comes."""

    due: tuple[int, ...]
    next_ms: int | None


def line(db: "Db", now_ms: int, busy: Collection[str]) -> Line:
    """The texts that may leave now, one for each receiver that is not `busy`; within a rule they keep their order."""
    receivers = {receiver.name: receiver for receiver in all_of(db)}
    due: dict[str, int] = {}
    moments: list[int] = []
    for row in db.all(WAITING):
        receiver = receivers.get(row["receiver"])
        if receiver is None or receiver.name in busy or not (receiver.enabled or row["kind"] == "test"):
            continue
        at_ms = receiver.open_until_ms if needs_probe(circuit_of(receiver)) else row["next_at_ms"]
        moment_ms = max(at_ms, receiver.open_until_ms)
        if moment_ms <= now_ms:
            due.setdefault(receiver.name, row["id"])
        else:
            moments.append(moment_ms)
    return Line(due=tuple(due.values()), next_ms=min(moments, default=None))


def circuit_of(receiver: Receiver) -> Circuit:
    """How a receiver has been doing."""
    return Circuit(streak=receiver.streak, openings=receiver.openings, open_until_ms=receiver.open_until_ms)


def claim(db: "Db", ids: Collection[int], *, owner: str, clock: Clock) -> list[Claim]:
    """Take these texts, those that others have taken meanwhile excepted. From here on the attempt counts."""
    with db.write() as tx:
        receivers = {receiver.name: receiver for receiver in all_of(tx)}
        found = []
        for number in ids:
            row = tx.one(CLAIM, id=number, owner=owner, boot=clock.boot_id(), lease=clock.boot_ms() + LEASE_MS)
            if row is not None and row["receiver"] in receivers:
                found.append(_claim(row, receivers[row["receiver"]]))
        return found


def _claim(row: "Row", receiver: Receiver) -> Claim:
    return Claim(
        id=row["id"],
        receiver=receiver,
        rule=row["rule"],
        kind=row["kind"],
        notice_ids=tuple(json.loads(row["notice_ids"])),
        is_fallback_for=row["is_fallback_for"],
        attempt=row["attempts"],
        created_at_ms=row["created_at_ms"],
    )


def finish(db: "Db", held: Claim, told: Told, *, clock: Clock, rng: Rng) -> str:
    """Record how an attempt ended; the state it is in now. `taken over` when another process has it meanwhile."""
    now_ms = clock.now_ms()
    state, wait_ms = following(held, told, now_ms=now_ms, rng=rng)
    is_ok = told.outcome == "ok"
    with db.write() as tx:
        moved = tx.run(
            END,
            id=held.id,
            attempt=held.attempt,
            state=state,
            next_at=now_ms + wait_ms,
            sent_at=now_ms if is_ok else None,
            proof=told.proof,
            problem=None if is_ok else told.words,
        )
        if not moved:
            return "taken over"
        _settle(tx, held, told, now_ms, rng)
        if is_ok and held.is_fallback_for is not None and told.is_proved:
            tx.run(DROP_FIRST, first=held.is_fallback_for, why=f"{held.receiver.name} was told instead")
        if state == "failed" or (state == "waiting" and held.attempt >= FALLBACK_TRIES):
            stand_in(tx, held.id, held.receiver, now_ms, is_fallback=held.is_fallback_for is not None)
    return state


def following(held: Claim, told: Told, *, now_ms: int, rng: Rng) -> tuple[str, int]:
    """Where a text goes after an attempt, and how long it waits there. Pure."""
    if told.outcome == "ok":
        return ("proved" if told.is_proved else "sent"), 0
    if told.outcome in ("refused", "gone") and held.attempt >= REFUSED_TRIES:
        return "failed", 0
    if now_ms - held.created_at_ms >= GIVE_UP_MS or held.kind == "test":
        return "failed", 0
    base = RETRY_SECONDS[held.attempt - 1] if held.attempt <= len(RETRY_SECONDS) else LATER_SECONDS
    seconds = base * (1 - JITTER + 2 * JITTER * rng.random())
    if told.retry_after_seconds is not None:
        seconds = max(seconds, min(told.retry_after_seconds, LATER_SECONDS))
    # The last attempt is made when the day is over, not an hour before.
    left_ms = max(0, held.created_at_ms + GIVE_UP_MS - now_ms)
    return "waiting", min(round(seconds * 1000), left_ms)


def _settle(tx: "Tx", held: Claim, told: Told, now_ms: int, rng: Rng) -> None:
    """What the attempt says about the receiver itself."""
    row = tx.one("select * from receivers where name = :name", name=held.receiver.name)
    if row is None:
        return
    before = circuit_of(Receiver.from_row(row))
    now = after(before, told.outcome, now_ms=now_ms, rng=rng)
    tx.run(
        CIRCUIT,
        name=held.receiver.name,
        streak=now.streak,
        openings=now.openings,
        open_until=now.open_until_ms,
        problem="" if told.outcome == "ok" else told.words,
        proved_at=now_ms if told.is_proved else None,
    )
    if told.outcome == "ok" and before.streak:
        # It is back: what was put off because of it need not wait out its own time.
        tx.run(ALL_DUE, name=held.receiver.name, now=now_ms)


def stand_in(tx: "Tx", delivery_id: int, receiver: Receiver, now_ms: int, *, is_fallback: bool) -> bool:
    """Let the fallback be told, once. A fallback has none of its own here: two ways are enough to fail."""
    if is_fallback or receiver.fallback is None:
        return False
    known = {one.name: one for one in all_of(tx)}
    spare = known.get(receiver.fallback)
    if spare is None or not spare.enabled:
        return False
    return tx.run(STAND_IN, id=delivery_id, fallback=spare.name, now=now_ms) > 0


def bypass(db: "Db", now_ms: int) -> int:
    """Tell the fallbacks of receivers that rest what waits for them; how many texts that are."""
    if not db.all(RESTING + " limit 1", now=now_ms):
        return 0
    with db.write() as tx:
        known = {receiver.name: receiver for receiver in all_of(tx)}
        rows = tx.all(RESTING, now=now_ms)
        return sum(stand_in(tx, row["id"], known[row["receiver"]], now_ms, is_fallback=False) for row in rows)


def recover(db: "Db", *, is_alive: Callable[[str], bool], mine: Collection[int], clock: Clock) -> int:
    """Take back what dead processes held, or held for too long; how many. `mine` are under way in this process."""
    if not db.all(SENDING + " limit 1"):
        return 0
    taken = 0
    with db.write() as tx:
        for row in tx.all(SENDING):
            if row["id"] not in mine and _is_lost(row, is_alive, clock):
                taken += tx.run(TAKE_BACK, id=row["id"], attempt=row["attempts"], now=clock.now_ms())
    return taken


def _is_lost(row: "Row", is_alive: Callable[[str], bool], clock: Clock) -> bool:
    if row["boot_id"] != clock.boot_id() or clock.boot_ms() >= row["lease_until_boot_ms"]:
        return True
    return not is_alive(row["owner"])
