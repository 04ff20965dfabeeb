"""Tables that say what alerts must do: a timeline, and every move that has to follow from it. Written as TOML.

    length = "20m"
    rules = ["critical_error_rate"]            # of those every installation begins with; more in [[rule]]

    [[calls]]                                  # calls, messages, events or auth
    instance = "kyiv"
    from = "0s"
    until = "20m"
    every = "1s"                               # or at = ["0s", "60s"]
    fails = "1 of 10"                          # all, none, 9.9%; spread evenly

    [[expect]]
    rule = "critical_error_rate"
    moves = ["pending at 15s", "firing at 75s to 100s", "resolved at 21m +-25s because recovered"]

Further tables: breaker (instance, open, closed), health (instance, state, from, until), counts (instance, state,
messages, from, until), evaluator (away, until), edit (at, rule, set, enabled, remove), clock (at, jump). A move nobody
expects is a failure.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from greenbot.alerts.defaults import ALL
from greenbot.alerts.fields import BadRule, rule_from
from greenbot.alerts.measures import MEASURES
from greenbot.alerts.rule import Rule
from greenbot.alerts.units import Unreadable, seconds_of, threshold_of
from greenbot.errors import UsageError
from greenbot.metrics.series import RATE_LIMITED, Series

LONGEST_SECONDS = 2 * 86_400
MOST_HAPPENINGS = 500_000
DEFAULT_INSTANCE = "kyiv"

_MOVE = re.compile(
    r"(inactive|pending|firing|recovering|nodata|resolved) at (\S+?)"
    r"(?: to (\S+)| \+-(\S+))?(?: because ([a-z_]+))?"
)
_KINDS: Mapping[str, Series] = {
    "send": Series.SEND, "query": Series.QUERY, "transfer": Series.TRANSFER, "poll": Series.POLL,
}  # fmt: skip
_STREAMS: Mapping[str, Series] = {"messages": Series.MESSAGE, "events": Series.EVENT, "auth": Series.AUTH}

_STREAM_FIELDS = "instance kind at from until every fails ms label limited"
#: What each table may say; of a rule, the rule's own check knows.
_FIELDS: Mapping[str, str] = {
    "calls": _STREAM_FIELDS,
    **dict.fromkeys(_STREAMS, _STREAM_FIELDS),
    "rule": "",
    "breaker": "instance open closed",
    "health": "instance state from until",
    "counts": "instance state messages from until",
    "evaluator": "away until",
    "edit": "at rule set enabled remove",
    "clock": "at jump",
    "expect": "rule instance moves notices",
}


class BadVector(UsageError):
    """This file is not a test of alerts."""

    hint = "See how one is written with: greenbot help alerts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One call, message or event, so many milliseconds after the beginning."""

    after_ms: int
    instance: str
    series: Series
    ok: bool
    value_ms: int | None
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that is so for a while: a breaker that is open, a state of an instance, messages in a state."""

    what: str
    instance: str
    word: str
    number: int
    from_s: int
    until_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A person changes a rule: `fields` as people write them, or removes it."""

    at_s: int
    rule: str
    fields: Mapping[str, object]
    removes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A move that has to come, not before and not after; for any reason when `reason` is empty."""

    to_state: str
    from_s: int
    until_s: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One test: what happens, and what has to follow."""

    about: str
    length_s: int
    rules: Sequence[Rule]
    happenings: Sequence[Happening]
    conditions: Sequence[Condition] = ()
    away: Sequence[tuple[int, int]] = ()
    edits: Sequence[Edit] = ()
    jumps: Sequence[tuple[int, int]] = ()
    expected: Mapping[tuple[str, str], Sequence[Expected]]
    notices: Mapping[tuple[str, str], Sequence[str]]


def load(path: Path) -> Vector:
    """The test in a file. Raises `BadVector` with the place that is wrong."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadVector(f"{path.name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise BadVector(f"{path.name} is not a text.") from None


def parse(text: str) -> Vector:
    """The test in a text. Raises `BadVector`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadVector(f"This is not TOML: {error}.") from None
    vector = _Reader(document).vector()
    names = {rule.name for rule in vector.rules}
    for name in (*(rule for rule, _ in vector.expected), *(edit.rule for edit in vector.edits)):
        if name not in names:
            raise BadVector(f"There is no rule {name[:63]} in this test.")
    return vector


