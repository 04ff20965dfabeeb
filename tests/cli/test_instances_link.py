"""`greenbot instances qr|login`: linking a phone, and that whoever reads logs cannot."""

import base64
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from greenbot.cli import instances_link
from greenbot.errors import ExitCode
from greenbot.fleet.qr import QUIET, modules_of
from greenbot.resilience.shared_health import health_of
from greenbot.simulator.qrpicture import qr_modules
from tests.cli.harness import Desk, program, running, until
from tests.cli.queue import store_of
from tests.fleet.test_qr import INK

NUMBER = "+380 44 123 4567"
PENDING, NOT_READY, USAGE = ExitCode.PENDING, ExitCode.NOT_READY, ExitCode.USAGE


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances_link, "_LOOK_SECONDS", 0.1)


@pytest.fixture(autouse=True)
def unlinked(desk: Desk) -> None:
    desk.state("notAuthorized")


@pytest.fixture
def short_lived(desk: Desk) -> Iterator[None]:
    """Each picture lives for a second."""
    world, before = desk.simulator.world, desk.simulator.world.timings
    desk.simulator.call(lambda: setattr(world, "timings", replace(before, qr_lifetime=1.0)))
    yield
    desk.simulator.call(lambda: setattr(world, "timings", before))


def soon(desk: Desk, state: str, seconds: float) -> None:
    """What somebody does with the phone meanwhile."""
    world = desk.simulator.world
    desk.simulator.call(lambda: world.clock.call_later(seconds, partial(world.set_state, desk.instance, state)))


def payloads(desk: Desk) -> list[list[list[bool]]]:
    """The codes GREEN-API may show about now."""
    turn = int(desk.simulator.call(desk.simulator.world.clock.now) // desk.simulator.world.timings.qr_lifetime)
    return [qr_modules(f"2@SIMULATED-{desk.instance.id}-{one}") for one in range(turn - 30, turn + 2)]


def seen(lines: list[str]) -> list[list[bool]]:
    """The code as somebody looking at the terminal sees it, dark letters on light ground."""
    rows = [[INK[sign][half] for sign in line] for line in lines for half in (0, 1)]
    side = len(rows[0]) - 2 * QUIET
    return [row[QUIET : QUIET + side] for row in rows[QUIET : QUIET + side]]


def test_a_pipe_gets_one_picture_that_a_phone_can_read(desk: Desk) -> None:
    shown = desk.here("instances", "qr", "default").ok()
    assert "Linked devices" in shown.stderr
    turned = [[not dark for dark in row] for row in seen(shown.stdout.splitlines())]
    assert turned in payloads(desk)
    inverted = desk.here("instances", "qr", "--invert").ok()
    assert seen(inverted.stdout.splitlines()) in payloads(desk)
    plain = desk("instances", "qr", env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}).ok().stdout
    assert set(plain) <= {"#", " ", "\n"}


def test_a_program_gets_the_picture_itself(desk: Desk) -> None:
    [shown] = desk.here("instances", "qr", "--json").ok().lines
    assert shown["type"] == "qrCode"
    assert modules_of(base64.b64decode(shown["png"])) in payloads(desk)


@pytest.mark.usefixtures("short_lived")
def test_the_file_is_renewed_and_for_its_owner_alone(desk: Desk) -> None:
    soon(desk, "authorized", 2.5)
    picture = desk.folder / "qr.png"
    picture.write_bytes(b"old")
    picture.chmod(0o644)
    with running(desk.start("instances", "qr", "--png", "qr.png")) as process:
        until(lambda: picture.read_bytes() != b"old")
        assert picture.stat().st_mode & 0o777 == 0o600
        first = picture.read_bytes()
        assert modules_of(first) in payloads(desk)
        until(lambda: picture.read_bytes() != first)
        assert process.wait(30) == 0
    assert sorted(path.name for path in desk.folder.iterdir()) == ["qr.png"]


