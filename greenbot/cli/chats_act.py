"""`greenbot chats assign|close|reopen|link`: what people decide about a conversation."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.chats_group import ToArgument, chat_id_of, chosen, group
from greenbot.cli.run import Run
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.chats.chat import Chat


@group.command("assign", instance=True, dry_run=True)
def assign(
    run: Run,
    to: ToArgument,
    person: Annotated[str | None, typer.Argument(metavar="[PERSON]", help="Who answers this guest.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Nobody in particular.")] = False,
) -> None:
    """Give a conversation to somebody of the staff.

    Examples:
    greenbot chats assign +380441234567 olena
    greenbot chats assign 12 --nobody
    """
    from greenbot.chats import state

    name = " ".join((person or "").split())
    if bool(name) == nobody:
        raise UsageError("Name the person, or say --nobody.", hint="greenbot chats assign +380441234567 olena")
    if len(name) > 100:
        raise UsageError("A name has at most 100 characters.", hint=None)
    chat = chosen(run, to)
    if run.flags.dry_run:
        run.out.say(f"Would give conversation {chat.id} to {name or 'nobody'}.")
        return
    run.must_write()
    _say(run, state.assign(run.store, chat, name or None, run.operator))


@group.command("close", instance=True, dry_run=True)
def close(run: Run, to: ToArgument) -> None:
    """A conversation is over: nothing waits for an answer any more. The guest's next message opens it again.

    Examples:
    greenbot chats close +380441234567
    """
    from greenbot.chats import state

    chat = chosen(run, to)
    if run.flags.dry_run:
        run.out.say(f"Would close conversation {chat.id}, in which {chat.waiting} messages wait for an answer.")
        return
    run.must_write()
    _say(run, state.close(run.store, chat, run.operator))


@group.command("reopen", instance=True, dry_run=True)
def reopen(run: Run, to: ToArgument) -> None:
    """A closed conversation goes on.

    Examples:
    greenbot chats reopen 12
    """
    from greenbot.chats import state

    chat = chosen(run, to)
    if run.flags.dry_run:
        run.out.say(f"Would open conversation {chat.id} again.")
        return
    run.must_write()
    _say(run, state.reopen(run.store, chat, run.operator))


@group.command("link", instance=True, dry_run=True)
def link(
    run: Run,
    lid: Annotated[str, typer.Argument(metavar="LID", help="The hidden id, such as 155508384256027@lid.")],
    to: Annotated[str | None, typer.Argument(metavar="[TO]", help="The phone number of the same guest.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the link back: two conversations again.")] = False,
) -> None:
    """Make one conversation of a guest's hidden id and phone number. Where GREEN-API names both, it happens by itself.

    Examples:
    greenbot chats link 155508384256027@lid +380441234567
    greenbot chats link 155508384256027@lid --remove
    """
    from greenbot.chats import links

    if (to is None) != remove:
        raise UsageError("Name the phone number, or say --remove.", hint="greenbot chats link LID +380441234567")
    instance, hidden = run.instance.name, chat_id_of(run, lid)
    if to is None:
        _unlink(run, instance, hidden)
        return
    wanted = links.Link(instance=instance, lid=hidden, chat_id=chat_id_of(run, to), evidence="operator")
    links.check(wanted)
    if run.flags.dry_run:
        run.out.say(f"Would link {hidden} to {wanted.chat_id}.")
        return
    run.must_write()
    is_new = links.link(run.store, wanted, run.operator)
    run.out.record({"instance": instance, "lid": hidden, "chat_id": wanted.chat_id, "new": is_new}, essential="chat_id")


def _unlink(run: Run, instance: str, lid: str) -> None:
    from greenbot.chats import links

    if run.flags.dry_run:
        run.out.say(f"Would take the link of {lid} back.")
        return
    run.must_write()
    was = links.unlink(run.store, instance, lid, run.operator)
    run.out.record({"instance": instance, "lid": lid, "was_linked_to": was}, essential="lid")


def _say(run: Run, chat: "Chat") -> None:
    found = {
        "id": chat.id,
        "chat_id": chat.chat_id,
        "instance": chat.instance,
        "state": chat.state,
        "assignee": chat.assignee,
        "waiting": chat.waiting,
    }
    run.out.record(found, essential="id")
