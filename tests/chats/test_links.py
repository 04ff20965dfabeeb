"""A hidden id and a phone number become one thread, and two again."""

import pytest

from greenbot.chats import find, links
from greenbot.chats.links import Link
from greenbot.db.audit import Operator
from greenbot.db.connect import Db
from greenbot.errors import NotFound, UsageError
from tests.chats.hotel import GUEST, HIDDEN, HOTEL, Hotel

LINK = Link(instance=HOTEL, lid=HIDDEN, chat_id=GUEST, evidence="operator")


def test_a_link_joins_what_came_under_both_ids(hotel: Hotel, by: Operator) -> None:
    hotel.hear("under my number")
    hotel.hear("under my hidden id", chat=HIDDEN)
    hotel.send("to the hidden id", chat=HIDDEN)
    assert links.link(hotel.db, LINK, by)
    assert [words for _, words in hotel.said()] == ["under my number", "under my hidden id", "to the hidden id"]
    assert find.by_chat_id(hotel.db, HIDDEN, HOTEL)[0].id == hotel.chat().id
    assert hotel.chat().waiting == 0


def test_what_comes_after_the_link_goes_into_the_same_thread(hotel: Hotel, by: Operator) -> None:
    links.link(hotel.db, LINK, by)
    hotel.hear("hidden", chat=HIDDEN)
    hotel.send("ours", chat=HIDDEN)
    assert hotel.said(GUEST) == [("in", "hidden"), ("us", "ours")]
    assert hotel.chat().chat_id == GUEST


def test_a_message_that_came_under_both_ids_stands_once(hotel: Hotel, by: Operator) -> None:
    hotel.hear("the same", remote_id="M1")
    hotel.hear("the same", remote_id="M1", chat=HIDDEN)
    links.link(hotel.db, LINK, by)
    assert (hotel.said(), hotel.chat().waiting) == ([("in", "the same")], 1)


def test_a_link_can_be_taken_back(hotel: Hotel, by: Operator) -> None:
    hotel.hear("under my number")
    hotel.hear("under my hidden id", chat=HIDDEN)
    links.link(hotel.db, LINK, by)
    assert links.unlink(hotel.db, HOTEL, HIDDEN, by) == GUEST
    assert (hotel.said(GUEST), hotel.said(HIDDEN)) == ([("in", "under my number")], [("in", "under my hidden id")])
    assert (hotel.chat(GUEST).waiting, hotel.chat(HIDDEN).waiting) == (1, 1)


def test_the_wire_itself_links_where_it_names_both(hotel: Hotel) -> None:
    hotel.hear("hidden", chat=HIDDEN, sender=HIDDEN, senderPhoneNumber="380671112233")
    hotel.hear("open")
    assert hotel.said(GUEST) == [("in", "hidden"), ("in", "open")]


def test_a_name_links_nobody(hotel: Hotel) -> None:
    hotel.hear("one", senderName="Olena")
    hotel.hear("two", chat=HIDDEN, senderName="Olena")
    assert len(find.listed(hotel.db, find.Filters())) == 2


@pytest.mark.parametrize(("lid", "chat_id"), [(GUEST, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, "120363043968066561@g.us")])
def test_only_a_hidden_id_and_a_number_can_be_linked(db: Db, by: Operator, lid: str, chat_id: str) -> None:
    with pytest.raises(UsageError, match="hidden id"):
        links.link(db, Link(instance=HOTEL, lid=lid, chat_id=chat_id, evidence="operator"), by)


def test_a_hidden_id_is_one_guest_only(db: Db, by: Operator) -> None:
    links.link(db, LINK, by)
    assert not links.link(db, LINK, by)
    with pytest.raises(UsageError, match="already"):
        links.link(db, Link(instance=HOTEL, lid=HIDDEN, chat_id="380999999999@c.us", evidence="operator"), by)


def test_what_is_not_linked_cannot_be_unlinked(db: Db, by: Operator) -> None:
    with pytest.raises(NotFound):
        links.unlink(db, HOTEL, HIDDEN, by)
