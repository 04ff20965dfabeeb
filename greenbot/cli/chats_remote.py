"""`greenbot chats remote …`: the same chats as the phone and GREEN-API have them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.chats_group import group as chats
from greenbot.cli.remote_call import Caller, Params, Row, chat_of, chats_of, show_each, words
from greenbot.cli.run import Run
from greenbot.errors import PartlyDone, Rejected, UsageError

if TYPE_CHECKING:
    from greenbot.chat_id import ChatId

group = chats.group("remote", help="The chats as the phone has them: archived, unread, disappearing.")

ToArguments = Annotated[
    list[str],
    typer.Argument(metavar="TO...", help="Phone numbers, chat ids or @names; - for a list on stdin."),
]
_DONE = {"archive": "archived", "unarchive": "unarchived", "read": "read"}
_DAY_SECONDS = 86_400
#: GREEN-API docs: setDisappearingChat takes these and no others.
_STAYS = {"off": 0, "1d": _DAY_SECONDS, "7d": 7 * _DAY_SECONDS, "90d": 90 * _DAY_SECONDS}


@group.command("list", instance=True, tag=True, rows=True)
def list_(
    run: Run,
    unread: Annotated[bool, typer.Option("--unread", help="Only with messages nobody has opened.")] = False,
    archived: Annotated[bool, typer.Option("--archived", help="Only archived ones.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="How many of each number.")] = 100,
) -> None:
    """Chats of the phone, the latest first. `greenbot journal chat` shows what was said in one.

    Examples:
    greenbot chats remote list
    greenbot chats remote list --unread -i "grand-*"
    """

    def read(caller: Caller) -> list[Row]:
        is_all = not unread and not archived
        rows = [_chat(one) for one in caller.ask_list("getChats", {"count": limit} if is_all else {})]
        kept = [row for row in rows if (row["unread"] or not unread) and (row["archived"] or not archived)]
        return kept[:limit]

    columns = ("chat_id", "name", "kind", "unread", "archived", "disappearing_s")
    show_each(
        run, read, columns, more=("new_chat_id",), empty="No chat like that." if unread or archived else "No chat."
    )


def _chat(one: Row) -> Row:
    from greenbot.cli.values import Age

    unread, stays = one.get("unreadCount"), one.get("ephemeralExpiration")
    return {
        "chat_id": words(one, "id"),
        "name": words(one, "name"),
        "kind": "group" if str(one.get("id")).endswith("@g.us") else "person",
        "unread": unread if isinstance(unread, int) else 0,
        "archived": one.get("archive") is True,
        "disappearing_s": Age(stays) if isinstance(stays, int) and stays > 0 else None,
        "new_chat_id": words(one, "newChatId"),
    }


@group.command("archive", instance=True, dry_run=True)
def archive(run: Run, to: ToArguments) -> None:
    """Put chats into the archive of the phone. The next message brings a chat back.

    Examples:
    greenbot chats remote archive +380441234567
    greenbot chats remote archive - < departed.txt
    """
    _each(run, chats_of(run, to), "archive", lambda chat_id: {"chatId": chat_id})


@group.command("unarchive", instance=True, dry_run=True)
def unarchive(run: Run, to: ToArguments) -> None:
    """Take chats out of the archive of the phone.

    Examples:
    greenbot chats remote unarchive +380441234567
    """
    _each(run, chats_of(run, to), "unarchive", lambda chat_id: {"chatId": chat_id})


@group.command("read", instance=True, dry_run=True)
def read_(
    run: Run,
    to: ToArguments,
    up_to: Annotated[
        str | None, typer.Option("--up-to", metavar="ID", help="Up to and including this message of one chat.")
    ] = None,
) -> None:
    """Mark messages as read: the guest sees blue ticks.

    Examples:
    greenbot chats remote read +380441234567
    greenbot chats remote read +380441234567 --up-to 3EB0C767D097B7C7C030
    """
    found = chats_of(run, to)
    if up_to is not None and len(found) > 1:
        raise UsageError("--up-to names a message of one chat.", hint="Name one chat, or leave it out.")
    marked = {} if up_to is None else {"idMessage": up_to}
    _each(run, found, "read", lambda chat_id: {"chatId": chat_id, **marked})


@group.command("disappearing", instance=True, dry_run=True)
def disappearing(
    run: Run,
    to: Annotated[str, typer.Argument(metavar="TO", help="Phone number, chat id, or @name.")],
    after: Annotated[str, typer.Argument(metavar="off|1d|7d|90d", help="How long new messages stay.")],
) -> None:
    """Let new messages of a chat disappear after a time, for both sides.

    Examples:
    greenbot chats remote disappearing +380441234567 7d
    greenbot chats remote disappearing +380441234567 off
    """
    if after not in _STAYS:
        raise UsageError(f"Messages stay {', '.join(_STAYS)}, not '{after}'.", hint="WhatsApp knows no other times.")
    chat_id = chat_of(run, to)
    params = {"chatId": chat_id, "ephemeralExpiration": _STAYS[after]}
    facts = {"disappearing": after}
    done = Caller(run, run.instance).change(
        "setDisappearingChat", params, action="chats.remote.disappearing", facts=facts
    )
    if done is not None:
        record = {"chat_id": chat_id, "instance": run.instance.name, "disappearing": after}
        run.out.record(record, essential="disappearing")


def _each(run: Run, found: "Sequence[ChatId]", verb: str, params: "Callable[[ChatId], Params]") -> None:
    """One after the other. Raises the error of a single one, or `PartlyDone`."""
    caller, failed = Caller(run, run.instance), list[Rejected]()
    for chat_id in found:
        try:
            answer = caller.change(f"{verb}Chat", params(chat_id), action=f"chats.remote.{verb}")
        except Rejected as error:
            if len(found) == 1:
                raise
            run.out.warn(f"{chat_id}: {error}")
            failed.append(error)
            continue
        if answer is not None:
            run.out.record(
                {"chat_id": chat_id, "instance": run.instance.name, "result": _DONE[verb]}, essential="chat_id"
            )
    if failed:
        raise PartlyDone(f"{len(failed)} of {len(found)} chats were not changed.", hint="The lines above say why.")
