"""A report as one HTML page that needs nothing else: no script, no font, no address; light, dark, and on paper.

Names of hotels and words of servers pass `_text` and nothing else does, so no word of theirs becomes a tag.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from importlib.resources import files

from greenbot.alerts.units import value_text
from greenbot.report.chart import chart
from greenbot.report.document import kind_of
from greenbot.report.report import Line, Report
from greenbot.safe_text import safe_text

LONGEST = 200
MOST_TROUBLES = 20
HEADINGS = ("Sent", "Delivered", "Read", "Failed", "Uncertain", "Received", "p50", "p95", "p99", "Delivered in",
            "Unanswered", "First answer", "Most frequent error")  # fmt: skip
#: The last heading is of words, the others of numbers.
_WORDS_AT = len(HEADINGS) - 1


def page(report: Report) -> str:
    """The page."""
    style = (files("greenbot.report") / "page.css").read_text(encoding="utf-8")
    policy = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>Report {escape(str(report.period))}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>",
        _head(report),
        _tiles(report.total),
        *_sections(report),
        "</main>",
        _foot(report),
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _head(report: Report) -> str:
    hotels = "1 hotel" if len(report.hotels) == 1 else f"{len(report.hotels)} hotels"
    whose = f"<bdi>{_text(report.hotels[0].name)}</bdi>" if len(report.hotels) == 1 else hotels
    return f'<header><h1>{whose}, {escape(str(report.period))}</h1>\n<p class="soft">{_zones(report)}</p></header>'


def _zones(report: Report) -> str:
    names = list(dict.fromkeys(hotel.zone_name for hotel in report.hotels))
    if len(names) == 1:
        return f"Days begin at midnight of the time zone: {_text(names[0])}."
    return f"Each hotel's days begin at its own midnight ({len(names)} time zones)."


def _tiles(total: Line) -> str:
    figures, answers = total.figures, total.answers
    share = figures.delivery_share
    failed = figures.failed_messages - figures.expired - figures.uncertain
    tiles = (
        ("Sent", f"{figures.accepted:,}", f"{failed:,} failed, {figures.expired:,} expired"),
        ("Delivered", f"{figures.delivered:,}", "" if share is None else f"{100 * share:.1f} % of what left"),
        ("Read", f"{figures.read:,}", ""),
        ("Uncertain", f"{figures.uncertain:,}", "fate not known"),
        ("Received", f"{figures.received:,}", "messages from guests"),
        ("Response time", _ms(figures.p95_ms), f"p95 of {figures.calls:,} calls"),
        ("First answer", _ms(answers.p50_ms), f"half of {answers.answered:,} guests, p95 {_ms(answers.p95_ms)}"),
        ("Unanswered", f"{answers.unanswered:,}", f"of {answers.guests:,} guests who waited"),
    )
    shown = [
        f'<div class="tile"><dt>{name}</dt><dd>{value}<small>{more}</small></dd></div>' for name, value, more in tiles
    ]
    return '<dl class="tiles">' + "\n".join(shown) + "</dl>"


def _sections(report: Report) -> Iterable[str]:
    many_days, many_hotels = len(report.by_day) > 1, len(report.by_hotel) > 1
    if many_days:
        yield "<h2>Messages day by day</h2>"
        yield f'<div class="card">{chart(report.by_day)}</div>'
    if many_hotels:
        yield "<h2>Hotels</h2>"
        yield _table("Hotel", [(_named(line), line) for line in report.by_hotel], report.total)
    if many_days or not many_hotels:
        yield "<h2>Days</h2>"
        yield _table("Day", [(_day(line), line) for line in report.by_day], report.total)
    yield "<h2>Errors</h2>"
    yield _errors(report.total)
    if many_days and many_hotels:
        yield "<h2>Each hotel, day by day</h2>"
        for hotel in report.by_hotel:
            yield f"<h3>{_name(hotel)}</h3>"
            lines = [(_day(line), line) for line in report.lines if line.hotel == hotel.hotel]
            yield _table("Day", lines, hotel)


def _name(line: Line) -> str:
    return f"<bdi>{_text(line.hotel or '')}</bdi>"


def _named(line: Line) -> str:
    return f'<td class="name">{_name(line)}</td>'


def _day(line: Line) -> str:
    return "<td></td>" if line.day is None else f"<td>{line.day:%a} {line.day}</td>"


def _table(what: str, lines: Sequence[tuple[str, Line]], total: Line) -> str:
    heads = "".join(_head_cell(number, text) for number, text in enumerate(HEADINGS))
    rows = "\n".join(f"<tr>{name}{_cells(line)}</tr>" for name, line in lines)
    foot = f"<tfoot><tr><td>Total</td>{_cells(total)}</tr></tfoot>" if len(lines) > 1 else ""
    return (
        f'<div class="card"><table><thead><tr><th scope="col">{what}</th>{heads}</tr></thead>\n'
        f"<tbody>{rows}</tbody>{foot}</table></div>"
    )


def _head_cell(number: int, text: str) -> str:
    return f'<th scope="col" class="text">{text}</th>' if number == _WORDS_AT else f'<th scope="col">{text}</th>'


def _cells(line: Line) -> str:
    figures, answers = line.figures, line.answers
    failed = figures.failed_messages - figures.expired - figures.uncertain
    cells = (
        _number(figures.accepted),
        _number(figures.delivered),
        _number(figures.read),
        _number(failed, is_bad=failed > 0),
        _number(figures.uncertain, is_bad=figures.uncertain > 0),
        _number(figures.received),
        *(f"<td>{_ms(value)}</td>" for value in (figures.p50_ms, figures.p95_ms, figures.p99_ms)),
        f"<td>{_ms(line.delivered_p50_ms)}</td>",
        _number(answers.unanswered, is_bad=answers.unanswered > 0),
        f"<td>{_ms(answers.p50_ms)}</td>",
        f'<td class="text">{_trouble(line)}</td>',
    )
    return "".join(cells)


def _number(value: int, *, is_bad: bool = False) -> str:
    return f'<td class="bad">{value:,}</td>' if is_bad else f"<td>{value:,}</td>"


def _trouble(line: Line) -> str:
    if not line.troubles:
        return ""
    first = line.troubles[0]
    return f"{_text(kind_of(first))} &times; {first.count:,}"


def _errors(total: Line) -> str:
    if not total.troubles:
        return "<p>None.</p>"
    rows = "\n".join(
        f'<tr><td class="name">{_text(kind_of(trouble))}</td><td>{trouble.count:,}</td></tr>'
        for trouble in total.troubles[:MOST_TROUBLES]
    )
    return (
        '<div class="card"><table><thead><tr><th scope="col">Error</th><th scope="col">How often</th></tr></thead>\n'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _foot(report: Report) -> str:
    made = datetime.fromtimestamp(report.made_at_ms // 1000, UTC)
    return (
        f"<footer><p>Made {made:%Y-%m-%d %H:%M} UTC by greenbot. p50, p95, p99: half, 95 % and 99 % of the calls to "
        "GREEN-API were faster. Delivered in: half of the messages arrived within that time. First answer: half of "
        "the guests who were answered waited no longer. Unanswered: guests who began to wait then, and still do.</p>"
        "</footer>"
    )


def _ms(value: int | None) -> str:
    return "&ndash;" if value is None else escape(value_text(value, "ms"))


def _text(text: str) -> str:
    """Words of others: nothing in them steers, and nothing in them is a tag."""
    return escape(safe_text(text, limit=LONGEST))
