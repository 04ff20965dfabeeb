"""What holds for every kind of draft: request fields, JSON, fingerprints, sizes."""

import json
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.api.endpoints import ENDPOINTS
from greenbot.chat_id import STATUS_CHAT, ChatId
from greenbot.errors import BadChatId, BadDraft, UsageError
from greenbot.messages import outgoing
from greenbot.messages.drafts.base import BaseDraft, ChatDraft, OutgoingFile
from greenbot.messages.outgoing import (
    KINDS,
    FileByUpload,
    Location,
    Text,
    draft_class,
    draft_from_json,
)
from tests.messages.samples import FULL, GUEST, LEAN, QUOTED, SHA256

ALL = FULL + LEAN
CHAT: dict[str, object] = {"chatId": "11001234568@c.us"}


def _name(draft: BaseDraft) -> str:
    return f"{draft.kind}-{'full' if draft in FULL else 'lean'}"


# The wire shapes of GREEN-API's documentation (green-api.md, Appendix D), completed with every optional field.
SHAPES: list[dict[str, object]] = [
    CHAT
    | {
        "message": "Hi https://example.com",
        "quotedMessageId": QUOTED,
        "linkPreview": True,
        "typePreview": "large",
        "customPreview": {
            "title": "T",
            "description": "D",
            "link": "https://example.com",
            "urlFile": "https://example.com/p.jpg",
            "jpegThumbnail": "/9j/",
        },
        "typingTime": 3000,
    },
    CHAT
    | {
        "urlFile": "https://example.com/a.pdf",
        "fileName": "b.pdf",
        "caption": "C",
        "quotedMessageId": QUOTED,
        "typingTime": 1000,
        "typingType": "recording",
    },
    CHAT
    | {"fileName": "Menü.pdf", "caption": "C", "quotedMessageId": QUOTED, "typingTime": 20000, "typingType": "typing"},
    CHAT
    | {
        "nameLocation": "Cafe",
        "address": "1 Main street",
        "latitude": -12.34,
        "longitude": 56.78,
        "quotedMessageId": QUOTED,
        "typingTime": 1000,
    },
    CHAT
    | {
        "contact": {"phoneContact": 11001234569, "firstName": "A", "middleName": "B", "lastName": "C", "company": "D"},
        "quotedMessageId": QUOTED,
        "typingTime": 1000,
    },
    CHAT
    | {
        "message": "Color?",
        "options": [{"optionName": "Red"}, {"optionName": "Blue"}],
        "multipleAnswers": True,
        "quotedMessageId": QUOTED,
        "typingTime": 1000,
    },
    CHAT
    | {
        "header": "H",
        "body": "B",
        "footer": "F",
        "buttons": [
            {"type": "copy", "buttonId": "1", "buttonText": "Copy", "copyCode": "1357"},
            {"type": "call", "buttonId": "2", "buttonText": "Call", "phoneNumber": "11001234569"},
            {"type": "url", "buttonId": "3", "buttonText": "Open", "url": "https://example.com"},
        ],
    },
    CHAT
    | {
        "header": "H",
        "body": "B",
        "footer": "F",
        "buttons": [{"buttonId": "1", "buttonText": "Yes"}, {"buttonId": "2", "buttonText": "No"}],
    },
    CHAT
    | {
        "chatIdFrom": "11001234569@c.us",
        "messages": ["BAE587FA1CECF760", "BAE587FA1CECF761"],
        "typingTime": 1000,
    },
    {
        "message": "Hi",
        "backgroundColor": "#228B22",
        "font": "SERIF",
        "participants": ["11001234568@c.us", "11001234569@c.us"],
    },
    {
        "urlFile": "https://example.com/a.ogg",
        "fileName": "b.ogg",
        "backgroundColor": "#228b22",
        "participants": ["11001234568@c.us"],
    },
    {
        "urlFile": "https://example.com/a.jpg",
        "fileName": "b.jpg",
        "caption": "C",
        "participants": ["11001234568@c.us"],
    },
    CHAT | {"idMessage": "BAE550673B9C0497", "reaction": "👏"},
    CHAT | {"typingTime": 7000, "typingType": "recording"},
]
LEAN_SHAPES: list[dict[str, object]] = [
    CHAT | {"message": "Hi"},
    CHAT | {"urlFile": "https://example.com/a.pdf", "fileName": "a.pdf"},
    CHAT | {"fileName": "menu.pdf"},
    CHAT | {"latitude": 0, "longitude": 0},
    CHAT | {"contact": {"phoneContact": 11001234569, "firstName": "A"}},
    CHAT | {"message": "Color?", "options": [{"optionName": "Red"}, {"optionName": "Blue"}], "multipleAnswers": False},
    CHAT | {"body": "B", "buttons": [{"type": "copy", "buttonId": "1", "buttonText": "Copy", "copyCode": "1357"}]},
    CHAT | {"body": "B", "buttons": [{"buttonId": "1", "buttonText": "Yes"}]},
    CHAT | {"chatIdFrom": "11001234569@c.us", "messages": ["BAE587FA1CECF760"]},
    {"message": "Hi"},
    {"urlFile": "https://example.com/a.ogg", "fileName": "a.ogg"},
    {"urlFile": "https://example.com/a.mp4", "fileName": "a.mp4"},
    CHAT | {"idMessage": "BAE550673B9C0497", "reaction": "❤"},
    CHAT | {"typingTime": 5000},
]


