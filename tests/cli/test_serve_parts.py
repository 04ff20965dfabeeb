"""What `greenbot serve` does besides taking events in: a hotel's own functions, and removing what is old."""

import json
import time

import pytest

from greenbot.errors import ExitCode
from tests.cli.harness import GUEST, Desk, until
from tests.cli.test_serve import serving

pytestmark = [pytest.mark.integration, pytest.mark.webhook]

HANDLERS = """
from greenbot.handlers import Bot
from greenbot.messages.incoming.model import Text

bot = Bot("front-desk")


@bot.on(Text)
async def answer(event, reply):
    reply(f"You wrote: {event.content.text}")
"""


def guest_text(desk: Desk, words: str) -> bytes:
    return json.dumps(
        {
            "typeWebhook": "incomingMessageReceived",
            "instanceData": {"idInstance": desk.instance.id, "wid": "11001234567@c.us", "typeInstance": "whatsapp"},
            "timestamp": int(time.time()),
            "idMessage": words,
            "senderData": {"chatId": GUEST, "sender": GUEST, "senderName": "Olena"},
            "messageData": {"typeMessage": "textMessage", "textMessageData": {"textMessage": words}},
        }
    ).encode()


def texts_sent(desk: Desk) -> list[object]:
    return [entry.request_body["message"] for entry in desk.executed()]


def test_handlers_answer_from_the_first_event_on(desk: Desk) -> None:
    (desk.folder / "desk_handlers.py").write_text(HANDLERS)
    with serving(desk, "--no-process") as service:
        assert service.webhook(guest_text(desk, "before")) == 200
        assert service.end() == 0
    with serving(desk, "--handlers", "desk_handlers:bot") as service:
        assert service.webhook(guest_text(desk, "after")) == 200
        until(lambda: len(desk.executed()) == 2)
        assert service.end() == 0
    # The first one was stored earlier and is processed at the start: the bot is there before that.
    assert texts_sent(desk) == ["You wrote: before", "You wrote: after"]


@pytest.mark.parametrize(
    "written, words",
    [
        ("", "no Bot called bot"),
        ("bot = 5", "no Bot called bot"),
        ("from greenbot.handlers import Bot\nbot = Bot()", "no handlers"),
        ("bot = (", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError at desk_handlers.py:1"),
        ("import no_such_module_anywhere", "no_such_module_anywhere"),
    ],
)
def test_handlers_that_cannot_be_used_are_said_before_it_listens(desk: Desk, written: str, words: str) -> None:
    (desk.folder / "desk_handlers.py").write_text(written)
    refused = desk("serve", "--port", "0", "--handlers", "desk_handlers:bot", "--json")
    assert refused.exit_code == ExitCode.USAGE
    assert words in refused.error["message"]
