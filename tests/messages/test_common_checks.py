"""What every kind of draft refuses, and what a refusal tells the person."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields

import pytest

from greenbot.chat_id import parse_chat_id
from greenbot.errors import BadDraft, ExitCode
from greenbot.messages.outgoing import (
    Contact,
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
)
from tests.messages.samples import FULL, GUEST, OTHER, SHA256


def test_a_request_never_exceeds_what_green_api_takes() -> None:
    many = tuple(parse_chat_id(str(11_000_000_000 + number)) for number in range(5_000))
    with pytest.raises(BadDraft, match=r"101 kB with all its parts; at most 100 kB") as caught:
        TextStatus(text="Hi", participants=many)
    assert "list of recipients" in str(caught.value.hint)


def test_the_longest_text_fits_even_in_three_byte_letters() -> None:
    assert Text(chat_id=GUEST, text="あ" * 20_000).params()["message"] == "あ" * 20_000


BROKEN = [("a\0b", "zero byte at position 2"), ("a\ud800b", "broken character"), ("\udcff", "broken character")]


@pytest.mark.parametrize(("text", "words"), BROKEN)
def test_no_field_takes_a_zero_byte_or_half_a_character(text: str, words: str) -> None:
    makers: list[Callable[[], object]] = [
        lambda: Text(chat_id=GUEST, text=text),
        lambda: FileByUrl(chat_id=GUEST, url="https://h.example/a.pdf", caption=text),
        lambda: FileByUpload(chat_id=GUEST, path="a.pdf", caption=text, size_bytes=1, sha256=SHA256),  # type: ignore[arg-type]  # text is taken too
        lambda: Location(chat_id=GUEST, latitude=1, longitude=1, name=text),
        lambda: Location(chat_id=GUEST, latitude=1, longitude=1, address=text),
        lambda: Contact(chat_id=GUEST, phone="11001234569", first_name=text),
        lambda: Contact(chat_id=GUEST, phone="11001234569", first_name="A", company=text),
        lambda: Poll(chat_id=GUEST, question=text, options=("a", "b")),
        lambda: Poll(chat_id=GUEST, question="?", options=("a", text)),
        lambda: ReplyButtons(chat_id=GUEST, body=text, labels=("a",)),
        lambda: ReplyButtons(chat_id=GUEST, body="B", labels=(text,)),
        lambda: ReplyButtons(chat_id=GUEST, body="B", labels=("a",), header=text),
        lambda: ReplyButtons(chat_id=GUEST, body="B", labels=("a",), footer=text),
        lambda: TextStatus(text=text),
        lambda: MediaStatus(url="https://h.example/a.jpg", caption=text),
        lambda: Reaction(chat_id=GUEST, message_id="BAE5", emoji=text),
    ]
    for make in makers:
        with pytest.raises(BadDraft, match=words):
            make()
    for make in (
        lambda: Reaction(chat_id=GUEST, message_id=text, emoji="👍"),
        lambda: Forward(chat_id=GUEST, from_chat_id=OTHER, message_ids=(text,)),
        lambda: Text(chat_id=GUEST, text="Hi", quoted_message_id=text),
    ):
        with pytest.raises(BadDraft, match="is not an id"):
            make()


@pytest.mark.parametrize("typing_ms", [1000, 1001, 20000])
def test_typing_times_green_api_takes(typing_ms: int) -> None:
    assert Text(chat_id=GUEST, text="Hi", typing_ms=typing_ms).params()["typingTime"] == typing_ms


@pytest.mark.parametrize(
    ("typing_ms", "words"),
    [
        (999, r"The typing time is 0.999 s; 1 to 20 s are possible\."),
        (20_001, "20.001 s"),
        (0, "is 0 s"),
        (-5, "-0.005 s"),
        (3, "0.003 s"),
        (True, "not a whole number"),
        (1500.0, "not a whole number"),
    ],
)
def test_typing_times_out_of_range_are_refused_everywhere(typing_ms: int, words: str) -> None:
    for draft in FULL:
        if "typing_ms" in [field.name for field in fields(draft)]:
            with pytest.raises(BadDraft, match=words):
                draft.from_json(json.dumps(json.loads(draft.to_json()) | {"typing_ms": typing_ms}))


def test_typing_needs_a_time() -> None:
    with pytest.raises(BadDraft, match="typing time is missing"):
        Typing(chat_id=GUEST, typing_ms=None)  # type: ignore[arg-type]  # this is what must fail


def test_every_refusal_says_what_to_do_or_needs_no_advice() -> None:
    with pytest.raises(BadDraft) as caught:
        Text(chat_id=GUEST, text="")
    assert str(caught.value) == "The message is empty."
    assert caught.value.hint == "Write something the guest can read."
    assert caught.value.exit_code == ExitCode.USAGE


def test_making_and_storing_a_text_loads_nothing_heavy() -> None:
    code = (
        "import sys; from greenbot.messages.outgoing import Text; d = Text(chat_id='11001234568', text='Hi');"
        "d.to_json(), d.params(); print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    heavy = {
        "mimetypes",
        "hashlib",
        "quopri",
        "difflib",
        "asyncio",
        "httpx",
        "rich",
        "typer",
        "sqlite3",
    }
    loaded = set(done.stdout.split())
    assert not heavy & loaded
    assert {name for name in loaded if "drafts" in name} == {
        f"greenbot.messages.drafts{part}" for part in ("", ".base", ".text")
    }
