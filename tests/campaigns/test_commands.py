"""The commands as a clerk types them."""

import json
import os
import pty
import pwd
import subprocess

import pytest

from tests.cli.harness import Desk, program

LIST = "phone;name\n+380 44 000 00 01;Олена\n380440000002;=cmd|'/c calc'!A0\nbad;Petro\n380440000001;Again\n"


@pytest.fixture(autouse=True)
def guests(desk: Desk) -> None:
    (desk.folder / "guests.csv").write_text(LIST, encoding="utf-8-sig")


PLAN = ("campaign", "plan", "guests.csv", "--text", "Dear {{name}}, brunch?", "--quiet-hours", "none")


def test_templates_from_the_first_to_the_last(desk: Desk) -> None:
    assert desk.here("templates", "list").ok().stdout == ""
    added = desk.here("templates", "add", "brunch", "Dear {{name|guest}}, {{day}}?", "--json").ok().json
    assert added["variables"] == ["name", "day"]
    assert desk.here("templates", "render", "brunch", "--var", "day=Sunday").ok().stdout == "Dear guest, Sunday?\n"
    missing = desk.here("templates", "render", "brunch", "--json")
    assert (missing.exit_code, missing.error["code"]) == (2, "usage_error")
    assert "{{day}}" in missing.error["message"]
    (desk.folder / "new.txt").write_text("Hi {{name}}\nBye")
    desk.here("templates", "edit", "brunch", "@new.txt").ok()
    assert desk.here("templates", "show", "brunch").ok().stdout == "Hi {{name}}\nBye\n"
    assert desk.here("templates", "list").ok().stdout == "brunch\tname\tHi {{name}}\\nBye\n"
    desk.here("templates", "remove", "brunch", "-n").ok()
    desk.here("templates", "remove", "brunch").ok()
    assert desk.here("templates", "show", "brunch").exit_code == 3


def test_a_plan_names_bad_lines_and_sends_nothing(desk: Desk) -> None:
    done = desk.here(*PLAN, "--json").ok()
    plan = done.json
    assert {key: plan[key] for key in ("name", "guests", "ready", "duplicate", "bad", "stored")} == {
        "name": "guests",
        "guests": 4,
        "ready": 2,
        "duplicate": 1,
        "bad": 1,
        "stored": True,
    }
    assert [problem["line"] for problem in plan["problems"]] == [4, 5]
    again = desk.here(*PLAN).ok()
    assert "warning: line 4, column A (phone): 'bad' is not a phone number" in again.stderr
    assert "name\tguests-2\n" in again.stdout
    assert desk.here("outbox", "list").ok().stdout == ""


def test_a_dry_run_keeps_nothing(desk: Desk) -> None:
    assert desk.here(*PLAN, "-n", "--json").ok().json["stored"] is False
    assert desk.here("campaign", "status").ok().stdout == ""
    assert desk.here(*PLAN, "--read-only").exit_code == 10


def test_a_campaign_from_plan_to_report(desk: Desk) -> None:
    desk.here(*PLAN).ok()
    preview = desk.here("campaign", "preview", "guests").ok().stdout
    assert preview.splitlines()[0] == "2\t380440000001@c.us\tDear Олена, brunch?"
    assert desk.here("campaign", "preview", "guests", "--line", "3", "--json").ok().json["line"] == 3
    unsure = desk.here("campaign", "start", "guests")
    assert (unsure.exit_code, "--yes" in unsure.stderr) == (2, True)
    would = desk.here("campaign", "start", "guests", "-n").ok()
    assert "Would hand over: send to 2 guests from default." in would.stderr
    assert desk.here("campaign", "start", "guests", "--yes", "-q").ok().stdout == "running\n"
    assert desk.here("campaign", "start", "guests", "--yes", "-q").ok().stdout == "running\n"
    assert len(desk.here("outbox", "list").ok().stdout.splitlines()) == 2
    assert desk.here("campaign", "pause", "guests", "-q").ok().stdout == "paused\n"
    assert desk.here("campaign", "start", "guests", "--yes").exit_code == 10
    assert desk.here("campaign", "resume", "guests", "-q").ok().stdout == "running\n"
    assert desk.here("campaign", "cancel", "guests").exit_code == 2
    assert desk.here("campaign", "cancel", "guests", "--yes", "-q").ok().stdout == "cancelled\n"
    status = desk.here("campaign", "status", "guests", "--json").ok().json
    assert (status["state"], status["cancelled"], status["bad"], status["guests"]) == ("cancelled", 2, 1, 4)
    assert desk.here("campaign", "status").ok().stdout.startswith("guests\tcancelled\tdefault\t4\t0\t0\t0\n")


