"""`greenbot understand`: what the rules make of one text, for whoever wants to try or extend them."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from greenbot.messages.understanding.model import Span, Understanding

group = Group("understand", "Try how a guest's text is understood.")

_MOST_BYTES = 1_000_000


@group.command("understand")
def understand_(
    run: Run,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What a guest wrote; - reads it from stdin.")],
    today: Annotated[
        str | None, typer.Option("--today", metavar="DATE", help="Read it as on this day, such as 2026-05-06.")
    ] = None,
    region: Annotated[
        str, typer.Option("--region", metavar="CC", help="US reads 5/12 as 12 May; anywhere else it is 5 December.")
    ] = "",
) -> None:
    """Show language, dates, rooms and the like, wishes and urgency of a text. Nothing is stored or sent.

    Examples:
    greenbot understand "Can we have two more towels in room 305?"
    greenbot understand - --json < message.txt
    greenbot understand "See you tomorrow" --today 2026-05-06
    """
    from greenbot.messages.understand import understand
    from greenbot.messages.understanding.rules import extended

    settings = run.settings
    found = understand(
        _given(text),
        rules=extended(settings.understand_words),
        today=_today(run, today),
        region=region,
        country_code=settings.country_code or "",
    )
    if run.flags.json:
        run.out.record(_fields(found))
    else:
        run.out.record(_readable(found), essential="intent")


def _given(text: str) -> str:
    if text != "-":
        return text
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "The text is read from stdin, but nothing is piped in.", hint="Try: greenbot understand 'Hello'"
        )
    return sys.stdin.buffer.read(_MOST_BYTES).decode("utf-8", "replace")


def _today(run: Run, given: str | None) -> "date":
    from datetime import UTC, date, datetime
    from zoneinfo import ZoneInfo

    if given is None:
        now = datetime.fromtimestamp(run.clock.now_ms() / 1000, UTC)
        return now.astimezone(ZoneInfo(run.settings.timezone)).date()
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise UsageError(f"--today should be a date such as 2026-05-06, not '{given}'.") from None


def _fields(found: "Understanding") -> dict[str, object]:
    return {
        "text": found.text,
        "language": found.language,
        "intent": found.intent,
        "urgency": found.urgency,
        "reasons": list(found.reasons),
        "intents": [
            {"name": intent.name, "score": intent.score, "words": [_place(word) for word in intent.words]}
            for intent in found.intents
        ],
        "entities": [{"kind": entity.kind, "value": entity.value, **_place(entity.span)} for entity in found.entities],
    }


def _place(span: "Span") -> dict[str, object]:
    return {"start": span.start, "end": span.end, "text": span.text}


def _readable(found: "Understanding") -> dict[str, object]:
    """The same for a person: one line for each wish and each thing."""
    lines: dict[str, object] = {
        "text": found.text,
        "language": found.language,
        "intent": found.intent,
        "urgency": f"{found.urgency} ({', '.join(found.reasons)})",
    }
    for intent in found.intents:
        words = ", ".join(word.text for word in intent.words)
        lines[intent.name] = f"{intent.score:g}" + (f"  by: {words}" if words else "")
    for number, entity in enumerate(found.entities, start=1):
        lines[f"{number}. {entity.kind}"] = f"{entity.value}  from: {entity.span.text}"
    return lines