@pytest.mark.parametrize(
    ("draft", "shape"), list(zip(ALL, SHAPES + LEAN_SHAPES, strict=True)), ids=[_name(d) for d in ALL]
)
def test_the_request_has_the_documented_shape(draft: BaseDraft, shape: dict[str, object]) -> None:
    assert draft.params() == shape
    assert json.loads(json.dumps(draft.params())) == shape


def test_there_is_a_sample_of_every_kind() -> None:
    assert [draft.kind for draft in FULL] == [draft.kind for draft in LEAN] == list(KINDS)


def test_every_name_of_the_module_can_be_imported() -> None:
    for name in set(outgoing.__all__) - {"Draft"}:
        assert getattr(outgoing, name)
    with pytest.raises(AttributeError):
        outgoing.Sticker  # type: ignore[attr-defined]  # noqa: B018 - looking it up is what must fail


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_names_its_class(kind: str) -> None:
    assert draft_class(kind).kind == kind
    assert draft_class(kind).__name__ == KINDS[kind]


@pytest.mark.parametrize("draft", FULL, ids=_name)
def test_each_method_and_its_fields_are_in_the_catalogue(draft: BaseDraft) -> None:
    endpoint = ENDPOINTS[draft.method]
    known = {parameter.name for parameter in endpoint.params}
    assert set(draft.params()) <= known
    needed = {parameter.name for parameter in endpoint.params if parameter.required} - {"file"}
    assert needed <= set(draft.params())


@pytest.mark.parametrize("draft", ALL, ids=_name)
def test_a_draft_comes_back_from_json_as_it_was(draft: BaseDraft) -> None:
    text = draft.to_json()
    again = draft_from_json(draft.kind, text)
    assert again == draft
    assert again.params() == draft.params()
    assert again.to_json() == text


@pytest.mark.parametrize("draft", ALL, ids=_name)
def test_a_draft_cannot_be_changed(draft: BaseDraft) -> None:
    for field in fields(draft):
        with pytest.raises(FrozenInstanceError):
            setattr(draft, field.name, None)


@pytest.mark.parametrize("draft", ALL, ids=_name)
def test_the_summary_is_one_short_safe_line(draft: BaseDraft) -> None:
    assert 0 < len(draft.summary()) <= 60
    assert draft.summary().isprintable()


@pytest.mark.parametrize(
    ("draft", "summary"),
    [
        (Text(chat_id=GUEST, text="Your room\n is \x1b[31mready"), "Your room is \\e[31mready"),
        (Text(chat_id=GUEST, text="x" * 100), "x" * 59 + "…"),
        (FULL[1], "b.pdf C"),
        (FileByUpload(chat_id=GUEST, path="a.pdf", size_bytes=1_234_567, sha256=SHA256), "a.pdf (1.2 MB)"),  # type: ignore[arg-type]  # text is taken too
        (FULL[3], "Cafe 1 Main street -12.34, 56.78"),
        (FULL[4], "A B C D +11001234569"),
        (FULL[5], "Color? Red Blue"),
        (FULL[6], "B [Copy] [Call] [Open]"),
        (FULL[7], "B [Yes] [No]"),
        (FULL[8], "2 messages from 11001234569@c.us"),
        (FULL[10], "b.ogg"),
        (FULL[11], "b.jpg C"),
        (FULL[12], "👏 BAE550673B9C0497"),
        (FULL[13], "recording 7 s"),
    ],
)
def test_the_summary_tells_a_person_what_it_is(draft: BaseDraft, summary: str) -> None:
    assert draft.summary() == summary


