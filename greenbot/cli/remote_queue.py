"""`greenbot remote-queue …`: what waits at GREEN-API itself, after greenbot handed it over."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.remote_call import Caller, Row, show_each, words
from greenbot.cli.run import Run
from greenbot.cli.tree import Group

if TYPE_CHECKING:
    from greenbot.db.connect import Db

group = Group("remote-queue", "GREEN-API's own queue: messages it took and has not sent yet.")

#: GREEN-API docs: ShowMessagesQueue shows the first 500.
_MOST_SHOWN = 500
#: GREEN-API docs print the key with a Cyrillic letter on some pages; servers were seen to answer with both.
_COUNT_KEYS = ("count", "\u0441ount")


@group.command("show", instance=True, tag=True, rows=True)
def show(run: Run) -> None:
    """The messages that wait at GREEN-API. The next one to leave is never shown, and of long queues the first 500.

    `id` is the number in greenbot's outbox, where the message is one of its own.

    Examples:
    greenbot remote-queue show -i grand-kyiv
    greenbot remote-queue show --instance all --json
    """
    show_each(
        run,
        lambda caller: _waiting(run, caller),
        ("remote_id", "id", "chat_id", "kind", "text"),
        empty="Nothing waits that GREEN-API would show.",
    )


def _waiting(run: Run, caller: Caller) -> Iterator[dict[str, object]]:
    ours = _ours(run, caller.instance.name)
    for item in caller.ask_list("showMessagesQueue"):
        found = item.get("body")
        body: Row = found if isinstance(found, Mapping) else {}
        remote_id = words(item, "messageID")
        yield {
            "remote_id": remote_id,
            "id": ours.get(remote_id or ""),
            "chat_id": words(body, "chatId"),
            "kind": words(item, "type"),
            "text": words(body, "message") or words(body, "caption") or words(body, "fileName"),
        }


def _ours(run: Run, instance: str) -> dict[str, int]:
    """The numbers of our messages that GREEN-API took and that were not heard of since, by its ids."""
    if not run.settings.paths.store_file.exists():
        return {}
    db: Db = run.store
    rows = db.all(
        "select id, remote_id from messages indexed by messages_unconfirmed"
        " where instance = :instance and state = 'accepted' and delivery is null and remote_id is not null",
        instance=instance,
    )
    return {row["remote_id"]: row["id"] for row in rows}


@group.command("count", instance=True, tag=True, rows=True)
def count(run: Run) -> None:
    """How many messages wait to be sent there, and how many notifications wait for us; up to 10 seconds old.

    Examples:
    greenbot remote-queue count
    greenbot remote-queue count --instance all --sort -messages
    """
    show_each(run, _counted, ("messages", "notifications"))


def _counted(caller: Caller) -> list[dict[str, object]]:
    messages = count_in(caller.ask_one("getMessagesCount"))
    return [{"messages": messages, "notifications": count_in(caller.ask_one("getWebhooksCount"))}]


def count_in(answer: Row) -> int | None:
    """The number in an answer."""
    found = next((answer[key] for key in _COUNT_KEYS if key in answer), None)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


@group.command("clear", instance=True, dry_run=True)
def clear(
    run: Run,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="NAME", help="The instance's name again: yes, throw it away.")
    ] = None,
    notifications: Annotated[
        bool, typer.Option("--notifications", help="Throw away notifications that wait for us, not messages.")
    ] = False,
) -> None:
    """Throw away every message that waits at GREEN-API. There is no way back, and no way to pick one.

    Messages of ours among them are never sent: their numbers are printed, and greenbot calls them stalled after
    a quarter of an hour.

    Examples:
    greenbot remote-queue clear -i grand-kyiv --confirm grand-kyiv
    greenbot remote-queue clear -i grand-kyiv --notifications -n
    """
    instance = run.instance
    caller = Caller(run, instance)
    method, what = _METHODS[notifications]
    waiting = count_in(caller.ask_one("getWebhooksCount" if notifications else "getMessagesCount"))
    ours = [] if notifications else _ours_waiting(run, caller)
    if not run.flags.dry_run:
        run.must_write()
        run.out.say(f"{waiting if waiting is not None else 'An unknown number of'} {what} wait at {instance.name}.")
        run.confirm_name(instance.name, confirm)
    facts = {"what": what, "waiting": waiting, "ours": ours[:_MOST_SHOWN]}
    if caller.change(method, {}, action="remote_queue.clear", facts=facts) is None:
        return
    run.out.record({"instance": instance.name, "cleared": what, "waiting": waiting, "ours": ours}, essential="waiting")
    if ours:
        run.out.warn(
            f"{len(ours)} of these were ours and are not sent. Look into the chat, then send it again if it is"
            f" missing: greenbot outbox show {ours[0]}"
        )


_METHODS = {False: ("clearMessagesQueue", "messages"), True: ("clearWebhooksQueue", "notifications")}


def _ours_waiting(run: Run, caller: Caller) -> list[int]:
    """The numbers of ours that wait there, as far as GREEN-API shows them."""
    ours = _ours(run, caller.instance.name)
    if not ours:
        return []
    found = (ours.get(words(item, "messageID") or "") for item in caller.ask_list("showMessagesQueue"))
    return sorted(one for one in found if one is not None)
