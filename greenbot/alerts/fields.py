"""A rule as people give it: on the command line, as JSON, in TOML. One check for all of them, exact to the field."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import get_args

from greenbot.alerts.measures import MEASURES, unit_of
from greenbot.alerts.rule import SEVERITIES, Op, Rule, Scope
from greenbot.alerts.units import Unreadable, duration_text, seconds_of, threshold_of, threshold_text
from greenbot.errors import UsageError
from greenbot.safe_text import safe_text

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_GLOB = re.compile(r"[a-z0-9*?\[\]!_-]{1,100}")
OPS: tuple[str, ...] = get_args(Op)
SCOPES: tuple[str, ...] = get_args(Scope)
MOST_LETTERS = 500
MOST_RECEIVERS = 20
MOST_SECONDS = 86_400
LEAST_WINDOW_SECONDS = 10
LONGEST_REPEAT_SECONDS = 30 * 86_400
MOST_COUNTED = 1_000_000
MOST_THRESHOLD = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one field. `field` is its path, such as `receivers[1]`; `message` continues it."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field} {self.message}"


class BadRule(UsageError):
    """This rule cannot be used as it is."""

    hint = "See what a rule may say with: greenbot alerts add --help"

    def __init__(self, problems: "list[Problem]") -> None:
        super().__init__("; ".join(map(str, problems)) + ".")
        self.problems = tuple(problems)


class _Wrong(ValueError):
    def __init__(self, message: str, *, at: str = "") -> None:
        super().__init__(message)
        self.at = at


def problems(fields: Mapping[str, object], base: Rule | None = None) -> list[Problem]:
    """Everything that is wrong with a rule; `base` is the one it changes, if any. Never raises."""
    return _read(fields, base)[1]


def rule_from(fields: Mapping[str, object], base: Rule | None = None) -> Rule:
    """The rule these fields make, or make of `base`. Raises `BadRule` with every problem there is."""
    values, wrong = _read(fields, base)
    if wrong:
        raise BadRule(wrong)
    if base is not None:
        return replace(base, **values)  # type: ignore[arg-type] # each value was checked for its field
    return Rule(**values)  # type: ignore[arg-type] # likewise


def fields_of(rule: Rule) -> dict[str, object]:
    """The rule as `rule_from` reads it; what stands for itself is left out. Good for TOML and for JSON."""
    shown = every_field_of(rule)
    return {name: value for name, value in shown.items() if name in _NEEDED or value != _ORDINARY[name]}


def every_field_of(rule: Rule) -> dict[str, object]:
    """The same with nothing left out."""
    return {
        "name": rule.name,
        "metric": rule.metric,
        "op": rule.op,
        "threshold": threshold_text(rule.threshold, unit_of(rule.metric)),
        "window": duration_text(rule.window_s),
        "for": duration_text(rule.for_s),
        "keep_firing": duration_text(rule.keep_firing_s),
        "min_total": rule.min_total,
        "min_bad": rule.min_bad,
        "scope": rule.scope,
        "instances": rule.instances,
        "severity": rule.severity,
        "description": rule.description,
        "receivers": list(rule.receivers),
        "cooldown": duration_text(rule.cooldown_s),
        "repeat": duration_text(rule.repeat_s),
        "enabled": rule.enabled,
    }


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _Wrong(f"should be a name of small letters, digits, _ and -, at most 63, not {_shown(value)}")
    return value


def _metric(value: object) -> str:
    if not isinstance(value, str) or value not in MEASURES:
        raise _Wrong(f"should name a metric (greenbot metrics list), not {_shown(value)}")
    return value


def _choice(choices: tuple[str, ...]) -> Callable[[object], str]:
    def check(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise _Wrong(f"should be one of {', '.join(choices)}, not {_shown(value)}")
        return value

    return check


def _seconds(least: int, most: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        seconds = seconds_of(value)
        if not least <= seconds <= most:
            raise _Wrong(f"should be from {duration_text(least)} to {duration_text(most)}, not {_shown(value)}")
        return seconds

    return check


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_COUNTED:
        raise _Wrong(f"should be a whole number from 0 to {MOST_COUNTED}, not {_shown(value)}")
    return value


def _glob(value: object) -> str:
    if not isinstance(value, str) or not _GLOB.fullmatch(value):
        raise _Wrong(f"should be a name of an instance or a pattern such as kyiv-*, not {_shown(value)}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MOST_LETTERS:
        raise _Wrong(f"should be a text of at most {MOST_LETTERS} letters")
    if safe_text(value, limit=MOST_LETTERS) != value:
        raise _Wrong("should be plain text on one line")
    return value


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(f"should be true or false, not {_shown(value)}")
    return value


def _receivers(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > MOST_RECEIVERS:
        raise _Wrong(f"should be a list of at most {MOST_RECEIVERS} names")
    for number, name in enumerate(value):
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _Wrong(f"should be the name of a receiver, not {_shown(name)}", at=f"[{number}]")
    return tuple(dict.fromkeys(value))


#: field as people write it -> field of a rule, check
_FIELDS: dict[str, tuple[str, Callable[[object], object]]] = {
    "name": ("name", _name),
    "metric": ("metric", _metric),
    "op": ("op", _choice(OPS)),
    "window": ("window_s", _seconds(LEAST_WINDOW_SECONDS, MOST_SECONDS)),
    "for": ("for_s", _seconds(0, MOST_SECONDS)),
    "keep_firing": ("keep_firing_s", _seconds(0, MOST_SECONDS)),
    "min_total": ("min_total", _count),
    "min_bad": ("min_bad", _count),
    "scope": ("scope", _choice(SCOPES)),
    "instances": ("instances", _glob),
    "severity": ("severity", _choice(SEVERITIES)),
    "description": ("description", _text),
    "receivers": ("receivers", _receivers),
    "cooldown": ("cooldown_s", _seconds(0, MOST_SECONDS)),
    "repeat": ("repeat_s", _seconds(60, LONGEST_REPEAT_SECONDS)),
    "enabled": ("enabled", _switch),
}
#: Every field a rule may have, in the order in which they are shown.
FIELD_NAMES: tuple[str, ...] = (*list(_FIELDS)[:3], "threshold", *list(_FIELDS)[3:])
_NEEDED = ("name", "metric", "op", "threshold", "window")
_ORDINARY: dict[str, object] = {
    "for": "0s", "keep_firing": "0s", "min_total": 0, "min_bad": 0, "scope": "instance", "instances": "*",
    "severity": "medium", "description": "", "receivers": [], "cooldown": "5m", "repeat": "4h", "enabled": True,
}  # fmt: skip


def _read(fields: Mapping[str, object], base: Rule | None) -> tuple[dict[str, object], list[Problem]]:
    wrong = [
        Problem(field=_shown_name(name), message="is not a field of a rule")
        for name in fields
        if name not in FIELD_NAMES
    ]
    values: dict[str, object] = {}
    for name, (target, check) in _FIELDS.items():
        if name in fields:
            _take(values, wrong, name, target, check, fields[name])
        elif base is None and name in _NEEDED:
            wrong.append(Problem(field=name, message="is missing"))
    _take_threshold(values, wrong, fields, base)
    _check_scope(values, wrong, base)
    if base is not None and "name" in values and values["name"] != base.name:
        wrong.append(Problem(field="name", message=f"cannot change: this is {base.name}"))
    return values, wrong


def _take(
    values: dict[str, object],
    wrong: list[Problem],
    name: str,
    target: str,
    check: Callable[[object], object],
    given: object,
) -> None:
    try:
        values[target] = check(given)
    except _Wrong as error:
        wrong.append(Problem(field=name + error.at, message=str(error)))
    except Unreadable as error:
        wrong.append(Problem(field=name, message=f"{error}, not {_shown(given)}"))


def _take_threshold(
    values: dict[str, object], wrong: list[Problem], fields: Mapping[str, object], base: Rule | None
) -> None:
    metric = values.get("metric", base.metric if base else None)
    if "threshold" in fields and metric is None:
        return  # in which unit it should be, nobody knows
    if "threshold" in fields:
        _take(values, wrong, "threshold", "threshold", lambda given: _threshold(given, metric), fields["threshold"])
    elif base is None:
        wrong.append(Problem(field="threshold", message="is missing"))
    elif metric != base.metric and unit_of(str(metric)) != unit_of(base.metric):
        wrong.append(Problem(field="threshold", message=f"is missing: {metric} has another unit than {base.metric}"))


def _check_scope(values: Mapping[str, object], wrong: list[Problem], base: Rule | None) -> None:
    measure = MEASURES.get(str(values.get("metric", base.metric if base else "")))
    scope = values.get("scope", base.scope if base else "instance")
    if measure and measure.of_machine and scope != "fleet":
        wrong.append(Problem(field="scope", message=f"should be fleet: {measure.name} is about the whole machine"))


def _threshold(given: object, metric: object) -> float:
    measure = MEASURES.get(metric) if isinstance(metric, str) else None
    unit = measure.unit if measure else "count"
    threshold = threshold_of(given, unit)
    most = 100.0 if measure and measure.is_share else MOST_THRESHOLD
    if not 0 <= threshold <= most:
        raise _Wrong(f"should be from {threshold_text(0, unit)} to {threshold_text(most, unit)}, not {_shown(given)}")
    return threshold


def _shown(value: object) -> str:
    # A number of a million digits may not even be written out.
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**30:
        return "a number that long"
    text = f'"{value[:60]}"' if isinstance(value, str) else repr(value) if value is None else f"{value!s:.60}"
    return safe_text(text, limit=60)


def _shown_name(name: object) -> str:
    return safe_text(str(name)[:60], limit=60) or '""'
