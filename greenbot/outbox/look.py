"""One look for the messages in doubt of one instance, and what follows from not finding them: pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from greenbot.chat_id import STATUS_CHAT
from greenbot.outbox.evidence import Findings
from greenbot.outbox.known import Known
from greenbot.outbox.message import Message
from greenbot.outbox.remote import Remote
from greenbot.outbox.timing import Moments, ReconcileTimes, timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`began_ms` is when the reading began; `busy` are the messages whose process may still be sending them."""

    began_ms: int
    doubts: Sequence[Message]
    busy: frozenset[int]
    remote: Remote
    known: Known
    findings: Findings

    def gap(self, message: Message, times: ReconcileTimes) -> str:
        """Why this look does not show that the message is nowhere; empty when it does."""
        if message.id in self.findings.suspicions:
            return self.findings.suspicions[message.id]
        if message.id in self.busy:
            return "the process that began to send it still lives"
        if self.remote.gap:
            return self.remote.gap
        if message.chat_id == STATUS_CHAT:
            return ""
        settled_ms = (message.uncertain_since_ms or message.state_at_ms) + times.settle_ms
        if self.remote.hides_one and not self.known.left_after(self.remote.journal or (), settled_ms):
            return "GREEN-API's queue hides its next message, which could be this one"
        return ""

    def conclude(self, moments: Moments, times: ReconcileTimes, *, authorized_since_ms: int | None) -> "Conclusions":
        """Which messages this look missed in a way that counts, and about which it says nothing, and why."""
        found = Conclusions(missed=[], spent=[], unclear={})
        for message in self.doubts:
            if message.id in self.findings.proofs:
                continue
            table = timetable(message, moments, times, usable_from_ms=authorized_since_ms or 0)
            words = self.gap(message, times) or ("" if authorized_since_ms else "the instance was not ready just now")
            if table.is_through and not may_resend(message, times):
                found.spent.append(message)
            elif words:
                found.unclear[message.id] = words
            elif self.began_ms >= table.counts_from_ms:
                found.missed.append(message)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusions:
    """`missed`: certainly not there at this moment. `spent`: through with all looks, and a person decides now."""

    missed: list[Message]
    spent: list[Message]
    unclear: dict[int, str]


def may_resend(message: Message, times: ReconcileTimes) -> bool:
    """Whether a message that is nowhere goes out again by itself."""
    return message.policy == "reconcile" and message.ambiguous_attempts < times.ambiguous_budget