def test_a_start_can_wait(desk: Desk) -> None:
    desk.here(*PLAN).ok()
    desk.here("campaign", "start", "guests", "--yes", "--at", "2099-05-11T10:00", "--tz", "Europe/Kyiv").ok()
    assert desk.here("campaign", "status", "guests", "--json").ok().json["next"] == "2099-05-11T07:00:00.000Z"


def test_a_report_is_tsv_csv_json_or_a_file(desk: Desk) -> None:
    (desk.folder / "odd.csv").write_text("phone;name\n380440000001;A\n=HYPERLINK(1);B\n")
    desk.here("campaign", "plan", "odd.csv", "--text", "Hi {{name}}").ok()
    rows = [line.split("\t") for line in desk.here("campaign", "report", "odd").ok().stdout.splitlines()]
    assert [row[:3] for row in rows] == [["2", "380440000001@c.us", "ready"], ["3", "-", "bad"]]
    records = desk.here("campaign", "report", "odd", "--json").ok().lines
    assert list(records[0]) == ["v", "line", "chat_id", "status", "at", "message_id", "remote_id", "why"]
    assert [record["status"] for record in records] == ["ready", "bad"]
    assert (
        desk.here("campaign", "report", "odd", "--status", "bad", "--csv")
        .ok()
        .stdout.splitlines()[1]
        .startswith("3,,bad,")
    )
    desk.here("campaign", "report", "odd", "-o", "report.csv").ok()
    written = desk.folder / "report.csv"
    assert written.stat().st_mode & 0o777 == 0o600
    assert written.read_bytes().startswith(b"\xef\xbb\xbfline,chat_id,status")
    assert len(written.read_text().splitlines()) == 3
    desk.here("campaign", "report", "odd", "-o", "report.jsonl", "--json").ok()
    assert len([json.loads(line) for line in (desk.folder / "report.jsonl").read_text().splitlines()]) == 2


BAD = [
    (("campaign", "plan", "guests.csv"), 2, "Which text shall they get?"),
    (("campaign", "plan", "guests.csv", "--text", "a", "-T", "b"), 2, "Which text shall they get?"),
    (("campaign", "plan", "none.csv", "--text", "a"), 13, "none.csv"),
    (("campaign", "plan", "guests.csv", "-T", "brnch"), 3, "There is no template brnch"),
    (
        ("campaign", "plan", "guests.csv", "--text", "{{room}}"),
        2,
        "no column is called so. The columns are: phone, name",
    ),
    (("campaign", "plan", "guests.csv", "--text", "{{"), 2, "makes no gap"),
    (("campaign", "plan", "guests.csv", "--text", "a", "--spacing", "25s-8s"), 2, "begins with the longer time"),
    (("campaign", "plan", "guests.csv", "--text", "a", "--spacing", "soon"), 2, "is not a duration"),
    (("campaign", "plan", "guests.csv", "--text", "a", "--quiet-hours", "night"), 2, "are no quiet hours"),
    (("campaign", "plan", "guests.csv", "--text", "a", "--abort-above", "150%"), 2, "is not a share"),
    (("campaign", "plan", "guests.csv", "--text", "a", "--max-per-day", "0"), 2, "max-per-day"),
    (("campaign", "plan", "guests.csv", "--text", "a", "--map", "phone"), 2, "NAME=VALUE"),
    (("campaign", "plan", "guests.csv", "--text", "a", "--map", "phone=Z"), 2, "There is no column Z"),
    (("campaign", "plan", "guests.csv", "--text", "a", "--name", "a/b"), 2, "cannot be called"),
    (("campaign", "plan", "guests.csv", "--text", "a", "--encoding", "klingon"), 2, "no encoding called"),
    (("campaign", "plan", "book.xlsx", "--text", "a"), 2, "a workbook of a spreadsheet program"),
    (("campaign", "start", "none"), 3, "There is no campaign none"),
    (("campaign", "report", "none"), 3, "There is no campaign none"),
    (("suppress", "add", "12"), 2, "too few for a number"),
    (("suppress", "remove", "380440000001"), 3, "None of them was suppressed"),
]


