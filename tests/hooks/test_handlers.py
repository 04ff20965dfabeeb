"""Handlers in Python: called for what they asked for, replying exactly once."""

from pathlib import Path
from typing import Any

import pytest

from greenbot.errors import UsageError
from greenbot.handlers import Bot, Reply, load, part
from greenbot.hooks import queue, table
from greenbot.hooks.dispatcher import Dispatcher
from greenbot.messages.incoming.model import Image, MessageEvent, StatusEvent, Text
from tests.hooks.conftest import GUEST, OTHER, House
from tests.hooks.test_rules import wire


def served(house: House, bot: Bot) -> Dispatcher:
    return part(bot, house.db, house.owner, house.clock)


def outbox(house: House) -> list[tuple[str, str, str]]:
    rows = house.db.all("select instance, chat_id, fingerprint, draft, actor from messages order by id")
    return [(row["instance"], row["chat_id"], row["draft"]) for row in rows]


async def test_a_handler_answers_a_guest_once(house: House) -> None:
    bot = Bot("desk")

    @bot.on(Text)
    async def answer(event: MessageEvent, reply: Reply) -> None:
        assert isinstance(event.content, Text)
        reply(f"You wrote: {event.content.text}", quote=True)

    running = served(house, bot)
    house.text("hello")
    await running.once()
    await running.once()
    ((instance, chat, draft),) = outbox(house)
    assert (instance, chat) == ("kyiv", GUEST)
    assert "You wrote: hello" in draft
    assert "R1" in draft


async def test_ordinary_functions_are_handlers_too(house: House) -> None:
    bot = Bot("desk")

    @bot.on()
    def answer(event: MessageEvent, reply: Reply) -> None:
        reply("Hello")

    running = served(house, bot)
    house.text()
    await running.once()
    assert len(outbox(house)) == 1


async def test_a_handler_that_fails_has_said_nothing_and_is_called_again(house: House) -> None:
    bot = Bot("desk")
    calls: list[str] = []

    @bot.on(Text)
    async def answer(event: MessageEvent, reply: Reply) -> None:
        calls.append(event.remote_id)
        reply(f"try {len(calls)}")
        if len(calls) < 3:
            raise ValueError(f"a guest's words: {event.sender_name}")

    running = served(house, bot)
    house.text()
    for _ in range(20):
        await running.once()
        house.clock.advance(60)
    assert len(calls) == 3
    assert [draft for _, _, draft in outbox(house) if "try" in draft] == [outbox(house)[0][2]]
    assert "try 3" in outbox(house)[0][2]
    words = [row["words"] for row in house.db.all("select words from hook_attempts order by id")]
    assert words[0].startswith("ValueError at test_handlers.py:")
    assert "guest" not in words[0]


async def test_an_event_that_is_replayed_is_not_answered_twice(house: House) -> None:
    bot, number = Bot("desk"), iter(range(9))

    @bot.on(Text)
    async def answer(event: MessageEvent, reply: Reply) -> None:
        reply(f"answer {next(number)}")

    running = served(house, bot)
    event = house.text()
    await running.once()
    queue.replay(house.db, table.get(house.db, "handlers:desk"), [event], clock=house.clock)
    await running.once()
    assert len(outbox(house)) == 1
    assert house.states("handlers:desk") == {"done": 1}


async def test_a_bot_that_talks_to_a_bot_stops(house: House) -> None:
    bot = Bot("desk")

    @bot.on(Text)
    async def answer(event: MessageEvent, reply: Reply) -> None:
        reply("And you?")

    running = served(house, bot)
    for _ in range(20):
        house.text(chat=GUEST)
    house.text(chat=OTHER)
    await running.once()
    chats = [chat for _, chat, _ in outbox(house)]
    assert (chats.count(GUEST), chats.count(OTHER)) == (5, 1)
    house.clock.advance(61)
    house.text(chat=GUEST)
    await running.once()
    assert len(outbox(house)) == 7


async def test_what_we_send_ourselves_is_not_answered_unless_asked_for(house: House) -> None:
    bot, heard = Bot("desk"), []

    @bot.on()
    async def guests(event: MessageEvent, reply: Reply) -> None:
        heard.append("guest")

    @bot.on(direction="out")
    async def ours(event: MessageEvent, reply: Reply) -> None:
        heard.append("ours")

    running = served(house, bot)
    house.arrive(wire("outgoingAPIMessageReceived.extendedTextMessage"))
    house.arrive(wire("outgoingMessageReceived.textMessage"))
    house.text()
    await running.once()
    assert sorted(heard) == ["guest", "ours", "ours"]


async def test_handlers_get_what_they_are_for(house: House) -> None:
    bot, heard = Bot("desk"), []

    @bot.on(Image)
    async def pictures(event: MessageEvent, reply: Reply) -> None:
        heard.append("picture")

    @bot.on(StatusEvent)
    async def statuses(event: StatusEvent, reply: Reply) -> None:
        heard.append(event.status)
        with pytest.raises(RuntimeError):
            reply("to whom?")

    running = served(house, bot)
    for name in ("incomingMessageReceived.imageMessage", "outgoingMessageStatus.read", "incomingCall.offer"):
        house.arrive(wire(name))
    house.text()
    await running.once()
    assert sorted(heard) == ["picture", "read"]


async def test_a_reply_after_the_end_is_a_mistake(house: House) -> None:
    bot, kept = Bot("desk"), []

    @bot.on()
    async def answer(event: MessageEvent, reply: Reply) -> None:
        kept.append(reply)

    running = served(house, bot)
    house.text()
    await running.once()
    with pytest.raises(RuntimeError, match="over"):
        kept[0]("too late")


async def test_a_bot_that_wants_other_events_is_registered_anew(house: House) -> None:
    first, second = Bot("desk"), Bot("desk")
    first.on(Text)(lambda event, reply: None)
    second.on(StatusEvent)(lambda event, reply: None)
    served(house, first)
    served(house, first)
    assert table.get(house.db, "handlers:desk").rule.wanted.events == ("text",)
    served(house, second)
    assert table.get(house.db, "handlers:desk").rule.wanted.events == ("status",)


async def test_two_bots_and_a_hook_each_hear_everything(house: House) -> None:
    heard: list[str] = []
    one, two = Bot("one"), Bot("two")
    one.on()(lambda event, reply: heard.append("one"))
    two.on()(lambda event, reply: heard.append("two"))
    parts = [served(house, one), served(house, two)]
    house.add()
    house.text()
    for each in parts:
        await each.once()
    assert sorted(heard) == ["one", "two"]
    assert house.states() == {"queued": 1}


def test_only_events_and_contents_can_be_asked_for() -> None:
    wrong: Any = str
    with pytest.raises(TypeError):
        Bot().on(wrong)


HANDLERS = """
from greenbot.handlers import Bot, on
from greenbot.messages.incoming.model import Text

bot, empty, other = Bot(), Bot(), 5

@bot.on(Text)
def answer(event, reply):
    reply("Hello")
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "mybot_for_tests.py").write_text(HANDLERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return "mybot_for_tests"


def test_a_bot_is_found_by_its_module(module: str) -> None:
    assert load(f"{module}:bot").module == module
    assert load(module) is load(f"{module}:bot")


@pytest.mark.parametrize("spec", ["no_such_module_here:bot", "{}:missing", "{}:other", "{}:empty", "", ":bot", "a b"])
def test_a_wrong_name_is_explained(module: str, spec: str) -> None:
    with pytest.raises(UsageError):
        load(spec.format(module))
