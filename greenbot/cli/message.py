"""`greenbot message show|edit|delete`: one message that left, or came, by its number or GREEN-API's id."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.remote_call import Caller, Row, chat_of, moment_ms, shown_time, words
from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import GreenbotError, NotFound, Refused, UnknownMessage

if TYPE_CHECKING:
    from greenbot.chats.conversation import Line
    from greenbot.chats.ours import Place

group = Group("message", "One message in a chat: look at it, edit it, delete it.")

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Its number in the outbox, or GREEN-API's id, such as BAE5F4886F6F2D05.")
]
ChatOption = Annotated[
    str | None, typer.Option("--chat", metavar="TO", help="Its chat, for a message greenbot knows nothing of.")
]
#: GREEN-API docs, EditMessage: 15 minutes; later it answers 200 all the same and fails afterwards.
_EDIT_MS = 15 * 60_000


@group.command("show", instance=True)
def show(run: Run, id_: IdArgument, chat: ChatOption = None) -> None:
    """What greenbot and GREEN-API know of a message, its words included.

    Examples:
    greenbot message show 12
    greenbot message show BAE5F4886F6F2D05 -i grand-kyiv --chat 380441234567 --json
    """
    place = _place(run, id_, chat)
    from greenbot.chats.ours import line_of

    line = line_of(run.store, place) if run.settings.paths.store_file.exists() else None
    remote, problem = _remote(run, place)
    if line is None and place.message_id is None and remote is None:
        raise problem or NotFound(f"GREEN-API knows no message {id_} in that chat.", hint="Check --chat and the id.")
    if problem is not None:
        run.out.warn(f"GREEN-API could not be asked about it: {problem}")
    run.out.record(_record(run, place, line, remote), essential="text")


def _place(run: Run, given: str, chat: str | None) -> "Place":
    """Where it stands. Raises `UnknownMessage` when only `--chat` could help."""
    from greenbot.chats.ours import Place, place_of

    instance = run.instance.name if run.flags.instance is not None else None
    try:
        if chat is None or run.settings.paths.store_file.exists():
            return place_of(run.store, given, instance)
    except UnknownMessage:
        if chat is None:
            raise
    return Place(
        instance=run.instance.name,
        chat_id=str(chat_of(run, chat or "")),
        remote_id=given,
        direction="api",
        kind="unknown",
        at_ms=0,
    )


def _remote(run: Run, place: "Place") -> tuple[Row | None, GreenbotError | None]:
    """GREEN-API's journal about it, and why it could not be asked."""
    if place.remote_id is None or place.instance not in run.settings.instances:
        return None, None
    caller = Caller(run, run.settings.instance(place.instance))
    try:
        found = caller.ask_one("getMessage", {"chatId": place.chat_id, "idMessage": place.remote_id})
    except GreenbotError as error:
        return None, error
    return found or None, None


def _record(run: Run, place: "Place", line: "Line | None", remote: Row | None) -> dict[str, object]:
    there: Row = remote or {}
    # What waits to be sent stands in no journal, and what a number sent before greenbot came in no thread.
    at_ms = place.at_ms or moment_ms(there)
    text = line.text if line is not None else _text(there)
    deleted = (line is not None and line.deleted_at_ms is not None) or there.get("isDeleted") is True
    direction = "in" if place.message_id is None and there.get("type") == "incoming" else place.direction
    return {
        "id": place.message_id,
        "remote_id": place.remote_id,
        "instance": place.instance,
        "chat_id": place.chat_id,
        "direction": direction,
        "kind": line.kind if line is not None else words(there, "typeMessage"),
        "text": text,
        "at": shown_time(run, at_ms),
        "state": place.state,
        "status": line.status if line is not None else words(there, "statusMessage"),
        "edited": there.get("isEdited") is True or (line is not None and bool(line.earlier)),
        "earlier": [edit.text for edit in line.earlier] if line is not None else [],
        "deleted": deleted,
        "remote_status": words(there, "statusMessage"),
        "sent_by_api": there.get("sendByApi") if isinstance(there.get("sendByApi"), bool) else None,
    }


def _text(there: Row) -> str | None:
    found = there.get("extendedTextMessage")
    block: Row = found if isinstance(found, Mapping) else {}
    return words(there, "textMessage") or words(block, "text") or words(there, "caption")


