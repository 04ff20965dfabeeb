"""Events become a thread: once, in order, with what later events did to earlier messages."""

import json
from pathlib import Path

import pytest

from greenbot.chats import state
from greenbot.chats.threads import is_news
from greenbot.db.audit import Operator
from greenbot.db.connect import Db
from tests.chats.hotel import GROUP, GUEST, Hotel, deleted, edited, photo, reaction

SAMPLES = sorted((Path(__file__).parents[1] / "data" / "webhooks").glob("[!_]*.json"))


def count(db: Db, table: str) -> int:
    return int(
        {
            "entries": db.scalar("select count(*) from chat_entries"),
            "chats": db.scalar("select count(*) from chats"),
            "changes": db.scalar("select count(*) from chat_changes"),
        }[table]
        or 0
    )


def test_both_directions_stand_in_one_thread_in_the_order_of_time(hotel: Hotel) -> None:
    hotel.hear("Until when is breakfast?")
    hotel.send("Until eleven.")
    hotel.hear("The concierge called you.", direction="phone")
    hotel.hear("A bot says hello.", direction="api")
    assert hotel.said() == [
        ("in", "Until when is breakfast?"),
        ("us", "Until eleven."),
        ("phone", "The concierge called you."),
        ("api", "A bot says hello."),
    ]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_same_event_twice_changes_nothing(hotel: Hotel, sample: Path) -> None:
    hotel.tell(sample.read_bytes(), number=1)
    tables = ("entries", "chats", "changes")
    before = [count(hotel.db, table) for table in tables], hotel.db.all("select * from chats order by id")
    hotel.tell(sample.read_bytes(), number=1)
    after = [count(hotel.db, table) for table in tables], hotel.db.all("select * from chats order by id")
    assert before[0] == after[0]
    assert [tuple(row) for row in before[1]] == [tuple(row) for row in after[1]]


def test_the_echo_of_our_own_message_is_not_kept_twice(hotel: Hotel) -> None:
    hotel.send("Your room is ready.", remote_id="OURS1")
    hotel.hear("Your room is ready.", direction="api", remote_id="OURS1")
    assert hotel.said() == [("us", "Your room is ready.")]


def test_an_echo_that_comes_before_the_answer_turns_out_to_be_ours(hotel: Hotel) -> None:
    hotel.hear("Your room is ready.", direction="api", remote_id="OURS1")
    assert hotel.said() == [("api", "Your room is ready.")]
    hotel.send("Your room is ready.", remote_id="OURS1")
    assert hotel.said() == [("us", "Your room is ready.")]


def test_a_guest_cannot_make_our_message_disappear_by_using_its_id(hotel: Hotel) -> None:
    hotel.hear("I know your ids.", remote_id="OURS1")
    hotel.send("Your room is ready.", remote_id="OURS1")
    assert hotel.said() == [("in", "I know your ids."), ("us", "Your room is ready.")]


@pytest.mark.parametrize("edit_comes", ["after", "before"])
def test_an_edit_changes_the_text_and_keeps_what_was_said_first(hotel: Hotel, edit_comes: str) -> None:
    if edit_comes == "before":
        hotel.hear(edited("M1", "at nine"))
    hotel.hear("at eight", remote_id="M1", ago_ms=600_000)
    if edit_comes == "after":
        hotel.hear(edited("M1", "at nine"))
    (line,) = hotel.thread()
    assert (line.text, [each.text for each in line.earlier]) == ("at nine", ["at eight"])


def test_every_edit_is_kept_and_the_latest_counts_whatever_comes_last(hotel: Hotel) -> None:
    hotel.hear("one", remote_id="M1")
    hotel.hear(edited("M1", "three"), remote_id="E2")
    hotel.hear(edited("M1", "two"), remote_id="E1", ago_ms=90_000)
    (line,) = hotel.thread()
    assert (line.text, [each.text for each in line.earlier]) == ("three", ["one", "two"])


