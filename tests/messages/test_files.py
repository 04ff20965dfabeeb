"""Files from this machine and from links: what can be sent, and what the refusal says otherwise."""

import os
import socket
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from greenbot.errors import BadDraft, BadFile
from greenbot.messages.drafts.file import human_size, read_file
from greenbot.messages.outgoing import FileByUpload, FileByUrl, draft_from_json, file_draft
from greenbot.safe_text import safe_text
from tests.messages.samples import GUEST, SHA256

MENU = b"%PDF-1.7 tonight's menu"


@pytest.fixture
def menu(tmp_path: Path) -> Path:
    path = tmp_path / "menu.pdf"
    path.write_bytes(MENU)
    return path


def _upload(path: Path | str, **more: object) -> FileByUpload:
    return FileByUpload(chat_id=GUEST, path=path, **more)  # type: ignore[arg-type]  # text and odd values on purpose


def _sparse(path: Path, size_bytes: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size_bytes)
    return path


def test_a_file_is_read_once_and_described(menu: Path) -> None:
    draft = _upload(menu)
    assert (draft.file_name, draft.mime_type, draft.size_bytes) == ("menu.pdf", "application/pdf", len(MENU))
    assert draft.sha256 == sha256(MENU).hexdigest()
    assert draft.file.path == menu
    assert draft.params() == {"chatId": GUEST, "fileName": "menu.pdf"}


def test_a_relative_path_is_kept_complete(menu: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(menu.parent)
    assert _upload("menu.pdf").path == menu


def test_a_link_to_a_file_is_followed(menu: Path, tmp_path: Path) -> None:
    link = tmp_path / "tonight.pdf"
    link.symlink_to(menu)
    assert (_upload(link).file_name, _upload(link).size_bytes) == ("tonight.pdf", len(MENU))


def test_a_stored_upload_needs_no_file_any_more(menu: Path) -> None:
    draft = _upload(menu, caption="Tonight")
    text = draft.to_json()
    menu.unlink()
    assert draft_from_json("file_upload", text) == draft


def test_a_copy_elsewhere_is_sent_under_the_same_name(menu: Path, tmp_path: Path) -> None:
    draft = _upload(menu)
    kept = draft.kept_at(tmp_path / draft.sha256)
    assert kept.file.path == tmp_path / draft.sha256
    assert (kept.file.file_name, kept.fingerprint()) == ("menu.pdf", draft.fingerprint())


def test_the_largest_file_can_be_sent_and_one_byte_more_cannot(tmp_path: Path) -> None:
    assert read_file(_sparse(tmp_path / "largest.bin", 100_000_000))[0] == 100_000_000
    with pytest.raises(BadFile, match=r"The file 'more\.bin' has 100\.1 MB; at most 100 MB are possible\.") as caught:
        _upload(_sparse(tmp_path / "more.bin", 100_000_001))
    assert "send a link" in str(caught.value.hint)


def test_a_file_far_too_large_is_refused_without_being_read(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"has 5000000\.0 MB"):
        _upload(_sparse(tmp_path / "film.mp4", 5 * 10**12))


def _folder(path: Path) -> Path:
    (path / "photos").mkdir()
    return path / "photos"


def _pipe(path: Path) -> Path:
    os.mkfifo(path / "pipe")
    return path / "pipe"


def _socket(path: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path / "s"))
    return path / "s"


def _empty(path: Path) -> Path:
    (path / "empty.pdf").touch()
    return path / "empty.pdf"


def _dangling(path: Path) -> Path:
    (path / "old.pdf").symlink_to(path / "gone.pdf")
    return path / "old.pdf"


def _loop(path: Path) -> Path:
    (path / "loop.pdf").symlink_to(path / "loop.pdf")
    return path / "loop.pdf"


