"""How long guests waited, event by event, and held against what the chats themselves say."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenbot.chats import links, state
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import connect
from greenbot.report.answers import Wait, found_in, waits
from tests.chats.hotel import GUEST, HIDDEN, HOTEL, NOW_MS, Hotel

OTHER = "380671119999@c.us"
MINUTE = 60_000
EVER = 2**60


@pytest.fixture
def hotel(tmp_path: Path) -> Hotel:
    clock = ManualClock(NOW_MS)
    return Hotel(db=connect(tmp_path / "greenbot.db", clock=clock), clock=clock)


def act(hotel: Hotel, doing: str) -> None:
    """One minute of a hotel: every action happens a minute after the one before."""
    what, _, whom = doing.partition(" ")
    chat = OTHER if whom == "other" else GUEST
    match what:
        case "guest":
            hotel.hear("Is my room ready?", chat=chat)
        case "we":
            hotel.send("It is.", chat=chat)
        case "phone":
            hotel.hear("It is.", direction="phone", chat=chat)
        case "program":
            hotel.hear("It is.", direction="api", chat=chat)
        case "campaign":
            hotel.send("Spring is here!", chat=chat, campaign_id=1, campaign_row=1)
        case "close":
            hotel.clock.advance(60)
            state.close(hotel.db, hotel.chat(chat), Operator(name="olena", clock=hotel.clock))


def told(found: list[Wait]) -> list[tuple[str, int | None]]:
    """How each wait ended, and after how many minutes."""
    return [(wait.end, None if wait.took_ms is None else round(wait.took_ms / MINUTE)) for wait in found]


@pytest.mark.parametrize(
    ("doings", "ends"),
    [
        pytest.param("guest", [("open", None)], id="nobody answered"),
        pytest.param("guest, we", [("answered", 1)], id="we answered"),
        pytest.param("guest, phone", [("answered", 1)], id="somebody answered on the phone"),
        pytest.param("guest, program", [("answered", 1)], id="another program answered"),
        pytest.param("guest, guest, guest, we", [("answered", 3)], id="the first of several questions counts"),
        pytest.param("guest, campaign", [("open", None)], id="a campaign is no answer"),
        pytest.param("guest, campaign, we", [("answered", 2)], id="the answer behind it is one"),
        pytest.param("guest, we, we, phone", [("answered", 1)], id="the first answer counts"),
        pytest.param("we, guest", [("open", None)], id="what was said before is no answer"),
        pytest.param("guest, close", [("closed", None)], id="closed without an answer"),
        pytest.param("guest, close, guest, we", [("closed", None), ("answered", 1)], id="asked again after closing"),
        pytest.param("guest, we, guest", [("answered", 1), ("open", None)], id="asked again"),
        pytest.param("guest, guest other, we other, we", [("answered", 3), ("answered", 1)], id="two guests at once"),
        pytest.param("we, phone", [], id="nobody asked"),
    ],
)
def test_a_guest_waits_from_the_first_question_to_the_first_answer(
    hotel: Hotel, doings: str, ends: list[tuple[str, int | None]]
) -> None:
    for doing in doings.split(", "):
        act(hotel, doing)
    assert told(waits(hotel.db, HOTEL, 0, EVER)) == ends
    assert waits(hotel.db, "another hotel", 0, EVER) == []


def test_an_answer_to_the_hidden_id_of_a_guest_is_an_answer(hotel: Hotel) -> None:
    hotel.hear("Is my room ready?")
    by = Operator(name="olena", clock=hotel.clock)
    links.link(hotel.db, links.Link(instance=HOTEL, lid=HIDDEN, chat_id=GUEST, evidence="operator"), by)
    hotel.send("It is.", chat=HIDDEN)
    assert told(waits(hotel.db, HOTEL, 0, EVER)) == [("answered", 1)]


def test_who_waited_already_when_the_stretch_began_does_not_begin_to_wait_in_it(hotel: Hotel) -> None:
    for doing in ("guest", "guest", "we", "guest"):
        act(hotel, doing)
    middle = NOW_MS + 90_000  # between the two questions
    assert told(waits(hotel.db, HOTEL, middle, EVER)) == [("open", None)]
    assert told(waits(hotel.db, HOTEL, 0, middle)) == [("answered", 2)]


DOINGS = st.lists(
    st.tuples(st.sampled_from(["guest", "we", "phone", "campaign", "close"]), st.sampled_from(["guest", "other"])),
    max_size=14,
)


@settings(max_examples=15, deadline=None)
@given(DOINGS)
def test_who_is_unanswered_is_who_the_chats_say_it_is(doings: list[tuple[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        clock = ManualClock(NOW_MS)
        hotel = Hotel(db=connect(Path(folder) / "greenbot.db", clock=clock), clock=clock)
        met = set()
        for what, whom in doings:
            if what != "close" or whom in met:
                act(hotel, f"{what} {whom}")
                met.add(whom)
        found = waits(hotel.db, HOTEL, 0, EVER)
        waiting = [row[0] for row in hotel.db.all("select unanswered_since_ms from chats order by id")]
        hotel.db.close()
    opened = sorted(wait.begun_at_ms for wait in found if wait.end == "open")
    assert opened == sorted(since for since in waiting if since is not None)
    ended = sorted(end for whom in ("guest", "other") for end in _by_hand(doings, whom))
    assert sorted(wait.end for wait in found if wait.end != "open") == ended


def _by_hand(doings: list[tuple[str, str]], whom: str) -> list[str]:
    """How the waits of one guest ended, told plainly."""
    ends, waits_now = [], False
    for what, who in doings:
        if who != whom:
            continue
        if what == "guest":
            waits_now = True
        elif what in ("we", "phone", "close") and waits_now:
            ends.append("closed" if what == "close" else "answered")
            waits_now = False
    return ends


def test_chats_are_told_apart() -> None:
    moves = [(1, 10, 0), (2, 5, 1), (2, 20, 0), (2, 30, 1), (3, 1, 0), (3, 1, 1)]
    assert [(wait.begun_at_ms, wait.end) for wait in found_in(moves)] == [
        (10, "open"),
        (20, "answered"),
        (1, "answered"),
    ]
