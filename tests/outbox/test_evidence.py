"""What proves that a message was sent, what only makes it likely, and what has nothing to do with it."""

from dataclasses import replace

import pytest

from greenbot.chat_id import parse_chat_id
from greenbot.messages.outgoing import Text
from greenbot.outbox.appearance import Appearance, Sighting
from greenbot.outbox.doubts import doubt_of
from greenbot.outbox.evidence import Doubt, Findings, Lead, clock_lead, find
from greenbot.outbox.marker import marked, unmarked
from tests.outbox.conftest import Add

POSTED = 1_790_000_000_000
CHAT = "380441234567@c.us"
LID = "155508384256027@lid"


def text(words: str, mark: str = "") -> Appearance:
    return Appearance(family="text", parts=(words,), mark=mark)


DOUBT = Doubt(message_id=7, chat_id=CHAT, first_post_at_ms=POSTED, appearance=text("Welcome"))
SEEN = Sighting(
    remote_id="BAE5",
    chat_id=CHAT,
    source="journal",
    appearance=text("Welcome"),
    timestamp_ms=POSTED + 1_000,
    send_by_api=True,
)


def look(*seen: Sighting, doubt: Doubt = DOUBT, known: tuple[str, ...] = (), **more: object) -> Findings:
    return find([doubt], seen, is_known=known.__contains__, **more)  # type: ignore[arg-type]  # rows of tests


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (SEEN, "everything fits"),
        (replace(SEEN, source="queue", timestamp_ms=None), "the queue tells no time"),
        (replace(SEEN, source="status"), "a notification told it"),
        (replace(SEEN, timestamp_ms=POSTED - 5_000), "clocks may differ by five seconds"),
        (replace(SEEN, timestamp_ms=POSTED + 86_000_000), "a queue may keep it for a day"),
    ],
)
def test_it_is_the_message_when(seen: Sighting, why: str) -> None:
    assert look(seen).proofs == {7: seen}, why


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (replace(SEEN, chat_id="380447654321@c.us"), "another chat"),
        (replace(SEEN, appearance=text("Welcome!")), "another text"),
        (replace(SEEN, appearance=Appearance(family="file", parts=("Welcome", ""))), "another kind of message"),
        (replace(SEEN, send_by_api=False), "a person typed it on the phone"),
        (replace(SEEN, timestamp_ms=POSTED - 5_001), "it left before we first tried"),
        (replace(SEEN, forwarded=True), "somebody forwarded it"),
        (replace(SEEN, appearance=None), "a journal entry we cannot read"),
    ],
)
def test_it_has_nothing_to_do_with_the_message_when(seen: Sighting, why: str) -> None:
    findings = look(seen)
    assert (findings.proofs, findings.suspicions, findings.elsewhere) == ({}, {}, {}), why


def test_an_id_of_another_message_of_ours_proves_nothing() -> None:
    assert look(SEEN, known=("BAE5",)) == Findings()


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (replace(SEEN, send_by_api=None), "not by whom"),
        (replace(SEEN, source="queue", remote_id="", timestamp_ms=None), "not by whom"),
        (replace(SEEN, source="queue", appearance=None, timestamp_ms=None), "unreadable"),
        (replace(SEEN, removed=True, appearance=text("")), "deleted"),
    ],
)
def test_it_could_be_the_message_so_nobody_may_say_it_is_nowhere(seen: Sighting, words: str) -> None:
    findings = look(seen)
    assert findings.proofs == {}
    assert words in findings.suspicions[7]


def test_the_oldest_message_chooses_first_and_no_sighting_proves_two() -> None:
    younger = replace(DOUBT, message_id=9)
    findings = find([younger, DOUBT], [SEEN], is_known=lambda remote_id: False)
    assert findings.proofs == {7: SEEN}


def test_of_two_sightings_the_older_one_is_taken() -> None:
    late = replace(SEEN, remote_id="LATE", timestamp_ms=POSTED + 9_000)
    assert look(late, SEEN).proofs[7].remote_id == "BAE5"


