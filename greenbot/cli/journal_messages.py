"""`greenbot journal incoming|outgoing|chat|message`."""

from typing import Annotated

import typer

from greenbot.cli.journal_group import COLUMNS, MORE, Limit, Since, entries, entry, group, minutes_from, since_ms
from greenbot.cli.remote_call import Caller, Row, chat_of, show_each
from greenbot.cli.run import Run

Chat = Annotated[str | None, typer.Option("--chat", metavar="TO", help="Only of this chat.")]


@group.command("incoming", instance=True, tag=True, rows=True)
def incoming(run: Run, since: Since = "1d", chat: Chat = None, limit: Limit = 100) -> None:
    """Messages that came in, as GREEN-API remembers them. A message appears up to two minutes late.

    `greenbot events backfill` takes into the store what is missing there.

    Examples:
    greenbot journal incoming
    greenbot journal incoming --since 2h --tag coast
    greenbot journal incoming --chat +380441234567 --json
    """
    _recent(run, "lastIncomingMessages", since, chat, limit)


@group.command("outgoing", instance=True, tag=True, rows=True)
def outgoing(run: Run, since: Since = "1d", chat: Chat = None, limit: Limit = 100) -> None:
    """Messages that went out, from greenbot, from the phone and from other programs.

    Examples:
    greenbot journal outgoing --since 2h
    greenbot journal outgoing -i "grand-*" --csv
    """
    _recent(run, "lastOutgoingMessages", since, chat, limit)


def _recent(run: Run, method: str, since: str, chat: str | None, limit: int) -> None:
    begin_ms = since_ms(run, since)
    wanted = None if chat is None else chat_of(run, chat)

    def read(caller: Caller) -> list[Row]:
        found = caller.ask_list(method, {"minutes": minutes_from(run, begin_ms)})
        mine = [one for one in found if wanted is None or one.get("chatId") == wanted]
        return entries(run, mine, since_ms=begin_ms, limit=limit)

    show_each(run, read, COLUMNS, more=MORE, empty="No message in this time.")


@group.command("chat", instance=True, rows=True)
def chat_(
    run: Run,
    to: Annotated[str, typer.Argument(metavar="TO", help="Phone number, chat id, or @name.")],
    limit: Limit = 100,
) -> None:
    """The last messages of one chat, both directions, newest first.

    Examples:
    greenbot journal chat +380441234567
    greenbot journal chat "@Night shift" --limit 500 --json
    """
    chat_id = chat_of(run, to)
    found = Caller(run, run.instance).ask_list("getChatHistory", {"chatId": chat_id, "count": limit})
    run.out.rows(entries(run, found, limit=limit), COLUMNS, more=MORE, empty="Nothing was said, as far as it is kept.")


@group.command("message", instance=True)
def message(
    run: Run,
    to: Annotated[str, typer.Argument(metavar="TO", help="The chat it is in.")],
    id_: Annotated[str, typer.Argument(metavar="ID", help="Its id at GREEN-API.")],
) -> None:
    """One message, whole.

    Examples:
    greenbot journal message +380441234567 BAE587FA1CECF760
    greenbot journal message +380441234567 BAE587FA1CECF760 --json
    """
    from greenbot.errors import NotFound, Rejected

    chat_id = chat_of(run, to)
    try:
        found = Caller(run, run.instance).ask_one("getMessage", {"chatId": chat_id, "idMessage": id_})
    except Rejected as error:
        hint = f"See what there is with: greenbot journal chat {chat_id}"
        raise NotFound(str(error), hint=hint, instance=run.instance.name) from error
    run.out.record({"instance": run.instance.name, **entry(run, found)}, essential="text")
