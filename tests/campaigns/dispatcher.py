"""A small worker: asks the hook inside the claim's transaction, as the real one does, and POSTs one after the other."""

from collections.abc import Callable
from dataclasses import dataclass, field

from greenbot.api.inline import run_inline
from greenbot.api.outcome import Outcome, OutcomeClass
from greenbot.campaigns.dispatch import Verdict, hold_back, may_leave
from greenbot.clock import Clock
from greenbot.db.connect import Db
from greenbot.messages.outgoing import draft_from_json
from greenbot.outbox.claims import Claim, finish, mark_in, take_in
from greenbot.outbox.deliver import Exchanger
from greenbot.outbox.message import Message
from greenbot.outbox.turn import next_due_ms, next_in_line

ACCEPTED = OutcomeClass.ACCEPTED


def accepted(number: int) -> Outcome:
    return Outcome(cls=ACCEPTED, reason="accepted", remote_id=f"BAE5{number:08}", status=200)


def rejected(number: int) -> Outcome:
    return Outcome(cls=OutcomeClass.PERMANENT, reason="bad_request", detail="no", status=400)


def refused(number: int) -> Outcome:
    return Outcome(cls=OutcomeClass.NOT_SENT, reason="connect_failed")


@dataclass(slots=True)
class Dispatcher:
    """Sends what may leave now; `answer` stands for GREEN-API unless there is a `client`."""

    db: Db
    clock: Clock
    instance: str = "kyiv"
    answer: Callable[[int], Outcome] = accepted
    client: Exchanger | None = None
    #: (message, moment) of each POST, in order.
    posted: list[tuple[Message, int]] = field(default_factory=list)
    #: Every refusal of the hook.
    refusals: list[tuple[Message, Verdict]] = field(default_factory=list)

    def run(self) -> int:
        """Everything that is due; how many messages were POSTed."""
        before = len(self.posted)
        while self._one():
            pass
        return len(self.posted) - before

    def _one(self) -> bool:
        with self.db.write() as tx:
            message = next_in_line(tx, self.instance, self.clock.now_ms())
            if message is None:
                return False
            verdict = may_leave(tx, message, self.clock.now_ms())
            if verdict.go:
                held = mark_in(
                    tx, take_in(tx, message, owner="me", clock=self.clock, lease_ms=90_000), clock=self.clock
                )
        if not verdict.go:
            self.refusals.append((message, verdict))
            hold_back(self.db, message, verdict, self.clock)
            return True
        self._post(message, held)
        return True

    def _post(self, message: Message, held: Claim) -> None:
        self.posted.append((message, self.clock.now_ms()))
        outcome = self.answer(len(self.posted)) if self.client is None else self._exchange(self.client, message)
        finish(self.db, held, outcome, clock=self.clock)

    def _exchange(self, client: Exchanger, message: Message) -> Outcome:
        from greenbot.api.endpoints import ENDPOINTS

        draft = draft_from_json(message.kind, message.draft)
        return run_inline(client.exchange(ENDPOINTS[draft.method], draft.params()))

    def next_ms(self) -> int | None:
        """When something is due next."""
        return next_due_ms(self.db, self.instance, self.clock.now_ms())