@pytest.mark.parametrize(
    ("words", "exit_code", "said"), BAD, ids=lambda found: " ".join(found) if isinstance(found, tuple) else None
)
def test_what_is_wrong_is_said(desk: Desk, words: tuple[str, ...], exit_code: int, said: str) -> None:
    (desk.folder / "book.xlsx").write_bytes(b"PK\x03\x04 a workbook")
    done = desk.here(*words)
    assert (done.exit_code, said in done.stderr) == (exit_code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_guests_escape_sequences_reach_no_terminal(desk: Desk) -> None:
    (desk.folder / "evil.csv").write_text("phone;name\n380440000001;\x1b]0;owned\x07\n\x1b[31m;x\n")
    planned = desk.here("campaign", "plan", "evil.csv", "--text", "Hi {{name}}").ok()
    shown = [planned, *(desk.here("campaign", command, "evil").ok() for command in ("preview", "report"))]
    assert not any(sign in result.stdout + result.stderr for result in shown for sign in "\x1b\x07\x9b")


def test_suppressed_guests_are_listed_and_audited(desk: Desk) -> None:
    added = desk.here("suppress", "add", "-", "--reason", "left", "--json", stdin="380440000001\n380440000002\n")
    assert added.ok().json["suppressed"] == 2
    assert desk.here("suppress", "add", "380440000001", "-q").ok().stdout == "0\n"
    rows = desk.here("suppress", "list", "--json").ok().lines
    assert [(row["chat_id"], row["instance"], row["reason"]) for row in rows] == [
        ("380440000001@c.us", "all", "left"),
        ("380440000002@c.us", "all", "left"),
    ]
    assert desk.here(*PLAN, "--json").ok().json["suppressed"] == 2
    desk.here("suppress", "remove", "380440000001").ok()
    me = pwd.getpwuid(os.getuid()).pw_name
    audit = desk.here("suppress", "audit", "--chat", "+380 44 000 00 01", "--json").ok().lines
    assert [(line["change"], line["actor"]) for line in audit] == [("removed", me), ("added", me)]


@pytest.mark.integration
def test_a_terminal_gets_a_bar_and_a_question(desk: Desk) -> None:
    numbers = "\n".join(["phone", *(str(380440000000 + number) for number in range(3000))])
    (desk.folder / "many.csv").write_text(numbers)
    desk.here("campaign", "plan", "many.csv", "--text", "Hi").ok()
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        program("campaign", "start", "many"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=desk.environ | {"TERM": "xterm", "NO_COLOR": "1"},
        cwd=desk.folder,
    )
    os.close(theirs)
    os.write(ours, b"y\n")
    seen = b""
    while piece := _read(ours):
        seen += piece
    os.close(ours)
    assert child.wait() == 0, seen
    assert b"Send to 3,000 guests from default? [y/N]" in seen
    assert b"Handing over" in seen
    assert "━".encode() in seen


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other side is closed
        return b""
