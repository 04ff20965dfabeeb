"""Files leave in pieces, whole, with their names intact; what cannot leave is said before anything does."""

import email
import email.policy
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from greenbot.api.body import CHUNK_BYTES, json_body, multipart_body, raw_body
from greenbot.api.outcome import OutcomeClass
from greenbot.api.request import Timeouts
from greenbot.errors import BadFile, UsageError
from tests.api.conftest import Try
from tests.api.peer import answering, http_reply, peer

CALM = Timeouts(connect=5.0, write=5.0, read=5.0, transfer=10.0)


@dataclass(frozen=True)
class Upload:
    """The least a file has to tell."""

    path: Path
    file_name: str
    mime_type: str | None
    size_bytes: int


def upload(
    folder: Path, content: bytes, *, name: str = "menu.pdf", mime_type: str | None = "application/pdf"
) -> Upload:
    path = folder / "spooled"
    path.write_bytes(content)
    return Upload(path=path, file_name=name, mime_type=mime_type, size_bytes=len(content))


def parts_of(request: bytes) -> dict[str, tuple[str | None, str, bytes]]:
    """The parts of a multipart request, read by the standard library: name -> (file name, type, content)."""
    head, _, body = request.partition(b"\r\n\r\n")
    kind = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-type"))
    message = email.message_from_bytes(kind + b"\r\n\r\n" + body, policy=email.policy.HTTP)
    parts = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = str(part.get_param("name", header="content-disposition"))
        parts[name] = (part.get_filename(), part.get_content_type(), content)
    return parts


def test_a_form_carries_fields_and_the_file_byte_for_byte(tmp_path: Path, attempt: Try) -> None:
    content = os.urandom(3 * CHUNK_BYTES + 17)
    params = {"chatId": "79001234567@c.us", "caption": "Їдьмо\n晚安", "typingTime": 1000, "quotedMessageId": None}
    steps: list[tuple[int, int]] = []
    with peer(answering(http_reply())) as server:
        outcome = attempt(
            server.url,
            "sendFileByUpload",
            params,
            file=upload(tmp_path, content),
            timeouts=CALM,
            on_progress=lambda sent, total: steps.append((sent, total)),
        )
    assert outcome.cls is OutcomeClass.ACCEPTED
    parts = parts_of(server.requests[0])
    assert parts["file"] == ("menu.pdf", "application/pdf", content)
    assert parts["caption"][2] == "Їдьмо\n晚安".encode()
    assert parts["typingTime"][2] == b"1000"
    assert set(parts) == {"chatId", "caption", "typingTime", "file"}
    total = steps[-1][1]
    assert [sent for sent, _ in steps] == sorted({sent for sent, _ in steps})
    assert steps[-1] == (total, total)
    assert total == len(server.requests[0].partition(b"\r\n\r\n")[2])


def test_a_raw_upload_is_the_file_and_nothing_else(tmp_path: Path, attempt: Try) -> None:
    content = os.urandom(CHUNK_BYTES + 1)
    with peer(answering(http_reply(b'{"urlFile":"https://x.invalid/1"}'))) as server:
        outcome = attempt(server.url, "uploadFile", {}, file=upload(tmp_path, content), timeouts=CALM)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert outcome.cls is OutcomeClass.OK
    assert body == content
    assert b"Content-Type: application/pdf" in head
    assert b"GA-Filename" not in head


def test_a_file_of_unknown_type_is_announced_by_its_name(tmp_path: Path, attempt: Try) -> None:
    with peer(answering(http_reply(b'{"urlFile":"https://x.invalid/1"}'))) as server:
        attempt(server.url, "uploadFile", {}, file=upload(tmp_path, b"x", name="晚 1.xyz\r\nX: y", mime_type=None))
    assert b"GA-Filename: %E6%99%9A 1.xyz%0D%0AX%3A y\r\n" in server.requests[0]


@pytest.mark.parametrize("name", ["меню.pdf", 'a"b.pdf', "a\r\nX-Evil: 1.pdf", "😀.pdf", "a;b=c.pdf"])
def test_no_file_name_breaks_out_of_its_quotes(name: str, tmp_path: Path) -> None:
    body = multipart_body({"chatId": "1@c.us"}, upload(tmp_path, b"x", name=name), boundary="b")
    whole = b"".join(body.chunks())
    body.close()
    assert len(whole) == body.length
    parts = parts_of(b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + whole)
    assert set(parts) == {"chatId", "file"}
    assert b"\r\nX-Evil" not in whole


def test_an_empty_file_is_an_empty_part(tmp_path: Path) -> None:
    body = multipart_body({}, upload(tmp_path, b""), boundary="b")
    assert len(b"".join(body.chunks())) == body.length
    body.close()


@pytest.mark.parametrize("change", [b"", b"shorter", b"this is longer than it was announced"])
def test_a_file_that_changed_is_refused_before_anything_leaves(change: bytes, tmp_path: Path, attempt: Try) -> None:
    file = upload(tmp_path, b"what was accepted")
    file.path.write_bytes(change)
    with peer(answering(http_reply())) as server, pytest.raises(BadFile):
        attempt(server.url, "sendFileByUpload", file=file)
    assert server.connections == 0


def test_a_file_that_is_gone_is_refused_before_anything_leaves(tmp_path: Path, attempt: Try) -> None:
    file = Upload(path=tmp_path / "gone", file_name="menu.pdf", mime_type=None, size_bytes=1)
    with peer(answering(http_reply())) as server, pytest.raises(BadFile, match=r"menu\.pdf cannot be read"):
        attempt(server.url, "sendFileByUpload", file=file)
    assert server.connections == 0


def test_a_file_that_shrinks_while_it_leaves_leaves_it_open(tmp_path: Path, attempt: Try) -> None:
    """The announced length is never reached, so a correct server acts on nothing; but who knows the server."""
    file = upload(tmp_path, b"x" * (8 * CHUNK_BYTES))

    def shrink(sent: int, total: int) -> None:
        os.truncate(file.path, CHUNK_BYTES)

    with peer(answering(http_reply())) as server:
        outcome = attempt(server.url, "sendFileByUpload", file=file, on_progress=shrink, timeouts=CALM)
    assert outcome.cls is OutcomeClass.AMBIGUOUS
    assert server.requests == []


def test_a_big_file_is_never_in_memory(tmp_path: Path) -> None:
    """100 MB pass through in pieces of 64 KiB; nothing keeps them."""
    path = tmp_path / "big"
    with path.open("wb") as big:
        big.truncate(100 * 1024 * 1024)
    body = raw_body(Upload(path=path, file_name="big", mime_type=None, size_bytes=100 * 1024 * 1024))
    assert max(len(piece) for piece in body.chunks()) == CHUNK_BYTES
    body.close()


@pytest.mark.parametrize("method", ["sendFileByUpload", "uploadFile", "setProfilePicture"])
def test_an_upload_without_a_file_is_a_usage_error(method: str, attempt: Try) -> None:
    with pytest.raises(UsageError, match="needs a file"):
        attempt("http://127.0.0.1:9", method, {})


@pytest.mark.parametrize("value", [float("nan"), "\ud800", object(), b"bytes"])
def test_what_json_cannot_carry_is_a_usage_error(value: object) -> None:
    with pytest.raises(UsageError):
        json_body({"message": value})