@group.command("edit", instance=True, dry_run=True)
def edit(
    run: Run,
    id_: IdArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The new text; @file reads a file, - stdin.")],
    chat: ChatOption = None,
) -> None:
    """Change the text of a message that was sent from here, within 15 minutes.

    The guest sees that it was edited. GREEN-API answers before WhatsApp did it: a failure comes later, as an event.

    Examples:
    greenbot message edit 12 "Your room is 512."
    greenbot message edit BAE5F4886F6F2D05 @text.txt -i grand-kyiv -n
    """
    from greenbot.cli.values import text_of
    from greenbot.messages.outgoing import Text

    place = _place(run, id_, chat)
    new = text_of(text, what="text")
    _check_ours(place)
    if place.kind not in ("text", "unknown"):
        raise Refused(
            f"It is not a text but: {place.kind}.", hint="Delete it and send another: greenbot message delete ID"
        )
    if place.at_ms and run.clock.now_ms() - place.at_ms > _EDIT_MS:
        raise Refused("It was sent more than 15 minutes ago; WhatsApp edits it no more.", hint="Send another message.")
    from greenbot.chat_id import parse_chat_id

    draft = Text(chat_id=parse_chat_id(place.chat_id), text=new)
    params = {"chatId": place.chat_id, "idMessage": place.remote_id, "message": draft.params()["message"]}
    caller = Caller(run, run.settings.instance(place.instance))
    if caller.change("editMessage", params, action="message.edit", facts=_facts(place)) is None:
        return
    _noted(run, place, new)
    run.out.record(_brief(place) | {"edited": True}, essential="id" if place.message_id is not None else "remote_id")


@group.command("delete", instance=True, dry_run=True, yes=True)
def delete(
    run: Run,
    id_: IdArgument,
    only_here: Annotated[
        bool, typer.Option("--only-here", help="Only from the hotel's own phone; the guest keeps it.")
    ] = False,
    chat: ChatOption = None,
) -> None:
    """Delete a message for everyone. The guest sees that something was deleted.

    What a guest wrote can only be deleted from the hotel's own phone.

    Examples:
    greenbot message delete 12 --yes
    greenbot message delete BAE5F4886F6F2D05 -i grand-kyiv --only-here -n
    """
    place = _place(run, id_, chat)
    _check_sent(place)
    if place.direction == "in" and not only_here:
        raise Refused("The guest wrote it, so it cannot be deleted for everyone.", hint="Add --only-here.")
    params: dict[str, object] = {"chatId": place.chat_id, "idMessage": place.remote_id}
    if only_here:
        params["onlySenderDelete"] = True
    caller = Caller(run, run.settings.instance(place.instance))
    if not run.flags.dry_run:
        run.must_write()
        run.confirm(f"Deleting this message{' here' if only_here else ' for everyone'}")
    facts = {**_facts(place), "only_here": only_here}
    if caller.change("deleteMessage", params, action="message.delete", facts=facts) is None:
        return
    if not only_here:
        _noted(run, place, None)
    run.out.record(_brief(place) | {"deleted": True, "only_here": only_here}, essential="remote_id")


def _check_sent(place: "Place") -> None:
    """Only what GREEN-API has can be changed there. Raises `Refused`."""
    if place.remote_id is not None:
        return
    number = place.message_id or 0
    if place.state == "queued":
        hint = f"End it before it leaves: greenbot outbox cancel {number}"
    else:
        hint = f"See what became of it: greenbot outbox show {number}"
    raise Refused(f"It has not been sent: it is {place.state}.", hint=hint, message_id=number)


def _check_ours(place: "Place") -> None:
    """GREEN-API docs, EditMessage: only what was sent through the API. Raises `Refused`."""
    _check_sent(place)
    if place.direction in ("in", "phone"):
        who = "The guest" if place.direction == "in" else "Somebody at the hotel's phone"
        raise Refused(f"{who} wrote it, so it can be edited only there.", hint=None)


def _noted(run: Run, place: "Place", text: str | None) -> None:
    """The thread shows it at once; an event that tells the same later changes nothing."""
    from greenbot.chats.ours import note_deletion, note_edit

    with run.store.write() as tx:
        if text is None:
            note_deletion(tx, place, at_ms=run.clock.now_ms())
        else:
            note_edit(tx, place, text, at_ms=run.clock.now_ms())


def _facts(place: "Place") -> dict[str, object]:
    return {"message": place.message_id, "remote_id": place.remote_id}


def _brief(place: "Place") -> dict[str, object]:
    return {
        "id": place.message_id,
        "remote_id": place.remote_id,
        "instance": place.instance,
        "chat_id": place.chat_id,
    }
