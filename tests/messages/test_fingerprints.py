"""Fingerprints: how an uncertain message is recognised in GREEN-API's journal."""

from pathlib import Path

import pytest

from greenbot.messages.drafts.base import BaseDraft
from greenbot.messages.outgoing import (
    Contact,
    FileByUpload,
    Location,
    Poll,
    ReplyButtons,
    Text,
)
from tests.messages.samples import FULL, GUEST, LEAN, OTHER, QUOTED


def _text(text: str) -> Text:
    return Text(chat_id=GUEST, text=text)


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (_text("Hello"), Text(chat_id=OTHER, text="Hello", typing_ms=1000, quoted_message_id=QUOTED)),
        (_text("Hello"), _text("  Hello \n")),
        (_text("a\r\nb\rc"), _text("a\nb\nc")),
        (_text("a  \nb"), _text("a\nb")),
        (_text("cafe\u0301"), _text("caf\u00e9")),
        (Location(chat_id=GUEST, latitude=1, longitude=2), Location(chat_id=GUEST, latitude=1.0, longitude=2.0000001)),
        (
            Contact(chat_id=GUEST, phone="+11001234569", first_name="A"),
            Contact(chat_id=GUEST, phone="11001234569@c.us", first_name="A", company=""),
        ),
    ],
)
def test_what_looks_the_same_to_a_guest_has_one_fingerprint(one: BaseDraft, same: BaseDraft) -> None:
    assert one.fingerprint() == same.fingerprint()


def test_what_looks_different_has_different_fingerprints() -> None:
    different = [
        *FULL,
        *(draft for draft in LEAN if draft.kind not in ("poll", "text_status")),
        _text("hello"),
        _text("Hello"),
        _text("Hello !"),
        _text("Hel lo"),
        _text(" a\n b"),
        _text("a\nb"),
        FileByUpload(chat_id=GUEST, path=Path("a.pdf"), size_bytes=1, sha256="f" * 64),
        FileByUpload(chat_id=GUEST, path=Path("a.pdf"), size_bytes=1, sha256="f" * 64, caption="C"),
        Poll(chat_id=GUEST, question="Color?", options=("Blue", "Red")),
        ReplyButtons(chat_id=GUEST, body="B", labels=("Yes", "No", "H")),
        ReplyButtons(chat_id=GUEST, body="B", labels=("Yes", "No"), header="F"),
        ReplyButtons(chat_id=GUEST, body="B", labels=("Yes", "No"), footer="F"),
    ]
    fingerprints = [draft.fingerprint() for draft in different]
    assert len(set(fingerprints)) == len(fingerprints)


def test_fingerprints_are_the_same_in_every_process_and_release() -> None:
    # They are stored: another way to compute them would orphan every message in doubt.
    assert _text("Your room is ready.").fingerprint() == "1ba9683c0972fd643e31af5d47ef0184"