def test_it_ends_by_itself_when_the_phone_is_linked_and_messages_go_on(desk: Desk) -> None:
    desk.here("instances", "state").ok()
    soon(desk, "authorized", 0.5)
    shown = desk.here("instances", "qr", "--timeout", "30s", "--json").ok()
    assert shown.lines[-1] == {"v": 1, "name": "default", "state": "authorized"}
    with store_of(desk) as db:
        health = health_of(db, "default")
    assert (health.state, health.source, health.reason) == ("authorized", "person", "linked")


def test_a_linked_number_needs_no_picture_and_a_banned_one_gets_none(desk: Desk) -> None:
    desk.state("authorized")
    linked = desk.here("instances", "qr").ok()
    assert "greenbot instances logout default" in linked.stderr
    desk.state("blocked")
    banned = desk.here("instances", "qr", "--json")
    assert (banned.exit_code, "blocked" in banned.error["message"]) == (NOT_READY, True)


def test_who_does_not_scan_it_in_time_is_told(desk: Desk) -> None:
    late = desk.here("instances", "qr", "--timeout", "300ms", "--json")
    assert (late.exit_code, late.error["code"]) == (PENDING, "still_pending")
    assert len(late.lines) == 1, "a picture is shown once"
    assert "greenbot instances login default" in late.error["hint"]


@pytest.mark.parametrize(("state", "words"), [("starting", "asking again"), ("passkey", "passkey on the phone")])
def test_a_picture_that_is_not_there_yet_is_waited_for(desk: Desk, state: str, words: str) -> None:
    if state == "passkey":
        desk.simulator.call(lambda: setattr(desk.instance.knobs, "passkey_required", True))
    else:
        desk.state(state)
    soon(desk, "authorized", 0.5)
    shown = desk.here("instances", "qr", "--timeout", "30s").ok()
    assert words in shown.stderr
    assert shown.stderr.count(words) == 1


def test_a_pause_of_the_network_is_waited_out_but_not_at_the_begin(desk: Desk) -> None:
    desk.fault("503 method=qr after=1 count=2")
    soon(desk, "authorized", 1.0)
    desk.here("instances", "qr", "--timeout", "30s").ok()
    desk.fault("503 method=qr count=1")
    assert desk.here("instances", "qr").exit_code == ExitCode.NOT_SENT


def test_a_code_to_type_and_then_the_phone(desk: Desk) -> None:
    soon(desk, "authorized", 1.0)
    linked = desk.here("instances", "login", "default", "--phone", NUMBER, "--json").ok()
    code, end = linked.lines
    assert re.fullmatch(r"[A-Z0-9]{8}", code["code"])
    assert end["state"] == "authorized"
    [entry] = desk.ledger("getAuthorizationCode")
    assert entry.request_body == {"phoneNumber": 380441234567}
    [noted] = desk.here("audit", "list", "--action", "instances.login", "--json").ok().lines
    assert noted["after"] == {"phone": "***4567"}
    again = desk.here("instances", "login", "--phone", NUMBER, "--json").ok()
    assert [line["state"] for line in again.lines] == ["authorized"], "it is linked already"


def test_a_code_alone_and_a_picture_where_no_number_is_given(desk: Desk) -> None:
    code = desk.here("instances", "login", "--phone", NUMBER, "--timeout", "0", "-q").ok().stdout
    assert re.fullmatch(r"[A-Z0-9]{8}\n", code)
    late = desk.here("instances", "login", "--phone", NUMBER, "--timeout", "200ms")
    assert late.exit_code == PENDING
    assert seen(desk.here("instances", "login", "--timeout", "0", "--invert").stdout.splitlines()) in payloads(desk)


@pytest.mark.parametrize("words", ["qr", "login", f"login --phone {NUMBER.replace(' ', '')}"])
def test_it_can_be_tried_first(desk: Desk, words: str) -> None:
    shown = desk.here("instances", *words.split(), "-n").ok()
    assert "/***" in shown.stdout
    assert desk.ledger() == []


