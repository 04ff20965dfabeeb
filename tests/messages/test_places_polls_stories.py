"""Places, polls, forwarding, reactions and stories: what is refused, and in which words."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.errors import BadChatId, BadDraft, BadFile
from greenbot.messages.outgoing import Forward, Location, MediaStatus, Poll, Reaction, TextStatus, Typing, VoiceStatus
from tests.messages.samples import GUEST, OTHER


@pytest.mark.parametrize(("latitude", "longitude"), [(90, 180), (-90, -180), (0, 0), (50.4501, 30.5234), (-0.0, 1e-9)])
def test_every_point_of_the_earth_can_be_sent(latitude: float, longitude: float) -> None:
    params = Location(chat_id=GUEST, latitude=latitude, longitude=longitude).params()
    assert (params["latitude"], params["longitude"]) == (latitude, longitude)


@pytest.mark.parametrize(
    ("latitude", "longitude", "words", "hint"),
    [
        (90.0001, 0, r"The latitude is 90\.0001; it lies between -90 and 90\.", "swapped"),
        (-91, 0, "The latitude is -91", "swapped"),
        (151.2, -33.8, r"The latitude is 151\.2", "Are the two numbers swapped\\? Latitude comes first"),
        (200, 0, "The latitude is 200", "Write latitude and longitude in degrees"),
        (0, 180.5, r"The longitude is 180\.5; it lies between -180 and 180\.", "in degrees"),
        (0, -1e300, "The longitude is -1e\\+300", "in degrees"),
        (math.nan, 0, "The latitude 'nan' is not a number", "in degrees"),
        (0, math.nan, "The longitude 'nan' is not a number", "in degrees"),
        (math.inf, 0, "The latitude 'inf' is not a number", "in degrees"),
        (0, -math.inf, "The longitude '-inf' is not a number", "in degrees"),
        ("50.45", 30, "The latitude '50.45' is not a number", "in degrees"),
        (None, 30, "The latitude 'None' is not a number", "in degrees"),
        (True, 30, "The latitude 'True' is not a number", "in degrees"),
    ],
)
def test_points_off_the_earth_are_refused(latitude: float, longitude: float, words: str, hint: str) -> None:
    with pytest.raises(BadDraft, match=words) as caught:
        Location(chat_id=GUEST, latitude=latitude, longitude=longitude)
    with pytest.raises(AssertionError, match=hint):
        raise AssertionError(caught.value.hint)


@given(st.floats())
def test_no_float_but_a_latitude_gets_through(latitude: float) -> None:
    try:
        draft = Location(chat_id=GUEST, latitude=latitude, longitude=0)
    except BadDraft:
        assert not abs(latitude) <= 90
    else:
        assert abs(draft.latitude) <= 90


@pytest.mark.parametrize("count", [2, 3, 12])
def test_polls_have_two_to_twelve_options(count: int) -> None:
    options = tuple(str(number) for number in range(count))
    shape = Poll(chat_id=GUEST, question="?", options=options).params()["options"]
    assert shape == [{"optionName": option} for option in options]


@pytest.mark.parametrize(
    ("question", "options", "words"),
    [
        ("", ("a", "b"), "The question is empty"),
        ("x" * 256, ("a", "b"), r"The question has 256 characters; at most 255 are possible\."),
        ("🏨" * 128, ("a", "b"), "The question has 256 characters"),
        ("?", (), r"There are 0 options; 2 to 12 are possible\."),
        ("?", ("a",), r"There is only 1 option; 2 to 12 are possible\."),
        ("?", tuple("abcdefghijklm"), "There are 13 options; 2 to 12 are possible"),
        ("?", ("a", "a"), "The option 'a' is there twice"),
        ("?", ("a", "b", " a "), "The option ' a ' is there twice"),
        ("?", ("a", ""), "Option 2 is empty"),
        ("?", ("a", "  "), "Option 2 is empty"),
        ("?", ("a", 7), "Option 2 is not text"),
        ("?", "ab\0", "Option 3 contains a zero byte"),
    ],
)
def test_polls_whatsapp_cannot_show_are_refused(question: str, options: tuple[str, ...], words: str) -> None:
    with pytest.raises(BadDraft, match=words):
        Poll(chat_id=GUEST, question=question, options=options)


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ((), "There is no message to forward"),
        (("BAE5", ""), "The message id '' is not an id"),
        (("BAE5", "BAE 5"), "The message id 'BAE 5' is not an id"),
        (("BAE5", "BAE5"), "The message 'BAE5' is there twice"),
        (("A" * 129,), "has 129 characters"),
    ],
)
def test_forwarding_needs_ids_of_messages(ids: tuple[str, ...], words: str) -> None:
    with pytest.raises(BadDraft, match=words):
        Forward(chat_id=GUEST, from_chat_id=OTHER, message_ids=ids)


def test_forwarding_reads_both_chats() -> None:
    draft = Forward(chat_id="+11001234568", from_chat_id="120363043968066561@g.us", message_ids=("BAE5",))  # type: ignore[arg-type]  # text is taken too
    assert (draft.params()["chatId"], draft.params()["chatIdFrom"]) == (GUEST, "120363043968066561@g.us")
    with pytest.raises(BadChatId):
        Forward(chat_id=GUEST, from_chat_id="nobody", message_ids=("BAE5",))  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    "emoji",
    ["👍", "❤", "❤️", "👏🏽", "👩‍🚒", "👨‍👩‍👧‍👦", "🇺🇦", "1️⃣", "#⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☎️", "‼️", "©", "🫶🏿", "\u2139\ufe0f", "🏳️‍🌈"],
)
def test_one_emoji_is_a_reaction(emoji: str) -> None:
    assert Reaction(chat_id=GUEST, message_id="BAE5", emoji=emoji).params()["reaction"] == emoji


@pytest.mark.parametrize(
    "emoji", ["👍👍", "ok", "1", "👍 ", ":)", "\\uD83D\\uDC4F", "🇺", "🏽", "\u200d", "\ufe0f", "👍!", "é", "\n"]
)
def test_anything_else_is_no_reaction(emoji: str) -> None:
    with pytest.raises(BadDraft, match="is not one emoji") as caught:
        Reaction(chat_id=GUEST, message_id="BAE5", emoji=emoji)
    assert "👍" in str(caught.value.hint)


def test_a_reaction_cannot_be_taken_back() -> None:
    with pytest.raises(BadDraft, match="The reaction is empty") as caught:
        Reaction(chat_id=GUEST, message_id="BAE5", emoji="")
    assert "no way to take a reaction back" in str(caught.value.hint)


def test_typing_is_shown_for_five_seconds_unless_said_otherwise() -> None:
    assert Typing(chat_id=GUEST).params() == {"chatId": GUEST, "typingTime": 5000}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": ""}, "The story is empty"),
        ({"text": "x" * 501}, r"The story has 501 characters; at most 500 are possible\."),
        ({"background": "green"}, "'green' is not a colour"),
        ({"background": "#FFF"}, "'#FFF' is not a colour"),
        ({"background": "#12345G"}, "is not a colour"),
        ({"background": "228B22"}, "is not a colour"),
        ({"background": "#228B22\n"}, "is not a colour"),
        ({"background": 7}, "'7' is not a colour"),
        ({"font": "Arial"}, "The font cannot be 'Arial'"),
        ({"font": "serif"}, "The font cannot be 'serif'"),
        ({"participants": ("120363043968066561@g.us",)}, "'120363043968066561@g.us' is not a person"),
        ({"participants": ("+11001234568", "11001234568@c.us")}, "The participant '11001234568@c.us' is there twice"),
    ],
)
def test_stories_whatsapp_cannot_show_are_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(BadDraft, match=words):
        TextStatus(**{"text": "Hi", **fields})  # type: ignore[arg-type]  # wrong on purpose


def test_the_refusal_of_a_font_names_all_fonts() -> None:
    with pytest.raises(BadDraft) as caught:
        TextStatus(text="Hi", font="Arial")
    assert caught.value.hint == "Choose one of: SERIF, SANS_SERIF, NORICAN_REGULAR, BRYNDAN_WRITE, OSWALD_HEAVY."


def test_participants_are_read_in_any_usual_form() -> None:
    draft = TextStatus(text="Hi", participants=("+1 100 123-4568", "155508384256027@lid"))  # type: ignore[arg-type]  # text is taken too
    assert draft.params()["participants"] == [GUEST, "155508384256027@lid"]
    with pytest.raises(BadChatId):
        TextStatus(text="Hi", participants=("nobody",))  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("name", ["a.ogg", "a.MP3", "a.m4a", "a.wav"])
def test_sound_can_be_a_voice_story(name: str) -> None:
    assert VoiceStatus(url=f"https://h.example/{name}").params()["fileName"] == name


@pytest.mark.parametrize("name", ["a.jpg", "a.PNG", "a.mp4", "a.mov", "a.webp"])
def test_pictures_and_videos_can_be_a_story(name: str) -> None:
    assert MediaStatus(url=f"https://h.example/{name}").params()["fileName"] == name


@pytest.mark.parametrize("name", ["a.pdf", "a.jpg", "a.ape", "a.xyz"])
def test_other_files_are_no_voice_story(name: str) -> None:
    with pytest.raises(BadFile, match=f"'{name}' is not a recording that WhatsApp shows") as caught:
        VoiceStatus(url=f"https://h.example/{name}")
    assert caught.value.hint == "Use one of: m4a, mp3, ogg."


@pytest.mark.parametrize("name", ["a.pdf", "a.ogg", "a.eps", "a.3gp"])
def test_other_files_are_no_picture_story(name: str) -> None:
    with pytest.raises(BadFile, match=f"'{name}' is not a picture or a video that WhatsApp shows"):
        MediaStatus(url=f"https://h.example/{name}")


def test_the_caption_of_a_story_is_limited() -> None:
    with pytest.raises(BadDraft, match="The caption has 1,025 characters"):
        MediaStatus(url="https://h.example/a.jpg", caption="x" * 1_025)