def test_only_an_upload_brings_a_file() -> None:
    assert [draft.kind for draft in FULL if draft.file is not None] == ["file_upload"]
    assert FULL[2].file == OutgoingFile(
        path=Path("/srv/menu.pdf"), file_name="Menü.pdf", mime_type="application/pdf", size_bytes=12
    )


@pytest.mark.parametrize("draft", FULL, ids=_name)
def test_every_draft_knows_its_chat(draft: BaseDraft) -> None:
    chat_id = draft.chat_id  # type: ignore[attr-defined]  # every class of the union has it
    assert isinstance(chat_id, ChatId)
    assert chat_id == (STATUS_CHAT if draft.kind.endswith("_status") else GUEST)


@pytest.mark.parametrize("draft", [draft for draft in FULL if isinstance(draft, ChatDraft)], ids=_name)
def test_the_chat_of_a_draft_is_read_and_checked(draft: ChatDraft) -> None:
    assert replace(draft, chat_id="+11001234568") == draft  # type: ignore[arg-type]  # text is taken too
    for wrong in ("reception", "", None, 7):
        with pytest.raises(BadChatId):
            replace(draft, chat_id=wrong)  # type: ignore[arg-type]  # this is what must fail
    with pytest.raises(BadDraft, match="Stories"):
        replace(draft, chat_id=STATUS_CHAT)


# JSON from the store


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("sticker", "{}"),
        ("", "{}"),
        ("text", ""),
        ("text", "{"),
        ("text", "null"),
        ("text", "[]"),
        ("text", "{}"),
        ("text", '{"chat_id":"11001234568@c.us"}'),
        ("text", '{"chat_id":"11001234568@c.us","text":7}'),
        ("text", '{"chat_id":"11001234568@c.us","text":"Hi","unknown":1}'),
        ("text", '{"chat_id":"11001234568@c.us","text":"Hi https://x.example","custom_preview":"T"}'),
        ("text", '{"chat_id":"11001234568@c.us","text":"Hi","typing_ms":"3000"}'),
        ("text", '{"chat_id":"11001234568@c.us","text":"Hi","link_preview":"yes"}'),
        ("poll", '{"chat_id":"11001234568@c.us","question":"?","options":"ab"}'),
        ("poll", '{"chat_id":"11001234568@c.us","question":"?","options":[1,2]}'),
        ("location", '{"chat_id":"11001234568@c.us","latitude":NaN,"longitude":1}'),
        ("location", '{"chat_id":"11001234568@c.us","latitude":"1","longitude":1}'),
        ("location", '{"chat_id":"11001234568@c.us","latitude":true,"longitude":1}'),
        ("buttons", '{"chat_id":"11001234568@c.us","body":"B","buttons":[{"action":"jump","label":"x","value":"y"}]}'),
        ("buttons", '{"chat_id":"11001234568@c.us","body":"B","buttons":{"a":1}}'),
        ("file_upload", '{"chat_id":"11001234568@c.us","path":7}'),
        ("file_upload", '{"chat_id":"11001234568@c.us","path":"a","size_bytes":"7","sha256":"x"}'),
        ("text", "[" * 100_000),
    ],
)
def test_json_that_no_draft_wrote_is_refused(kind: str, text: str) -> None:
    with pytest.raises(UsageError):
        draft_from_json(kind, text)


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=50)


@given(TEXTS.filter(str.strip), st.none() | st.booleans(), st.none() | st.integers(1000, 20000))
def test_any_text_comes_back_from_json_as_it_was(text: str, link_preview: bool | None, typing_ms: int | None) -> None:
    draft = Text(chat_id=GUEST, text=text, link_preview=link_preview, typing_ms=typing_ms)
    assert draft_from_json("text", draft.to_json()) == draft
    draft.to_json().encode()


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_any_point_of_the_earth_comes_back_from_json_as_it_was(latitude: float, longitude: float) -> None:
    draft = Location(chat_id=GUEST, latitude=latitude, longitude=longitude)
    assert draft_from_json("location", draft.to_json()) == draft


def test_json_keeps_letters_readable_and_leaves_out_what_says_nothing() -> None:
    assert Text(chat_id=GUEST, text="Дякуємо").to_json() == '{"chat_id": "11001234568@c.us", "text": "Дякуємо"}'