# --- clocks ------------------------------------------------------------------------------------------------------


def test_a_clock_that_runs_ahead_is_known_by_messages_that_left_before_they_were_posted() -> None:
    lead = clock_lead([(50_000, 20_000), (90_000, 95_000)], newest_ms=95_000, now_ms=130_000)
    assert lead == Lead(least_ms=30_000, most_ms=35_000)
    early = replace(SEEN, timestamp_ms=POSTED - 34_000)
    assert look(early, lead=lead).proofs == {7: early}


def test_without_any_such_message_an_early_twin_is_a_suspicion() -> None:
    early = replace(SEEN, timestamp_ms=POSTED - 60_000)
    lead = clock_lead([], newest_ms=None, now_ms=POSTED)
    assert "clock" in look(early, lead=lead).suspicions[7]
    assert look(early, lead=clock_lead([], newest_ms=POSTED - 30_000, now_ms=POSTED)) == Findings()


def test_ten_minutes_is_the_most_a_clock_is_excused() -> None:
    lead = clock_lead([(10**9, 0)], newest_ms=0, now_ms=10**9)
    assert lead == Lead(least_ms=600_000, most_ms=600_000)


# --- chats by another name ---------------------------------------------------------------------------------------


def test_a_chat_with_a_hidden_id_is_asked_about_not_guessed() -> None:
    hidden = replace(SEEN, chat_id=LID)
    assert look(hidden).elsewhere == {7: hidden}
    assert look(hidden, aliases={LID: CHAT}).proofs == {7: hidden}
    assert look(hidden, aliases={LID: "380447654321@c.us"}) == Findings()


def test_a_group_is_never_taken_for_a_person() -> None:
    assert look(replace(SEEN, chat_id="120363043968066561@g.us")) == Findings()


# --- marks -------------------------------------------------------------------------------------------------------


def test_a_mark_makes_a_text_unlike_every_other() -> None:
    doubt = replace(DOUBT, appearance=text("Welcome", "abc"))
    assert look(SEEN, doubt=doubt).suspicions[7] == "the same text was sent without its mark"
    assert look(replace(SEEN, appearance=text("Welcome", "xyz")), doubt=doubt) == Findings()
    mine = replace(SEEN, remote_id="MINE", appearance=text("Welcome", "abc"), timestamp_ms=POSTED + 9_000)
    assert look(SEEN, mine, doubt=doubt).proofs == {7: mine}


def test_a_marked_text_of_another_program_is_not_our_unmarked_one() -> None:
    assert look(replace(SEEN, appearance=text("Welcome", "abc"))) == Findings()


@pytest.mark.parametrize("words", ["Welcome", "Добрий день 👋", "two\nlines", "ends with a space "])
def test_a_mark_can_be_taken_off_again_and_is_the_same_for_the_same_seed(words: str) -> None:
    seen, mark = unmarked(marked(words, "booking-4711"))
    assert seen == words
    assert mark == unmarked(marked(words, "booking-4711"))[1] != unmarked(marked(words, "booking-4712"))[1]
    assert unmarked(words) == (words, "")
    assert marked(marked(words, "a"), "b") == marked(words, "b")


# --- from the store ----------------------------------------------------------------------------------------------


def test_a_message_of_the_store_is_looked_for_as_a_guest_would_see_it(add: Add) -> None:
    message = add("  Welcome \r\nhome ", "380441234567")
    doubt = doubt_of(replace(message, first_post_at_ms=POSTED))
    assert (doubt.chat_id, doubt.first_post_at_ms) == (CHAT, POSTED)
    assert doubt.appearance == text("Welcome\nhome")


def test_a_draft_that_cannot_be_read_any_more_is_never_recognised(add: Add) -> None:
    assert doubt_of(replace(add(), draft="{}")).appearance is None


def test_a_marked_draft_keeps_its_fingerprint_for_the_same_key() -> None:
    one, other = (Text(chat_id=parse_chat_id(CHAT), text=marked("Welcome", "key")) for _ in range(2))
    assert one.fingerprint() == other.fingerprint()