class _Reader:
    """Reads one document; every complaint says where."""

    def __init__(self, document: Mapping[str, object]) -> None:
        self._document = document
        self._check_names()

    def _check_names(self) -> None:
        known = {"about", "length", "rules", *_FIELDS}
        for name in self._document:
            if name not in known:
                raise BadVector(f"{name[:60]} is not known here: {', '.join(sorted(known))}.")
        for name, fields in _FIELDS.items():
            for place, entry in self._tables(name):
                for field in entry:
                    if fields and field not in fields.split():
                        raise BadVector(f"{place}.{field[:60]} is not known there: {fields}.")

    def vector(self) -> Vector:
        happenings = [one for name in ("calls", *_STREAMS) for one in self._stream(name)]
        if len(happenings) > MOST_HAPPENINGS:
            raise BadVector(f"More than {MOST_HAPPENINGS} things happen here.")
        expected: dict[tuple[str, str], Sequence[Expected]] = {}
        notices: dict[tuple[str, str], Sequence[str]] = {}
        for place, entry in self._tables("expect"):
            for instance in _instances(entry):
                spot = (_word(entry, "rule", place), instance)
                expected[spot] = [_expected(item, place) for item in _list(entry, "moves", place)]
                if "notices" in entry:
                    notices[spot] = [str(kind) for kind in _list(entry, "notices", place)]
        return Vector(
            about=str(self._document.get("about", "")),
            length_s=_seconds(self._document, "length", "the file", most=LONGEST_SECONDS),
            rules=self._rules(),
            happenings=sorted(happenings, key=lambda one: one.after_ms),
            conditions=[*self._conditions()],
            away=[
                (_seconds(entry, "away", place), _seconds(entry, "until", place))
                for place, entry in self._tables("evaluator")
            ],
            edits=[_edit(entry, place) for place, entry in self._tables("edit")],
            jumps=[(_seconds(entry, "at", place), _jump(entry, place)) for place, entry in self._tables("clock")],
            expected=expected,
            notices=notices,
        )

    def _tables(self, name: str) -> list[tuple[str, Mapping[str, object]]]:
        found = self._document.get(name, [])
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            raise BadVector(f"{name} should be tables: [[{name}]].")
        return [(f"{name}[{number}]", entry) for number, entry in enumerate(found)]

    def _rules(self) -> Sequence[Rule]:
        defaults = {rule.name: rule for rule in ALL}
        ordinary = [rule.name for rule in ALL if not MEASURES[rule.metric].of_machine]
        names = self._document.get("rules", [] if "rule" in self._document else ordinary)
        if not isinstance(names, list) or any(name not in defaults for name in names):
            raise BadVector(f"rules should be a list of: {', '.join(defaults)}.")
        rules = [defaults[name] for name in names]
        for place, entry in self._tables("rule"):
            try:
                rules.append(rule_from(entry))
            except BadRule as error:
                raise BadVector(f"{place}: {error}") from None
        return rules

    def _stream(self, name: str) -> "list[Happening]":
        happenings: list[Happening] = []
        for place, entry in self._tables(name):
            series = _STREAMS.get(name) or _series(entry, place)
            moments = _moments(entry, place)
            share = _share(entry, place)
            for instance in _instances(entry):
                happenings += [
                    _happening(entry, place, instance, series, after_ms, ok=not _is_hit(share, number))
                    for number, after_ms in enumerate(moments)
                ]
        return happenings

    def _conditions(self) -> "list[Condition]":
        found: list[Condition] = []
        for what, begin, end, word in (
            ("breaker", "open", "closed", ""),
            ("health", "from", "until", "state"),
            ("counts", "from", "until", "state"),
        ):
            for place, entry in self._tables(what):
                found += [
                    Condition(
                        what=what,
                        instance=instance,
                        word=_word(entry, word, place) if word else "open",
                        number=_whole(entry, "messages", place, default=0),
                        from_s=_seconds(entry, begin, place),
                        until_s=_seconds(entry, end, place),
                    )
                    for instance in _instances(entry)
                ]
        return found


def _happening(
    entry: Mapping[str, object], place: str, instance: str, series: Series, after_ms: int, *, ok: bool
) -> Happening:
    limited = entry.get("limited") is True
    label = RATE_LIMITED if limited else str(entry.get("label", "" if ok else "503 http_503"))
    timed = series not in (Series.MESSAGE, Series.AUTH)
    value_ms = _whole(entry, "ms", place, default=100) if timed else None
    return Happening(
        after_ms=after_ms, instance=instance, series=series, ok=ok or limited, value_ms=value_ms, label=label
    )