WRONG = [
    ("login --phone 12", USAGE, "12"),
    ("login --phone 120363043968066561@g.us", USAGE, "the number of the phone"),
    (f"login --phone {NUMBER.replace(' ', '')} --png qr.png", USAGE, "brings a code to type"),
    (f"login --phone {NUMBER.replace(' ', '')} --read-only", ExitCode.REFUSED, "read-only"),
    ("qr --timeout soon", USAGE, "soon"),
    ("qr nowhere", ExitCode.NOT_FOUND, "nowhere"),
    ("qr --png nowhere/qr.png", USAGE, "cannot be written"),
]


@pytest.mark.parametrize(("words", "code", "message"), WRONG)
def test_what_is_wrong_is_said(desk: Desk, words: str, code: int, message: str) -> None:
    result = desk.here("instances", *words.split(), "--json")
    assert (result.exit_code, message in result.stderr) == (code, True), result


def test_a_picture_that_cannot_be_read_is_said_with_the_way_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenbot.simulator.methods.linking.qr_png", lambda text: b"a new kind of picture")
    shown = desk.here("instances", "qr", "--json").ok()
    assert base64.b64decode(shown.json["png"]) == b"a new kind of picture", "a program may know better"
    failed = desk.here("instances", "qr")
    assert (failed.exit_code, "--png qr.png" in failed.stderr) == (ExitCode.UNEXPECTED, True)
    desk.here("instances", "qr", "--png", "qr.png", "--timeout", "0").ok()


def test_neither_code_nor_picture_is_ever_in_the_log(desk: Desk) -> None:
    loud = {"GREEN_API_LOG_REQUEST_BODY": "true", "GREEN_API_LOG_RESPONSE_BODY": "true"}
    loud["GREEN_API_ENABLE_DETAILED_LOGGING"] = "true"
    picture = desk.here("instances", "qr", "--json", "--debug", env=loud).ok()
    code = desk.here("instances", "login", "--phone", NUMBER, "--timeout", "0", "--debug", "--json", env=loud).ok()
    log = (desk.home / "logs" / "greenbot.log").read_text()
    assert log.count('"method":"qr"') == log.count('"method":"getAuthorizationCode"') == 1
    said = log + picture.stderr + code.stderr
    assert picture.json["png"][:40] not in said
    assert code.json["code"] not in said
    assert "links a phone, so it is not written" in log
    assert '"response":"{\\"stateInstance' in log, "other answers are there: the switch works"


@pytest.mark.usefixtures("short_lived")
def test_on_a_terminal_the_new_picture_takes_the_place_of_the_old(desk: Desk) -> None:
    soon(desk, "authorized", 6.0)
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        program("instances", "qr", "--timeout", "60s"), stdin=terminal, stdout=terminal, stderr=terminal,
        cwd=desk.folder, env=desk.environ | {"COLUMNS": "80", "LINES": "40", "TERM": "xterm"},
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    with running(process):
        while True:
            try:
                shown += os.read(controller, 65536)
            except OSError:
                break
        assert process.wait(30) == 0
    os.close(controller)
    frames = re.split(r"\x1b\[(\d+)A\r\x1b\[J", shown.decode().replace("\r\n", "\n"))
    assert len(frames) >= 3, "the picture was renewed"
    pictures = [re.findall(r"\x1b\[38;5;16;48;5;231m(.*?)\x1b\[0m", frame) for frame in frames[::2]]
    assert {int(height) for height in frames[1::2]} == {len(picture) for picture in pictures}
    # Black ink on white ground: what is inked is dark.
    assert all(seen(picture) in payloads(desk) for picture in pictures)
    assert len({str(picture) for picture in pictures}) == len(pictures)
    assert "default is linked" in frames[-1]


def test_a_terminal_that_is_too_narrow_gets_no_broken_picture(desk: Desk) -> None:
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        program("instances", "qr", "--timeout", "0"), stdin=terminal, stdout=terminal, stderr=terminal,
        cwd=desk.folder, env=desk.environ | {"COLUMNS": "30", "LINES": "40", "TERM": "xterm"},
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    with running(process):
        while True:
            try:
                shown += os.read(controller, 65536)
            except OSError:
                break
    os.close(controller)
    assert "needs 33 columns, and there are 30" in shown.decode()
    assert "▀" not in shown.decode()
