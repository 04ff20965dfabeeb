"""`greenbot contacts add|edit|delete`: the phone book of a number."""

from typing import Annotated

import typer

from greenbot.cli.contacts_group import ToArgument, ToArguments, group
from greenbot.cli.remote_call import Caller, people_of
from greenbot.cli.run import Run
from greenbot.errors import UsageError

FirstName = Annotated[str, typer.Option("--first-name", help="First name.")]
LastName = Annotated[str | None, typer.Option("--last-name", help="Last name.")]
AddressBook = Annotated[bool, typer.Option("--address-book", help="Also in the address book of the phone itself.")]


@group.command("add", instance=True, dry_run=True)
def add(
    run: Run, to: ToArgument, first_name: FirstName, last_name: LastName = None, address_book: AddressBook = False
) -> None:
    """Give a person a name in the phone book. GREEN-API may take a minute for it.

    Examples:
    greenbot contacts add +380441234567 --first-name Olena --last-name Koval
    greenbot contacts add +380441234567 --first-name Olena -n
    """
    _save(run, "addContact", to, first_name, last_name, address_book=address_book)


@group.command("edit", instance=True, dry_run=True)
def edit(
    run: Run, to: ToArgument, first_name: FirstName, last_name: LastName = None, address_book: AddressBook = False
) -> None:
    """Give a contact another name.

    Examples:
    greenbot contacts edit @Olena --first-name Olena --last-name Melnyk
    """
    _save(run, "editContact", to, first_name, last_name, address_book=address_book)


def _save(run: Run, method: str, to: str, first: str, last: str | None, *, address_book: bool) -> None:
    names = [" ".join(name.split()) for name in (first, last or "")]
    if not names[0]:
        raise UsageError("The first name is empty.", hint="Write it like --first-name Olena.")
    chat_id = _one_person(run, to)
    params = {"chatId": chat_id, "firstName": names[0], "lastName": names[1] or None}
    given = {name: value for name, value in params.items() if value is not None}
    caller = Caller(run, run.instance)
    verb = method.removesuffix("Contact")
    done = caller.change(
        method, {**given, **({"saveInAddressbook": True} if address_book else {})}, action=f"contacts.{verb}"
    )
    if done is not None:
        record = {"chat_id": chat_id, "instance": run.instance.name, "saved_as": " ".join(filter(None, names))}
        run.out.record(record, essential="chat_id")


def _one_person(run: Run, to: str) -> str:
    if to == "-":
        raise UsageError("This is about one person, not a list.", hint="Give a number, an id or an @name.")
    return people_of(run, [to])[0]


@group.command("delete", instance=True, dry_run=True, yes=True)
def delete(run: Run, to: ToArguments) -> None:
    """Take people out of the phone book. Their chats stay.

    Examples:
    greenbot contacts delete +380441234567 -n
    greenbot contacts delete +380441234567 +380447654321 --yes
    """
    people = people_of(run, to)
    if not run.flags.dry_run:
        run.must_write()
        run.confirm(f"Delete {people[0]}?" if len(people) == 1 else f"Delete {len(people)} contacts?")
    caller = Caller(run, run.instance)
    for chat_id in people:
        if caller.change("deleteContact", {"chatId": chat_id}, action="contacts.delete") is not None:
            run.out.record({"deleted": chat_id, "instance": run.instance.name}, essential="deleted")
