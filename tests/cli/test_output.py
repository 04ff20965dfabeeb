"""The contract of streams: what a person, a pipe and a program each get, and what never changes between them."""

import csv
import io
import json
import os
import pty
import subprocess
from collections.abc import Callable

import pytest

from tests.cli.harness import NUMBER, Desk, program, running

pytestmark = pytest.mark.integration

BOLD = "\x1b[1m"


def terminal(desk: Desk, *words: str, env: dict[str, str] | None = None, columns: int = 100) -> str:
    """What a person sees: stdout and stderr are one terminal."""
    controller, end = pty.openpty()
    process = subprocess.Popen(
        program(*words),
        stdin=end,
        stdout=end,
        stderr=end,
        env=desk.environ | {"TERM": "xterm-256color", "COLUMNS": str(columns)} | (env or {}),
        cwd=desk.folder,
    )
    os.close(end)
    shown = b""
    with running(process):
        while piece := _piece(controller):
            shown += piece
    os.close(controller)
    return shown.decode().replace("\r\n", "\n")


def _piece(controller: int) -> bytes:
    try:
        return os.read(controller, 65536)
    except OSError:  # Linux reports the end of the other side like this
        return b""


@pytest.fixture(scope="module")
def busy(make_desk: Callable[[], Desk]) -> Desk:
    """A desk with three accepted messages and one that failed."""
    desk = make_desk()
    for guest in range(3):
        desk.here("send", "text", f"38044123456{guest}", f"Room {guest} is ready.").ok()
    desk.environ["GREEN_API_MAX_RETRIES"] = "0"
    desk.fault("503 count=1")
    desk.here("send", "text", "380441234569", "Room 9 is ready.")
    return desk


# -- one message


def test_a_sent_message_in_every_shape(desk: Desk) -> None:
    send = ("send", "text", NUMBER, "Your room is ready.")
    piped = desk.here(*send).ok()
    fields = dict(line.split("\t") for line in piped.stdout.splitlines())
    assert fields["id"] == "1" and fields["chat_id"] == f"{NUMBER}@c.us" and fields["state"] == "accepted"

    told = desk.here(*send, "--json").ok().json
    assert told["v"] == 1
    assert {"id", "instance", "chat_id", "kind", "state", "remote_id", "replayed"} <= set(told)

    assert desk.here(*send, "-q").ok().stdout == "3\n"
    assert desk.here(*send, "-q").ok().stderr == ""

    shown = terminal(desk, *send)
    assert "\x1b[32m✓\x1b[0m accepted  message 5" in shown
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        plain = terminal(desk, *send, env=env)
        assert "✓ accepted" in plain and "\x1b" not in plain
    assert "\x1b" not in terminal(desk, *send, "--no-color")
    assert terminal(desk, *send, env={"PYTHONIOENCODING": "ascii"}).startswith("\x1b[32mok\x1b[0m accepted")


def test_an_error_in_every_shape(desk: Desk) -> None:
    send = ("send", "text", "12", "hi")
    assert desk.here(*send).stderr.startswith("error: '12' has 2 digits")
    assert desk.here(*send, "-q").stderr.startswith("error: '12' has 2 digits")
    assert desk.here(*send, "--json").error["code"] == "bad_chat_id"
    assert terminal(desk, *send).startswith("\x1b[31merror: \x1b[0m'12' has 2 digits")
    assert terminal(desk, *send, env={"NO_COLOR": "1"}).startswith("error: '12' has 2 digits")
    assert "Traceback" not in desk.here(*send).stderr
    assert "Traceback" in desk.here(*send, "--debug").stderr


def test_debug_shows_the_call_and_masks_the_token(desk: Desk) -> None:
    said = desk.here("send", "text", NUMBER, "hi", "--debug").ok()
    assert "sendMessage of default at 127.0.0.1" in said.stderr
    assert "HTTP 200, accepted (ok)" in said.stderr
    assert desk.token not in said.stderr


def test_a_dry_run_shows_the_exact_request_and_sends_nothing(desk: Desk) -> None:
    said = desk.here("send", "text", NUMBER, "Your room is ready.", "-n").ok()
    url = f"{desk.simulator.api_url}/waInstance{desk.instance.id}/sendMessage/***"
    head, _, body = said.stdout.partition("\n\n")
    assert head.splitlines() == [f"POST {url}", "Content-Type: application/json"]
    assert json.loads(body) == {"chatId": f"{NUMBER}@c.us", "message": "Your room is ready."}
    assert said.stderr == "Nothing was sent.\n"
    assert desk.ledger() == []
    assert not desk.store.exists()


# -- lists


def test_a_list_in_a_pipe_is_one_line_of_tabs_for_each_thing(busy: Desk) -> None:
    lines = busy.here("outbox", "list").ok().stdout.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [
        ["4", "failed"],
        ["3", "accepted"],
        ["2", "accepted"],
        ["1", "accepted"],
    ]


