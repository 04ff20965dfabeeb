"""The triggers in their cheaper forms say what the ones they replaced said."""

import json
from dataclasses import fields

import pytest

from greenbot.db.connect import Db
from greenbot.messages.drafts.text import CustomPreview, Text

_ADD = """
insert into messages (instance, chat_id, kind, method, draft, fingerprint, payload_digest, created_at_ms, state_at_ms)
values ('hotel', :chat, :kind, 'sendMessage', :draft, 'f', 'p', 1, 1)
"""
_ACCEPT = "update messages set accepted_at_ms = 5"
#: What the index takes words from, in the view that describes it.
_WORD_KEYS = {"text", "caption", "file_name", "name", "address", "question", "body", "header", "footer", "label"}
_WORD_KEYS |= {"first_name", "middle_name", "last_name", "company"}


def added(db: Db, kind: str, draft: str) -> None:
    with db.write() as tx:
        tx.run(_ADD, chat="11001234567@c.us", kind=kind, draft=draft)
        tx.run(_ACCEPT)


@pytest.mark.parametrize(
    ("kind", "draft", "word", "found"),
    [
        ("text", {"chat_id": "x", "text": "sauna at six"}, "sauna", 1),
        ("text", {"text": "see https://x", "custom_preview": {"title": "terrace"}}, "terrace", 0),
        ("text", {"text": 7}, "7", 0),
        ("text", {"other": "sauna"}, "sauna", 0),
        ("poll", {"question": "breakfast", "options": ["pancakes", "eggs"]}, "eggs", 1),
        ("file_url", {"caption": "the menu", "url": "https://hidden"}, "menu", 1),
    ],
)
def test_the_words_of_a_sent_message_are_the_ones_of_the_view(
    db: Db, kind: str, draft: dict[str, object], word: str, found: int
) -> None:
    added(db, kind, json.dumps(draft))
    assert db.scalar("select count(*) from chat_sent_fts where chat_sent_fts match :word", word=f'"{word}"') == found
    with db.write() as tx:
        tx.run("create virtual table words using fts5vocab (chat_sent_fts, row)")
    assert db.scalar("select count(*) from words") or not found
    # What is taken back is read from the draft as the view says: whatever else was put in would stay.
    with db.write() as tx:
        tx.run("update messages set accepted_at_ms = null")
    assert db.scalar("select count(*) from words") == 0


def test_a_text_has_words_in_its_text_only() -> None:
    names = {field.name for kind in (Text, CustomPreview) for field in fields(kind)}
    assert names & _WORD_KEYS == {"text"}


@pytest.mark.parametrize("reason", ["claim|queued queued held", "held|queued queued released", "", " claim", "CLAIM"])
def test_no_reason_can_pretend_to_be_another(db: Db, reason: str) -> None:
    with db.write() as tx:
        tx.run(_ADD, chat="11001234567@c.us", kind="text", draft='{"text": "x"}')
    with pytest.raises(Exception, match="cannot move like that"), db.write() as tx:
        tx.run("update messages set state = 'claimed', epoch = 1, reason = :reason", reason=reason)


@pytest.mark.parametrize(
    ("promo", "settled", "accepted", "after"),
    [(False, 0, 5, 5), (False, 9, 5, 9), (True, 0, 5, 0), (True, 3, 5, 3), (False, 3, 5, 5)],
)
@pytest.mark.parametrize("is_known", [True, False])
def test_an_answer_of_ours_settles_its_chat_and_a_promotion_does_not(
    db: Db, promo: bool, settled: int, accepted: int, after: int, is_known: bool
) -> None:
    with db.write() as tx:
        if is_known:
            tx.run(
                "insert into chats (instance, chat_id, kind, last_at_ms, last_direction, settled_at_ms,"
                " unanswered_since_ms, waiting) values ('hotel', '11001234567@c.us', 'person', 4, 'in', :at, 4, 1)",
                at=settled,
            )
        tx.run(_ADD, chat="11001234567@c.us", kind="text", draft='{"text": "x"}')
        tx.run("update messages set class = :kind", kind="promo" if promo else "service")
        tx.run("update messages set accepted_at_ms = :at", at=accepted)
    row = db.one("select * from chats")
    assert row is not None
    fresh = 0 if promo else accepted
    assert row["settled_at_ms"] == (after if is_known else fresh)
    assert (row["last_at_ms"], row["last_direction"]) == (5, "us")
    if is_known:
        assert (row["unanswered_since_ms"] is None) == (after != settled)
