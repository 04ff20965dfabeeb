"""The alerts that are not over, the worst first."""

from collections.abc import Sequence

from greenbot.alerts.measures import unit_of
from greenbot.alerts.units import threshold_text, value_text
from greenbot.dashboard.columns import Column
from greenbot.dashboard.ink import Ink
from greenbot.dashboard.line import Line, Span
from greenbot.dashboard.panel import ListPanel
from greenbot.overview import AlertView, Overview

COLUMNS = (
    Column(title="alert", least=18, most=34),
    Column(title="instance", least=12, most=24),
    Column(title="state", least=10),
    Column(title="severity", least=8, rank=2),
    Column(title="for", least=5, right=True),
    Column(title="value", least=9, most=18, right=True, rank=1),
    Column(title="asks for", least=9, most=16, rank=4),
    Column(title="seen by", least=8, most=20, rank=3),
    Column(title="reason", least=10, most=60, rank=5),
)
STATES = {"firing": "bad", "recovering": "odd", "nodata": "odd", "pending": "dim"}
SEVERITIES = {"critical": "bad", "high": "bad", "medium": "odd", "low": ""}


def can_be_acked(view: AlertView) -> bool:
    """It fires, and nobody has said yet that it was seen."""
    return view.state != "pending" and view.acked_by is None


def _cells(view: AlertView, ink: Ink) -> Sequence[Span]:
    unit = unit_of(view.metric)
    return (
        (ink.text(view.rule), "strong" if can_be_acked(view) else ""),
        (ink.instance(view.instance), ""),
        (ink.text(view.state), STATES.get(view.state, "")),
        (ink.text(view.severity), SEVERITIES.get(view.severity, "")),
        (ink.age(view.since_at_ms), ""),
        ink.cell(None if view.value is None else value_text(view.value, unit)),
        (f"{view.op} {threshold_text(view.threshold, unit)}", "dim"),
        ink.cell(ink.text(view.acked_by) if view.acked_by else None, "fine"),
        ink.cell(ink.text(view.reason) or None),
    )


def _detail(view: AlertView, width: int, ink: Ink) -> list[Line]:
    about = ink.text(view.reason or view.description) or "no description"
    done = f"seen by {ink.text(view.acked_by)}" if view.acked_by else "press a to say that you have seen it"
    return [
        ((ink.marks.across * width, "dim"),),
        ((f"  {ink.text(view.rule)}", "strong"), (f"  {about}", "")),
        ((f"  {done}" if view.state != "pending" else "  not firing yet", "dim"),),
    ]


def _note(overview: Overview) -> Span:
    firing = sum(view.state != "pending" for view in overview.alerts)
    return (str(firing), "bad") if firing else ("", "")


PANEL: ListPanel[AlertView] = ListPanel(
    title="Alerts",
    columns=COLUMNS,
    items=lambda overview: overview.alerts,
    key=lambda view: (view.rule, view.instance),
    cells=_cells,
    note_of=_note,
    empty="Nothing fires.",
    detail=_detail,
    detail_lines=3,
)
