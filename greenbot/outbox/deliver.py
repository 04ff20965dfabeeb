"""One message, one POST: the only way anything leaves greenbot."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from greenbot import failpoints
from greenbot.api.endpoints import ENDPOINTS
from greenbot.clock import Clock
from greenbot.errors import BadFile, GreenbotError, NotReady, Unusable, UsageError
from greenbot.logs.notes import about
from greenbot.outbox.claims import (
    LEASE_FOR_FILES_MS,
    LEASE_MS,
    Blocked,
    Claim,
    Fenced,
    claim,
    finish,
    mark_sending,
    move,
    release,
)
from greenbot.outbox.decide import Change, OnNotSent
from greenbot.outbox.delivery import Delivery
from greenbot.outbox.gate import Rules
from greenbot.outbox.message import Message
from greenbot.outbox.noting import note_state
from greenbot.outbox.states import Reason, State
from greenbot.outbox.sweep import sweep
from greenbot.outbox.table import get

if TYPE_CHECKING:
    from greenbot.api.endpoint import Endpoint
    from greenbot.api.outcome import Outcome
    from greenbot.db.connect import Db
    from greenbot.messages.outgoing import Draft, OutgoingFile
    from greenbot.outbox.owner import Owner

OnProgress = Callable[[int, int], None]

#: How often a patient delivery looks whether its chat is free.
_LOOK_SECONDS = 0.05


class Exchanger(Protocol):
    """What delivery needs of a client: exactly one HTTP exchange, never a second one on its own."""

    async def exchange(
        self,
        endpoint: "Endpoint",
        params: dict[str, object],
        *,
        file: "OutgoingFile | None" = None,
        on_progress: OnProgress = ...,
    ) -> "Outcome": ...


def ignore_progress(sent_bytes: int, all_bytes: int) -> None:
    """Nobody watches."""


def at_once() -> None:
    """There is nothing to wait for."""


async def deliver(
    db: "Db",
    message_id: int,
    *,
    client: Exchanger,
    owner: "Owner",
    clock: Clock,
    on_not_sent: OnNotSent = "requeue",
    on_progress: OnProgress = ignore_progress,
    may_overtake: bool = False,
    patience_seconds: float = 0.0,
    rest_ms: int | None = None,
    tries_again: "Callable[[Outcome], bool] | None" = None,
    rules: Rules | None = None,
    before_post: "Callable[[], None]" = at_once,
) -> Delivery:
    """Deliver one accepted message: claim it, commit "about to POST", POST once, commit the outcome.

    `on_not_sent="fail"` is for a caller who will run the same again: whatever is known not sent
    ends there instead of leaving later by itself. `may_overtake` ignores older messages that wait
    in the same chat, never one in flight or uncertain. `patience_seconds` waits for a busy chat,
    blocking the thread. `rest_ms`: how long a requeued message rests. `tries_again`: the caller's word,
    for an outcome that is known not sent, that he will try again himself; then it is requeued.
    `rules` are asked before it is claimed; one they hold back is blocked with the reason `rules`.
    `before_post` is called when only the POST is left to be done: commits before it may have taken their time.

    Interrupted (KeyboardInterrupt, cancellation) before "about to POST" the message is cancelled
    or requeued, afterwards it is uncertain unless the client knows better; the interrupt goes on
    to the caller. Raises UnknownMessage, Busy, StoreFull, StoreError: then nothing was sent.
    """
    errand = _Errand(
        db=db,
        client=client,
        owner=owner,
        clock=clock,
        on_not_sent=on_not_sent,
        on_progress=on_progress,
        rest_ms=rest_ms,
        tries_again=tries_again,
        rules=rules,
        before_post=before_post,
    )
    sweep(db, run_dir=owner.run_dir, clock=clock)
    message = get(db, message_id)
    try:
        draft = draft_of(message)
    except UsageError as error:
        return Delivery(message=errand.give_up(message, Reason.BAD_DRAFT, detail=str(error)))
    lease_ms = LEASE_MS if draft.file is None else LEASE_FOR_FILES_MS
    held = errand.claim(message_id, lease_ms, patience_seconds, may_overtake=may_overtake)
    if isinstance(held, Blocked):
        return errand.not_now(message_id, held)
    try:
        posting = errand.about_to_post(held)
    except Fenced:
        return Delivery(message=get(db, message_id), blocked=Blocked(why="not_queued"))
    errand.wait_for_turn(posting)
    outcome = await errand.post(posting, draft)
    return errand.record(message, posting, outcome)


def draft_of(message: Message) -> "Draft":
    """The draft as it was accepted. Raises BadDraft, BadFile when that is no longer possible."""
    from greenbot.messages.outgoing import draft_from_json

    draft = draft_from_json(message.kind, message.draft)
    if draft.file is not None and not draft.file.path.is_file():
        raise BadFile(f"Greenbot's copy of {draft.file.file_name} is gone.")
    return draft


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """One delivery: with what, for whom, by which rules. The methods are its steps, in their order."""

    db: "Db"
    client: Exchanger
    owner: "Owner"
    clock: Clock
    on_not_sent: OnNotSent
    on_progress: OnProgress
    rest_ms: int | None
    tries_again: "Callable[[Outcome], bool] | None"
    rules: Rules | None
    before_post: "Callable[[], None]"

    def give_up(
        self, message: Message, reason: Reason, *, cause: str | None = None, detail: str | None = None
    ) -> Message:
        """End a message that is still queued; as it is afterwards, should somebody else have moved it first."""
        if message.state is State.QUEUED:
            change = Change(state=State.FAILED, reason=reason, cause=cause, detail=detail)
            with self.db.write() as tx:
                move(tx, message, change, self.owner.id, self.clock)
        return get(self.db, message.id)

    def claim(self, message_id: int, lease_ms: int, patience_seconds: float, *, may_overtake: bool) -> Claim | Blocked:
        deadline = self.clock.monotonic() + patience_seconds
        while True:
            held = claim(
                self.db,
                message_id,
                owner=self.owner.id,
                clock=self.clock,
                lease_ms=lease_ms,
                may_overtake=may_overtake,
                rules=self.rules,
            )
            if isinstance(held, Claim) or not _is_passing(held) or self.clock.monotonic() >= deadline:
                return held
            self.clock.sleep(_LOOK_SECONDS)
            sweep(self.db, run_dir=self.owner.run_dir, clock=self.clock)

    def not_now(self, message_id: int, blocked: Blocked) -> Delivery:
        message = get(self.db, message_id)
        if self.on_not_sent == "fail" and blocked.behind is not None:
            message = self.give_up(message, Reason.NOT_SENT, cause=blocked.why)
        return Delivery(message=message, blocked=blocked)

    def about_to_post(self, held: Claim) -> Claim:
        try:
            failpoints.hit("out.after_claim")
            return mark_sending(self.db, held, clock=self.clock)
        except Fenced:
            raise
        except BaseException as error:
            self._give_back(held, type(error).__name__)
            raise

    def _give_back(self, held: Claim, cause: str) -> None:
        back = Change(state=State.QUEUED, reason=Reason.SHUTDOWN, cause=cause)
        if self.on_not_sent == "fail":
            back = Change(state=State.CANCELLED, reason=Reason.INTERRUPTED, cause=cause)
        # A store that fails twice is left to the next sweep, which takes the message back.
        with suppress(GreenbotError):
            release(self.db, held, back, clock=self.clock)

    def wait_for_turn(self, posting: Claim) -> None:
        try:
            self.before_post()
        except BaseException as error:
            self._take_back(posting, type(error).__name__)
            raise

    def _take_back(self, posting: Claim, cause: str) -> None:
        """Nothing has left yet, and this process knows it."""
        back = Change(state=State.QUEUED, reason=Reason.NOT_SENT, cause=cause)
        if self.on_not_sent == "fail":
            back = Change(state=State.CANCELLED, reason=Reason.INTERRUPTED, cause=cause)
        with suppress(GreenbotError):
            release(self.db, posting, back, clock=self.clock)

    async def post(self, posting: Claim, draft: "Draft") -> "Outcome":
        try:
            failpoints.hit("out.after_mark")
            with about(message_id=posting.message_id, attempt=posting.attempt):
                outcome = await self.client.exchange(
                    ENDPOINTS[draft.method], draft.params(), file=draft.file, on_progress=self.on_progress
                )
            failpoints.hit("out.after_post")
        except BaseException as error:
            with suppress(GreenbotError):
                release(self.db, posting, after_exception(error, self.on_not_sent), clock=self.clock)
            raise
        return outcome

    def record(self, before: Message, posting: Claim, outcome: "Outcome") -> Delivery:
        again = self.tries_again is not None and not outcome.succeeded and self.tries_again(outcome)
        on_not_sent = "requeue" if again else self.on_not_sent
        try:
            message = finish(self.db, posting, outcome, clock=self.clock, on_not_sent=on_not_sent, rest_ms=self.rest_ms)
        except Fenced:
            warning = "Another process had given this message up; what it recorded stands."
            return Delivery(message=get(self.db, posting.message_id), outcome=outcome, store_warning=warning)
        except GreenbotError as error:
            # Sent but not recorded is a warning, not a failure: a second try would hurt the guest.
            unrecorded = replace(before, state=State.SENDING, epoch=posting.epoch, remote_id=outcome.remote_id)
            return Delivery(message=unrecorded, outcome=outcome, store_warning=str(error))
        failpoints.hit("out.after_accept")
        note_state(message, before=State.SENDING)
        return Delivery(message=message, outcome=outcome)


def after_exception(error: BaseException, on_not_sent: OnNotSent) -> Change:
    """What becomes of a message in `sending` whose exchange raised instead of giving an outcome."""
    cause = error.code() if isinstance(error, GreenbotError) else type(error).__name__
    if isinstance(error, UsageError):  # the client could not build the request, now or ever
        return Change(state=State.FAILED, reason=Reason.NOT_SENT, cause=cause, detail=str(error))
    if isinstance(error, (Unusable, NotReady)):  # nor could it without its token
        state = State.QUEUED if on_not_sent == "requeue" else State.FAILED
        return Change(state=state, reason=Reason.NOT_SENT, cause=cause, detail=str(error))
    # Whatever else ended the exchange from outside, the request may be out already.
    return Change(state=State.UNCERTAIN, reason=Reason.INTERRUPTED, cause=cause)


def _is_passing(blocked: Blocked) -> bool:
    """A message on its way is soon out of ours; one in doubt is not."""
    return blocked.behind is not None and blocked.behind_state is not State.UNCERTAIN
