"""What people read."""

from dataclasses import replace
from typing import Any

import pytest

from greenbot.alerts.texts import Owed, telling_of

AT = 1_795_348_800_000
FACTS: dict[str, Any] = {
    "metric": "error_rate", "unit": "percent", "op": ">=", "threshold": 10, "window_s": 300, "for_s": 300,
    "description": "Too many calls to GREEN-API fail.", "active_since_ms": AT - 300_000, "firing_since_ms": AT,
    "total": 50, "bad": 21,
}  # fmt: skip


def owed(number: int = 1, instance: str = "kyiv", **more: Any) -> Owed:
    fields: dict[str, Any] = {
        "at_ms": AT, "rule": "high_error_rate", "kind": "firing", "severity": "high", "value": 42.0, "reason": "value",
        "facts": FACTS, "state": "firing",
    } | more  # fmt: skip
    return Owed(id=number, instance=instance, **fields)


def read(*notices: Owed) -> tuple[str, str]:
    made = telling_of(notices, notice_id="ntc_1", kind="alert", at_ms=AT)
    return made.title, made.text


def test_a_beginning_says_what_where_since_when_how_bad_and_what_to_type() -> None:
    title, text = read(owed())
    assert title == "[HIGH] kyiv: error rate 42.0 % (high_error_rate)"
    assert text.splitlines() == [
        "Too many calls to GREEN-API fail.",
        "kyiv: 42.0 % over 5m, threshold >= 10% since 22 Nov 11:55:00 UTC; 21 of 50.",
        "Look: greenbot status",
        "Take note: greenbot alerts ack high_error_rate --instance kyiv",
    ]


@pytest.mark.parametrize(
    ("notices", "title", "words"),
    [
        ([owed(kind="repeat")], "[HIGH, STILL] kyiv: error rate 42.0 % (high_error_rate)", "threshold"),
        ([owed(kind="resolved", reason="recovered", at_ms=AT + 600_000)], "[OVER] kyiv: error rate (high_error_rate)",
         "kyiv: is over, 22 Nov 12:10:00 UTC, after 15 min."),
        ([owed(kind="resolved", reason="no_data")], "[ENDED] kyiv", "nobody knows that all is well"),
        ([owed(kind="resolved", reason="rule_changed")], "[ENDED] kyiv", "its rule was changed; it is judged anew"),
        ([owed(kind="resolved", reason="rule_deleted")], "[ENDED] kyiv", "rule was deleted; nothing watches this now"),
        ([owed(kind="resolved", reason="disabled")], "[ENDED] kyiv", "rule was disabled; nothing watches this now"),
        ([owed(state="recovering")], "[HIGH] kyiv", "recovering: the condition does not hold at this moment"),
        ([owed(state="nodata")], "[HIGH] kyiv", "nothing to judge by at this moment"),
        ([owed(reason="cut_off")], "[HIGH] kyiv", "calls are cut off"),
        ([owed(kind="drill")], "[DRILL] kyiv", "This is a drill: nothing is wrong."),
        ([owed(kind="test", facts={})], "[TEST] greenbot can reach you", "this receiver works"),
        ([owed(kind="acked", facts=FACTS | {"acked_by": "anna", "comment": "mine"})], "[NOTED] kyiv",
         "anna has taken note of it: mine."),
        ([owed(instance="*")], "[HIGH] the fleet: error rate", "the fleet: 42.0 %"),
        ([owed(value=None)], "[HIGH] kyiv: error rate - (", "kyiv: - over 5m"),
        ([owed(facts={})], "[HIGH] kyiv: high_error_rate", "kyiv: 42"),
        ([owed(1), owed(2, kind="resolved", reason="recovered", at_ms=AT + 15_000)], "[OVER] kyiv", "is over"),
        ([owed(1), owed(2, "odesa", kind="resolved", reason="recovered")], "[HIGH] kyiv", "odesa: is over"),
        ([owed(1), owed(2, "odesa")], "[HIGH] 2 instances", "greenbot alerts ack high_error_rate"),
    ],
)  # fmt: skip
def test_what_each_kind_of_notice_says(notices: list[Owed], title: str, words: str) -> None:
    made = read(*notices)
    assert made[0].startswith(title)
    assert words in made[1]


def test_a_crowd_is_counted() -> None:
    title, text = read(*(owed(number, f"i{number:03}") for number in range(200)))
    assert title.startswith("[HIGH] 200 instances: error rate (")
    assert "and 190 more" in text and len(text.splitlines()) == 14


@pytest.mark.parametrize("hostile", ["call +380441234567 now", "a\x1b[31mb", "x\r\nBcc: y", "\u202eevil"])
def test_whatever_a_person_wrote_into_a_rule_steers_nothing_and_shows_no_whole_number(hostile: str) -> None:
    title, text = read(
        owed(facts=FACTS | {"description": hostile}), owed(2, kind="acked", facts=FACTS | {"comment": hostile})
    )
    for shown in (title, text):
        assert "380441234567" not in shown
        assert not any(sign in shown for sign in "\x1b\r\u202e")


def test_the_state_is_that_of_now_and_the_figures_those_of_then() -> None:
    made = telling_of([replace(owed(), state="nodata")], notice_id="n", kind="alert", at_ms=AT + 3_600_000)
    assert made.items[0].value == "42.0 %"
    assert made.word == "firing"
