"""Traffic: an hour of requests, errors and response times as charts, and which errors came."""

from collections.abc import Callable, Sequence

from greenbot.dashboard import words
from greenbot.dashboard.ink import Ink
from greenbot.dashboard.line import Line, Span, fit
from greenbot.dashboard.place import Key, Place
from greenbot.dashboard.spark import chart
from greenbot.metrics.now import Minute
from greenbot.overview import Overview

LABEL, LEAST_CHART = 16, 20
#: As many minutes as a trend has: a chart is no wider.
MINUTES = 60


def errors_of(minute: Minute) -> float | None:
    """The error rate of a minute in per cent; None without a call."""
    return 100 * minute.failed_calls / minute.calls if minute.calls else None


class Traffic:
    """The panel; there is no list in it, so nothing for a cursor."""

    title = "Traffic"

    def keys(self, overview: Overview) -> Sequence[Key]:
        return ()

    def rows(self, height: int) -> int:
        return height

    def note(self, overview: Overview) -> Span:
        return ("", "")

    def draw(self, overview: Overview, place: Place, size: tuple[int, int], ink: Ink) -> list[Line]:
        width, height = size
        kinds = min(len(overview.errors), max(2, height // 3))
        each = max(1, min(6, (height - kinds - 3) // 4))
        lines: list[Line] = []
        for name, told, values, style in _charts(overview):
            lines += _chart(name, told, values, style, (width, each), ink)
        lines.append(())
        return (lines + _errors(overview, width, ink))[:height]


def _charts(overview: Overview) -> list[tuple[str, str, list[float | None], str]]:
    def over(value: Callable[[Minute], float | None]) -> list[float | None]:
        return [value(minute) for minute in overview.trend]

    requests, errors = over(lambda minute: minute.calls), over(errors_of)
    p50, p95 = over(lambda minute: minute.p50_ms), over(lambda minute: minute.p95_ms)
    return [
        ("requests", f"{words.count(int(_most(requests)))}/min", requests, "bar"),
        ("errors", f"{_most(errors):.1f} %", errors, "bad"),
        ("p50", str(words.took(int(_most(p50)))), p50, "calm"),
        ("p95", str(words.took(int(_most(p95)))), p95, "calm"),
    ]


def _most(values: Sequence[float | None]) -> float:
    return max((value for value in values if value is not None), default=0)


def _chart(
    name: str, told: str, values: Sequence[float | None], style: str, size: tuple[int, int], ink: Ink
) -> list[Line]:
    width, height = size
    bars = chart(values, min(MINUTES, max(LEAST_CHART, width - LABEL - 3)), height, ink.marks)
    labels = [name, f"most {told}"] if height > 1 else [f"{name} {told}"]
    labels += [""] * (height - len(labels))
    styles = ["strong", "dim", *[""] * height] if height > 1 else ["dim"]
    return [
        ((f"  {fit(label, LABEL)} ", label_style), (bar, style))
        for label, label_style, bar in zip(labels, styles, bars, strict=False)
    ]


def _errors(overview: Overview, width: int, ink: Ink) -> list[Line]:
    if not overview.errors:
        return [(("  no error in the last hour", "dim"),)]
    most = overview.errors[0][1]
    room = max(4, min(40, width - 44))
    lines: list[Line] = [(("  errors of the last hour", "head"),)]
    for kind, number in overview.errors:
        bar = ink.marks.steps[-1] * max(1, round(number / most * room))
        told = f"  {fit(ink.text(kind), 30)}{fit(words.count(number), 7, right=True)}  "
        lines.append(((told, ""), (bar, "bad")))
    return lines


PANEL = Traffic()