@pytest.mark.parametrize(
    ("change", "chat"),
    [
        pytest.param(edited("M1", "forged"), "380999999999@c.us", id="edit from another chat"),
        pytest.param(deleted("M1"), "380999999999@c.us", id="deletion from another chat"),
        pytest.param(edited("OURS1", "forged"), GUEST, id="guest edits ours"),
        pytest.param(edited("P1", "forged"), GUEST, id="guest edits what the hotel typed"),
        pytest.param(deleted("P1"), GUEST, id="guest deletes what the hotel typed"),
        pytest.param(deleted("OURS1"), GUEST, id="guest deletes ours"),
    ],
)
def test_nobody_changes_what_another_wrote(hotel: Hotel, change: dict[str, object], chat: str) -> None:
    hotel.hear("mine", remote_id="M1")
    hotel.send("ours", remote_id="OURS1")
    hotel.hear("typed", direction="phone", remote_id="P1")
    hotel.hear(change, chat=chat)
    found = [(line.text, line.earlier, line.deleted_at_ms) for line in hotel.thread()]
    assert found == [("mine", (), None), ("ours", (), None), ("typed", (), None)]


def test_in_a_group_only_the_author_edits(hotel: Hotel) -> None:
    hotel.hear("dinner at eight", chat=GROUP, remote_id="M1", sender="380671110001@c.us")
    hotel.hear(edited("M1", "dinner at ten"), chat=GROUP, sender="380671110002@c.us")
    assert [line.text for line in hotel.thread(GROUP)] == ["dinner at eight"]
    hotel.hear(edited("M1", "dinner at nine"), chat=GROUP, sender="380671110001@c.us")
    assert [line.text for line in hotel.thread(GROUP)] == ["dinner at nine"]


def test_a_deleted_message_is_marked_and_no_longer_waits(hotel: Hotel) -> None:
    hotel.hear("Never mind", remote_id="M1")
    hotel.hear(deleted("M1"))
    (line,) = hotel.thread()
    assert line.deleted_at_ms is not None
    assert hotel.chat().waiting == 0


def test_reactions_belong_to_their_message_and_the_last_one_counts(hotel: Hotel) -> None:
    hotel.hear("We love it here", remote_id="M1")
    hotel.send("Thank you", remote_id="OURS1")
    hotel.hear(reaction("OURS1", "👍"))
    hotel.hear(reaction("OURS1", "❤️"))
    hotel.react("M1", "🙏")
    guests, ours = hotel.thread()
    assert [(each.emoji, each.is_ours) for each in guests.reactions] == [("🙏", True)]
    assert [(each.emoji, each.is_ours) for each in ours.reactions] == [("❤️", False)]


def test_a_reaction_taken_back_is_gone(hotel: Hotel) -> None:
    hotel.hear("We love it here", remote_id="M1")
    hotel.hear(reaction("M1", "👍"), direction="phone")
    hotel.hear(reaction("M1", ""), direction="phone")
    assert hotel.thread()[0].reactions == ()


def test_a_message_we_edited_reads_as_edited(hotel: Hotel) -> None:
    hotel.send("Taxi at 8", remote_id="OURS1")
    hotel.hear(edited("OURS1", "Taxi at 9"), direction="api")
    (line,) = hotel.thread()
    assert (line.direction, line.text, [each.text for each in line.earlier]) == ("us", "Taxi at 9", ["Taxi at 8"])


def test_statuses_of_messages_typed_on_the_phone_only_climb(hotel: Hotel) -> None:
    hotel.hear("Good morning", direction="phone", remote_id="P1")
    for status in ("sent", "read", "delivered", "sent"):
        hotel.status("P1", status)
    assert hotel.thread()[0].status == "read"


@pytest.mark.parametrize(
    ("known", "told", "expected"),
    [
        (None, "sent", True),
        ("sent", "read", True),
        ("read", "delivered", False),
        ("sent", "failed", True),
        ("read", "failed", False),
        ("failed", "read", False),
        ("sent", "", False),
    ],
)
def test_what_is_news(known: str | None, told: str, expected: bool) -> None:
    assert is_news(known, told) is expected


