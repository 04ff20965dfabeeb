"""Buttons: how they are written on the command line, and what WhatsApp can show."""

import pytest

from greenbot.errors import BadDraft
from greenbot.messages.outgoing import Button, Buttons, ReplyButtons, buttons_draft, parse_button
from tests.messages.samples import GUEST


@pytest.mark.parametrize(
    ("text", "action", "label", "value"),
    [
        ("copy:Copy code:4711", "copy", "Copy code", "4711"),
        ("copy:Wi-Fi:a:b c", "copy", "Wi-Fi", "a:b c"),
        ("call:Reception:+380 44 123 4567", "call", "Reception", "+380441234567"),
        ("call:Reception:380441234567", "call", "Reception", "+380441234567"),
        ("url:Open:https://h.example/b/4711?x=1", "url", "Open", "https://h.example/b/4711?x=1"),
        (" URL : Open : https://h.example ", "url", "Open", "https://h.example"),
        ("copy:" + "x" * 25 + ":1", "copy", "x" * 25, "1"),
    ],
)
def test_a_button_is_read_from_one_text(text: str, action: str, label: str, value: str) -> None:
    assert parse_button(text) == Button(action=action, label=label, value=value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' does not describe a button"),
        ("Open", "'Open' does not describe a button"),
        ("copy:Copy", "does not describe a button"),
        ("link:Open:https://h.example", "does not describe a button"),
        ("copy::4711", "The label of a button is empty"),
        ("copy:Copy:", "The code of the button 'Copy' is empty"),
        ("copy:" + "x" * 26 + ":1", "The label of a button has 26 characters; at most 25 are possible"),
        ("copy:" + "🏨" * 13 + ":1", "The label of a button has 26 characters"),
        ("call:Reception:112", "The number of the button 'Reception': '112' has 3 digits, too few"),
        ("call:Reception:", "The number of the button 'Reception': The recipient is empty"),
        ("call:Us:120363043968066561@g.us", "'120363043968066561@g.us' is not a phone number"),
        ("url:Open:hotel.example", "The link of the button 'Open' 'hotel.example' does not begin with https://"),
        ("url:Open:javascript:alert(1)", "does not begin with https://"),
        ("url:Open:https://a b.example", "contains a space"),
        ("url:Open:https://u:p@h.example", "carries a name or password"),
    ],
)
def test_a_text_that_makes_no_button_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadDraft) as caught:
        parse_button(text)
    assert words in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (["reply:Yes, please", "reply:No"], ("Yes, please", "No")),
        (["Yes", "No", "Later"], ("Yes", "No", "Later")),
        (["Reply : Yes"], ("Yes",)),
        (["reply:At 10:30:00"], ("At 10:30:00",)),
        (["Tea: green"], ("Tea: green",)),
        (["reply:reply:x"], ("reply:x",)),
    ],
)
def test_answers_become_reply_buttons(texts: list[str], labels: tuple[str, ...]) -> None:
    draft = buttons_draft(GUEST, "Late check-out?", texts, header="H", footer="F")
    assert draft == ReplyButtons(chat_id=GUEST, body="Late check-out?", labels=labels, header="H", footer="F")


def test_everything_else_becomes_buttons_that_act() -> None:
    draft = buttons_draft(GUEST, "Your booking", ["url:Open:https://h.example", "copy:Copy:4711"])
    assert isinstance(draft, Buttons)
    assert [button.action for button in draft.buttons] == ["url", "copy"]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([], "There are 0 buttons; 1 to 3 are possible"),
        (["a", "b", "c", "d"], "There are 4 buttons; 1 to 3 are possible"),
        ([f"copy:{n}:x" for n in range(4)], "There are 4 buttons; 1 to 3 are possible"),
        (["Yes", "copy:Copy:4711"], "The button 'Yes' is an answer, but 'copy:Copy:4711' is not"),
        (["copy:Copy:4711", "reply:Yes"], "The button 'reply:Yes' is an answer"),
        (["Yes", "Yes"], "The button 'Yes' is there twice"),
        (["Yes", " Yes "], "The button 'Yes' is there twice"),
        (["copy:A:1", "copy:A:2"], "The button 'A' is there twice"),
        (["reply:"], "The label of a button is empty"),
        (["x" * 26], "The label of a button has 26 characters"),
        (["lnk:Open:https://h.example"], "does not describe a button"),
    ],
)
def test_buttons_whatsapp_cannot_show_are_refused(texts: list[str], words: str) -> None:
    with pytest.raises(BadDraft) as caught:
        buttons_draft(GUEST, "B", texts)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "  ", "x" * 20_001])
def test_the_text_above_the_buttons_is_needed_and_limited(text: str) -> None:
    with pytest.raises(BadDraft, match=r"The text above the buttons (is empty|has 20,001 characters)"):
        buttons_draft(GUEST, text, ["Yes"])


def test_numbers_of_buttons_count_from_one() -> None:
    shape = buttons_draft(GUEST, "B", ["a", "b", "c"]).params()["buttons"]
    assert shape == [{"buttonId": str(n), "buttonText": label} for n, label in ((1, "a"), (2, "b"), (3, "c"))]
