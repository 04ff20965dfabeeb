"""What follows from an event: each package concerned hears of it, in the transaction that marks it done."""

import asyncio
import random
from collections.abc import Callable

import pytest

from greenbot.api.outcome import Outcome, OutcomeClass
from greenbot.campaigns import newchats, suppress
from greenbot.chat_id import parse_chat_id
from greenbot.chats.threads import Hotel
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.effects import effects_of
from greenbot.inbox.process import Processor
from greenbot.messages.outgoing import Text
from greenbot.outbox.claims import Claim, claim, finish, mark_sending
from greenbot.outbox.message import Message, NewMessage
from greenbot.outbox.states import State
from greenbot.outbox.table import enqueue, get
from greenbot.resilience.health import answered
from greenbot.resilience.shared_health import change, health_of
from tests.inbox.conftest import GUEST, NOW_MS, Take, body, state, status, text

NOW_S = NOW_MS // 1000


@pytest.fixture
def work(db: Db, clock: ManualClock) -> Callable[[], None]:
    def process() -> None:
        processor = Processor(
            db,
            owner="me",
            is_alive=lambda name: True,
            clock=clock,
            rng=random.Random(1),
            effects=effects_of(clock, tags=lambda instance: ()),
        )
        asyncio.run(processor.run(drain=True))
        assert db.scalar("select count(*) from events where state <> 'done'") == 0

    return process


Work = Callable[[], None]


def test_a_guest_is_understood_with_the_words_of_the_hotel(db: Db, clock: ManualClock, take: Take) -> None:
    hotels = {"kyiv": Hotel(words=("spa: hammam",)), "odesa": Hotel()}
    take(text(1, words="Hammam at seven"))
    take(text(2, words="Hammam at seven", instanceData={"idInstance": 1101000002}), instance="odesa")
    processor = Processor(
        db,
        owner="me",
        is_alive=lambda name: True,
        clock=clock,
        rng=random.Random(1),
        effects=effects_of(clock, tags=lambda instance: (), hotel=hotels.__getitem__),
    )
    asyncio.run(processor.run(drain=True))
    intents = {row["instance"]: row["intent"] for row in db.all("select instance, intent from chats")}
    assert intents == {"kyiv": "spa", "odesa": "other"}


def test_a_long_text_is_understood_to_its_two_thousandth_character(db: Db, take: Take, work: Work) -> None:
    take(text(1, words="x " * 900 + "There is a fire in my room!"))
    work()
    assert db.scalar("select intent from chats") == "emergency"


@pytest.fixture
def sent(db: Db, clock: ManualClock) -> Message:
    """A message that GREEN-API accepted as BAE51."""
    return _posted(db, clock, "Your room is ready.", OutcomeClass.ACCEPTED)


def _posted(db: Db, clock: ManualClock, words: str, cls: OutcomeClass) -> Message:
    new = NewMessage(instance="kyiv", draft=Text(chat_id=parse_chat_id(GUEST), text=words))
    message = enqueue(db, new, clock)
    held = claim(db, message.id, owner="me", clock=clock)
    assert isinstance(held, Claim)
    held = mark_sending(db, held, clock=clock)
    outcome = Outcome(cls=cls, reason="x", remote_id="BAE51" if cls is OutcomeClass.ACCEPTED else None)
    return finish(db, held, outcome, clock=clock)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sent"], (State.ACCEPTED, "sent")),
        (["sent", "delivered", "read"], (State.DELIVERED, "read")),
        (["read", "delivered", "sent"], (State.DELIVERED, "read")),
        (["delivered", "delivered"], (State.DELIVERED, "delivered")),
        (["noAccount"], (State.FAILED, None)),
    ],
)
def test_statuses_move_their_message_on(
    db: Db, take: Take, work: Work, sent: Message, words: list[str], expected: tuple[State, str | None]
) -> None:
    take(*(status(1, word) for word in words))
    work()
    message = get(db, sent.id)
    assert (message.state, message.delivery) == expected


def test_a_status_of_somebody_elses_message_changes_nothing(db: Db, take: Take, work: Work, sent: Message) -> None:
    take(status(99, "read"))
    work()
    assert get(db, sent.id).state is State.ACCEPTED