class TestWaiting:
    def test_a_guest_waits_since_the_first_unanswered_message(self, hotel: Hotel) -> None:
        hotel.hear("Hello?")
        first = hotel.thread()[0].at_ms
        hotel.hear("Anybody?")
        chat = hotel.chat()
        assert (chat.unanswered_since_ms, chat.waiting) == (first, 2)

    @pytest.mark.parametrize("answer", ["us", "phone", "api"])
    def test_any_answer_settles_it(self, hotel: Hotel, answer: str) -> None:
        hotel.hear("Hello?")
        if answer == "us":
            hotel.send("Hello!")
        else:
            hotel.hear("Hello!", direction=answer)
        chat = hotel.chat()
        assert (chat.unanswered_since_ms, chat.waiting, chat.last_direction) == (None, 0, answer)

    def test_what_came_after_the_answer_still_waits(self, hotel: Hotel) -> None:
        hotel.hear("Hello?")
        hotel.hear("One more thing", ago_ms=0)
        later = hotel.thread()[1].at_ms
        # The answer from the phone is told late: it was given between the two.
        hotel.hear("Hello!", direction="phone", ago_ms=90_000)
        chat = hotel.chat()
        assert (chat.unanswered_since_ms, chat.waiting) == (later, 1)

    def test_an_old_message_found_later_does_not_wait_when_it_was_answered_since(self, hotel: Hotel) -> None:
        hotel.send("Hello!")
        hotel.hear("I wrote this yesterday", ago_ms=86_400_000)
        assert hotel.chat().waiting == 0

    @pytest.mark.parametrize(
        "what",
        [pytest.param(reaction("M0", "👍"), id="reaction"), pytest.param(edited("M0", "x"), id="edit")],
    )
    def test_what_is_no_message_waits_for_nothing(self, hotel: Hotel, what: dict[str, object]) -> None:
        hotel.send("Hello!", remote_id="M0")
        hotel.hear(what)
        assert hotel.chat().waiting == 0

    def test_a_group_waits_for_nobody(self, hotel: Hotel) -> None:
        hotel.hear("Good morning, all", chat=GROUP, sender=GUEST)
        assert hotel.chat(GROUP).waiting == 0

    def test_a_mailing_is_no_answer(self, hotel: Hotel) -> None:
        hotel.hear("Is there a crib?")
        hotel.send("Spring offer!", message_class="promo")
        assert hotel.chat().waiting == 1

    def test_closing_settles_and_the_next_message_opens_again(self, hotel: Hotel, by: Operator) -> None:
        hotel.hear("Thank you, bye")
        closed = state.close(hotel.db, hotel.chat(), by)
        assert (closed.state, closed.waiting) == ("closed", 0)
        hotel.hear("One more question")
        assert (hotel.chat().state, hotel.chat().waiting) == ("open", 1)

    def test_a_missed_call_waits_and_an_answered_one_does_not(self, hotel: Hotel) -> None:
        def call(status: str) -> bytes:
            body = {
                "typeWebhook": "incomingCall",
                "from": GUEST,
                "status": status,
                "idMessage": "CALL1",
                "timestamp": hotel.clock.now_ms() // 1000,
                "instanceData": {"idInstance": 1101000001, "wid": "380441230001@c.us", "typeInstance": "whatsapp"},
            }
            return json.dumps(body).encode()

        hotel.tell(call("offer"))
        hotel.tell(call("missed"))
        assert (hotel.said(), hotel.chat().waiting) == ([("in", "call: missed")], 1)


def test_a_time_from_the_future_is_brought_back_to_now(hotel: Hotel) -> None:
    hotel.hear("From tomorrow", ago_ms=-86_400_000)
    assert hotel.thread()[0].at_ms <= hotel.clock.now_ms() + 300


def test_a_name_from_the_phone_book_stays_whatever_the_guest_calls_himself(hotel: Hotel) -> None:
    hotel.hear("Hello", senderContactName="Olena (room 12)")
    hotel.hear("Hello again", senderName="Reception", chatName="Reception")
    assert (hotel.chat().name, hotel.chat().is_contact) == ("Olena (room 12)", True)


def test_hostile_bytes_are_kept_and_break_nothing(hotel: Hotel) -> None:
    hotel.hear("half a pair \ud800, a bell \x07, nothing \x00 behind", senderName="\ud83d broken", chatName="")
    ((_, said),) = hotel.said()
    assert said == "half a pair \ufffd, a bell \x07, nothing \x00 behind"


def test_a_photo_keeps_where_its_file_lies(hotel: Hotel) -> None:
    hotel.hear(photo("Our view", name="../../etc/passwd"))
    (line,) = hotel.thread()
    assert (line.kind, line.text, line.file_name, line.file_url) == (
        "photo",
        "Our view",
        "../../etc/passwd",
        "https://media.green-api.com/a.jpg",
    )
