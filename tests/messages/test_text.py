"""Texts: how long they may be, and when a preview can be shown."""

import pytest

from greenbot.errors import BadDraft
from greenbot.messages.checks import characters
from greenbot.messages.outgoing import CustomPreview, Text
from tests.messages.samples import GUEST

LINK = "See https://hotel.example/menu"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("Дякуємо", 7),
        ("e\u0301", 2),
        ("あ", 1),
        ("🏨", 2),  # one code point, two UTF-16 units: the stricter count
        ("👨\u200d👩\u200d👧", 8),
        ("🇺🇦", 4),
    ],
)
def test_characters_are_counted_strictly(text: str, count: int) -> None:
    assert characters(text) == count
    assert characters(text) == len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("text", ["x", "x" * 20_000, "🏨" * 10_000, "  a  ", "\n*bold*\n", "\x1b[1m", "0"])
def test_texts_that_can_be_sent_go_out_unchanged(text: str) -> None:
    assert Text(chat_id=GUEST, text=text).params()["message"] == text


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "The message is empty.", "Write something"),
        (" \n\t ", "The message is empty.", "Write something"),
        ("\u00a0\u2003", "The message is empty.", "Write something"),
        ("x" * 20_001, "The message has 20,001 characters; at most 20,000 are possible.", "Shorten it by 1,"),
        ("x" * 25_512, "The message has 25,512 characters; at most 20,000 are possible.", "Shorten it by 5,512,"),
        ("🏨" * 10_001, "The message has 20,002 characters; at most 20,000 are possible.", "Emoji count as two."),
        ("abc\0", "The message contains a zero byte at position 4.", "Is it really text?"),
        ("a\udc80", "The message contains a broken character.", "UTF-8"),
        (None, "The message is not text.", None),
        (7, "The message is not text.", None),
        (b"Hi", "The message is not text.", None),
    ],
)
def test_texts_that_cannot_be_sent_are_refused_with_the_figure(text: object, message: str, hint: str | None) -> None:
    with pytest.raises(BadDraft) as caught:
        Text(chat_id=GUEST, text=text)  # type: ignore[arg-type]  # the table also holds what is no text
    assert str(caught.value) == message
    assert (hint or "") in (caught.value.hint or "")


@pytest.mark.parametrize("text", [LINK, "http://a.example", "x HTTPS://A.EXAMPLE y", "(https://a.example)"])
def test_a_preview_is_possible_with_a_link(text: str) -> None:
    assert Text(chat_id=GUEST, text=text, preview_size="small").params()["typePreview"] == "small"


@pytest.mark.parametrize(
    "text", ["Hi", "www.hotel.example", "ftp://a.example", "https:// a", "https://", "mailto:a@b.example"]
)
@pytest.mark.parametrize("wish", [{"preview_size": "large"}, {"custom_preview": CustomPreview(title="T")}])
def test_a_preview_needs_a_link_in_the_text(text: str, wish: dict[str, object]) -> None:
    with pytest.raises(BadDraft, match="needs a link in the message, and there is none") as caught:
        Text(chat_id=GUEST, text=text, **wish)  # type: ignore[arg-type]  # one of two fields
    assert "https://" in str(caught.value.hint)


def test_switching_the_preview_on_or_off_needs_no_link() -> None:
    # A template may say so for every message; without a link it simply has no effect.
    assert Text(chat_id=GUEST, text="Hi", link_preview=True).params()["linkPreview"] is True
    assert Text(chat_id=GUEST, text="Hi", link_preview=False).params()["linkPreview"] is False


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"preview_size": "large", "link_preview": False}, "described and switched off at once"),
        ({"preview_size": "medium"}, "The preview size cannot be 'medium'"),
        ({"preview_size": ""}, "The preview size cannot be ''"),
        ({"link_preview": "yes"}, "either true or false, not 'yes'"),
        ({"link_preview": 1}, "either true or false, not '1'"),
        ({"quoted_message_id": ""}, "The id of the quoted message '' is not an id"),
        ({"quoted_message_id": "BAE5 F488"}, "is not an id"),
        ({"quoted_message_id": "BAE5\n"}, "is not an id"),
        ({"quoted_message_id": "ü"}, "is not an id"),
        ({"quoted_message_id": "A" * 129}, "has 129 characters, too many for an id"),
        ({"quoted_message_id": 7}, "is not an id"),
    ],
)
def test_wrong_wishes_are_refused(wish: dict[str, object], words: str) -> None:
    with pytest.raises(BadDraft, match=words):
        Text(chat_id=GUEST, text=LINK, **wish)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"title": ""}, "The title of the preview is empty"),
        ({"title": "x" * 301}, "The title of the preview has 301 characters; at most 300"),
        ({"description": "x" * 301}, "The description of the preview has 301 characters"),
        ({"link": "https://a.example/" + "x" * 300}, "The link of the preview has 318 characters"),
        ({"link": "hotel.example"}, "does not begin with https:// or http://"),
        ({"link": "javascript:alert(1)"}, "does not begin with https:// or http://"),
        ({"image_url": "file:///p.jpg"}, "The picture link of the preview 'file:///p.jpg' does not begin"),
        ({"thumbnail": "not base64!"}, "is not base64"),
        ({"thumbnail": "abc"}, "is not base64"),
        ({"thumbnail": "=abc"}, "is not base64"),
        ({"title": "a\0"}, "zero byte"),
        ({"description": "a\ud800"}, "broken character"),
    ],
)
def test_a_preview_of_ones_own_is_checked(parts: dict[str, str], words: str) -> None:
    with pytest.raises(BadDraft, match=words):
        CustomPreview(**{"title": "T", **parts})


def test_a_preview_picture_that_makes_the_request_too_big_is_refused() -> None:
    preview = CustomPreview(title="T", thumbnail="AAAA" * 25_000)
    with pytest.raises(BadDraft, match="101 kB with all its parts"):
        Text(chat_id=GUEST, text=LINK, custom_preview=preview)
