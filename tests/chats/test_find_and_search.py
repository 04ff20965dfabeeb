"""Lists put first who waits longest; search finds words in both directions and knows no query language."""

import pytest

from greenbot.chats import find, state
from greenbot.chats.find import Filters
from greenbot.chats.search import Wanted, excerpt, query_of, search
from greenbot.db.audit import Operator
from greenbot.errors import NotFound, UsageError
from tests.chats.hotel import GUEST, Hotel

ANNA, BORIS, CLARA, DAVID = (f"38067000000{number}@c.us" for number in range(1, 5))


@pytest.fixture
def guests(hotel: Hotel, by: Operator) -> Hotel:
    """Anna waits longest, Boris next; Clara was answered last, David's conversation is closed."""
    hotel.hear("Is there a pool?", chat=ANNA, senderName="Anna", chatName="")
    hotel.hear("Any room free?", chat=BORIS, senderName="Boris", chatName="")
    hotel.hear("Bye", chat=DAVID, senderName="David", chatName="")
    state.close(hotel.db, hotel.chat(DAVID), by)
    hotel.hear("Café open?", chat=CLARA, senderName="Clara", chatName="")
    hotel.send("Until midnight, near the pool.", chat=CLARA)
    state.assign(hotel.db, hotel.chat(BORIS), "olena", by)
    return hotel


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param(Filters(), ["Anna", "Boris", "Clara", "David"], id="all"),
        pytest.param(Filters(limit=3), ["Anna", "Boris", "Clara"], id="limit"),
        pytest.param(Filters(unanswered=True), ["Anna", "Boris"], id="unanswered"),
        pytest.param(Filters(state="closed"), ["David"], id="closed"),
        pytest.param(Filters(state="open"), ["Anna", "Boris", "Clara"], id="open"),
        pytest.param(Filters(assignee="olena"), ["Boris"], id="assignee"),
        pytest.param(Filters(instance="kyiv"), ["Anna", "Boris", "Clara", "David"], id="instance"),
        pytest.param(Filters(instance="lviv"), [], id="another instance"),
    ],
)
def test_lists(guests: Hotel, filters: Filters, expected: list[str]) -> None:
    assert [chat.name for chat in find.listed(guests.db, filters)] == expected


def test_since_means_the_last_word(guests: Hotel) -> None:
    since_ms = guests.chat(CLARA).last_at_ms
    assert [chat.name for chat in find.listed(guests.db, Filters(since_ms=since_ms))] == ["Clara"]


@pytest.mark.parametrize("query", [find.WAITING, find.WAITING_OF, find.QUIET, find.QUIET_OF])
def test_no_list_is_sorted_by_hand(guests: Hotel, query: str) -> None:
    params = {"instance": "kyiv"} if ":instance" in query else {}
    names = ("is_closed", "assignee", "since", "urgency", "intent")
    plan = guests.db.all("explain query plan " + query, **params, **dict.fromkeys(names), limit=50)
    assert not [row["detail"] for row in plan if "TEMP B-TREE" in row["detail"] or row["detail"] == "SCAN chats"]


@pytest.mark.parametrize("name", ["anna", "ANNA", " Anna ", "ánna"])
def test_names_are_compared_without_capitals_and_accents(guests: Hotel, name: str) -> None:
    assert [chat.chat_id for chat in find.by_name(guests.db, name)] == [ANNA]


def test_a_name_that_a_guest_chose_is_no_address(guests: Hotel) -> None:
    assert find.contact(guests.db, "Anna", "kyiv") is None
    guests.hear("Hello", chat=ANNA, senderContactName="Anna Pool")
    assert find.contact(guests.db, "anna pool", "kyiv") == ANNA
    guests.hear("Hello", chat=BORIS, senderContactName="Anna Pool")
    with pytest.raises(UsageError, match="2 contacts"):
        find.contact(guests.db, "Anna Pool", "kyiv")


def test_only_one_chat_is_meant(guests: Hotel) -> None:
    with pytest.raises(NotFound):
        find.only([], "x")
    with pytest.raises(UsageError, match="several"):
        find.only(find.listed(guests.db, Filters()), "x")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("pool", {"Is there a pool?", "Until midnight, near the pool."}, id="both directions"),
        pytest.param("POOL there", {"Is there a pool?"}, id="all words, any order"),
        pytest.param('"a pool"', {"Is there a pool?"}, id="phrase"),
        pytest.param('"pool a"', set(), id="phrase in order"),
        pytest.param("mid*", {"Until midnight, near the pool."}, id="beginning"),
        pytest.param("mid", set(), id="whole words"),
        pytest.param("cafe", {"Café open?"}, id="accents"),
        pytest.param("pool OR room", set(), id="OR is a word"),
        pytest.param("NOT pool", set(), id="NOT is a word"),
        pytest.param("text:pool", set(), id="no column filter"),
        pytest.param('pool"', {"Is there a pool?", "Until midnight, near the pool."}, id="open quote"),
        pytest.param("pool) OR (room", set(), id="brackets"),
        pytest.param("near^2 pool - +", set(), id="signs"),
        pytest.param("po\0ol", set(), id="NUL"),
    ],
)
def test_search(guests: Hotel, words: str, expected: set[str]) -> None:
    assert {found.text for found in search(guests.db, Wanted(text=words))} == expected


@pytest.mark.parametrize("words", ["", "   ", '""', "* * *", "👍", '"- -"'])
def test_without_a_word_there_is_nothing_to_look_for(guests: Hotel, words: str) -> None:
    with pytest.raises(UsageError, match="no word"):
        search(guests.db, Wanted(text=words))


def test_a_query_is_made_of_quoted_words() -> None:
    assert query_of('late "check out" invoic*') == '"late" "check out" "invoic*" *'


def test_search_in_one_chat_and_of_late(guests: Hotel) -> None:
    anna = guests.chat(ANNA)
    assert [found.chat_id for found in search(guests.db, Wanted(text="pool", chat=anna))] == [ANNA]
    since_ms = anna.last_at_ms + 1
    assert [found.direction for found in search(guests.db, Wanted(text="pool", since_ms=since_ms))] == ["us"]
    assert search(guests.db, Wanted(text="pool", instance="lviv")) == []


def test_an_edited_text_is_found_as_it_reads_now(hotel: Hotel) -> None:
    from tests.chats.hotel import edited

    hotel.hear("dinner at eight", remote_id="M1")
    hotel.hear(edited("M1", "supper at nine"))
    assert [found.chat_id for found in search(hotel.db, Wanted(text="supper"))] == [GUEST]
    assert search(hotel.db, Wanted(text="dinner")) == []


def test_what_reached_nobody_is_not_found(hotel: Hotel) -> None:
    from greenbot.chat_id import ChatId
    from greenbot.messages.outgoing import Text

    hotel.queued(Text(chat_id=ChatId(GUEST), text="never sent"))
    assert search(hotel.db, Wanted(text="never")) == []


@pytest.mark.parametrize("width", [20, 40, 80])
def test_an_excerpt_shows_the_word_and_keeps_to_its_width(width: int) -> None:
    text = "word " * 100 + "NEEDLE " + "word " * 100
    shown = excerpt(text, "needle", width)
    assert "NEEDLE" in shown
    assert len(shown) <= width
    assert "\n" not in excerpt("a\nb", "b", width)
