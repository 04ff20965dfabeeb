"""From a draft to a line on the screen: accept it durably, deliver it, say what became of it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from greenbot.chat_id import ChatId
from greenbot.cli.interrupts import Interrupts
from greenbot.cli.recipients import recipients
from greenbot.cli.run import Run
from greenbot.errors import GreenbotError, OutcomeUnknown, PartlyDone, Stopped, UsageError

if TYPE_CHECKING:
    from greenbot.api.client import Client
    from greenbot.messages.outgoing import Contact, CustomPreview, Draft
    from greenbot.outbox.delivery import Delivery
    from greenbot.outbox.message import Message

DraftFor = Callable[[ChatId], "Draft"]
_ONCE_MS = {"hour": 3_600_000, "day": 86_400_000}


def send(run: Run, to: str, draft_for: DraftFor, *, key: str | None, once_per: str | None) -> None:
    """Send one draft to each recipient; every draft is checked before the first one leaves."""
    drafts = [draft_for(chat_id) for chat_id in recipients(run, to)]
    send_drafts(run, drafts, key=key, once_per=once_per)


def send_drafts(run: Run, drafts: "list[Draft]", *, key: str | None, once_per: str | None) -> None:
    """Accept and deliver each draft in turn. Raises the error of a single one, or `PartlyDone`."""
    if run.flags.dry_run:
        _preview(run, drafts)
        return
    run.must_write()
    keys = [_key(run, draft, key, once_per, many=len(drafts) > 1) for draft in drafts]
    with _Sender(run) as sender:
        if len(drafts) == 1:
            sender.send_one(drafts[0], keys[0])
        else:
            _send_many(run, sender, drafts, keys)


def _preview(run: Run, drafts: "list[Draft]") -> None:
    client = run.client(run.instance)
    for draft in drafts:
        run.out.block(client.request_preview(draft.method, draft.params(), file=draft.file))
    run.out.say("Nothing was sent.")


def _key(run: Run, draft: "Draft", key: str | None, once_per: str | None, *, many: bool) -> str | None:
    """The key under which a message is accepted at most once; several recipients of one key stay apart."""
    if key is not None and once_per is not None:
        raise UsageError("--key and --once-per exclude each other.", hint="Choose one.")
    if key is not None:
        if not key.strip():
            raise UsageError("The --key is empty.", hint="Use something that names the occasion, such as booking-4711.")
        return f"{key}:{draft.chat_id}" if many else key
    if once_per is None:
        return None
    if once_per not in _ONCE_MS:
        raise UsageError(f"--once-per knows hour and day, not '{once_per}'.")
    from greenbot.outbox.table import payload_digest

    return f"once-per-{once_per}:{run.clock.now_ms() // _ONCE_MS[once_per]}:{draft.chat_id}:{payload_digest(draft)}"


def _send_many(run: Run, sender: "_Sender", drafts: "list[Draft]", keys: list[str | None]) -> None:
    failed: list[GreenbotError] = []
    done = 0
    for draft, key in zip(drafts, keys, strict=True):
        try:
            sender.send_one(draft, key)
            done += 1
        except GreenbotError as error:
            failed.append(error)
            run.out.error(error)
        if sender.interrupts.requested:
            break
    _raise_sum(failed, done=done, total=len(drafts))


def _raise_sum(failed: list[GreenbotError], *, done: int, total: int) -> None:
    """One error for all of them: that of each when every one failed alike. Nothing when all were sent."""
    if done == total:
        return
    if len(failed) == total and len({type(error) for error in failed}) == 1:
        raise type(failed[-1])(f"None of the {total} messages was sent; the reason stands above.", hint=failed[-1].hint)
    left = total - done - len(failed)
    rest = f"; {left} were not begun" if left else ""
    raise PartlyDone(f"{done} of {total} were sent{rest}.", hint=_AGAIN)


_AGAIN = "Run it again for the rest only. With --key or --once-per the whole list is safe to repeat."


class _Sender:
    """What sending needs, opened once for all recipients of a command."""

    def __init__(self, run: Run) -> None:
        from greenbot.outbox.owner import Owner

        self._run = run
        self._instance = run.instance
        self._client: Client = run.client(self._instance)
        self._db = run.store
        self._owner = Owner(run.settings.paths.run_dir)
        self.interrupts = Interrupts(run.out.warn)

    def __enter__(self) -> "_Sender":
        self.interrupts.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from greenbot.api.inline import run_inline

        self.interrupts.__exit__(kind, error, trace)
        run_inline(self._client.aclose())
        self._owner.close()
        self._db.close()

    def send_one(self, draft: "Draft", key: str | None) -> None:
        """Accept, deliver, say. Raises the error of the outcome."""
        from greenbot.outbox.message import NewMessage
        from greenbot.outbox.table import enqueue

        draft, file_sha256 = self._spooled(draft)
        policy = self._instance.ambiguous_policy
        new = NewMessage(instance=self._instance.name, draft=draft, key=key, policy=policy, file_sha256=file_sha256)  # type: ignore[arg-type]  # the configuration checked the policy
        message = enqueue(self._db, new, self._run.clock)
        if message.replayed:
            self._say(message, draft)
            _raise_as_before(message)
            return
        delivery = self._deliver(message, draft)
        error = delivery.error()
        if error is not None:
            raise error
        self._say(delivery.message, draft, warning=delivery.store_warning)

    def _spooled(self, draft: "Draft") -> "tuple[Draft, str | None]":
        """An accepted message must not depend on a file its sender may change: greenbot keeps a copy."""
        from greenbot.messages.outgoing import FileByUpload

        if not isinstance(draft, FileByUpload):
            return draft, None
        from greenbot.outbox.spool import take_in

        copy = take_in(self._run.settings.paths.spool_dir, draft.path)
        return draft.kept_at(copy.path), copy.sha256

    def _deliver(self, message: "Message", draft: "Draft") -> "Delivery":
        from greenbot.api.inline import run_inline
        from greenbot.cli.progress import upload_bar
        from greenbot.outbox.deliver import deliver

        with upload_bar(self._run, draft.file) as on_progress:
            try:
                return run_inline(
                    deliver(
                        self._db,
                        message.id,
                        client=self.interrupts.watch(self._client),
                        owner=self._owner,
                        clock=self._run.clock,
                        on_not_sent="fail",
                        on_progress=on_progress,
                        patience_seconds=10.0,
                    )
                )
            except KeyboardInterrupt:
                if self.interrupts.in_flight:
                    raise OutcomeUnknown(message_id=message.id, instance=message.instance) from None
                raise Stopped(message_id=message.id, instance=message.instance) from None
            finally:
                self.interrupts.landed()

    def _say(self, message: "Message", draft: "Draft", *, warning: str | None = None) -> None:
        record = _record(message)
        if warning is not None:
            record["store_warning"] = warning
            self._run.out.warn(f"The message was sent, but that could not be recorded: {warning}")
        try:
            self._print(record, message)
            self._run.out.stdout.flush()
        except OSError as error:
            # The guest has the message. A failure here would invite a second one.
            self._run.out.give_up_stdout()
            if not isinstance(error, BrokenPipeError):
                self._run.out.warn(f"The message was sent, but the result could not be printed: {error.strerror}.")

    def _print(self, record: dict[str, object], message: "Message") -> None:
        if self._run.flags.json or self._run.flags.quiet or not self._run.out.for_person:
            self._run.out.record(record, essential="id")
        else:
            again = " (already sent under this key)" if message.replayed else ""
            mark = self._run.out.style(self._run.out.sign("✓", "ok"), "green")
            self._run.out.line(
                f"{mark} {message.status}  message {message.id} to {message.chat_id}  {message.remote_id or ''}{again}"
            )


def _raise_as_before(message: "Message") -> None:
    """A replayed command ends like the first one did: an unknown outcome stays unknown, whoever asks again."""
    from greenbot.errors import OutcomeUnknown, Rejected, StillPending
    from greenbot.outbox.states import State

    about = f"Message {message.id} of this key"
    if message.state is State.UNCERTAIN:
        raise OutcomeUnknown(f"{about} may or may not have been sent; it was not sent again.", message_id=message.id)
    if message.state in (State.QUEUED, State.CLAIMED, State.SENDING):
        raise StillPending(f"{about} is accepted and on its way; it was not sent again.", message_id=message.id)
    if message.state not in (State.ACCEPTED, State.DELIVERED, State.STALLED):
        raise Rejected(f"{about} ended as {message.state}; it was not sent again.", message_id=message.id)


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


def contact_draft(
    run: Run, number: str | None, names: Mapping[str, str | None], *, vcard: str | None, quoted_message_id: str | None
) -> "Callable[[ChatId], Contact]":
    """How to make the contact card for a chat: from a vCard file, from options, or both (options win)."""
    from greenbot.chat_id import parse_chat_id
    from greenbot.messages.outgoing import Contact, read_vcard

    card = read_vcard(Path(vcard).read_text(encoding="utf-8-sig")) if vcard is not None else None
    given = number or (card.get("phone", "") if card else "")
    if not given:
        raise UsageError("Whose contact?", hint="Give the NUMBER, or a --vcard FILE that has one.")
    phone = parse_chat_id(given, country_code=run.instance.country_code).partition("@")[0]

    def named(part: str) -> str:
        return names.get(part) or (card.get(part, "") if card else "")

    return lambda chat_id: Contact(
        chat_id=chat_id,
        phone=phone,
        first_name=named("first_name"),
        middle_name=named("middle_name"),
        last_name=named("last_name"),
        company=named("company"),
        quoted_message_id=quoted_message_id,
    )


def own_preview(title: str | None, text: str | None, link: str | None, image: str | None) -> "CustomPreview | None":
    """The preview a person made, if any. Raises `UsageError` for parts without a title."""
    if title is None:
        if text or link or image:
            raise UsageError("A preview of your own needs a title.", hint="Add --preview-title.")
        return None
    from greenbot.messages.outgoing import CustomPreview

    return CustomPreview(title=title, description=text or "", link=link or "", image_url=image or "")


def status_draft(
    message: str | None,
    *,
    voice: str | None,
    media: str | None,
    caption: str | None,
    file_name: str | None,
    background: str | None,
    font: str | None,
    participants: tuple[ChatId, ...],
) -> "Draft":
    """The draft of a story. Raises `UsageError` when it is not clear which kind is meant."""
    from greenbot.cli.values import text_of
    from greenbot.messages.outgoing import MediaStatus, TextStatus, VoiceStatus

    if sum(given is not None for given in (message, voice, media)) > 1:
        raise UsageError("A status is a text, a --voice or a --media, not several.")
    if voice is not None:
        return VoiceStatus(url=voice, file_name=file_name, background=background, participants=participants)
    if media is not None:
        return MediaStatus(url=media, file_name=file_name, caption=caption, participants=participants)
    text = text_of(message, what="text")
    return TextStatus(text=text, background=background, font=font, participants=participants)


def send_status(run: Run, draft: "Draft", *, key: str | None, once_per: str | None) -> None:
    """Post a story: it goes to no chat of its own."""
    send_drafts(run, [draft], key=key, once_per=once_per)
