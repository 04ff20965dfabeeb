"""A stored file is named by its bytes, whatever the guest called it, and lies where it belongs."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.chats.media import keep, table
from greenbot.chats.media.fetch import policy_for
from greenbot.chats.media.sniff import ENDINGS, file_type
from greenbot.digests import sha256
from greenbot.errors import Refused
from greenbot.outbound.guard import ForbiddenTarget, check_url
from tests.chats.hotel import Hotel, photo

HOSTS = ("*.green-api.com", "storage.yandexcloud.net")


@pytest.mark.parametrize(
    ("head", "given_name", "ending"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "photo.exe", "jpg"),
        (b"\x89PNG\r\n\x1a\n....", None, "png"),
        (b"GIF89a...", "a.html", "gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", None, "webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None, "wav"),
        (b"%PDF-1.7", "contract.pdf", "pdf"),
        (b"\x00\x00\x00\x20ftypisom", None, "mp4"),
        (b"\x00\x00\x00\x20ftypM4A ", None, "m4a"),
        (b"OggS\x00\x02", "voice.oga", "ogg"),
        (b"ID3\x04", None, "mp3"),
        (b"PK\x03\x04....", "price.xlsx", "xlsx"),
        (b"PK\x03\x04....", "price.jar", "zip"),
        (b"PK\x03\x04....", None, "zip"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\n", "card.vcf", "vcf"),
        ("Меню: борщ".encode(), "menu.txt", "txt"),
        # What something would open as more than a picture, a sound or a text:
        (b"<!DOCTYPE html><script>alert(1)</script>", "menu.jpg", "bin"),
        (b"  \n<svg xmlns='http://www.w3.org/2000/svg' onload='x'>", "logo.png", "bin"),
        (b"hello <script>x</script>", "a.txt", "bin"),
        (b"#!/bin/sh\nrm -rf /", "photo.jpg", "bin"),
        (b"MZ\x90\x00\x03", "photo.jpg", "bin"),
        (b"\x7fELF\x02", "photo.jpg", "bin"),
        (b"", "empty.jpg", "bin"),
        (b"\x1f\x8b\x08", "bomb.gz", "bin"),
    ],
)
def test_the_bytes_decide(head: bytes, given_name: str | None, ending: str) -> None:
    assert file_type(head, given_name).ending == ending


@given(
    st.binary(max_size=64), st.text(max_size=40) | st.sampled_from(["../../x.docx", "/etc/cron.d/x.xlsx", "a\x00.odt"])
)
def test_no_name_leaves_the_folder(head: bytes, given_name: str) -> None:
    name = keep.stored_name(sha256(head).hexdigest(), file_type(head, given_name))
    root = Path("/media")
    assert (root / name).resolve().parent == root
    assert name.rpartition(".")[2] in ENDINGS
    assert name.isascii()
    assert not name.startswith((".", "-"))


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://media.green-api.com/a.jpg", True),
        ("https://storage.yandexcloud.net/b/a.jpg", True),
        ("http://media.green-api.com/a.jpg", False),
        ("https://media.green-api.com:8443/a.jpg", False),
        ("https://green-api.com.evil.example/a.jpg", False),
        ("https://evil.example/a.jpg", False),
        ("https://media.green-api.com@127.0.0.1/a.jpg", False),
        ("https://127.0.0.1/a.jpg", False),
        ("http://127.0.0.1:8081/a.jpg", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://[::ffff:127.0.0.1]/a", False),
        ("https://2130706433/a", False),
        ("file:///etc/passwd", False),
        ("gopher://media.green-api.com/", False),
    ],
)
def test_only_known_hosts_are_asked(url: str, allowed: bool) -> None:
    policy = policy_for(HOSTS, ("https://1101.api.green-api.com", "https://1101.media.green-api.com"))
    try:
        check_url(url, policy)
        found = True
    except ForbiddenTarget:
        found = False
    # A plain or unusual port is refused at the second look, when the address is known; here policy has no exceptions.
    assert found is allowed


def test_an_instance_on_this_machine_may_serve_its_own_files_and_nothing_else_here() -> None:
    policy = policy_for(HOSTS, ("http://127.0.0.1:8081", "http://127.0.0.1:8082"))
    check_url("http://127.0.0.1:8082/files/a.jpg", policy)
    for url in ("http://127.0.0.1:9999/a", "http://127.0.0.2:8082/a", "http://10.0.0.1/a"):
        with pytest.raises(ForbiddenTarget):
            check_url(url, policy)


@pytest.fixture
def wanted(hotel: Hotel) -> table.Wanted:
    remote_id = hotel.hear(photo("Our view", name="../../../etc/passwd"))
    (found,) = table.wanted(hotel.db, remote_id)
    return found


def put(hotel: Hotel, where: int, content: bytes, wanted: table.Wanted) -> str:
    partial, descriptor = keep.begin(where, os.urandom(8))
    os.write(descriptor, content)
    os.close(descriptor)
    arrived = keep.Arrived(partial=partial, sha256=sha256(content).hexdigest(), size_bytes=len(content))
    try:
        return keep.finish(hotel.db, where, arrived, wanted, hotel.clock)
    finally:
        keep.discard(where, partial)


def test_a_file_is_private_and_its_given_name_is_only_written_down(
    hotel: Hotel, wanted: table.Wanted, tmp_path: Path
) -> None:
    with keep.folder(tmp_path / "media") as where:
        name = put(hotel, where, b"\xff\xd8\xff picture", wanted)
    file = tmp_path / "media" / name
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
    assert [path.name for path in file.parent.iterdir()] == [name]
    (stored,) = table.listed(hotel.db, instance=None, chat=None, most=10)
    assert (stored.given_name, stored.name) == ("../../../etc/passwd", name)


def test_a_link_in_the_way_is_not_followed(hotel: Hotel, wanted: table.Wanted, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    content = b"\xff\xd8\xff picture"
    with keep.folder(tmp_path / "media") as where:
        os.symlink(victim, keep.stored_name(sha256(content).hexdigest(), file_type(content)), dir_fd=where)
        with pytest.raises((Refused, OSError)):
            put(hotel, where, content, wanted)
    assert victim.read_bytes() == b"precious"


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "media").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError), keep.folder(tmp_path / "media"):
        pass


def test_another_file_of_the_same_name_is_not_replaced(hotel: Hotel, wanted: table.Wanted, tmp_path: Path) -> None:
    content = b"\xff\xd8\xff picture"
    with keep.folder(tmp_path / "media") as where:
        name = keep.stored_name(sha256(content).hexdigest(), file_type(content))
        (tmp_path / "media" / name).write_bytes(b"something else")
        with pytest.raises(Refused):
            put(hotel, where, content, wanted)
        assert (tmp_path / "media" / name).read_bytes() == b"something else"


def test_the_same_bytes_of_two_guests_are_one_file_until_both_are_old(
    hotel: Hotel, wanted: table.Wanted, tmp_path: Path
) -> None:
    second = table.wanted(hotel.db, hotel.hear(photo("the same", name="b.jpg"), chat="380999999999@c.us"))[0]
    with keep.folder(tmp_path / "media") as where:
        names = {put(hotel, where, b"\xff\xd8\xff picture", wanted)}
        hotel.clock.advance(3600)
        names.add(put(hotel, where, b"\xff\xd8\xff picture", second))
        assert len(names) == 1
        before_ms = hotel.clock.now_ms() - 60_000
        keep.prune(hotel.db, where, before_ms=before_ms, instance=None, clock=hotel.clock)
        assert len(list((tmp_path / "media").iterdir())) == 1
        keep.prune(hotel.db, where, before_ms=before_ms + 120_000, instance=None, clock=hotel.clock)
        assert list((tmp_path / "media").iterdir()) == []


def test_leftovers_go_and_strangers_stay(hotel: Hotel, tmp_path: Path) -> None:
    with keep.folder(tmp_path / "media") as where:
        for name in ("0123456789abcdef.jpg", ".0123456789abcdef.part", "notes.txt"):
            path = tmp_path / "media" / name
            path.write_bytes(b"x")
            os.utime(path, (0, 0))
        gone = keep.prune(hotel.db, where, before_ms=0, instance=None, clock=hotel.clock)
        assert (gone.files, [path.name for path in (tmp_path / "media").iterdir()]) == (2, ["notes.txt"])
