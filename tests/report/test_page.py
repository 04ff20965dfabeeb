"""The page of a report: nobody's words become a tag, it loads nothing, and it says what the report says."""

import re
from base64 import b64encode
from datetime import UTC, date
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from greenbot.db.connect import Db
from greenbot.metrics.names import Names
from greenbot.metrics.series import Series
from greenbot.report.document import kind_of, report_document
from greenbot.report.page import page
from greenbot.report.period import Period, month
from greenbot.report.report import Hotel, Report, Trouble, make
from tests.metrics.counting import NOW_S, Happening, keep

DAY = date(2026, 11, 22)
WEEK = Period(first=date(2026, 11, 16), last=DAY)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><style>*{background:url(//evil.example)}",
    "</title><svg onload=alert(1)>",
    "\x1b[31mred\x07",
    "\u202egnp.exe",
    "=HYPERLINK(1)",
    "a\x00b\u2028c",
    "&lt;b&gt;",
    "ש" * 50,
)
ALLOWED = frozenset(
    (
        *("html", "head", "meta", "title", "style", "body", "main", "header", "footer", "h1", "h2", "h3", "p", "span"),
        *("dl", "div", "dt", "dd", "small", "bdi", "table", "thead", "tbody", "tfoot", "tr", "th", "td"),
        *("svg", "g", "rect", "line", "text"),
    )
)


class Seen(HTMLParser):
    """Every tag with its attributes, and the words between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def seen(html: str) -> Seen:
    parser = Seen()
    parser.feed(html)
    return parser


def made(db: Db, names: tuple[str, ...], *, labels: tuple[str, ...] = (), period: Period = WEEK) -> Report:
    at_ms = NOW_S * 1000 - 3_600_000
    happenings = [
        Happening(at_ms=at_ms + number * 50 + place, instance=name, series=series, ok=not label, label=label)
        for place, name in enumerate(names)
        for number, (series, label) in enumerate(
            [(Series.SEND, ""), (Series.MESSAGE, "accepted response"), *((Series.SEND, label) for label in labels)]
        )
    ]
    keep(db, Names(), happenings)
    hotels = [Hotel(name=name, zone=UTC, zone_name="UTC") for name in names]
    return make(db, Names(), hotels, period, NOW_S * 1000)


@pytest.mark.parametrize("period", [WEEK, Period(first=DAY, last=DAY)], ids=["a week", "a day"])
@pytest.mark.parametrize("names", [HOSTILE, HOSTILE[:1]], ids=["many hotels", "one hotel"])
def test_nobodys_words_become_a_tag(db: Db, names: tuple[str, ...], period: Period) -> None:
    html = page(made(db, names, labels=tuple(f"503 {name}" for name in HOSTILE), period=period))
    found = seen(html)
    assert {tag for tag, _ in found.tags} <= ALLOWED | {"title"}
    attributes = {name for _, attributes in found.tags for name in attributes}
    assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "href", "xlink:href")]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028]", html)
    assert html.count("<style>") == 1


def test_the_page_loads_nothing_and_forbids_itself_to(db: Db) -> None:
    html = page(made(db, ("kyiv",)))
    policies = [attrs["content"] for tag, attrs in seen(html).tags if attrs.get("http-equiv")]
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policies == [f"default-src 'none'; style-src 'sha256-{digest}'"]
    assert not re.findall(r"https?://|url\(|@import|//[a-z]", html)


def test_the_page_says_what_the_document_says(db: Db) -> None:
    report = made(db, ("kyiv", "lviv"), labels=("503 http_503", "503 http_503", "- connect_failed"))
    words = " ".join(seen(page(report)).words)
    assert "2 hotels, 2026-11-16 to 2026-11-22" in words
    assert "503 http_503" in words
    document = report_document(report)
    total = document["total"]
    assert isinstance(total, dict)
    assert (total["messages_sent"], total["requests"], total["errors"]) == (2, 8, 6)
    assert total["errors_by_kind"] == [
        {"of": "call", "status": 503, "kind": "http_503", "count": 4},
        {"of": "call", "status": None, "kind": "connect_failed", "count": 2},
    ]


def test_nothing_at_all_makes_a_page_too(db: Db) -> None:
    html = page(make(db, Names(), [Hotel(name="kyiv", zone=UTC, zone_name="UTC")], WEEK, NOW_S * 1000))
    assert "<p>None.</p>" in html
    assert html.rstrip().endswith("</html>")


@pytest.mark.parametrize(
    ("of", "label", "words"),
    [
        ("call", "503 http_503", "503 http_503"),
        ("call", "- connect_failed", "connect_failed"),
        ("message", "failed rejected", "message failed: rejected"),
        ("message", "expired", "message expired"),
    ],
)
def test_kinds_of_errors_in_words(of: str, label: str, words: str) -> None:
    assert kind_of(Trouble(of=of, label=label, count=1)) == words


@pytest.mark.parametrize(
    ("year", "number", "first", "last"),
    [(2026, 11, 1, 30), (2026, 12, 1, 31), (2024, 2, 1, 29), (2026, 2, 1, 28)],
)
def test_a_month_is_all_of_its_days(year: int, number: int, first: int, last: int) -> None:
    found = month(year, number)
    assert (found.first, found.last) == (date(year, number, first), date(year, number, last))
    assert len(found.days) == last
