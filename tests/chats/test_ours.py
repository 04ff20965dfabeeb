"""Messages of ours that were edited or deleted later: found by what they say now, by number or by GREEN-API's id."""

import pytest

from greenbot.chats import ours
from greenbot.chats.chat import Chat
from greenbot.chats.search import Wanted, search
from greenbot.db import schema_edits
from greenbot.errors import UnknownMessage, UsageError
from tests.chats.hotel import GUEST, HOTEL, Hotel, edited

REMOTE = "BAE5F4886F6F2D05"


@pytest.fixture
def number(hotel: Hotel) -> int:
    """A message of ours."""
    return hotel.send("Your room is 511", remote_id=REMOTE)


def found(hotel: Hotel, words: str, chat: Chat | None = None) -> list[str]:
    return [line.text for line in search(hotel.db, Wanted(text=words, chat=chat))]


@pytest.mark.parametrize("told_by", ["greenbot", "an event", "both"])
def test_an_edited_message_is_found_once_by_what_it_says_now(hotel: Hotel, number: int, told_by: str) -> None:
    if told_by != "an event":
        hotel.clock.advance(60)
        with hotel.db.write() as tx:
            place = ours.place_of(tx, str(number), None)
            ours.note_edit(tx, place, "Your suite is 512", at_ms=hotel.clock.now_ms())
    if told_by != "greenbot":
        hotel.hear(edited(REMOTE, "Your suite is 512"), direction="api")
    assert found(hotel, "suite") == found(hotel, "suite", hotel.chat()) == ["Your suite is 512"]
    assert found(hotel, "your") == ["Your suite is 512"], "and not as it was sent as well"
    line = ours.line_of(hotel.db, ours.place_of(hotel.db, REMOTE, HOTEL))
    assert line is not None
    assert (line.text, [edit.text for edit in line.earlier]) == ("Your suite is 512", ["Your room is 511"])


def test_words_of_an_edit_that_was_edited_again_are_not_found(hotel: Hotel, number: int) -> None:
    hotel.hear(edited(REMOTE, "Your suite is 512"), direction="api")
    hotel.hear(edited(REMOTE, "Your room is 513"), direction="api")
    assert (found(hotel, "suite"), found(hotel, "513")) == ([], ["Your room is 513"])


def test_a_guest_cannot_change_how_ours_is_found(hotel: Hotel, number: int) -> None:
    hotel.hear(edited(REMOTE, "forged words"))
    assert found(hotel, "forged") == []


def test_another_instance_does_not_find_it(hotel: Hotel, number: int) -> None:
    hotel.hear(edited(REMOTE, "Your suite is 512"), direction="api")
    assert search(hotel.db, Wanted(text="suite", instance="lviv")) == []


def test_a_store_of_an_older_greenbot_finds_its_edits_after_the_migration(hotel: Hotel, number: int) -> None:
    hotel.hear(edited(REMOTE, "Your suite is 512"), direction="api")
    with hotel.db.write() as tx:
        for thing in ("trigger chat_changes_edited", "trigger chat_changes_forgotten", "table chat_changes_fts"):
            tx.run(f"drop {thing}")
    hotel.db._connection.executescript(schema_edits.EDITS)
    assert found(hotel, "suite") == ["Your suite is 512"]


def test_a_message_is_named_by_number_or_id_of_either_side(hotel: Hotel, number: int) -> None:
    guests = hotel.hear("Is the pool open?")
    assert ours.place_of(hotel.db, str(number), None) == ours.place_of(hotel.db, REMOTE, HOTEL)
    place = ours.place_of(hotel.db, guests, None)
    assert (place.chat_id, place.direction, place.message_id) == (GUEST, "in", None)
    for unknown in ("77", "BAE5000000000000"):
        with pytest.raises(UnknownMessage):
            ours.place_of(hotel.db, unknown, None)
    with pytest.raises(UnknownMessage):
        ours.place_of(hotel.db, REMOTE, "lviv")


def test_an_id_that_two_instances_have_must_be_told_apart(hotel: Hotel) -> None:
    hotel.hear("Hello", remote_id="SAME")
    Hotel(db=hotel.db, clock=hotel.clock, name="lviv").hear("Hello", remote_id="SAME")
    with pytest.raises(UsageError, match="Several instances"):
        ours.place_of(hotel.db, "SAME", None)
    assert ours.place_of(hotel.db, "SAME", "lviv").instance == "lviv"
