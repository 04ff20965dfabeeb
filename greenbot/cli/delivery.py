"""From a draft to a line on the screen: accept it durably, deliver it, say what became of it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.chat_id import ChatId
from greenbot.cli.recipients import recipients
from greenbot.cli.run import Run
from greenbot.errors import BadFile, GreenbotError, PartlyDone, UsageError

if TYPE_CHECKING:
    from greenbot.cli.sender import Sender
    from greenbot.messages.outgoing import Contact, CustomPreview, Draft

DraftFor = Callable[[ChatId], "Draft"]
MAX_KEY_LENGTH = 200
_ONCE_MS = {"hour": 3_600_000, "day": 86_400_000}


def send(run: Run, to: str, draft_for: DraftFor, *, key: str | None, once_per: str | None, mark: bool = False) -> None:
    """Send one draft to each recipient; every draft is checked before the first one leaves."""
    drafts = [draft_for(chat_id) for chat_id in recipients(run, to)]
    send_drafts(run, drafts, key=key, once_per=once_per, mark=mark)


def send_drafts(run: Run, drafts: "list[Draft]", *, key: str | None, once_per: str | None, mark: bool = False) -> None:
    """Accept and deliver each draft in turn. Raises the error of a single one, or `PartlyDone`.

    With `mark` each text gets an invisible mark of its own; the same key gives the same mark.
    """
    keys = [_key(run, draft, key, once_per, many=len(drafts) > 1) for draft in drafts]
    if mark:
        drafts = [_marked(draft, one) for draft, one in zip(drafts, keys, strict=True)]
    if run.flags.dry_run:
        _preview(run, drafts)
        return
    run.must_write()
    from greenbot.cli.sender import Sender

    with Sender(run, run.instance) as sender:
        if len(drafts) == 1:
            sender.send(drafts[0], keys[0])
        else:
            _send_many(run, sender, drafts, keys)


def _preview(run: Run, drafts: "list[Draft]") -> None:
    client = run.client(run.instance)
    for draft in drafts:
        run.out.request(client.request_preview(draft.method, draft.params(), file=draft.file))
    run.out.say("Nothing was sent.")


def _key(run: Run, draft: "Draft", key: str | None, once_per: str | None, *, many: bool) -> str | None:
    """The key under which a message is accepted at most once; several recipients of one key stay apart."""
    if key is not None and once_per is not None:
        raise UsageError("--key and --once-per exclude each other.", hint="Choose one.")
    if key is not None:
        if not key.strip():
            raise UsageError("The --key is empty.", hint="Use something that names the occasion, such as booking-4711.")
        if len(key) > MAX_KEY_LENGTH:
            raise UsageError(
                f"The --key has {len(key)} characters, more than {MAX_KEY_LENGTH}.", hint="A short name will do."
            )
        return f"{key}:{draft.chat_id}" if many else key
    if once_per is None:
        return None
    if once_per not in _ONCE_MS:
        raise UsageError(f"--once-per knows hour and day, not '{once_per}'.", hint="Write --once-per day.")
    from greenbot.outbox.table import payload_digest

    return f"once-per-{once_per}:{run.clock.now_ms() // _ONCE_MS[once_per]}:{draft.chat_id}:{payload_digest(draft)}"


def _marked(draft: "Draft", key: str | None) -> "Draft":
    import os
    from dataclasses import replace

    from greenbot.messages.outgoing import Text
    from greenbot.outbox.marker import marked

    assert isinstance(draft, Text), "only `send text` offers it"
    return replace(draft, text=marked(draft.text, os.urandom(8).hex() if key is None else f"{key} {draft.chat_id}"))


def _send_many(run: Run, sender: "Sender", drafts: "list[Draft]", keys: list[str | None]) -> None:
    failed: list[GreenbotError] = []
    done = 0
    for draft, key in zip(drafts, keys, strict=True):
        try:
            sender.send(draft, key)
            done += 1
        except GreenbotError as error:
            failed.append(error)
            run.out.error(_named(error, draft))
        if sender.interrupts.requested:
            break
    if done < len(drafts):
        raise _sum(failed, done=done, total=len(drafts), has_keys=keys[0] is not None)


def _named(error: GreenbotError, draft: "Draft") -> GreenbotError:
    """The same error, saying whom it is about: one of many."""
    error.args = (f"{draft.chat_id}: {error}",)
    return error


def _sum(failed: list[GreenbotError], *, done: int, total: int, has_keys: bool) -> GreenbotError:
    """What the whole list came to."""
    unsure = sum(error.maybe_sent for error in failed)
    if len(failed) == total and not unsure and len({error.exit_code for error in failed}) == 1:
        return type(failed[0])(f"None of the {total} messages was sent.", hint="The errors above say why.")
    words = f"{done} of {total} were sent"
    words += f", {unsure} may have been" if unsure else ""
    left = total - done - len(failed)
    words += f"; {left} were not begun" if left else ""
    return PartlyDone(f"{words}.", hint=_AGAIN if has_keys else _NOT_AGAIN)


_AGAIN = "Running the same again is safe: under a key nobody gets it twice."
_NOT_AGAIN = "Do not just run the whole list again: first take out whom it reached; greenbot outbox list names them."


def contact_draft(
    run: Run, number: str | None, names: Mapping[str, str | None], *, vcard: str | None, quoted_message_id: str | None
) -> "Callable[[ChatId], Contact]":
    """How to make the contact card for a chat: from a vCard file, from options, or both (options win)."""
    from greenbot.chat_id import parse_chat_id
    from greenbot.messages.outgoing import Contact, read_vcard

    card = read_vcard(_vcard_text(vcard)) if vcard is not None else None
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


def _vcard_text(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(f"The vCard {name} is not UTF-8 text.", hint="Export it again as vCard 3.0 or 4.0.") from error
    except OSError as error:
        raise BadFile(f"The vCard {name} cannot be read: {error.strerror}.", hint="Check the name.") from error


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
