"""One check of rules for the command line, JSON and TOML: every problem, exact to the field."""

import json
from collections.abc import Mapping

import pytest

from greenbot.alerts.defaults import ALL
from greenbot.alerts.fields import BadRule, fields_of, problems, rule_from
from greenbot.alerts.rule import Rule

GOOD: Mapping[str, object] = {
    "name": "errors", "metric": "error_rate", "op": ">=", "threshold": "10%", "window": "5m", "for": "5m",
}  # fmt: skip

#: what is given instead, and the fields that are wrong by it
BAD: Mapping[str, tuple[Mapping[str, object], list[str]]] = {
    "no name": ({"name": None}, ["name"]),
    "an empty name": ({"name": ""}, ["name"]),
    "a name with a space": ({"name": "my rule"}, ["name"]),
    "a name in capitals": ({"name": "Errors"}, ["name"]),
    "a name that begins with a dash": ({"name": "-errors"}, ["name"]),
    "a name with a line": ({"name": "errors\n"}, ["name"]),
    "a name of 64": ({"name": "x" * 64}, ["name"]),
    "a name of five million": ({"name": "x" * 5_000_000}, ["name"]),
    "a name that is a list": ({"name": ["errors"]}, ["name"]),
    "an unknown metric": ({"metric": "eror_rate"}, ["metric"]),
    "a metric that is a number": ({"metric": 5}, ["metric"]),
    "a metric of five million": ({"metric": "x" * 5_000_000}, ["metric"]),
    "an unknown op": ({"op": "=>"}, ["op"]),
    "an op that is true": ({"op": True}, ["op"]),
    "NaN": ({"threshold": float("nan")}, ["threshold"]),
    "infinity": ({"threshold": float("inf")}, ["threshold"]),
    "minus infinity": ({"threshold": float("-inf")}, ["threshold"]),
    "NaN as a text": ({"threshold": "NaN"}, ["threshold"]),
    "1e999 as a text": ({"threshold": "1e999"}, ["threshold"]),
    "a negative threshold": ({"threshold": -1}, ["threshold"]),
    "more than all": ({"threshold": "101%"}, ["threshold"]),
    "seconds for per cent": ({"threshold": "5s"}, ["threshold"]),
    "a threshold that is true": ({"threshold": True}, ["threshold"]),
    "a threshold that is none": ({"threshold": None}, ["threshold"]),
    "a threshold of 5,000 digits": ({"threshold": 10**5000}, ["threshold"]),
    "a threshold of 5,000 digits as a text": ({"threshold": "9" * 5000}, ["threshold"]),
    "a threshold in a list": ({"threshold": [10]}, ["threshold"]),
    "no window": ({"window": 0}, ["window"]),
    "a negative window": ({"window": -300}, ["window"]),
    "a negative window as a text": ({"window": "-5m"}, ["window"]),
    "a window of a second": ({"window": "1s"}, ["window"]),
    "a window of two days": ({"window": "2d"}, ["window"]),
    "a window of NaN": ({"window": float("nan")}, ["window"]),
    "half a second more": ({"window": 30.5}, ["window"]),
    "a window in fortnights": ({"window": "1fortnight"}, ["window"]),
    "an empty window": ({"window": ""}, ["window"]),
    "a window of five million letters": ({"window": "5" * 5_000_000}, ["window"]),
    "for a billion seconds": ({"for": 1e9}, ["for"]),
    "for minus five": ({"for": -5}, ["for"]),
    "for infinity": ({"for": float("inf")}, ["for"]),
    "for true": ({"for": True}, ["for"]),
    "keeps firing for a year": ({"keep_firing": "365d"}, ["keep_firing"]),
    "half a call": ({"min_total": 0.5}, ["min_total"]),
    "minus one call": ({"min_total": -1}, ["min_total"]),
    "a billion calls": ({"min_total": 10**9}, ["min_total"]),
    "calls as a text": ({"min_total": "20"}, ["min_total"]),
    "bad ones true": ({"min_bad": True}, ["min_bad"]),
    "an unknown scope": ({"scope": "world"}, ["scope"]),
    "a scope for the disk": ({"metric": "disk_reserve", "threshold": "100%"}, ["scope"]),
    "no instances": ({"instances": ""}, ["instances"]),
    "instances in a list": ({"instances": ["kyiv"]}, ["instances"]),
    "instances with a slash": ({"instances": "../kyiv"}, ["instances"]),
    "an unknown severity": ({"severity": "fatal"}, ["severity"]),
    "a description of 501": ({"description": "x" * 501}, ["description"]),
    "a description that clears the screen": ({"description": "\x1b[2J"}, ["description"]),
    "a description that turns around": ({"description": "\u202egnp"}, ["description"]),
    "a description of a lone surrogate": ({"description": "\ud800"}, ["description"]),
    "receivers as a text": ({"receivers": "ops"}, ["receivers"]),
    "a receiver with a space": ({"receivers": ["ops", "night shift"]}, ["receivers[1]"]),
    "a receiver that is none": ({"receivers": [None]}, ["receivers[0]"]),
    "twenty-one receivers": ({"receivers": [f"r{n}" for n in range(21)]}, ["receivers"]),
    "a cooldown of a week": ({"cooldown": "7d"}, ["cooldown"]),
    "again every second": ({"repeat": "1s"}, ["repeat"]),
    "enabled by a text": ({"enabled": "yes"}, ["enabled"]),
    "a field nobody knows": ({"treshold": "10%"}, ["treshold"]),
    "the store's own field": ({"version": 7}, ["version"]),
    "four at once": ({"name": "A", "op": "", "window": 0, "for": -1}, ["name", "op", "window", "for"]),
}  # fmt: skip


