"""A report as JSON and as flat rows. Names and units are those of `greenbot metrics list`."""

from collections.abc import Sequence

from greenbot.clock import iso_utc
from greenbot.overview_json import Document, figures_document
from greenbot.report.report import Line, Report, Trouble
from greenbot.safe_text import safe_text

#: Errors of one line that a document tells; a table tells the first.
MOST_TROUBLES = 10
LONGEST = 200
#: Of this moment, and not of a day.
_NOT_OF_A_DAY = ("last_request_at_ms", "auth_failures")


def report_document(report: Report) -> Document:
    """Everything, as one object."""
    return {
        "v": 1,
        "made_at": iso_utc(report.made_at_ms),
        "first_day": str(report.period.first),
        "last_day": str(report.period.last),
        "hotels": [{"instance": hotel.name, "timezone": hotel.zone_name} for hotel in report.hotels],
        "lines": [line_document(line) for line in report.lines],
        "by_instance": [line_document(line) for line in report.by_hotel],
        "by_day": [line_document(line) for line in report.by_day],
        "total": line_document(report.total),
    }


def line_document(line: Line) -> Document:
    """One line, with its errors as a list."""
    return figures_row(line) | {"errors_by_kind": [_trouble(trouble) for trouble in line.troubles[:MOST_TROUBLES]]}


def figures_row(line: Line) -> Document:
    """One line without lists: a row of a table. Ends in `_ms`: milliseconds."""
    figures = {name: value for name, value in figures_document(line.figures).items() if name not in _NOT_OF_A_DAY}
    answers = line.answers
    return {
        "day": None if line.day is None else str(line.day),
        "instance": line.hotel,
        **figures,
        "time_to_delivered_p50_ms": line.delivered_p50_ms,
        "time_to_delivered_p95_ms": line.delivered_p95_ms,
        "time_to_delivered_p99_ms": line.delivered_p99_ms,
        "guests_waited": answers.guests,
        "guests_answered": answers.answered,
        "guests_closed": answers.closed,
        "guests_unanswered": answers.unanswered,
        "first_answer_p50_ms": answers.p50_ms,
        "first_answer_p95_ms": answers.p95_ms,
        "first_answer_slowest_ms": answers.slowest_ms,
    }


def top_error(troubles: Sequence[Trouble]) -> str | None:
    """The most frequent one: `503 http_503 x 12`."""
    return None if not troubles else f"{kind_of(troubles[0])} x {troubles[0].count}"


def kind_of(trouble: Trouble) -> str:
    """What kind of error, for people: `503 http_503`, `connect_failed`, `message failed: rejected`."""
    first, _, rest = trouble.label.partition(" ")
    if trouble.of == "message":
        return safe_text(f"message {first}: {rest}" if rest else f"message {first}", limit=LONGEST)
    return safe_text(rest if first == "-" else trouble.label, limit=LONGEST)


def _trouble(trouble: Trouble) -> Document:
    first, _, kind = trouble.label.partition(" ")
    status = int(first) if trouble.of == "call" and first.isdecimal() else None
    return {
        "of": trouble.of,
        "status": status,
        "kind": safe_text(kind if trouble.of == "call" else trouble.label, limit=LONGEST),
        "count": trouble.count,
    }
