"""The fleet: every instance, the worst first."""

from collections.abc import Sequence

from greenbot.board import InstanceView, fails_often
from greenbot.dashboard import words
from greenbot.dashboard.columns import Column
from greenbot.dashboard.ink import Ink, of_errors, of_time
from greenbot.dashboard.line import Line, Span, listed
from greenbot.dashboard.panel import ListPanel
from greenbot.metrics.now import Figures
from greenbot.overview import Overview

COLUMNS = (
    Column(title="instance", least=14, most=30),
    Column(title="state", least=9),
    Column(title="why", least=18, most=44, rank=2),
    Column(title="requests", least=8, right=True, rank=3),
    Column(title="errors", least=6, right=True),
    Column(title="p50", least=6, right=True, rank=8),
    Column(title="p95", least=6, right=True),
    Column(title="p99", least=6, right=True, rank=7),
    Column(title="queue", least=5, right=True),
    Column(title="oldest", least=6, right=True, rank=1),
    Column(title="messages", least=8, right=True, rank=9),
    Column(title="delivered", least=9, right=True, rank=10),
    Column(title="events", least=7, right=True, rank=6),
    Column(title="429", least=4, right=True, rank=5),
    Column(title="alerts", least=6, right=True, rank=4),
)
WORDS = {"down": "down", "trouble": "trouble", "waiting": "waiting", "fine": "fine", "silent": "silent"}
#: GREEN-API's and our words for a state, as people say them.
HEALTH = {
    "not_sendable": "cannot send",
    "auth_failed": "credentials refused",
    "unreachable": "unreachable",
    "quota": "quota used up",
    "degraded": "answers badly",
}


def why(view: InstanceView, ink: Ink) -> str | None:
    """What is wrong with an instance, the worst first; None when nothing is."""
    reasons: list[str] = []
    if view.health in HEALTH:
        account = f" ({view.account})" if view.account not in ("", "authorized") else ""
        reasons.append(HEALTH[view.health] + account)
    reasons += [f"breaker {state}: {host}" for host, state in sorted(view.breakers.items())]
    if view.paused:
        reasons.append("paused" if view.paused == "paused" else f"paused: {view.paused}")
    if view.alerts:
        reasons.append(f"{view.alerts} {view.severity} alert{'s' if view.alerts > 1 else ''}")
    if not reasons and fails_often(view.figures):
        failed, calls = view.figures.failed_calls, view.figures.calls
        reasons.append(f"{words.share(failed, calls)} of {calls} calls fail")
    reasons += [f"{number} {word}" for number, word in ((view.uncertain, "uncertain"), (view.stalled, "stalled"))
                if number]  # fmt: skip
    return ink.text(", ".join(reasons)) if reasons else None


def _cells(view: InstanceView, ink: Ink) -> Sequence[Span]:
    figures = view.figures
    delivered = figures.delivery_share
    return (
        (ink.instance(view.name), "strong" if view.standing in ("down", "trouble") else ""),
        (f"{ink.marks.standing[view.standing]} {WORDS[view.standing]}", view.standing),
        ink.cell(why(view, ink)),
        (words.rate(figures.calls), "") if figures.calls else ink.cell(None),
        _errors(figures, ink),
        ink.cell(words.took(figures.p50_ms), of_time(figures.p50_ms)),
        ink.cell(words.took(figures.p95_ms), of_time(figures.p95_ms)),
        ink.cell(words.took(figures.p99_ms), of_time(figures.p99_ms)),
        ink.number(view.queued),
        ink.cell(None if view.oldest_age_ms is None else words.age(view.oldest_age_ms)),
        ink.number(figures.messages),
        ink.cell(None if delivered is None else f"{100 * delivered:.0f} %"),
        ink.number(figures.events),
        ink.number(figures.rate_limited, "odd"),
        ink.number(view.alerts, "bad" if view.severity in ("critical", "high") else "odd"),
    )


def _errors(figures: Figures, ink: Ink) -> Span:
    style = of_errors(figures.failed_calls, figures.calls) if figures.failed_calls else "dim"
    return ink.cell(words.share(figures.failed_calls, figures.calls), style)


def _detail(view: InstanceView, width: int, ink: Ink) -> list[Line]:
    """Two lines about the instance under the cursor."""
    figures = view.figures
    since = f" for {ink.age(view.since_at_ms)}" if view.since_at_ms is not None else ""
    reason = f", {ink.text(view.reason)}" if view.reason else ""
    said = why(view, ink)
    return [
        ((ink.marks.across * width, "dim"),),
        (
            (f"  {ink.instance(view.name)}", "strong"),
            (f"  {view.health}{since}{reason}", ""),
            (f"  {said}" if said else "", view.standing),
        ),
        (("  5 minutes  ", "dim"), *listed(_lately(figures), width - 13, ink.marks.dot)),
    ]


def _lately(figures: Figures) -> list[Span]:
    return [
        (f"{words.count(figures.calls)} calls", ""),
        (f"{words.count(figures.failed_calls)} failed", of_errors(figures.failed_calls, figures.calls)),
        (f"{words.count(figures.messages)} messages", ""),
        (f"{words.count(figures.events)} events", ""),
        (f"{words.count(figures.rate_limited)} limit hits", "odd" if figures.rate_limited else ""),
        (f"{words.count(figures.waits)} waits", ""),
        (f"p99 {words.took(figures.p99_ms) or 'unknown'}", of_time(figures.p99_ms)),
    ]


def _note(overview: Overview) -> Span:
    bad = sum(view.standing in ("down", "trouble") for view in overview.instances)
    return (str(bad), "bad") if bad else ("", "")


PANEL: ListPanel[InstanceView] = ListPanel(
    title="Fleet",
    columns=COLUMNS,
    items=lambda overview: overview.instances,
    key=lambda view: view.name,
    cells=_cells,
    note_of=_note,
    empty="No instance is configured. Add one with: greenbot instances add NAME --id ID",
    detail=_detail,
    detail_lines=3,
)
