"""One message through this process: accepted durably, delivered, and its outcome said."""

from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from greenbot.cli.handover import follow_worker, is_attended, offer
from greenbot.cli.interrupts import Interrupts
from greenbot.cli.run import Run
from greenbot.cli.wishes import Wishes
from greenbot.errors import BadFile, GreenbotError, NotSent, OutcomeUnknown, StillPending, Stopped

if TYPE_CHECKING:
    from greenbot.api.client import Client
    from greenbot.config.settings import Instance
    from greenbot.messages.outgoing import Draft
    from greenbot.outbox.delivery import Delivery
    from greenbot.outbox.gate import Rules
    from greenbot.outbox.message import Message
    from greenbot.outbox.owner import Owner

#: Suppression is for promotions, restricted numbers for bulk, the caps on new chats for numbers that have one.
UNDER_RULES = """
select 1 from messages
 where id = :id and (class <> 'service' or priority = 2 or campaign_id is not null
   or exists (select 1 from new_chat_limits where instance = messages.instance))
"""
#: How long a message waits for another process that is sending to the same chat.
PATIENCE_SECONDS = 10.0


class Sender:
    """What sending needs, opened once for all messages of a command. A context manager."""

    def __init__(self, run: Run, instance: "Instance") -> None:
        self._run = run
        self._instance = instance
        self._wishes = Wishes.of(run, instance)
        if not (self._wishes.only_accept or is_attended(run, instance.name)):
            # Before anything is accepted: without a token there is nothing to begin.
            self._client  # noqa: B018 - made here
        self._db = run.store
        self.interrupts = Interrupts(run.out.warn)

    def __enter__(self) -> Self:
        self.interrupts.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.interrupts.__exit__(kind, error, trace)
        if "_owner" in self.__dict__:
            self._owner.close()

    @cached_property
    def _client(self) -> "Client":
        return self._run.client(self._instance)

    @cached_property
    def _owner(self) -> "Owner":
        from greenbot.outbox.owner import Owner

        return Owner(self._run.settings.paths.run_dir)

    def send(self, draft: "Draft", key: str | None) -> None:
        """Accept, deliver, say. Raises the error of the outcome."""
        from greenbot.outbox.message import NewMessage
        from greenbot.outbox.noting import note_state
        from greenbot.outbox.table import enqueue

        begun = self._run.clock.monotonic()
        if not (self._wishes.only_accept or is_attended(self._run, self._instance.name)):
            self._check_open()
        draft, file_sha256 = self._spooled(draft)
        new = NewMessage(
            instance=self._instance.name,
            draft=draft,
            key=key,
            policy=self._instance.ambiguous_policy,  # type: ignore[arg-type]  # the configuration checked it
            file_sha256=file_sha256,
            priority=self._wishes.priority,
            scheduled_at_ms=self._wishes.scheduled_at_ms,
            expires_at_ms=self._wishes.expires_at_ms,
        )
        with self.interrupts.accepting():
            message = enqueue(self._db, new, self._run.clock)
        if self.interrupts.requested and not message.replayed:
            self._take_back(message)
        if message.replayed and (message.remote_id or message.accepted_at_ms):
            self._say(self._assured(message, begun))
            return
        offered = offer(self._run, message)
        # A worker is at it already while this process opens its log.
        note_state(message)
        if self._wishes.only_accept:
            self._leave(message)
            return
        if offered:
            found = follow_worker(self._run, message, goal="accepted", wait_seconds=self._wishes.wait_seconds)
            if found is not None:
                self._conclude(found, begun)
                return
        # Under a key an earlier run may have died half-way: only what never left is sent now.
        self.deliver(message.id, draft, begun=begun)

    def _check_open(self) -> None:
        from greenbot.outbox.direct import check_open

        check_open(self._db, self._instance.name)

    def _leave(self, message: "Message") -> None:
        """Accepted is all that was asked for."""
        from greenbot.cli.handover import leaves_later

        self._say(message)
        self._run.out.say(leaves_later(self._run, message, self._instance))

    def _conclude(self, message: "Message", begun: float) -> None:
        """Say what a worker made of it. Raises the error of that."""
        from greenbot.outbox.watch import reached

        if not reached(message, "accepted"):
            from greenbot.outbox.delivery import Delivery

            error = Delivery(message=message).error() or _error_of(message)
            if error is not None:
                raise error
        self._say(self._assured(message, begun))

    def deliver(self, message_id: int, draft: "Draft", *, begun: float | None = None) -> None:
        """Deliver a message that was accepted before, and say what became of it. Raises the error of the outcome."""
        begun = self._run.clock.monotonic() if begun is None else begun
        delivery = self._delivered(message_id, draft)
        error = delivery.error() or (None if delivery.sent else _error_of(delivery.message))
        if error is not None:
            raise error
        message = delivery.message if delivery.store_warning else self._assured(delivery.message, begun)
        self._say(message, warning=delivery.store_warning)

    def _assured(self, message: "Message", begun: float) -> "Message":
        """The message as far as --wait-for asks, asking GREEN-API for its status. Raises the error when it is not."""
        from greenbot.outbox.watch import reached

        if reached(message, self._wishes.goal):
            return message
        from greenbot.api.inline import run_inline
        from greenbot.outbox.assurance import assured

        clock = self._run.clock
        left = max(0.0, self._wishes.wait_seconds - (clock.monotonic() - begun))
        try:
            return run_inline(
                assured(self._db, message.id, self._wishes.goal, seconds=left, client=self._client, clock=clock)
            )
        except KeyboardInterrupt:
            raise StillPending(f"Message {message.id} is with GREEN-API.", message_id=message.id) from None

    def _take_back(self, message: "Message") -> None:
        from greenbot.outbox.operator import decide
        from greenbot.outbox.states import State

        decide(self._db, message.id, State.CANCELLED, actor="shell", clock=self._run.clock)
        raise Stopped(message_id=message.id, instance=message.instance)

    def _spooled(self, draft: "Draft") -> "tuple[Draft, str | None]":
        """An accepted message must not depend on a file its sender may change: greenbot keeps a copy."""
        if draft.file is None:
            return draft, None
        from greenbot.messages.outgoing import FileByUpload

        assert isinstance(draft, FileByUpload), "the only kind that has a file"
        from greenbot.outbox.spool import take_in

        copy = take_in(self._run.settings.paths.spool_dir, draft.path)
        if copy.sha256 != draft.sha256:
            raise BadFile(f"The file '{draft.path.name}' was changed meanwhile.", hint="Run it again when it is ready.")
        return draft.kept_at(copy.path), copy.sha256

    def _delivered(self, message_id: int, draft: "Draft") -> "Delivery":
        from greenbot.api.inline import run_inline
        from greenbot.cli.progress import upload_bar
        from greenbot.outbox.direct import Direct
        from greenbot.wiring import lane_limits, open_lines

        run = self._run
        with upload_bar(self._run, draft.file) as on_progress:
            try:
                direct = Direct(
                    db=self._db,
                    instance=self._instance.name,
                    client=self.interrupts.watch(self._client),
                    asker=self._client,
                    owner=self._owner,
                    clock=run.clock,
                    lines=open_lines(run.settings, run.clock),
                    limits=lane_limits(run.settings, self._instance, run.environ),
                    wait_seconds=self._wishes.wait_seconds,
                    rules=self._rules(message_id),
                    tell=run.out.say,
                    wait=self._wait,
                    on_progress=on_progress,
                    patience_seconds=PATIENCE_SECONDS,
                    on_wait=run.held_back,
                )
                return run_inline(direct.send(message_id))
            except KeyboardInterrupt:
                kind = OutcomeUnknown if self.interrupts.in_flight else Stopped
                raise kind(message_id=message_id, instance=self._instance.name) from None
            finally:
                self.interrupts.landed()

    def _wait(self, seconds: float) -> None:
        """Between tries nothing is on its way: whoever wants to stop stops here."""
        self.interrupts.landed()
        if self.interrupts.requested:
            raise KeyboardInterrupt
        self._run.clock.sleep(seconds)

    def _rules(self, message_id: int) -> "Rules | None":
        """The rules at dispatch; not even loaded for a message that none of them can concern."""
        if self._db.one(UNDER_RULES, id=message_id) is None:
            return None
        from greenbot.campaigns.dispatch import DispatchRules

        return DispatchRules(clock=self._run.clock)

    def _say(self, message: "Message", *, warning: str | None = None) -> None:
        out = self._run.out
        record = _record(message)
        if warning is not None:
            record["store_warning"] = warning
            out.warn(f"The message was sent, but that could not be recorded: {warning}")
        try:
            self._print(record, message)
            out.stdout.flush()
        except OSError as error:
            # The guest has the message. A failure here would invite a second one.
            out.give_up_stdout()
            if not isinstance(error, BrokenPipeError):
                out.warn(f"The message was sent, but the result could not be printed: {error.strerror}.")

    def _print(self, record: dict[str, object], message: "Message") -> None:
        out = self._run.out
        if self._run.flags.json or self._run.flags.quiet or not out.for_person:
            out.record(record, essential="id")
            return
        again = " (already sent under this key)" if message.replayed else ""
        mark = out.style(out.sign("✓", "ok"), "green")
        what = f"message {message.id} to {message.chat_id}  {message.remote_id or ''}".rstrip()
        out.line(f"{mark} {message.status}  {what}{again}")


def _record(message: "Message") -> dict[str, object]:
    return {
        "id": message.id,
        "instance": message.instance,
        "chat_id": message.chat_id,
        "kind": message.kind,
        "state": message.status,
        "remote_id": message.remote_id,
        "replayed": message.replayed,
    }


def _error_of(message: "Message") -> GreenbotError | None:
    """What the state says of a message this process did not deliver itself; None when it was sent."""
    from greenbot.outbox.states import ENDS, State

    where = {"message_id": message.id, "instance": message.instance}
    if message.state is State.UNCERTAIN:
        return OutcomeUnknown(**where)  # type: ignore[arg-type]  # two keywords of two types
    if message.state in (State.CLAIMED, State.SENDING):
        return StillPending(f"Another process is sending message {message.id} at this moment.", **where)  # type: ignore[arg-type]  # as above
    if message.state in ENDS and message.remote_id is None:
        return NotSent(f"Message {message.id} ended as {message.state}; it was not sent.", **where)  # type: ignore[arg-type]  # as above
    return None
