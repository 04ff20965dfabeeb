"""Wishes, negations, urgency and languages; and that nothing a guest can send does harm."""

import random
import sys
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenbot.messages.understand import understand
from greenbot.messages.understanding.cleaning import MOST_CHARACTERS, clean
from greenbot.messages.understanding.model import OTHER, UNKNOWN
from greenbot.messages.understanding.rules import LANGUAGES, builtin, extended, parse_line
from tests.messages.understanding.labelled import INTENTS

TODAY = date(2026, 5, 6)


def _intents(text: str) -> set[str]:
    return {intent.name for intent in understand(text, today=TODAY).intents}


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("I want to cancel my booking", {"cancellation"}),
        ("I don't want to cancel, just to change the dates", {"booking"}),
        ("no problem at all", {OTHER}),
        ("the tv is not working", {"complaint"}),
        ("no complaints, we loved it", {"compliment"}),
        ("the room is not dirty at all", {OTHER}),
        ("kein Problem, danke", {OTHER}),
        ("pas de problème", {OTHER}),
        ("не проблема", {OTHER}),
        ("не срочно, замените лампочку", {"request"}),
        ("принисите полотенце", {"request"}),
        ("please canccel my stay", {"cancellation"}),
        ("hellllp there is a fiiire", {"emergency"}),
        ("What time is dinner?", {"question"}),
        ("The shower is broken, and could you bring towels?", {"complaint", "request"}),
        ("see http://x.example/fire/cancel", {OTHER}),
        ("", {OTHER}),
    ],
)
def test_wishes(text: str, intents: set[str]) -> None:
    assert _intents(text) == intents


def test_the_words_that_decided_are_places_in_the_text() -> None:
    text = "Hi! The SHOWER is brok\u200ben."
    found = understand(text, today=TODAY)
    assert found.intent == "complaint"
    assert [text[word.start : word.end] for word in found.words] == [word.text for word in found.words]
    assert "brok\u200ben" in {word.text for word in found.words}


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("thank you, everything was perfect", 1),
        ("do you have a pool?", 2),
        ("two towels please, no hurry", 2),
        ("two towels please to room 305", 3),
        ("the toilet is broken", 3),
        ("urgent: the toilet is broken", 4),
        ("not urgent: please replace the bulb in the bath", 2),
        ("water is leaking from the ceiling", 4),
        ("there is a fire in the kitchen", 5),
        ("it's not an emergency, wrong button", 1),
    ],
)
def test_urgency(text: str, urgency: int) -> None:
    found = understand(text, today=TODAY)
    assert found.urgency == urgency
    assert found.reasons


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Good evening, is the pool still open?", "en"),
        ("Добрый вечер, бассейн ещё открыт?", "ru"),
        ("Buenas noches, ¿sigue abierta la piscina?", "es"),
        ("Guten Abend, ist das Schwimmbad noch offen?", "de"),
        ("Bonsoir, la piscine est-elle encore ouverte ?", "fr"),
        ("ערב טוב, הבריכה עדיין פתוחה?", "he"),
        ("مساء الخير، هل المسبح مفتوح؟", "ar"),
        ("İyi akşamlar, havuz hâlâ açık mı?", "tr"),
        ("Добрий вечір, чи басейн ще відкритий?", "uk"),
        ("Zdravstvuyte, skolko stoit nomer na zavtra?", "ru"),
        ("Dzień dobry, czy jest jeszcze wolny pokój?", UNKNOWN),
        ("12345", UNKNOWN),
        ("ok", UNKNOWN),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert understand(text, today=TODAY).language == language


def test_a_clean_text_reads_in_one_line() -> None:
    assert clean("  Hi!!!!\n\u200b so\tnice 😀😀😀 ?!?!?!  wait.... ") == "Hi! so nice 😀 ?! wait..."


def test_words_of_the_configuration_count_in_every_language() -> None:
    rules = extended(("spa: massage, sauna*", "urgent: code red", "request: golf clubs"))
    assert understand("Möchte in die Saunalandschaft", today=TODAY, rules=rules).intent == "spa"
    assert understand("golf clubs, code red", today=TODAY, rules=rules).urgency == 4
    assert understand("the saunas", today=TODAY).intent == OTHER