def _series(entry: Mapping[str, object], place: str) -> Series:
    kind = entry.get("kind", "send")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise BadVector(f"{place}.kind should be one of {', '.join(_KINDS)}.")
    return _KINDS[kind]


def _moments(entry: Mapping[str, object], place: str) -> Sequence[int]:
    if "at" in entry:
        return [_read_seconds(item, f"{place}.at") * 1000 for item in _list(entry, "at", place)]
    begin, end = _seconds(entry, "from", place), _seconds(entry, "until", place)
    try:
        every_ms = int(threshold_of(entry.get("every"), "ms"))
    except Unreadable as error:
        raise BadVector(f"{place}.every {error}.") from None
    if every_ms <= 0 or (end - begin) * 1000 / every_ms > MOST_HAPPENINGS:
        raise BadVector(f"{place}.every should be longer.")
    return range(begin * 1000, end * 1000, every_ms)


def _share(entry: Mapping[str, object], place: str) -> Fraction:
    """How many of them fail."""
    text = str(entry.get("fails", "none"))
    if text in ("none", "all"):
        return Fraction(text == "all")
    found = re.fullmatch(r"(\d{1,9}) of (\d{1,9})|(\d{1,3}(?:\.\d{1,6})?)%", text)
    if found is None or found[2] == "0":
        raise BadVector(f"{place}.fails should be all, none, 3 of 30 or 9.9%.")
    return Fraction(int(found[1]), int(found[2])) if found[1] else Fraction(found[3]) / 100


def _is_hit(share: Fraction, number: int) -> bool:
    """Whether the n-th is one of a share that is spread evenly."""
    return (number + 1) * share // 1 > number * share // 1


def _edit(entry: Mapping[str, object], place: str) -> Edit:
    fields = entry.get("set", {})
    if not isinstance(fields, dict):
        raise BadVector(f"{place}.set should be a table of fields.")
    if "enabled" in entry:
        fields = {**fields, "enabled": entry["enabled"]}
    return Edit(
        at_s=_seconds(entry, "at", place),
        rule=_word(entry, "rule", place),
        fields=fields,
        removes=entry.get("remove") is True,
    )


def _expected(item: object, place: str) -> Expected:
    found = _MOVE.fullmatch(item) if isinstance(item, str) else None
    if found is None or not isinstance(item, str):
        raise BadVector(f'{place}.moves should hold lines such as "firing at 75s to 100s because value".')
    at_s = _read_seconds(found[2], f"{place}.moves")
    slack_s = _read_seconds(found[4], f"{place}.moves") if found[4] else 0
    until_s = _read_seconds(found[3], f"{place}.moves") if found[3] else at_s + slack_s
    return Expected(to_state=found[1], from_s=at_s - slack_s, until_s=until_s, reason=found[5] or "", text=item)


def _instances(entry: Mapping[str, object]) -> list[str]:
    named = entry.get("instance", DEFAULT_INSTANCE)
    return [str(name) for name in named] if isinstance(named, list) else [str(named)]


def _list(entry: Mapping[str, object], name: str, place: str) -> list[object]:
    value = entry.get(name)
    if not isinstance(value, list):
        raise BadVector(f"{place}.{name} should be a list.")
    return value


def _word(entry: Mapping[str, object], name: str, place: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str):
        raise BadVector(f"{place}.{name} is missing.")
    return value


def _whole(entry: Mapping[str, object], name: str, place: str, *, default: int) -> int:
    value = entry.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadVector(f"{place}.{name} should be a whole number.")
    return value


def _seconds(entry: Mapping[str, object], name: str, place: str, *, most: int = LONGEST_SECONDS) -> int:
    seconds = _read_seconds(entry.get(name), f"{place}.{name}")
    if seconds > most:
        raise BadVector(f"{place}.{name} should be at most {most} s.")
    return seconds


def _jump(entry: Mapping[str, object], place: str) -> int:
    text = str(entry.get("jump", ""))
    seconds = _read_seconds(text.lstrip("+-"), f"{place}.jump")
    return -seconds if text.startswith("-") else seconds


def _read_seconds(value: object, place: str) -> int:
    try:
        return seconds_of(value)
    except Unreadable as error:
        raise BadVector(f"{place} {error}.") from None
