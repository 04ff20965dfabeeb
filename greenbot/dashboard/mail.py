"""Messages and events: what came lately, problems first."""

from collections.abc import Sequence

from greenbot.dashboard import words
from greenbot.dashboard.columns import Column
from greenbot.dashboard.ink import Ink
from greenbot.dashboard.line import Line, Span
from greenbot.dashboard.panel import ListPanel
from greenbot.overview import EventView, MessageView, Overview

MESSAGE_COLUMNS = (
    Column(title="time", least=8),
    Column(title="message", least=7, right=True, rank=1),
    Column(title="instance", least=12, most=24),
    Column(title="state", least=10, most=12),
    Column(title="guest", least=14, most=22, rank=3),
    Column(title="kind", least=8, most=12, rank=4),
    Column(title="reason", least=18, most=60, rank=2),
)
EVENT_COLUMNS = (
    Column(title="time", least=8),
    Column(title="event", least=7, right=True, rank=2),
    Column(title="instance", least=12, most=24),
    Column(title="state", least=10, most=12),
    Column(title="guest", least=14, most=22, rank=3),
    Column(title="type", least=22, most=40),
)
STYLES = {
    "failed": "bad",
    "uncertain": "bad",
    "stalled": "bad",
    "noAccount": "odd",
    "expired": "odd",
    "queued": "waiting",
    "claimed": "waiting",
    "sending": "waiting",
    "delivered": "fine",
    "read": "fine",
    "dead": "bad",
    "quarantined": "bad",
    "stored": "waiting",
    "processing": "waiting",
}


def _messages(overview: Overview) -> Sequence[MessageView]:
    """Problems above, then the rest; each message once."""
    problems = overview.problems[: max(3, len(overview.problems) // 2)]
    known = {view.id for view in problems}
    return [*problems, *(view for view in overview.messages if view.id not in known)]


def _message(view: MessageView, ink: Ink) -> Sequence[Span]:
    return (
        (ink.clock(view.at_ms), "dim"),
        (str(view.id), ""),
        (ink.instance(view.instance), ""),
        (ink.text(view.state), STYLES.get(view.state, "")),
        (ink.guest(view.chat_id), ""),
        (ink.text(view.kind), "dim"),
        ink.cell(ink.text(view.reason) or None, "odd"),
    )


def _queue(overview: Overview, width: int, ink: Ink) -> Sequence[Line]:
    """The queue by state, on one line, and what ended lately on another."""
    fleet, dot = overview.fleet, f"  {ink.marks.dot}  "
    oldest = "" if overview.oldest_age_ms is None else f", the oldest for {words.age(overview.oldest_age_ms)}"
    return [
        (
            ("  queue      ", "dim"),
            (f"{words.count(overview.queued)} waiting{oldest}", "waiting" if overview.queued else ""),
            (dot, "dim"),
            (f"{words.count(overview.uncertain)} uncertain", "bad" if overview.uncertain else ""),
            (dot, "dim"),
            (f"{words.count(overview.stalled)} stalled", "bad" if overview.stalled else ""),
        ),
        (
            ("  5 minutes  ", "dim"),
            (f"{words.count(fleet.accepted)} accepted", ""),
            (dot, "dim"),
            (f"{words.count(fleet.delivered)} delivered", ""),
            (dot, "dim"),
            (f"{words.count(fleet.read)} read", ""),
            (dot, "dim"),
            (f"{words.count(fleet.failed_messages)} failed", "bad" if fleet.failed_messages else ""),
            (dot, "dim"),
            (f"{words.count(fleet.no_account)} without WhatsApp", ""),
        ),
        (),
    ]


def _event(view: EventView, ink: Ink) -> Sequence[Span]:
    return (
        (ink.clock(view.at_ms), "dim"),
        (str(view.id), ""),
        (ink.instance(view.instance), ""),
        (ink.text(view.state), STYLES.get(view.state, "")),
        ink.cell(ink.guest(view.chat_id) or None),
        (ink.text(view.type), ""),
    )


def _webhooks(overview: Overview, width: int, ink: Ink) -> Sequence[Line]:
    """What came in within five minutes, and the types of the last hour."""
    fleet, dot = overview.fleet, f"  {ink.marks.dot}  "
    types = ", ".join(f"{words.count(number)} {ink.text(name)}" for name, number in overview.event_types[:8])
    return [
        (
            ("  5 minutes  ", "dim"),
            (f"{words.count(fleet.webhooks)} webhooks", ""),
            (dot, "dim"),
            (f"{words.count(fleet.failed_webhooks)} not answered 200", "bad" if fleet.failed_webhooks else ""),
            (dot, "dim"),
            (f"{words.count(fleet.auth_failures)} wrong credentials", "odd" if fleet.auth_failures else ""),
            (dot, "dim"),
            (f"{words.count(fleet.received)} from guests", ""),
        ),
        (("  last hour  ", "dim"), (types or "no event", "")),
        (),
    ]


def _message_note(overview: Overview) -> Span:
    bad = overview.uncertain + overview.stalled
    return (words.count(bad), "bad") if bad else ("", "")


def _event_note(overview: Overview) -> Span:
    bad = overview.events_dead + overview.events_quarantined
    return (words.count(bad), "bad") if bad else ("", "")


MESSAGES: ListPanel[MessageView] = ListPanel(
    title="Messages",
    columns=MESSAGE_COLUMNS,
    items=_messages,
    key=lambda view: view.id,
    cells=_message,
    note_of=_message_note,
    empty="No message yet. Send one with: greenbot send text NUMBER TEXT",
    top=_queue,
    top_lines=3,
)
EVENTS: ListPanel[EventView] = ListPanel(
    title="Events",
    columns=EVENT_COLUMNS,
    items=lambda overview: overview.events,
    key=lambda view: view.id,
    cells=_event,
    note_of=_event_note,
    empty="No event yet. Receive them with: greenbot serve",
    top=_webhooks,
    top_lines=3,
)