def _seen_leaving(words: str, **fields: object) -> bytes:
    data = {"typeMessage": "extendedTextMessage", "extendedTextMessageData": {"text": words}}
    wire: dict[str, object] = {
        "typeWebhook": "outgoingAPIMessageReceived",
        "idMessage": "BAE57",
        "senderData": {"chatId": GUEST, "sender": "11001234567@c.us"},
        "messageData": data,
    }
    return body(**(wire | fields))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (_seen_leaving("Your room is ready."), State.ACCEPTED),
        (_seen_leaving("Something else."), State.UNCERTAIN),
        (_seen_leaving("Your room is ready.", timestamp=NOW_S - 3600), State.UNCERTAIN),
        (_seen_leaving("Your room is ready.", typeWebhook="outgoingMessageReceived"), State.UNCERTAIN),
    ],
)
def test_a_message_seen_leaving_settles_its_doubt_if_nothing_else_can_have_caused_it(
    db: Db, take: Take, work: Work, clock: ManualClock, raw: bytes, expected: State
) -> None:
    doubtful = _posted(db, clock, "Your room is ready.", OutcomeClass.AMBIGUOUS)
    assert doubtful.state is State.UNCERTAIN
    take(raw)
    work()
    message = get(db, doubtful.id)
    assert message.state is expected
    assert message.remote_id == ("BAE57" if expected is State.ACCEPTED else None)


def test_a_state_event_moves_the_health_of_its_instance_and_of_no_other(db: Db, take: Take, work: Work) -> None:
    take(state("notAuthorized"))
    work()
    assert health_of(db, "kyiv").state == "not_sendable"
    assert health_of(db, "odesa").state == "unknown"


def test_a_state_out_of_a_backlog_does_not_outweigh_a_later_answer(
    db: Db, take: Take, work: Work, clock: ManualClock
) -> None:
    change(db, "kyiv", lambda health: answered(health, "authorized", clock.now_ms()))
    take(state("notAuthorized", timestamp=NOW_S - 23 * 3600))
    work()
    assert health_of(db, "kyiv").state == "authorized"


@pytest.mark.parametrize(
    ("quota", "age_s", "expected"),
    [
        ({"method": "correspondents", "used": 3, "total": 3}, 0, "quota"),
        ({"method": "correspondents", "used": 2, "total": 3}, 0, "unknown"),
        ({"method": "checkWhatsapp", "used": 3, "total": 3}, 0, "unknown"),
        ({"method": "correspondents", "used": 3, "total": 3}, 7200, "unknown"),
    ],
)
def test_a_quota_that_stops_sending_is_known_at_once(
    db: Db, take: Take, work: Work, quota: dict[str, object], age_s: int, expected: str
) -> None:
    take(body(typeWebhook="quotaExceeded", quotaData=quota, timestamp=NOW_S - age_s))
    work()
    assert health_of(db, "kyiv").state == expected


def test_a_restriction_shows_in_the_status_of_a_message(db: Db, take: Take, work: Work) -> None:
    take(status(1, "yellowCard"))
    work()
    assert health_of(db, "kyiv").account == "yellowCard"


def test_stop_counts_and_start_takes_it_back(db: Db, take: Take, work: Work) -> None:
    take(text(1, words="STOP"))
    work()
    assert suppress.is_suppressed(db, GUEST, "kyiv")
    take(text(2, words="start"))
    work()
    assert not suppress.is_suppressed(db, GUEST, "kyiv")


def test_our_own_stop_or_one_in_a_group_is_none(db: Db, take: Take, work: Work) -> None:
    group = "120363043968066561@g.us"
    take(
        text(1, words="STOP", typeWebhook="outgoingMessageReceived"),
        text(2, words="STOP", senderData={"chatId": group, "sender": GUEST}),
        text(3, words="Stop by the pool?"),
    )
    work()
    assert not suppress.is_suppressed(db, GUEST, "kyiv")
    assert not suppress.is_suppressed(db, group, "kyiv")


def test_who_wrote_to_us_is_no_stranger(db: Db, take: Take, work: Work) -> None:
    assert not newchats.is_known(db, "kyiv", GUEST)
    take(text(1))
    work()
    assert newchats.is_known(db, "kyiv", GUEST)
    assert not newchats.is_known(db, "odesa", GUEST)


def test_a_conversation_is_written_down(db: Db, take: Take, work: Work) -> None:
    take(text(1, words="Is breakfast included?"))
    work()
    assert db.scalar("select text from chat_entries") == "Is breakfast included?"


@pytest.mark.parametrize("name", ["audioMessage", "pollMessage", "locationMessage", "contactMessage", "unheardOf"])
def test_no_kind_of_message_is_in_the_way_of_the_next(db: Db, take: Take, work: Work, name: str) -> None:
    take(text(1, messageData={"typeMessage": name}), text(2, messageData=None), text(3))
    work()