@pytest.mark.parametrize("line", ["", "spa", "spa:", ": x", "Spa Bar: x", "spa: , !"])
def test_a_line_that_is_no_rule_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not INTENT"):
        parse_line(line)


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_language_has_rules_for_everything(code: str) -> None:
    rules = builtin().languages[code]
    assert set(rules.intents) == set(INTENTS)
    assert [len(rules.lists(key)) for key in ("months", "weekdays")] == [12, 7]
    english = set(builtin().languages["en"].data)
    assert set(rules.data) - english <= {"latin", "guest_children_fixed"}
    assert not english - set(rules.data)


_HOSTILE = (
    *(
        piece * (MOST_CHARACTERS // len(piece))
        for piece in ("a", "a.", "a-", "a@a.", "1 ", "1.1.", "+1 ", "(", "www.", "?")
    ),
    *(
        piece * (MOST_CHARACTERS // len(piece))
        for piece in ("12 to ", "may 1 ", "not ", "book a ", "😀", "\u200b", "ו", "-")
    ),
    " ".join("".join(random.Random(seed).choices("abcdefgh", k=9)) for seed in range(400)),
    "\ud800\udfff \x00\x1b[31m \u202e",
)


@pytest.mark.parametrize("text", _HOSTILE, ids=lambda text: repr(text[:8]))
def test_a_hostile_text_costs_a_bounded_number_of_steps(text: str) -> None:
    understand(text, today=TODAY)
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        understand(text, today=TODAY)
    finally:
        sys.setprofile(None)
    assert calls < 1_000 * MOST_CHARACTERS


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    head = "towels to room 305 please. " * 200
    assert understand(head + "fire! " * 100_000, today=TODAY).entities == understand(head, today=TODAY).entities


_WORDS = st.sampled_from(
    [
        "12",
        "May",
        "tomorrow",
        "next",
        "Friday",
        "room",
        "305",
        "to",
        "-",
        ".",
        "/",
        ":",
        ",",
        "?",
        "!",
        "for",
        "2",
        "adults",
        "€",
        "50",
        "not",
        "book",
        "at",
        "7",
        "pm",
        "+",
        "#",
        "@",
        "www.",
        "ב",
        "ל-",
        "עד",
        "غدا",
        "с",
        "по",
        "am",
        "0",
        "\u200b",
        "🏽",
        "İ",
        "ß",
        "�",
        "'",
    ]
)


@settings(max_examples=150, deadline=None)
@given(text=st.one_of(st.text(max_size=80), st.lists(_WORDS, max_size=14).map(" ".join), st.lists(_WORDS).map("".join)))
def test_nothing_raises_and_every_span_is_in_the_text(text: str) -> None:
    found = understand(text, today=TODAY)
    spans = [entity.span for entity in found.entities]
    spans += [word for intent in found.intents for word in intent.words]
    assert all(text[span.start : span.end] == span.text and span.start < span.end for span in spans)
    ends = [0, *(entity.span.end for entity in found.entities)]
    assert all(entity.span.start >= end for entity, end in zip(found.entities, ends, strict=False))
    assert 1 <= found.urgency <= 5 and found.intents


@pytest.mark.parametrize("today", [date.min, date.max])
def test_the_ends_of_the_calendar_raise_nothing(today: date) -> None:
    for text in ("yesterday", "tomorrow", "next week", "weekend", "Friday", "12 May", "in 9999 days", "the 31st"):
        understand(text, today=today)


def _calls(text: str) -> int:
    """How many calls of functions a text costs."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    understand(text, today=TODAY)
    sys.setprofile(count)
    try:
        understand(text, today=TODAY)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize(
    "words",
    [
        "I would like to book a double room from 12 May to 15 May for 2 adults. ",
        "when is the ",
        "not book room no problem ",
        "a@b.co ",
        "https://a.example/b ",
        "dirty room? ",
        "oda degil rezervasyon yok ",
        "לא עובד מזגן ",
        "12 ",
        "1-",
        "a.",
    ],
)
def test_twice_the_text_costs_twice_the_work_and_no_more(words: str) -> None:
    short, middle, long = (_calls((words * 4_000)[:length]) for length in (1_000, 2_000, 4_000))
    assert long - middle < 2.2 * (middle - short)
