"""What people read: short, what and where first, then since when and how bad, and what to type next. Pure.

Nothing a guest wrote and no whole number of anybody can be in it: it is made of names, figures and rules.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from greenbot.alerts.grouping import Kind, TextKind
from greenbot.alerts.measures import MEASURES, Unit, unit_of
from greenbot.alerts.notify.telling import Item, Telling, Word
from greenbot.alerts.units import duration_text, threshold_text, value_text
from greenbot.redact import mask_phone, redact
from greenbot.safe_text import safe_text

#: More than these are counted.
MOST_LINES = 10
_TITLE_LETTERS = 200

#: Why an alert ended. Only the first says that all is well.
ENDINGS: Mapping[str, str] = {
    "recovered": "is over",
    "no_data": "ended without news: for 15 minutes there was nothing to judge by; nobody knows that all is well",
    "rule_changed": "ended because its rule was changed; it is judged anew",
    "rule_deleted": "ended because its rule was deleted; nothing watches this now",
    "disabled": "ended because its rule was disabled; nothing watches this now",
}
_STATES: Mapping[str, str] = {
    "recovering": "recovering: the condition does not hold at this moment",
    "nodata": "nothing to judge by at this moment",
}
_REASONS: Mapping[str, str] = {
    "cut_off": "calls are cut off: nothing can be sent or asked",
    "streak": "the latest calls failed, every one",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A notice with everything its text is made of."""

    id: int
    at_ms: int
    rule: str
    instance: str
    kind: Kind
    severity: str
    value: float | None
    reason: str
    facts: Mapping[str, object] = field(default_factory=dict)
    #: How its alert stands when the text is made; empty when it is gone.
    state: str = ""


def telling_of(owed: Sequence[Owed], *, notice_id: str, kind: TextKind, at_ms: int) -> Telling:
    """One text about these notices of a rule, the first of which came first."""
    last = {notice.instance: notice for notice in owed}
    begun = {notice.instance: notice for notice in owed if notice.kind in ("firing", "repeat")}
    items = tuple(_item(notice, begun.get(instance)) for instance, notice in sorted(last.items()))
    word = _word_of(items)
    rule, severity = owed[0].rule, owed[0].severity
    lines = [_line(item, last[item.instance]) for item in items[:MOST_LINES]]
    if len(items) > MOST_LINES:
        lines.append(f"and {len(items) - MOST_LINES} more")
    text = "\n".join([*_opening(owed[-1], word), *lines, *_next_steps(rule, items, word)])
    return Telling(
        id=notice_id,
        word=word,
        rule=rule,
        severity=severity,
        title=_clean(_title(items, owed[-1], word))[:_TITLE_LETTERS],
        text=_clean(text, keep_lines=True),
        items=items,
        at_ms=at_ms,
    )


def _item(notice: Owed, begun: Owed | None) -> Item:
    facts = notice.facts
    unit = _unit(facts)
    ended = notice.kind == "resolved"
    return Item(
        rule=notice.rule,
        instance=notice.instance,
        word=_WORDS[notice.kind],
        severity=notice.severity,
        value=value_text((begun or notice).value, unit),
        threshold=f"{facts.get('op', '')} {threshold_text(_number(facts.get('threshold')), unit)}".strip(),
        since_ms=_moment(facts.get("active_since_ms")) or _moment(facts.get("firing_since_ms")),
        ended_ms=notice.at_ms if ended else None,
        reason=notice.reason,
        acked_by=str(facts.get("acked_by", "")),
    )


_WORDS: Mapping[Kind, Word] = {
    "firing": "firing", "repeat": "firing", "resolved": "resolved", "acked": "acked", "drill": "drill", "test": "test",
}  # fmt: skip


def _word_of(items: Sequence[Item]) -> Word:
    """What the text as a whole says: as long as anything fires, it says so."""
    words = {item.word for item in items}
    return next(word for word in _WORDS.values() if word in words)


