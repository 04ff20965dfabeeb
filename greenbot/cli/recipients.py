"""Who `TO` means: a number, a chat id, a name in the contacts, or a list on stdin."""

import sys
from collections.abc import Iterator

from greenbot.chat_id import ChatId, parse_chat_id
from greenbot.cli.run import Run
from greenbot.errors import BadChatId, NotFound, UsageError


def recipients(run: Run, to: str) -> list[ChatId]:
    """The chats behind `TO`, at least one. Raises `BadChatId`, `NotFound` or `UsageError`."""
    if to != "-":
        return [_one(run, to)]
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "The list of recipients is read from stdin, but nothing is piped in.",
            hint="Try: greenbot send text - 'Hello' < numbers.txt",
        )
    return list(dict.fromkeys(_listed(run)))


def _listed(run: Run) -> Iterator[ChatId]:
    """One recipient per line; empty lines and `#` comments are passed over. All are read before one is used."""
    found = False
    for number, line in enumerate(sys.stdin, start=1):
        given = line.partition("#")[0].strip().strip("\ufeff")
        if not given:
            continue
        found = True
        try:
            yield _one(run, given)
        except BadChatId as error:
            raise BadChatId(f"Line {number}: {error}", hint="Nothing was sent. " + (error.hint or "")) from error
    if not found:
        raise UsageError("The list of recipients on stdin is empty.", hint="Give one number per line.")


def _one(run: Run, given: str) -> ChatId:
    if given.startswith("@") and given.strip("@ "):
        return _contact(run, given[1:].strip())
    return parse_chat_id(given, country_code=run.instance.country_code)


def _contact(run: Run, name: str) -> ChatId:
    """The one contact of this name in the phone book of the number (GREEN-API docs: getContacts)."""
    from greenbot.cli.remote_call import Caller

    # In its turn: the list that showed the name may have been asked for a moment ago.
    contacts = Caller(run, run.instance).ask_list("getContacts")
    wanted = name.casefold()
    found = {
        str(contact["id"]): str(contact.get("contactName") or contact.get("name") or "")
        for contact in contacts
        if contact.get("id")
        and wanted
        and wanted in (str(contact.get(key) or "").casefold() for key in ("contactName", "name"))
    }
    if not found:
        raise NotFound(f"No contact is called '{name}'.", hint="Names must match whole. Use the phone number instead.")
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} contacts are called '{name}': {', '.join(sorted(found))}.", hint="Use one of these ids."
        )
    return parse_chat_id(next(iter(found)))
