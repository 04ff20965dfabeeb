"""What a guest's phone shows for a message that has no text of its own."""

import pytest

from greenbot.simulator.world import GuestMessage


@pytest.mark.parametrize(
    ("text", "content", "shown"),
    [
        ("Your room is ready.", {"textMessage": "Your room is ready."}, "Your room is ready."),
        ("", {"location": {"nameLocation": "Coast Odesa", "latitude": 46.4}}, "Coast Odesa"),
        ("", {"contact": {"displayName": "Reception", "vcard": "BEGIN:VCARD"}}, "Reception"),
        ("", {"pollMessageData": {"name": "When?", "options": []}}, "When?"),
        ("", {"interactiveButtons": {"titleText": "", "contentText": "Late check-out?"}}, "Late check-out?"),
        ("", {"downloadUrl": "http://x/menu.pdf", "caption": "", "fileName": "menu.pdf"}, "menu.pdf"),
        ("Tonight", {"caption": "Tonight", "fileName": "menu.pdf"}, "Tonight"),
        ("", {"location": {"nameLocation": "", "latitude": 46.4}}, ""),
    ],
)
def test_shown(text: str, content: dict[str, object], shown: str) -> None:
    message = GuestMessage(
        at=0.0, instance=1, chat_id="1@c.us", id_message="A", type_message="t", text=text, content=content
    )
    assert message.shown == shown
