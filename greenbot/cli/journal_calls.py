"""`greenbot journal calls|recording`."""

from typing import Annotated

import typer

from greenbot.cli.journal_group import Limit, Since, group, minutes_from, since_ms
from greenbot.cli.remote_call import Caller, Row, moment_ms, show_each, shown_time, words
from greenbot.cli.run import Run
from greenbot.errors import StillPending, UsageError

_METHODS = {"in": "lastIncomingCalls", "out": "lastOutgoingCalls"}


@group.command("calls", instance=True, tag=True, rows=True)
def calls(
    run: Run,
    since: Since = "1d",
    incoming: Annotated[bool, typer.Option("--incoming", help="Only those that came in.")] = False,
    outgoing: Annotated[bool, typer.Option("--outgoing", help="Only those that went out.")] = False,
    limit: Limit = 100,
) -> None:
    """Calls of a number. GREEN-API keeps them only while its call webhooks are switched on.

    Examples:
    greenbot journal calls --since 7d
    greenbot journal calls --incoming --tag coast
    """
    if incoming and outgoing:
        raise UsageError("--incoming and --outgoing together are all calls.", hint="Leave both out.")
    begin_ms = since_ms(run, since)
    directions = [one for one in _METHODS if (one == "in" and not outgoing) or (one == "out" and not incoming)]

    def read(caller: Caller) -> list[Row]:
        minutes = {"minutes": minutes_from(run, begin_ms)}
        found = [(one, way) for way in directions for one in caller.ask_list(_METHODS[way], minutes)]
        recent = [(one, way) for one, way in found if (moment_ms(one) or 0) >= begin_ms]
        recent.sort(key=lambda pair: moment_ms(pair[0]) or 0, reverse=True)
        return [_call(run, one, way) for one, way in recent[:limit]]

    columns = ("id", "at", "chat_id", "direction", "status", "duration_s", "video")
    show_each(run, read, columns, more=("group",), empty="No call in this time.")


def _call(run: Run, one: Row, way: str) -> Row:
    from greenbot.cli.values import Age

    seconds = one.get("duration")
    return {
        "id": words(one, "idMessage"),
        "at": shown_time(run, moment_ms(one)),
        "chat_id": words(one, "chatId") or words(one, "from"),
        "direction": way,
        "status": words(one, "status"),
        "duration_s": Age(seconds) if isinstance(seconds, int) and not isinstance(seconds, bool) else None,
        "video": one.get("isVideo") is True,
        "group": one.get("isGroup") is True,
    }


@group.command("recording", instance=True)
def recording(run: Run, id_: Annotated[str, typer.Argument(metavar="ID", help="The call's id at GREEN-API.")]) -> None:
    """The link to the recording of a call; it lives an hour.

    Examples:
    greenbot journal recording 104179EDB7F5328988D8834107EEBE50
    greenbot journal recording 104179EDB7F5328988D8834107EEBE50 --json
    """
    found = Caller(run, run.instance).ask_one("getCallRecording", {"idMessage": id_})
    url = words(found, "downloadUrl")
    if url is None:
        raise StillPending(
            f"The recording is not ready: {words(found, 'status') or 'unknown'}.",
            hint="Run it again in a minute.",
            instance=run.instance.name,
        )
    milliseconds = found.get("durationMs")
    run.out.record(
        {
            "id": id_,
            "instance": run.instance.name,
            "url": url,
            "duration_s": round(milliseconds / 1000) if isinstance(milliseconds, int | float) else None,
            "size_bytes": found.get("sizeBytes"),
            "expires": found.get("expireAt"),
        },
        essential="url",
    )
