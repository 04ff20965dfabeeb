"""Finding out what became of messages whose answer was lost, and sending again only what certainly is nowhere.

    settle time -> look (queue, then journal) -> a minute -> look again -> back to the queue
                   found at any time -> accepted

One reading of an instance serves all its messages in doubt, and the statuses of its other messages
besides. Any number of processes may reconcile at once: whatever they write is fenced by epochs.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot import failpoints
from greenbot.chat_id import STATUS_CHAT
from greenbot.clock import Clock
from greenbot.outbox import consequence, statuses
from greenbot.outbox.appearance import of_journal
from greenbot.outbox.doubts import again_in, doubt_of, ended_in, found_in, looked_in, uncertain_of, under_way
from greenbot.outbox.evidence import Findings, find
from greenbot.outbox.known import Known, known_among, last_answered_ms
from greenbot.outbox.look import Look, may_resend
from greenbot.outbox.message import Message
from greenbot.outbox.owner import is_alive
from greenbot.outbox.remote import Asker, Reader, Remote, Sleep, account_of, read_journal, read_remote
from greenbot.outbox.states import Reason
from greenbot.outbox.timing import Moments, ReconcileTimes, timetable
from greenbot.resilience import shared_health
from greenbot.resilience.lines import Lines
from greenbot.resilience.retry import Rng

if TYPE_CHECKING:
    from greenbot.db.connect import Db

ACTOR = "reconcile"
#: How far back a journal is read at most, and how much further than necessary.
_MOST_MINUTES = 10_080
_MINUTES_MORE = 10
#: States of an instance in which GREEN-API sends what is in its queue.
_ABLE = ("authorized", "quota")
#: Messages asked about one by one in one pass.
_STALLED_AT_ONCE = 10
#: GREEN-API's answer to getMessage for a message it does not know.
_NOT_THERE = 400


@dataclass(slots=True, kw_only=True)
class Passes:
    """What one pass over the instances did, by message id.

    `unclear`: why the last look says nothing about a message. `spent`: looked for in vain, and not to
    be sent again by itself, so a person decides. `problems`: why an instance could not be read.
    """

    found: list[int] = field(default_factory=list)
    looked: list[int] = field(default_factory=list)
    requeued: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    stalled: list[int] = field(default_factory=list)
    spent: list[int] = field(default_factory=list)
    unclear: dict[int, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    statuses: int = 0
    calls: int = 0


@dataclass(slots=True)
class _Memory:
    """What this process remembers of one instance between passes; losing it costs a reading, nothing else."""

    moments: Moments
    read_ms: int | None = None
    refreshed_ms: int | None = None
    rest_until_boot_ms: int = 0
    failures: int = 0


class Reconciler:
    """Looks after the doubts of the instances in `clients`. One per process; call `run_pass` every few seconds.

    `run_dir` tells which processes live. `lines` keeps GREEN-API's limits together with all other processes
    (None: nobody else asks). `sleep` waits for a turn; a caller without an event loop hands in one that
    blocks, and asks instance by instance with `pass_of`.
    """

    def __init__(
        self,
        db: "Db",
        clients: Mapping[str, Asker],
        *,
        clock: Clock,
        run_dir: Path,
        times: ReconcileTimes = ReconcileTimes(),  # noqa: B008 - frozen
        lines: Lines | None = None,
        rng: Rng | None = None,
        sleep: Sleep = asyncio.sleep,
        actor: str = ACTOR,
    ) -> None:
        self._db = db
        self._clients = clients
        self._clock = clock
        self._run_dir = run_dir
        self._times = times
        self._reader = partial(Reader, clock=clock, lines=lines, rng=rng, sleep=sleep)
        self._actor = actor
        self._memories: dict[str, _Memory] = {}

    async def run_pass(self) -> Passes:
        """One pass over every instance where something is due. Raises Busy, StoreError."""
        passes = Passes()
        busy = [name for name in self._clients if self._has_work(name)]
        if busy:
            await asyncio.gather(*(self.pass_of(name, passes) for name in busy))
        return passes

    async def pass_of(self, instance: str, passes: Passes | None = None, *, now: bool = False) -> Passes:
        """One pass over one instance; with `now`, read it whether or not something is due.

        What a look may conclude is the same either way. Raises Busy, StoreError.
        """
        passes = Passes() if passes is None else passes
        memory = self._memory(instance)
        memory.moments.check()
        doubts = self._without_looking(instance, passes)
        memory.moments.forget(_moments_of(doubts))
        if not now and self._clock.boot_ms() < memory.rest_until_boot_ms:
            return passes
        if now or self._is_due(instance, memory, doubts):
            await self._look(instance, memory, doubts, passes)
        elif self._is_stale(instance, memory):
            await self._refresh(instance, memory, passes)
        return passes

    def _memory(self, instance: str) -> _Memory:
        if instance not in self._memories:
            self._memories[instance] = _Memory(moments=Moments(self._clock))
        return self._memories[instance]

    # --- what needs no reading ---------------------------------------------------------------------------------------

    def _has_work(self, instance: str) -> bool:
        memory = self._memory(instance)
        resting = self._clock.boot_ms() < memory.rest_until_boot_ms
        return bool(uncertain_of(self._db, instance)) or (not resting and self._is_stale(instance, memory))

    def _without_looking(self, instance: str, passes: Passes) -> list[Message]:
        """Settle what no look can settle; the doubts that remain."""
        left = []
        for message in uncertain_of(self._db, instance):
            if message.kind == "typing" or self._is_over(message):
                self._give_up(message, passes)
            elif message.policy == "resend" and message.ambiguous_attempts < self._times.ambiguous_budget:
                self._resend(message, passes)
            else:
                left.append(message)
        return left

    def _is_over(self, message: Message) -> bool:
        expires_ms = message.expires_at_ms
        return expires_ms is not None and self._clock.now_ms() >= expires_ms + self._times.give_up_ms

    def _give_up(self, message: Message, passes: Passes) -> None:
        cause = "leaves_no_trace" if message.kind == "typing" else "expired"
        with self._db.write() as tx:
            if ended_in(tx, message, Reason.GIVEN_UP, actor=self._actor, clock=self._clock, cause=cause):
                passes.failed.append(message.id)

    def _resend(self, message: Message, passes: Passes) -> None:
        failpoints.hit("rec.before_requeue")
        with self._db.write() as tx:
            if again_in(tx, message, Reason.RESEND, actor=self._actor, clock=self._clock, cause="policy"):
                passes.requeued.append(message.id)

    def _is_due(self, instance: str, memory: _Memory, doubts: list[Message]) -> bool:
        now_ms = self._clock.now_ms()
        health = shared_health.health_of(self._db, instance)
        since_ms = health.since_at_ms if health.state in _ABLE else 0
        tables = (timetable(one, memory.moments, self._times, usable_from_ms=since_ms) for one in doubts)
        return any(table.is_due(now_ms, memory.read_ms) for table in tables)

    def _is_stale(self, instance: str, memory: _Memory) -> bool:
        now_ms = self._clock.now_ms()
        last_ms = memory.refreshed_ms or 0
        if now_ms - last_ms < self._times.refresh_ms:
            return False
        return bool(statuses.silent_of(self._db, instance, until_ms=now_ms - self._times.refresh_ms // 2, most=1))

    # --- one look ----------------------------------------------------------------------------------------------------

    async def _look(self, instance: str, memory: _Memory, doubts: list[Message], passes: Passes) -> None:
        # Whatever may still be under way when the reading begins was not there to be seen.
        busy = frozenset(message.id for message in doubts if self._is_under_way(message))
        began_ms = memory.read_ms = memory.refreshed_ms = self._clock.now_ms()
        reader = self._reader(instance=instance, client=self._clients[instance])
        stories = any(message.chat_id == STATUS_CHAT for message in doubts)
        remote = await read_remote(reader.ask, minutes=self._minutes(instance, doubts), stories=stories)
        known = known_among(self._db, instance, (one.remote_id for one in remote.sightings))
        findings = await self._findings(reader, doubts, remote, known)
        look = Look(began_ms=began_ms, doubts=doubts, busy=busy, remote=remote, known=known, findings=findings)
        self._learn_state(instance, remote)
        self._claim(look, passes)
        self._tell_statuses(instance, remote, known, passes)
        self._conclude(instance, memory, look, passes)
        await self._find_stalled(instance, reader, remote, passes)
        self._note_problem(instance, memory, remote, passes)
        passes.calls += reader.calls

    def _is_under_way(self, message: Message) -> bool:
        """A process that began the last call and lives may still make it, however long it stood still."""
        call = under_way(self._db, message)
        if call is None or self._clock.now_ms() - call.started_at_ms > self._times.under_way_ms:
            return False
        return bool(call.owner) and is_alive(self._run_dir, call.owner)

    def _minutes(self, instance: str, doubts: Iterable[Message]) -> int:
        """How far back the journal is read: to the oldest first try, the oldest silence, the last good answer."""
        now_ms = self._clock.now_ms()
        moments = [message.first_post_at_ms or message.created_at_ms for message in doubts]
        if moments and (answered_ms := last_answered_ms(self._db, instance)) is not None:
            moments.append(answered_ms)
        silent = statuses.silent_of(self._db, instance, until_ms=now_ms, most=1)
        moments += [message.last_post_at_ms or message.created_at_ms for message in silent]
        return min(_MOST_MINUTES, -(-(now_ms - min([now_ms, *moments])) // 60_000) + _MINUTES_MORE)

    async def _findings(self, reader: Reader, doubts: list[Message], remote: Remote, known: Known) -> Findings:
        findings = find(
            [doubt_of(message) for message in doubts],
            remote.sightings,
            is_known=known.has,
            aliases=known.aliases(remote.sightings),
            lead=known.clock_lead(remote.journal or (), now_ms=self._clock.now_ms()),
        )
        proofs, suspicions = dict(findings.proofs), dict(findings.suspicions)
        chats = {message.id: message.chat_id for message in doubts}
        for message_id, sighting in findings.elsewhere.items():
            # GREEN-API itself knows whether a message that looks like ours, in a chat called otherwise, is in our chat.
            answer = await reader.ask("getMessage", {"chatId": chats[message_id], "idMessage": sighting.remote_id})
            same = [one for one in of_journal(answer.data) if one.remote_id == sighting.remote_id]
            if answer.succeeded and same and sighting not in proofs.values():
                proofs[message_id] = sighting
            else:
                suspicions.setdefault(message_id, "the same message went to a chat that could be this one")
        return Findings(proofs=proofs, suspicions=suspicions)

    def _learn_state(self, instance: str, remote: Remote) -> None:
        state = remote.state
        if state is not None:
            now_ms = self._clock.now_ms()
            shared_health.change(self._db, instance, lambda health: consequence.after_question(health, state, now_ms))

    def _authorized_since_ms(self, instance: str, remote: Remote) -> int | None:
        """Since when the instance is known to be authorized; None while that is not certain."""
        health = shared_health.health_of(self._db, instance)
        if account_of(remote.state) != "authorized" or health.state not in _ABLE:
            return None
        return health.since_at_ms

    def _claim(self, look: Look, passes: Passes) -> None:
        if not look.findings.proofs:
            return
        failpoints.hit("rec.before_claim")
        with self._db.write() as tx:
            for message in look.doubts:
                sighting = look.findings.proofs.get(message.id)
                if sighting and found_in(tx, message, sighting, actor=self._actor, clock=self._clock):
                    passes.found.append(message.id)
                    news = statuses.news_of(sighting)
                    if news is not None:
                        statuses.apply_in(tx, message.instance, news, clock=self._clock, actor=self._actor)

    def _tell_statuses(self, instance: str, remote: Remote, known: Known, passes: Passes) -> None:
        news = [found for one in remote.journal or () if (found := statuses.news_of(one)) and known.can_move(found)]
        if not news:
            return
        with self._db.write() as tx:
            for one in news:
                applied = statuses.apply_in(tx, instance, one, clock=self._clock, actor=self._actor)
                passes.statuses += applied == "moved"

    def _conclude(self, instance: str, memory: _Memory, look: Look, passes: Passes) -> None:
        since_ms = self._authorized_since_ms(instance, look.remote)
        found = look.conclude(memory.moments, self._times, authorized_since_ms=since_ms)
        passes.spent += [message.id for message in found.spent]
        passes.unclear |= found.unclear
        if found.unclear:
            memory.rest_until_boot_ms = self._clock.boot_ms() + self._times.rest_ms
        if found.missed:
            self._write_looks(found.missed, passes)

    def _write_looks(self, missed: list[Message], passes: Passes) -> None:
        last = [one for one in missed if one.looks + 1 >= self._times.looks and may_resend(one, self._times)]
        if last:
            failpoints.hit("rec.before_requeue")
        with self._db.write() as tx:
            for message in missed:
                if not looked_in(tx, message, actor=self._actor, clock=self._clock):
                    continue
                passes.looked.append(message.id)
                after = replace(message, epoch=message.epoch + 1)
                if message in last and again_in(tx, after, Reason.NOT_FOUND, actor=self._actor, clock=self._clock):
                    passes.requeued.append(message.id)

    def _note_problem(self, instance: str, memory: _Memory, remote: Remote, passes: Passes) -> None:
        if remote.problem:
            passes.problems[instance] = remote.problem
        memory.failures = memory.failures + 1 if remote.problem else 0
        if memory.failures:
            rest_ms = self._times.rest_ms << min(memory.failures - 1, 2)
            memory.rest_until_boot_ms = self._clock.boot_ms() + rest_ms

    # --- statuses ----------------------------------------------------------------------------------------------------

    async def _refresh(self, instance: str, memory: _Memory, passes: Passes) -> None:
        """Fetch what no notification told."""
        memory.refreshed_ms = self._clock.now_ms()
        reader = self._reader(instance=instance, client=self._clients[instance])
        remote = await read_journal(reader.ask, minutes=self._minutes(instance, ()))
        known = known_among(self._db, instance, (one.remote_id for one in remote.sightings))
        self._tell_statuses(instance, remote, known, passes)
        await self._find_stalled(instance, reader, remote, passes)
        self._note_problem(instance, memory, remote, passes)
        passes.calls += reader.calls

    async def _find_stalled(self, instance: str, reader: Reader, remote: Remote, passes: Passes) -> None:
        """What GREEN-API accepted and, though the number worked all the time, never sent on."""
        if remote.journal is None:
            return
        until_ms = self._clock.now_ms() - self._times.stalled_ms
        for message in statuses.silent_of(self._db, instance, until_ms=until_ms, most=_STALLED_AT_ONCE):
            if remote.state is None:
                remote = replace(remote, state=await reader.ask("getStateInstance"))
                self._learn_state(instance, remote)
            since_ms = self._authorized_since_ms(instance, remote)
            if since_ms is None or since_ms > until_ms:
                return
            await self._ask_once_more(reader, message, passes)

    async def _ask_once_more(self, reader: Reader, message: Message, passes: Passes) -> None:
        """The journal loses entries; the message itself may still be known."""
        answer = await reader.ask("getMessage", {"chatId": message.chat_id, "idMessage": message.remote_id})
        same = [one for one in of_journal(answer.data) if one.remote_id == message.remote_id]
        news = statuses.news_of(same[0]) if answer.succeeded and same else None
        with self._db.write() as tx:
            if news is not None and statuses.step(message.state, message.delivery, news) is not None:
                applied = statuses.apply_in(tx, message.instance, news, clock=self._clock, actor=self._actor)
                passes.statuses += applied == "moved"
            elif (answer.succeeded or answer.status == _NOT_THERE) and statuses.stalled_in(
                tx, message, clock=self._clock, actor=self._actor
            ):
                passes.stalled.append(message.id)


def _moments_of(doubts: Iterable[Message]) -> Iterable[int]:
    for message in doubts:
        yield message.uncertain_since_ms or message.state_at_ms
        yield message.last_look_at_ms or 0
