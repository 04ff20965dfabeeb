"""Any usual form of a phone number or chat id becomes the one GREEN-API accepts, or a clear refusal."""

import json
import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from greenbot.chat_id import STATUS_CHAT, ChatId, parse_chat_id
from greenbot.errors import BadChatId
from greenbot.safe_text import safe_text

GUEST = "380441234567@c.us"


@pytest.mark.parametrize(
    "text",
    [
        "380441234567",
        "+380441234567",
        "00380441234567",
        "+380 44 123 45 67",
        "+380 (44) 123-45-67",
        "+380.44.123.4567",
        "+380/44/1234567",
        "+380 (0)44 123 4567",  # as printed on business cards
        "00380(0)44-123-4567",
        "  +380441234567\n",
        "+380\u00a044\u00a0123\u00a04567",  # no-break spaces, as web pages write them
        "+380\u201144\u20111234567",  # no-break hyphens
        "+380 44 \u2212 1234567",
        "\u202a+380441234567\u202c",  # copied from a phone book
        "\u200e+380441234567",
        "+380441234567\u200b",
        "\ufeff380441234567",
        "\uff0b\uff13\uff18\uff10\uff14\uff14\uff11\uff12\uff13\uff14\uff15\uff16\uff17",  # full-width
        "+\u0663\u0668\u0660\u0664\u0664\u0661\u0662\u0663\u0664\u0665\u0666\u0667",  # Arabic-Indic digits
        "\u0969\u096e\u0966\u096a\u096a\u0967\u0968\u0969\u096a\u096b\u096c\u096d",  # Devanagari digits
        "tel:+380441234567",
        "tel:+380-44-1234567;ext=12",
        "whatsapp:+380441234567",
        "whatsapp://send?phone=380441234567&text=hi",
        "https://wa.me/380441234567",
        "http://WA.ME/+380441234567?text=mail%20a@b.example",
        "https://wa.me/380441234567?text=mail a@b.example",
        "wa.me/380441234567",
        "https://api.whatsapp.com/send?phone=380441234567&text=hi",
        "https://api.whatsapp.com/send/?phone=+380441234567",
        "https://web.whatsapp.com/send?phone=380441234567",
        "380441234567@c.us",
        "+380441234567@c.us",
        "380441234567@C.US",
        "\u200e380441234567@c.us\u200e",
    ],
)
def test_every_usual_form_names_the_same_guest(text: str) -> None:
    assert parse_chat_id(text) == GUEST


@pytest.mark.parametrize(
    ("text", "country_code", "chat_id"),
    [
        ("044 123 4567", "380", GUEST),
        ("044 123 4567", "+380", GUEST),
        ("(0)44 123 4567", "380", GUEST),
        ("+380441234567", "49", GUEST),  # its own country code wins
        ("0030 210 123 4567", "380", "302101234567@c.us"),
        ("11001234567", "380", "11001234567@c.us"),  # long enough to be international already
    ],
)
def test_national_numbers_are_completed_with_the_country_of_the_hotel(
    text: str, country_code: str, chat_id: str
) -> None:
    assert parse_chat_id(text, country_code=country_code) == chat_id


