"""One complete draft of every kind, for tests that hold for all of them."""

from pathlib import Path

from greenbot.chat_id import ChatId
from greenbot.messages.drafts.base import BaseDraft
from greenbot.messages.outgoing import (
    Button,
    Buttons,
    Contact,
    CustomPreview,
    FileByUpload,
    FileByUrl,
    Forward,
    Location,
    MediaStatus,
    Poll,
    Reaction,
    ReplyButtons,
    Text,
    TextStatus,
    Typing,
    VoiceStatus,
)

GUEST = ChatId("11001234568@c.us")
OTHER = ChatId("11001234569@c.us")
QUOTED = "BAE5F4886F6F2D05"
SHA256 = "0123456789abcdef" * 4

FULL: tuple[BaseDraft, ...] = (
    Text(
        chat_id=GUEST,
        text="Hi https://example.com",
        quoted_message_id=QUOTED,
        link_preview=True,
        preview_size="large",
        custom_preview=CustomPreview(
            title="T",
            description="D",
            link="https://example.com",
            image_url="https://example.com/p.jpg",
            thumbnail="/9j/",
        ),
        typing_ms=3000,
    ),
    FileByUrl(
        chat_id=GUEST,
        url="https://example.com/a.pdf",
        file_name="b.pdf",
        caption="C",
        quoted_message_id=QUOTED,
        typing_ms=1000,
        typing_type="recording",
    ),
    FileByUpload(
        chat_id=GUEST,
        path=Path("/srv/menu.pdf"),
        file_name="Menü.pdf",
        caption="C",
        quoted_message_id=QUOTED,
        typing_ms=20000,
        typing_type="typing",
        mime_type="application/pdf",
        size_bytes=12,
        sha256=SHA256,
    ),
    Location(
        chat_id=GUEST,
        latitude=-12.34,
        longitude=56.78,
        name="Cafe",
        address="1 Main street",
        quoted_message_id=QUOTED,
        typing_ms=1000,
    ),
    Contact(
        chat_id=GUEST,
        phone="+11001234569",
        first_name="A",
        middle_name="B",
        last_name="C",
        company="D",
        quoted_message_id=QUOTED,
        typing_ms=1000,
    ),
    Poll(
        chat_id=GUEST,
        question="Color?",
        options=("Red", "Blue"),
        multiple_answers=True,
        quoted_message_id=QUOTED,
        typing_ms=1000,
    ),
    Buttons(
        chat_id=GUEST,
        body="B",
        header="H",
        footer="F",
        buttons=(
            Button(action="copy", label="Copy", value="1357"),
            Button(action="call", label="Call", value="+11001234569"),
            Button(action="url", label="Open", value="https://example.com"),
        ),
    ),
    ReplyButtons(chat_id=GUEST, body="B", labels=("Yes", "No"), header="H", footer="F"),
    Forward(chat_id=GUEST, from_chat_id=OTHER, message_ids=("BAE587FA1CECF760", "BAE587FA1CECF761"), typing_ms=1000),
    TextStatus(text="Hi", background="#228B22", font="SERIF", participants=(GUEST, OTHER)),
    VoiceStatus(url="https://example.com/a.ogg", file_name="b.ogg", background="#228b22", participants=(GUEST,)),
    MediaStatus(url="https://example.com/a.jpg", file_name="b.jpg", caption="C", participants=(GUEST,)),
    Reaction(chat_id=GUEST, message_id="BAE550673B9C0497", emoji="👏"),
    Typing(chat_id=GUEST, typing_ms=7000, recording=True),
)
LEAN: tuple[BaseDraft, ...] = (
    Text(chat_id=GUEST, text="Hi"),
    FileByUrl(chat_id=GUEST, url="https://example.com/a.pdf"),
    FileByUpload(chat_id=GUEST, path=Path("/srv/menu.pdf"), size_bytes=1, sha256=SHA256),
    Location(chat_id=GUEST, latitude=0, longitude=0),
    Contact(chat_id=GUEST, phone="11001234569", first_name="A"),
    Poll(chat_id=GUEST, question="Color?", options=("Red", "Blue")),
    Buttons(chat_id=GUEST, body="B", buttons=(Button(action="copy", label="Copy", value="1357"),)),
    ReplyButtons(chat_id=GUEST, body="B", labels=("Yes",)),
    Forward(chat_id=GUEST, from_chat_id=OTHER, message_ids=("BAE587FA1CECF760",)),
    TextStatus(text="Hi"),
    VoiceStatus(url="https://example.com/a.ogg"),
    MediaStatus(url="https://example.com/a.mp4"),
    Reaction(chat_id=GUEST, message_id="BAE550673B9C0497", emoji="❤"),
    Typing(chat_id=GUEST),
)
