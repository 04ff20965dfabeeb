"""`greenbot media …` against the simulator, which serves files from this machine."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from greenbot.clock import ManualClock, SystemClock
from greenbot.db.connect import connect
from greenbot.simulator.files import store_file
from greenbot.simulator.incoming import guest_writes
from greenbot.simulator.methods.registry import FilePart
from tests.chats.hotel import GUEST, Hotel, photo
from tests.cli.harness import Desk

PICTURE = b"\xff\xd8\xff\xe0" + b"picture " * 100


@pytest.fixture
def hotel(desk: Desk) -> Iterator[Hotel]:
    name = desk.here("instances", "list", "-q").ok().stdout.split()[0]
    clock = ManualClock(SystemClock().now_ms() - 7_200_000)
    db = connect(desk.store, clock=clock)
    yield Hotel(db=db, clock=clock, name=name)
    db.close()


Sends = Callable[..., str]


@pytest.fixture
def guest_sends(desk: Desk, hotel: Hotel) -> Sends:
    """A guest sends a file, the inbox hears of it; its remote id."""

    def send(content: bytes = PICTURE, *, name: str = "view.jpg", url: str | None = None) -> str:
        def in_the_world() -> tuple[str, dict[str, Any]]:
            part = FilePart(content=content, file_name=name, mime_type="image/jpeg")
            upload = store_file(desk.instance, part)
            message = guest_writes(desk.instance, GUEST, message_data=photo("Our view", url=upload.url, name=name))
            return message.id_message, photo("Our view", url=url or upload.url, name=name)

        remote_id, data = desk.simulator.call(in_the_world)
        return hotel.hear(data, remote_id=remote_id)

    return send


def test_a_file_is_fetched_once_and_named_by_its_bytes(desk: Desk, guest_sends: Sends) -> None:
    remote_id = guest_sends(name="../../etc/cron.d/x.exe")
    first = desk.here("media", "download", remote_id, "--json").ok().json
    again = desk.here("media", "download", remote_id, "--json").ok().json
    assert (first["new"], again["new"], first["file"]) == (True, False, again["file"])
    files = list((desk.home / "media").iterdir())
    assert [path.suffix for path in files] == [".jpg"]
    assert files[0].read_bytes() == PICTURE
    (row,) = desk.here("media", "list", "--json").ok().lines
    assert (row["name"], row["given_name"], row["type"]) == (files[0].name, "../../etc/cron.d/x.exe", "image/jpeg")


def test_all_files_of_a_conversation(desk: Desk, guest_sends: Sends) -> None:
    guest_sends()
    guest_sends(b"%PDF-1.7 contract", name="contract.pdf")
    assert desk.here("media", "download", "--chat", GUEST, "--all", "-n").ok().stdout == ""
    assert len(desk.here("media", "download", "--chat", GUEST, "--all", "--json").ok().lines) == 2
    assert {path.suffix for path in (desk.home / "media").iterdir()} == {".jpg", ".pdf"}
    assert desk.here("media", "prune", "--older-than", "1d", "--yes", "--json").ok().json["removed"] == 0
    assert desk.here("media", "prune", "--older-than", "0s", "--yes", "--json").ok().json["removed"] == 2
    assert list((desk.home / "media").iterdir()) == []


def test_an_expired_link_is_renewed(desk: Desk, guest_sends: Sends) -> None:
    remote_id = guest_sends(url=desk.simulator.media_url + "/files/gone.jpg")
    desk.here("media", "download", remote_id).ok()
    assert [entry.method for entry in desk.ledger("downloadFile")] == ["downloadFile"]


def test_a_stranger_cannot_send_greenbot_anywhere(desk: Desk, guest_sends: Sends) -> None:
    for url in (
        "http://127.0.0.1:22/",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "https://evil.example/a",
    ):
        result = desk.here("media", "download", guest_sends(url=url), "--json")
        # What is no web address at all is asked from GREEN-API instead, which is the simulator.
        assert result.exit_code == (0 if url.startswith("file:") else 10), url
    assert len(list((desk.home / "media").iterdir())) == 1


@pytest.mark.parametrize("setting", ["file_mb", "daily_mb"])
def test_size_and_quota_hold(desk: Desk, guest_sends: Sends, setting: str) -> None:
    desk.configure(f"[media]\n{setting} = 1\n")
    small = guest_sends(PICTURE * 700)
    desk.here("media", "download", small).ok()
    large = guest_sends(b"\xff\xd8\xff" + bytes(1_100_000))
    assert desk.here("media", "download", large).exit_code == 10
    if setting == "daily_mb":
        second = guest_sends(b"\xff\xd8\xff second" + PICTURE * 700)
        assert desk.here("media", "download", second).exit_code == 10
    assert len(list((desk.home / "media").iterdir())) == 1


def test_when_the_quota_is_used_up_it_says_so(desk: Desk, hotel: Hotel, guest_sends: Sends) -> None:
    remote_id = guest_sends()
    desk.configure("[media]\ndaily_mb = 1\n")
    first = guest_sends(b"\xff\xd8\xff other")
    desk.here("media", "download", first).ok()
    with hotel.db.write() as tx:
        tx.run("update media set size_bytes = 1000000")
    result = desk.here("media", "download", remote_id, "--json")
    assert (result.exit_code, result.error["code"]) == (5, "quota_exceeded")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("download",), 2),
        (("download", "X", "--chat", GUEST, "--all"), 2),
        (("download", "--chat", GUEST), 2),
        (("download", "NOSUCHID"), 3),
        (("download", "4711"), 3),
    ],
)
def test_what_is_missing_is_said(desk: Desk, hotel: Hotel, words: tuple[str, ...], code: int) -> None:
    hotel.hear("no file")
    assert desk.here("media", *words).exit_code == code


def test_erasing_a_guest_takes_the_files(desk: Desk, hotel: Hotel, guest_sends: Sends) -> None:
    remote_id = guest_sends()
    desk.here("media", "download", remote_id).ok()
    desk.here("chats", "erase", GUEST, "--confirm", GUEST).ok()
    assert list((desk.home / "media").iterdir()) == []
