"""`greenbot contacts list|show|avatar`."""

from typing import Annotated

import typer

from greenbot.cli.contacts_group import ToArgument, group
from greenbot.cli.remote_call import Caller, Row, chat_of, moment_ms, show_each, shown_time, words
from greenbot.cli.run import Run
from greenbot.errors import NotFound, Rejected


@group.command("list", instance=True, tag=True, rows=True)
def list_(
    run: Run,
    match: Annotated[
        str | None, typer.Argument(metavar="[WORDS]", help="Only names and numbers with these words in them.")
    ] = None,
    saved: Annotated[bool, typer.Option("--saved", help="Only those with a name in the phone book.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="How many of each number.")] = 1000,
) -> None:
    """People in the phone book and in the chats of a number.

    GREEN-API's list is often incomplete: who is missing here may be reached all the same.

    Examples:
    greenbot contacts list
    greenbot contacts list olena -i "grand-*"
    greenbot contacts list --saved --csv > contacts.csv
    """
    wanted = " ".join((match or "").split()).casefold()

    def people(caller: Caller) -> list[Row]:
        found = [
            _contact(one) for one in caller.ask_list("getContacts", {"group": False}) if one.get("type") != "group"
        ]
        return [row for row in found if _is_meant(row, wanted, saved=saved)][:limit]

    empty = "Nobody like that." if wanted or saved else "No contact."
    show_each(run, people, ("chat_id", "name", "saved_as"), more=("new_chat_id",), empty=empty)


def _contact(one: Row) -> Row:
    return {
        "chat_id": words(one, "id"),
        "name": words(one, "name"),
        "saved_as": words(one, "contactName"),
        "new_chat_id": words(one, "newChatId"),
    }


def _is_meant(row: Row, wanted: str, *, saved: bool) -> bool:
    if saved and row["saved_as"] is None:
        return False
    return any(wanted in str(row[key] or "").casefold() for key in ("chat_id", "name", "saved_as"))


@group.command("show", instance=True)
def show(run: Run, to: ToArgument) -> None:
    """What WhatsApp tells of one person.

    Examples:
    greenbot contacts show +380441234567
    greenbot contacts show @Olena --json
    """
    chat_id = chat_of(run, to)
    found = Caller(run, run.instance).ask_one("getContactInfo", {"chatId": chat_id})
    products = found.get("products")
    run.out.record(
        {
            "chat_id": words(found, "chatId") or chat_id,
            "instance": run.instance.name,
            "name": words(found, "name"),
            "saved_as": words(found, "contactName"),
            "business": found.get("isBusiness") is True,
            "category": words(found, "category"),
            "description": words(found, "description"),
            "email": words(found, "email"),
            "products": len(products) if isinstance(products, list) else 0,
            "picture": _link(words(found, "avatar")),
            "archived": found.get("isArchive") is True,
            "muted": found.get("isMute") is True,
            "disappearing_s": found.get("messageExpiration") or None,
            "last_seen": shown_time(run, moment_ms(found, "lastSeen")),
        },
        essential="chat_id",
    )


def _link(text: str | None) -> str | None:
    """The link to a picture; GREEN-API may send the picture itself, which is nothing for a screen."""
    return text if text is not None and text.startswith(("https://", "http://")) else None


@group.command("avatar", instance=True)
def avatar(run: Run, to: ToArgument) -> None:
    """The link to the picture of a person or a group.

    Examples:
    greenbot contacts avatar +380441234567
    greenbot contacts avatar "@Night shift" -q
    """
    chat_id, name = chat_of(run, to), run.instance.name
    try:
        found = Caller(run, run.instance).ask_one("getAvatar", {"chatId": chat_id})
    except Rejected as error:
        hint = f"Ask with: greenbot contacts check {chat_id}"
        raise NotFound(f"{chat_id} has no picture; it may not be on WhatsApp.", hint=hint, instance=name) from error
    url = _link(words(found, "urlAvatar"))
    if url is None:
        raise NotFound(f"{chat_id} has no picture, or shows it to friends alone.", instance=name)
    run.out.record({"chat_id": chat_id, "instance": run.instance.name, "url": url}, essential="url")