def _title(items: Sequence[Item], notice: Owed, word: Word) -> str:
    label = {"firing": items[0].severity.upper(), "resolved": "OVER", "acked": "NOTED"}.get(word, word.upper())
    if word == "test":
        return f"[{label}] greenbot can reach you"
    if word == "resolved" and any(item.reason != "recovered" for item in items):
        label = "ENDED"
    if word == "firing" and notice.kind == "repeat":
        label += ", STILL"
    counted = [item for item in items if item.word == word]
    whom = counted[0].whom if len(counted) == 1 else f"{len(counted)} instances"
    about = MEASURES[str(notice.facts["metric"])].name.replace("_", " ") if _is_known(notice) else notice.rule
    value = f" {counted[0].value}" if len(counted) == 1 and word in ("firing", "drill") else ""
    return f"[{label}] {whom}: {about}{value} ({notice.rule})"


def _is_known(notice: Owed) -> bool:
    return str(notice.facts.get("metric", "")) in MEASURES


def _opening(notice: Owed, word: Word) -> list[str]:
    if word == "test":
        return ["This is a test. When you read it, this receiver works."]
    drill = ["This is a drill: nothing is wrong."] if word == "drill" else []
    description = str(notice.facts.get("description", ""))
    return [*drill, *([description] if description else [])]


def _line(item: Item, notice: Owed) -> str:
    since = f" since {moment_text(item.since_ms)}" if item.since_ms else ""
    if item.word == "test":
        return f"Sent {moment_text(notice.at_ms)}."
    if item.word == "resolved":
        lasted = f", after {_lasted(item)}" if item.since_ms else ""
        return f"{item.whom}: {ENDINGS.get(item.reason, 'is over')}, {moment_text(notice.at_ms)}{lasted}."
    if item.word == "acked":
        comment = str(notice.facts.get("comment", ""))
        return f"{item.whom}: {item.acked_by} has taken note of it" + (f": {comment}" if comment else "") + "."
    more = [_counted(notice), _STATES.get(notice.state, ""), _REASONS.get(item.reason, "")]
    window = notice.facts.get("window_s")
    over = f" over {duration_text(window)}" if isinstance(window, int) and window and _has_window(notice) else ""
    extra = "".join(f"; {words}" for words in more if words)
    return f"{item.whom}: {item.value}{over}, threshold {item.threshold}{since}{extra}."


def _has_window(notice: Owed) -> bool:
    measure = MEASURES.get(str(notice.facts.get("metric", "")))
    return measure is not None and measure.has_window


def _counted(notice: Owed) -> str:
    total, bad = notice.facts.get("total"), notice.facts.get("bad")
    if not isinstance(total, int) or not isinstance(bad, int) or not total or not bad:
        return ""
    return f"{bad} of {total}"


def _lasted(item: Item) -> str:
    seconds = max(0, ((item.ended_ms or 0) - (item.since_ms or 0)) // 1000)
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _next_steps(rule: str, items: Sequence[Item], word: Word) -> list[str]:
    if word in ("test", "acked"):
        return []
    if word != "firing":
        return [f"Look back: greenbot alerts history {rule}"]
    firing = [item for item in items if item.word == "firing"]
    fleet = any(item.instance == "*" for item in firing)
    whose = "" if len(firing) > 1 or fleet else f" --instance {firing[0].instance}"
    return ["Look: greenbot status", f"Take note: greenbot alerts ack {rule}{whose}"]


def moment_text(at_ms: int) -> str:
    """`22 Nov 12:03:15 UTC`."""
    seconds = at_ms // 1000
    return f"{time.gmtime(seconds).tm_mday} " + time.strftime("%b %H:%M:%S UTC", time.gmtime(seconds))


def _clean(text: str, *, keep_lines: bool = False) -> str:
    return safe_text(mask_phone(redact(text)), keep_lines=keep_lines)


def _unit(facts: Mapping[str, object]) -> Unit:
    return unit_of(str(facts.get("metric", "")))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _moment(value: object) -> int | None:
    return value if isinstance(value, int) else None
