"""Files leave from greenbot's own copies."""

from pathlib import Path

from greenbot.api.outcome import Outcome, OutcomeClass
from greenbot.chat_id import parse_chat_id
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.errors import BadDraft
from greenbot.messages.outgoing import FileByUpload
from greenbot.outbox import claims
from greenbot.outbox.message import Message, NewMessage
from greenbot.outbox.owner import Owner
from greenbot.outbox.spool import take_in
from greenbot.outbox.table import enqueue, get
from tests.outbox.conftest import ACCEPTED, GUEST, Line, Send

LOST = Outcome(cls=OutcomeClass.AMBIGUOUS, reason="connection_lost")


def test_a_file_leaves_from_the_spool_with_a_longer_lease(
    db: Db, owner: Owner, clock: ManualClock, send: Send, tmp_path: Path
) -> None:
    original = tmp_path / "menu.pdf"
    original.write_bytes(b"%PDF-1.4 menu")
    copy = take_in(tmp_path / "spool", original)
    draft = FileByUpload(chat_id=parse_chat_id(GUEST), path=original).kept_at(copy.path)
    original.unlink()
    message = enqueue(db, NewMessage(instance="kyiv", draft=draft, file_sha256=copy.sha256), clock)
    line = Line(lambda: ACCEPTED if _lease(db, message) == claims.LEASE_FOR_FILES_MS else LOST)
    assert send(message, line).sent
    [(method, _, file)] = line.asked
    assert (method, getattr(file, "path", None), getattr(file, "file_name", None)) == (
        "sendFileByUpload",
        copy.path,
        "menu.pdf",
    )


def _lease(db: Db, message: Message) -> int:
    return get(db, message.id).lease_until_boot_ms or 0


def test_a_file_that_is_gone_fails_the_message_without_a_post(
    db: Db, clock: ManualClock, send: Send, tmp_path: Path
) -> None:
    original = tmp_path / "menu.pdf"
    original.write_bytes(b"%PDF-1.4 menu")
    draft = FileByUpload(chat_id=parse_chat_id(GUEST), path=original)
    message = enqueue(db, NewMessage(instance="kyiv", draft=draft), clock)
    original.unlink()
    line = Line()
    delivery = send(message, line)
    assert (line.asked, delivery.message.state, delivery.message.reason) == ([], "failed", "bad_draft")
    assert isinstance(delivery.error(), BadDraft)
    assert "menu.pdf is gone" in str(delivery.error())