@pytest.mark.parametrize(
    ("text", "chat_id", "kind"),
    [
        ("120363043968066561@g.us", "120363043968066561@g.us", "group"),
        ("11001234567-1581234048@g.us", "11001234567-1581234048@g.us", "group"),
        ("155508384256027@lid", "155508384256027@lid", "lid"),
        ("155508384256027@LID", "155508384256027@lid", "lid"),
        (GUEST, GUEST, "person"),
        ("1234567@c.us", "1234567@c.us", "person"),  # the shortest numbers in use
    ],
)
def test_chat_ids_are_taken_as_they_are(text: str, chat_id: str, kind: str) -> None:
    parsed = parse_chat_id(text)
    assert (parsed, parsed.kind) == (chat_id, kind)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("\u200b\u200e", "empty"),
        ("reception", "more than digits"),
        ("+", "more than digits"),
        ("+380 44 CALL-ME", "more than digits"),
        ("++380441234567", "more than digits"),
        ("380441234567x12", "more than digits"),
        ("½380441234567", "more than digits"),
        ("https://wa.me/message/ABCDEF", "more than digits"),
        ("12 tel:380441234567", "more than digits"),
        ("0441234567", "no country code"),
        ("+0441234567", "begins with 0"),
        ("000441234567", "begins with 0"),
        ("0441234567@c.us", "not a chat id"),
        ("4412345", "7 digits, too few"),
        ("+441234", "6 digits, too few"),
        ("1234567890", "10 digits, too few"),
        ("12345678901234567", "17 digits"),
        ("8 (999) 123-45-67", "trunk prefix 8"),
        ("a@b.example", "not a chat id"),
        ("380441234567@", "not a chat id"),
        ("@c.us", "not a chat id"),
        ("123@c.us", "not a chat id"),
        ("38044\u0661234567@c.us", "not a chat id"),  # GREEN-API knows 0-9 only
        ("380441234567@c.us@c.us", "not a chat id"),
        ("380441234567@c.us.evil", "not a chat id"),
        ("380441234567@g.us\n@lid", "not a chat id"),
        ("status@broadcast", "Stories"),
        ("120363043968066561@newsletter", "channels"),
    ],
)
def test_what_is_not_a_recipient_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(BadChatId, match=words) as caught:
        parse_chat_id(text)
    assert caught.value.hint


def test_the_refusal_shows_hostile_input_escaped_and_short() -> None:
    with pytest.raises(BadChatId) as caught:
        parse_chat_id("\x1b[2J" + "x" * 100_000)
    message = str(caught.value)
    assert safe_text(message) == message
    assert len(message) < 200


def test_a_wrong_country_code_does_not_pass_as_a_number() -> None:
    with pytest.raises(BadChatId, match="begins with 0"):
        parse_chat_id("044 123 4567", country_code="0")


def test_a_person_has_a_phone_number_and_others_do_not() -> None:
    assert parse_chat_id(GUEST).phone == "+380441234567"
    assert parse_chat_id("155508384256027@lid").phone is None
    assert parse_chat_id("120363043968066561@g.us").phone is None


def test_the_masked_form_hides_the_number() -> None:
    assert parse_chat_id(GUEST).masked == "38***4567@c.us"
    assert STATUS_CHAT.masked == "status@broadcast"


def test_stories_have_a_chat_of_their_own_kind() -> None:
    assert (STATUS_CHAT, STATUS_CHAT.kind, STATUS_CHAT.phone) == ("status@broadcast", "status", None)


def test_a_chat_id_is_plain_text_for_json_and_pickle() -> None:
    chat_id = parse_chat_id(GUEST)
    assert json.dumps(chat_id) == f'"{GUEST}"'
    assert pickle.loads(pickle.dumps(chat_id)) == chat_id


@given(st.text())
def test_any_text_becomes_a_valid_id_or_a_refusal(text: str) -> None:
    try:
        chat_id = parse_chat_id(text)
    except BadChatId as refusal:
        assert safe_text(str(refusal)) == str(refusal)
    else:
        assert isinstance(chat_id, ChatId)
        assert parse_chat_id(chat_id) == chat_id


@given(st.text(alphabet="0123456789+-() @c.usglid", max_size=30))
def test_texts_close_to_numbers_become_a_valid_id_or_a_refusal(text: str) -> None:
    test_any_text_becomes_a_valid_id_or_a_refusal.hypothesis.inner_test(text)  # type: ignore[attr-defined]  # hypothesis adds it


@given(
    st.integers(min_value=10**10, max_value=10**16 - 1).map(str), st.text(alphabet=" -().\u00a0", max_size=8), st.data()
)
def test_separators_never_change_the_number(digits: str, separators: str, data: st.DataObject) -> None:
    written = "+" + digits
    for separator in separators:
        at = data.draw(st.integers(1, len(written)))
        written = written[:at] + separator + written[at:]
    assume("(0)" not in written)  # this one says: not from abroad
    assert parse_chat_id(written) == digits + "@c.us"