def test_there_are_at_least_sixty_malformed_rules() -> None:
    assert len(BAD) >= 60


@pytest.mark.parametrize("case", BAD)
def test_a_malformed_rule_is_refused_with_the_field(case: str) -> None:
    changed, fields = BAD[case]
    found = problems({**GOOD, **changed})

    assert sorted(problem.field for problem in found) == sorted(fields)
    assert all(len(str(problem)) < 300 and str(problem).isprintable() for problem in found)
    with pytest.raises(BadRule) as refused:
        rule_from({**GOOD, **changed})
    assert list(refused.value.problems) == found


@pytest.mark.parametrize("field", ["name", "metric", "op", "threshold", "window"])
def test_what_is_needed_is_missed(field: str) -> None:
    found = problems({name: value for name, value in GOOD.items() if name != field})

    assert [(problem.field, problem.message) for problem in found] == [(field, "is missing")]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_a_rule_survives_the_way_through_json(rule: Rule) -> None:
    assert rule_from(json.loads(json.dumps(fields_of(rule)))).is_like(rule)


@pytest.mark.parametrize(
    ("metric", "given", "threshold"),
    [
        ("error_rate", "10%", 10), ("error_rate", 10, 10), ("error_rate", "12.5 %", 12.5), ("error_rate", "100%", 100),
        ("response_time", "5s", 5000), ("response_time", "800ms", 800), ("response_time", 800, 800),
        ("response_time", "1m", 60_000), ("rate_limit_hits", 5, 5), ("rate_limit_hits", "5", 5),
        ("outbox_oldest_age", "15m", 900_000), ("webhook_silence", 3.5, 3.5),
    ],
)  # fmt: skip
def test_a_threshold_is_read_in_the_unit_of_its_metric(metric: str, given: object, threshold: float) -> None:
    assert rule_from({**GOOD, "metric": metric, "threshold": given}).threshold == threshold


def test_an_edit_names_only_what_changes() -> None:
    rule = rule_from(GOOD)
    edited = rule_from({"for": "10m", "severity": "high"}, rule)

    assert (edited.for_s, edited.severity, edited.threshold) == (600, "high", 10)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [({"name": "others"}, "name"), ({"metric": "response_time"}, "threshold"), ({"window": 0}, "window")],
)
def test_an_edit_is_checked_like_a_new_rule(fields: Mapping[str, object], wrong: str) -> None:
    assert [problem.field for problem in problems(fields, rule_from(GOOD))] == [wrong]
