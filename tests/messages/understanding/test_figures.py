"""What the rules must reach on messages that they were not tuned on, and that the guide says what is true."""

from functools import cache

import pytest

from tests.messages.understanding.labelled import ENTITY_KINDS, INTENTS, Half, everything, labelled
from tests.messages.understanding.report import PAGE, SECTIONS, Figures, measure, with_figures


@cache
def _figures(half: Half) -> Figures:
    return measure(labelled(half))


def test_there_are_enough_messages_in_each_half() -> None:
    assert len(labelled("tuning")) + len(labelled("held-out")) >= 500
    assert abs(len(labelled("tuning")) - len(labelled("held-out"))) < 40


def test_no_message_is_in_two_sets() -> None:
    texts = [message.text for message in everything()]
    assert len(texts) == len(set(texts))


def test_the_language_is_right_on_texts_that_are_long_enough() -> None:
    assert _figures("held-out").language_accuracy >= 0.95


@pytest.mark.parametrize("kind", ENTITY_KINDS)
def test_entities_of_each_kind_are_found(kind: str) -> None:
    count = _figures("held-out").entities[kind]
    assert count.right + count.missed >= 8, "too few labels to say anything"
    assert count.f1 >= 0.9


def test_intents_are_right_on_average() -> None:
    assert _figures("held-out").macro_f1 >= 0.8


@pytest.mark.parametrize("name", INTENTS)
def test_no_intent_is_left_behind(name: str) -> None:
    assert _figures("held-out").intents[name].f1 >= 0.7


def test_urgency_is_seldom_far_off() -> None:
    figures = _figures("held-out")
    assert figures.urgency_near / figures.messages >= 0.95


def test_what_is_found_in_fresh_messages_is_mostly_right() -> None:
    figures = _figures("fresh")
    found = [count for count in figures.entities.values() if count.right + count.wrong]
    right, wrong = sum(count.right for count in found), sum(count.wrong for count in found)
    assert right / (right + wrong) >= 0.8
    assert figures.language_accuracy >= 0.95


def test_the_guide_shows_these_figures() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(heading in page for heading in SECTIONS)
    assert page == with_figures(page), "run: python -m tests.messages.understanding.report --write"
