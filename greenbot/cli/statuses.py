"""`greenbot statuses …`: stories that were posted, ours and others'. `greenbot send status` posts one."""

from typing import Annotated

import typer

from greenbot.cli.journal_group import Limit, Since, entry, minutes_from, since_ms
from greenbot.cli.remote_call import Caller, Row, moment_ms, show_each, shown_time, words
from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import NotFound, Rejected, UsageError

group = Group("statuses", "Stories: who posted what, and who saw ours. Post one with: greenbot send status.")

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Its id, as `greenbot statuses list` shows it.")]
_METHODS = {"outgoing": "getOutgoingStatuses", "incoming": "getIncomingStatuses"}


@group.command("list", instance=True, tag=True, rows=True)
def list_(
    run: Run,
    whose: Annotated[str, typer.Argument(metavar="[outgoing|incoming]", help="Ours, or those of others.")] = "outgoing",
    since: Since = "1d",
    limit: Limit = 100,
) -> None:
    """Stories of the last time, newest first. They live 24 hours.

    Examples:
    greenbot statuses list
    greenbot statuses list incoming --tag coast
    """
    if whose not in _METHODS:
        raise UsageError(f"There are outgoing and incoming stories, not '{whose}'.", hint="Try: greenbot statuses list")
    begin_ms = since_ms(run, since)

    def read(caller: Caller) -> list[Row]:
        found = caller.ask_list(_METHODS[whose], {"minutes": minutes_from(run, begin_ms)})
        recent = [one for one in found if (moment_ms(one) or 0) >= begin_ms]
        newest = sorted(recent, key=lambda one: moment_ms(one) or 0, reverse=True)
        return [_story(run, one) for one in newest[:limit]]

    columns = ("id", "at", "who", "text") if whose == "incoming" else ("id", "at", "text")
    show_each(run, read, columns, more=("kind", "file", "background"), empty="No story in this time.")


def _story(run: Run, one: Row) -> Row:
    found = entry(run, one)
    return {
        "id": found["id"],
        "at": found["at"],
        "who": found["name"] or found["sender_id"],
        "text": found["text"],
        "kind": found["kind"],
        "file": found["file"],
        "background": words(one, "backgroundColor"),
    }


@group.command("views", instance=True, rows=True)
def views(run: Run, id_: IdArgument) -> None:
    """Who saw a story of ours, and when.

    Examples:
    greenbot statuses views BAE5F4886F6F2D05
    greenbot statuses views BAE5F4886F6F2D05 --json
    """
    found = _of_story(Caller(run, run.instance), id_)
    rows = [
        {
            "chat_id": words(one, "participant"),
            "status": words(one, "status"),
            "at": shown_time(run, moment_ms(one)),
        }
        for one in found
    ]
    run.out.rows(rows, ("chat_id", "status", "at"), empty="Nobody yet.")


def _of_story(caller: Caller, id_: str) -> list[Row]:
    try:
        return caller.ask_list("getStatusStatistic", {"idMessage": id_})
    except Rejected as error:
        raise _unknown(error, id_) from error


def _unknown(error: Rejected, id_: str) -> NotFound:
    """GREEN-API says no more than that it did not like the id."""
    hint = "See them with: greenbot statuses list"
    return NotFound(f"GREEN-API knows no story {id_} of this number.", hint=hint, instance=error.instance)


@group.command("delete", instance=True, dry_run=True, yes=True)
def delete(run: Run, id_: IdArgument) -> None:
    """Take a story of ours back. Who saw it has seen it.

    Examples:
    greenbot statuses delete BAE5F4886F6F2D05 -n
    greenbot statuses delete BAE5F4886F6F2D05 --yes
    """
    if not run.flags.dry_run:
        run.must_write()
        run.confirm(f"Delete the story {id_}?")
    try:
        done = Caller(run, run.instance).change(
            "deleteStatus", {"idMessage": id_}, action="statuses.delete", facts={"id": id_}
        )
    except Rejected as error:
        raise _unknown(error, id_) from error
    if done is not None:
        run.out.record({"deleted": id_, "instance": run.instance.name}, essential="deleted")
