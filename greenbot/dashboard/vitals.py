"""The figures that are always on the screen: rates, response times with trends, limits, queue, events."""

from collections.abc import Callable

from greenbot.dashboard import words
from greenbot.dashboard.ink import Ink, of_errors, of_time
from greenbot.dashboard.line import Line, Span, beside, fit, listed
from greenbot.dashboard.spark import spark
from greenbot.dashboard.traffic import MINUTES, errors_of
from greenbot.metrics.now import Minute
from greenbot.overview import Overview

NAME, VALUE, BETWEEN = 9, 7, 2
#: On fewer columns, or fewer rows of the whole screen, the figures stand closer and most trends go.
LEAST_WIDTH, LEAST_HEIGHT = 76, 20


def is_full(size: tuple[int, int]) -> bool:
    """Whether there is room for all trends."""
    return size[0] >= LEAST_WIDTH and size[1] >= LEAST_HEIGHT


def draw(overview: Overview, width: int, ink: Ink, *, full: bool) -> list[Line]:
    """Five lines, or four where there is no room for all trends."""
    if not full:
        return _short(overview, width, ink)
    left = min(max(width * 3 // 8, 20), 1 + NAME + VALUE + 2 + MINUTES)
    right = width - left - BETWEEN
    return beside(_trends(overview, left, ink), _facts(overview, right, ink), (left, right), (" " * BETWEEN, ""))


def _trends(overview: Overview, width: int, ink: Ink) -> list[Line]:
    fleet = overview.fleet
    shown: list[tuple[str, Span, Callable[[Minute], float | None], str]] = [
        ("Requests", (words.rate(fleet.calls), ""), lambda minute: minute.calls, "bar"),
        ("Errors", _errors(overview, ink), errors_of, "bad"),
        ("p50", _took(fleet.p50_ms, ink), lambda minute: minute.p50_ms, "calm"),
        ("p95", _took(fleet.p95_ms, ink), lambda minute: minute.p95_ms, "calm"),
        ("p99", _took(fleet.p99_ms, ink), lambda minute: minute.p99_ms, "calm"),
    ]
    room = min(MINUTES, max(8, width - 1 - NAME - VALUE - 2))
    return [
        (*_named(name, value), ("  ", ""), (spark([of(minute) for minute in overview.trend], room, ink.marks), style))
        for name, value, of, style in shown
    ]


def _facts(overview: Overview, width: int, ink: Ink) -> list[Line]:
    facts = {
        "Queue": _queue(overview),
        "Messages": _messages(overview),
        "Limits": _limits(overview),
        "Events": _events(overview),
        "Alerts": _alerts(overview, ink),
    }
    return [_fact(name, parts, width, ink) for name, parts in facts.items()]


def _fact(name: str, parts: list[Span], width: int, ink: Ink) -> Line:
    return ((f" {fit(name, NAME)}", "dim"), *listed(parts, width - 1 - NAME, ink.marks.dot))


def _named(name: str, value: Span) -> Line:
    return ((f" {fit(name, NAME)}", "dim"), (fit(value[0], VALUE), value[1] or "strong"))


def _errors(overview: Overview, ink: Ink) -> Span:
    fleet = overview.fleet
    return ink.cell(words.share(fleet.failed_calls, fleet.calls), of_errors(fleet.failed_calls, fleet.calls))


def _took(duration_ms: int | None, ink: Ink) -> Span:
    return ink.cell(words.took(duration_ms), of_time(duration_ms))


def _bad(number: int, word: str, style: str = "bad") -> list[Span]:
    """Worth a word only when there is any."""
    return [(f"{words.count(number)} {word}", style)] if number else []


def _queue(overview: Overview) -> list[Span]:
    waiting = words.count(overview.queued)
    if overview.oldest_age_ms is not None:
        waiting += f" for {words.age(overview.oldest_age_ms)}"
    doubtful = [*_bad(overview.uncertain, "uncertain"), *_bad(overview.stalled, "stalled")]
    return [(waiting, "waiting" if overview.queued else "strong"), *(doubtful or [("none in doubt", "dim")])]


def _messages(overview: Overview) -> list[Span]:
    fleet = overview.fleet
    delivered = fleet.delivery_share
    parts: list[Span] = [(words.rate(fleet.messages), "strong")]
    if delivered is not None:
        parts.append((f"{100 * delivered:.0f} % delivered", ""))
    return [*parts, *(_bad(fleet.failed_messages, "failed") or [("none failed", "dim")])]


def _limits(overview: Overview) -> list[Span]:
    fleet = overview.fleet
    hits = _bad(fleet.rate_limited, "hit" if fleet.rate_limited == 1 else "hits", "odd") or [("kept", "strong")]
    if not fleet.waits:
        return [*hits, ("nobody waits", "dim")]
    return [*hits, (f"{words.count(fleet.waits)} waits of {words.took(fleet.waited_ms // fleet.waits)}", "")]


def _events(overview: Overview) -> list[Span]:
    fleet = overview.fleet
    lag = [] if fleet.event_lag_ms is None else [(f"worked in {words.took(fleet.event_lag_ms)}", "")]
    return [
        (words.rate(fleet.events), "strong"),
        *_bad(overview.events_dead, "dead"),
        *_bad(overview.events_quarantined, "unreadable"),
        *_bad(fleet.failed_webhooks, "refused"),
        *_bad(overview.events_waiting, "waiting", "waiting"),
        *lag,
    ]


def _alerts(overview: Overview, ink: Ink) -> list[Span]:
    firing = [view for view in overview.alerts if view.state != "pending"]
    pending = _bad(len(overview.alerts) - len(firing), "may fire soon", "dim")
    if not firing:
        return [("none", "fine"), *pending]
    unseen = sum(view.acked_by is None for view in firing)
    return [
        (f"{len(firing)} firing", "bad"),
        (f"{unseen} unseen" if unseen else "all seen", "odd" if unseen else "dim"),
        (ink.text(firing[0].rule), "bad"),
        *pending,
    ]


def _short(overview: Overview, width: int, ink: Ink) -> list[Line]:
    fleet = overview.fleet
    calls = [minute.calls for minute in overview.trend]
    p95 = [minute.p95_ms for minute in overview.trend]
    room = max(0, width - 41)
    times = [("p50", _took(fleet.p50_ms, ink)), ("p95", _took(fleet.p95_ms, ink)), ("p99", _took(fleet.p99_ms, ink))]
    return [
        (
            *_pairs(("Requests", (words.rate(fleet.calls), "")), ("Errors", _errors(overview, ink))),
            ("  ", ""),
            (spark(calls, room, ink.marks), "bar"),
        ),
        (*_pairs(*times, name=3), ("  ", ""), (spark(p95, room, ink.marks), "calm")),
        _fact("Queue", _queue(overview), width, ink),
        _fact("Events", [*_events(overview), *_limits(overview)], width, ink),
    ]


def _pairs(*pairs: tuple[str, Span], name: int = NAME) -> Line:
    spans: list[Span] = [(" ", "")]
    wide = name == NAME
    for word, (value, style) in pairs:
        spans.append((fit(word, name + (0 if wide else 1)), "dim"))
        spans.append((fit(value, 10 if wide else 8), style or "strong"))
    return tuple(spans)