def test_a_pipe_never_switches_json_on(busy: Desk) -> None:
    for words in (("outbox", "list"), ("config", "list"), ("instances", "list"), ("api", "--list")):
        with pytest.raises(ValueError, match=r"Expecting|Extra"):
            json.loads(busy.here(*words).ok().stdout.splitlines()[0])


def test_json_is_one_object_per_line_with_a_version(busy: Desk) -> None:
    for words in (("outbox", "list"), ("config", "list"), ("instances", "list"), ("api", "--list"), ("help",)):
        lines = busy.here(*words, "--json").ok().lines
        assert lines and all(line["v"] == 1 for line in lines)
    assert [line["id"] for line in busy.here("outbox", "list", "--json").lines] == [4, 3, 2, 1]


def test_moments_in_json_are_rfc_3339_in_utc(busy: Desk) -> None:
    for line in busy.here("outbox", "list", "--json", env={"TZ": "Asia/Tokyo"}).ok().lines:
        assert line["created_at"].endswith("Z") and line["created_at"][10] == "T"


def test_csv_has_headings_and_the_same_cells(busy: Desk) -> None:
    rows = list(csv.DictReader(io.StringIO(busy.here("outbox", "list", "--csv").ok().stdout)))
    assert [row["id"] for row in rows] == ["4", "3", "2", "1"]


def test_columns_are_chosen_and_sorted_by_name(busy: Desk) -> None:
    assert busy.here("outbox", "list", "--columns", "id,state", "--sort", "id").ok().stdout == (
        "1\taccepted\n2\taccepted\n3\taccepted\n4\tfailed\n"
    )
    assert busy.here("outbox", "list", "--columns", "state", "--sort", "-state").ok().stdout.splitlines()[0] == "failed"
    assert busy.here("outbox", "list", "--columns", "id,age", "--csv").ok().stdout.startswith("id,age")


def test_quiet_lists_only_what_things_are_called(busy: Desk) -> None:
    assert busy.here("outbox", "list", "-q").ok().stdout == "4\n3\n2\n1\n"
    assert busy.here("instances", "list", "-q").ok().stdout == "default\n"


@pytest.mark.parametrize("columns", [40, 80, 132])
def test_a_table_fits_the_terminal_and_keeps_what_names_a_row(busy: Desk, columns: int) -> None:
    for words in (("outbox", "list"), ("api", "--list"), ("config", "list")):
        lines = terminal(busy, *words, columns=columns, env={"NO_COLOR": "1"}).splitlines()
        assert all(len(line.rstrip()) <= columns for line in lines)
    first = [line.split()[0] for line in terminal(busy, "outbox", "list", columns=columns).splitlines()[1:]]
    assert first == ["4", "3", "2", "1"]


def test_full_shortens_nothing(busy: Desk) -> None:
    short = terminal(busy, "outbox", "list", columns=60)
    whole = terminal(busy, "outbox", "list", "--full", columns=60)
    assert "…" in short
    assert "…" not in whole
    assert "380441234560@c.us" in whole.replace("\n", "")


def test_a_terminal_gets_headings_and_a_pipe_does_not(busy: Desk) -> None:
    assert BOLD in terminal(busy, "outbox", "list").splitlines()[0]
    assert "state" not in busy.here("outbox", "list").ok().stdout
    assert "\x1b" not in terminal(busy, "outbox", "list", env={"NO_COLOR": "1"})
    assert "\x1b" not in terminal(busy, "outbox", "list", env={"TERM": "dumb"})


def test_nothing_to_show_is_said_to_people_only(desk: Desk) -> None:
    assert "No message" in terminal(desk, "outbox", "list")
    empty = desk.here("outbox", "list").ok()
    assert (empty.stdout, empty.stderr) == ("", "")


# -- questions


def test_no_question_is_asked_where_nobody_can_answer(desk: Desk) -> None:
    for words in (("instances", "remove", "default"), ("init",), ("config", "edit")):
        said = desk(*words)
        assert said.exit_code == 2
        assert "hint:  " in said.stderr
    assert "--confirm default" in terminal(desk, "instances", "remove", "default", "--no-input")


def test_a_pipe_is_expected_and_a_terminal_is_there(desk: Desk) -> None:
    assert "There is no text." in terminal(desk, "send", "text", NUMBER)
    assert "nothing is piped in" in terminal(desk, "send", "text", "-", "hi")


def test_an_upload_shows_its_progress_to_people_only(desk: Desk) -> None:
    (desk.folder / "video.mp4").write_bytes(b"\0" * 2_000_000)
    shown = terminal(desk, "send", "file", NUMBER, "video.mp4")
    assert "video.mp4" in shown and "2.0/2.0 MB" in shown
    said = desk("send", "file", NUMBER, "video.mp4").ok()
    assert said.stderr == ""