@pytest.mark.parametrize(
    ("make", "words", "hint"),
    [
        (lambda path: path / "absent.pdf", r"There is no file '.*absent\.pdf'", "Check the spelling"),
        (lambda path: path / "no" / "such" / "folder.pdf", "There is no file", "Check the spelling and the folder"),
        (lambda path: _empty(path) / "x.pdf", "There is no file", "Check the spelling"),  # a file taken for a folder
        (_folder, r"photos' is a folder\.", "pack it as a .zip"),
        (lambda path: path / "photos" / "..", "There is no file", "spelling"),
        (lambda path: path, r"is a folder\.", ".zip"),
        (_pipe, r"pipe' is not an ordinary file\.", "Save its contents"),
        (_socket, r"s' is not an ordinary file\.", "Save its contents"),
        (lambda path: Path("/dev/zero"), "is not an ordinary file", "Save its contents"),
        (_empty, r"The file 'empty\.pdf' is empty\.", "still being written"),
        (_dangling, "is a link to a file that is not there", "Send the file itself"),
        (_loop, "is a link that leads back to itself", "Send the file itself"),
        (lambda path: path / ("x" * 256), "cannot be the name of a file", "spelling"),
        (lambda path: Path(f"{path}/a\0b.pdf"), "cannot be the name of a file", "spelling"),
    ],
)
def test_what_is_no_sendable_file_is_refused_with_the_reason(
    make: Callable[[Path], Path], words: str, hint: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    with pytest.raises(BadFile, match=words) as caught:
        _upload(path, file_name="x.pdf")
    assert safe_text(str(caught.value)) == str(caught.value)
    assert hint in str(caught.value.hint)


def test_a_misspelt_name_is_answered_with_the_one_that_is_there(menu: Path) -> None:
    with pytest.raises(BadFile) as caught:
        _upload(menu.with_name("meun.pdf"))
    assert caught.value.hint == "Did you mean 'menu.pdf'?"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (13, "You are not allowed to read"),
        (1, "You are not allowed to read"),
        (5, r"cannot be read: Input/output error\."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    number: int, words: str, menu: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever runs the tests may be allowed to read everything, so the refusal of the system is played.
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(BadFile, match=words) as caught:
        _upload(menu)
    assert isinstance(caught.value.__cause__, OSError)


def test_a_file_that_still_grows_is_refused(menu: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fstat

    def earlier(handle: int) -> os.stat_result:
        status = list(real(handle))
        status[6] -= 1
        return os.stat_result(status)

    monkeypatch.setattr(os, "fstat", earlier)
    with pytest.raises(BadFile, match="still being written"):
        read_file(menu)


def test_no_handle_is_left_open_after_a_refusal(tmp_path: Path) -> None:
    before = os.dup(0)
    os.close(before)
    for make in (_empty, _pipe, _folder):
        with pytest.raises(BadFile):
            read_file(make(tmp_path))
    after = os.dup(0)
    os.close(after)
    assert after == before  # the system gives out the lowest free number


@pytest.mark.parametrize(
    ("own_name", "file_name"),
    [
        ("menu.pdf", "menu.pdf"),
        ("Меню на сьогодні.pdf", "Меню на сьогодні.pdf"),
        ("README", "README"),
        (".profile", ".profile"),
        ("a\nb.pdf", "a_b.pdf"),  # a file name travels in a header
        ('a"b.pdf', 'a"b.pdf'),
        ("\u202efdp.exe", "_fdp.exe"),
        ("back\\slash.pdf", None),
    ],
)
def test_the_guest_sees_the_name_of_the_file_made_plain(own_name: str, file_name: str | None, tmp_path: Path) -> None:
    path = tmp_path / own_name
    path.write_bytes(MENU)
    if file_name is None:
        with pytest.raises(BadFile, match="contains a slash"):
            _upload(path)
    else:
        assert _upload(path).params()["fileName"] == file_name


def test_a_name_that_is_no_text_on_disk_is_made_readable(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/men\xfc.pdf"))
    path.write_bytes(MENU)
    draft = _upload(path)
    assert draft.file_name == "men_.pdf"
    assert draft_from_json("file_upload", draft.to_json()) == draft
    draft.to_json().encode()


NAMES = [
    ("..", "The file has no name"),
    ("   ", "The file has no name"),
    ("a/b.pdf", "contains a slash"),
    ("..\\b.pdf", "contains a slash"),
    ("a\x00.pdf", "invisible character"),
    ("a\r\nX-Header: 1.pdf", "invisible character"),
    ("\u202efdp.exe", "invisible character"),
    ("a\ud800.pdf", "invisible character"),
    ("x" * 256 + ".pdf", "has 260 characters; at most 255"),
]


@pytest.mark.parametrize(("name", "words"), NAMES)
def test_names_nobody_should_receive_are_refused(name: str, words: str, menu: Path) -> None:
    with pytest.raises(BadFile, match=words):
        _upload(menu, file_name=name)
    with pytest.raises(BadFile, match=words):
        FileByUrl(chat_id=GUEST, url="https://h.example/a.pdf", file_name=name)


@pytest.mark.parametrize(
    "mime", ["pdf", "application/", "/pdf", "a/b/c", "text/plain; charset=x", "text/pl\r\nain", "тип/x"]
)
def test_a_type_that_is_none_is_refused(mime: str, menu: Path) -> None:
    with pytest.raises(BadFile, match="is not a file type"):
        _upload(menu, mime_type=mime)


def test_a_given_type_wins_over_the_extension(menu: Path) -> None:
    assert _upload(menu, mime_type="image/svg+xml").file.mime_type == "image/svg+xml"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"caption": "x" * 1_025}, r"The caption has 1,025 characters; at most 1,024 are possible\."),
        ({"caption": "🏨" * 513}, "The caption has 1,026 characters"),
        ({"caption": 7}, "The caption is not text"),
        ({"typing_type": "writing"}, "The typing type cannot be 'writing'"),
        ({"typing_ms": 999}, "The typing time is 0.999 s"),
        ({"quoted_message_id": "no id"}, "is not an id"),
    ],
)
def test_what_goes_with_a_file_is_checked(more: dict[str, object], words: str, menu: Path) -> None:
    with pytest.raises(BadDraft, match=words):
        _upload(menu, **more)
    with pytest.raises(BadDraft, match=words):
        FileByUrl(chat_id=GUEST, url="https://h.example/a.pdf", **more)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("size", "words"), [(0, "is empty"), (-1, "is empty"), ("7", "is not a number"), (10**9, r"1000\.0 MB")]
)
def test_a_stored_size_is_checked_too(size: object, words: str) -> None:
    with pytest.raises(BadFile, match=words):
        _upload("a.pdf", size_bytes=size, sha256=SHA256)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (1, "1 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (1_234_567, "1.2 MB"),
        (10**8, "100.0 MB"),
    ],
)
def test_sizes_are_said_in_decimal_units(size: int, text: str) -> None:
    assert human_size(size) == text


@pytest.mark.parametrize("source", ["https://h.example/a.pdf", "HTTP://h.example/a.pdf"])
def test_what_begins_like_a_link_is_fetched(source: str) -> None:
    draft = file_draft(GUEST, source, caption="C")
    assert (draft.kind, draft.params()["urlFile"], draft.params()["caption"]) == ("file_url", source, "C")


def test_everything_else_is_a_path(menu: Path) -> None:
    assert file_draft(GUEST, str(menu), file_name="x.pdf").params()["fileName"] == "x.pdf"
    assert file_draft(GUEST, menu).kind == "file_upload"


@pytest.mark.parametrize(
    "source", ["ftp://h.example/a.pdf", "file:///etc/passwd", "javascript:alert(1)", "data:text/plain,x"]
)
def test_other_links_are_refused_as_links(source: str) -> None:
    with pytest.raises(BadFile, match="does not begin with https:// or http://"):
        file_draft(GUEST, source)
