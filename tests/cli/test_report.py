"""`greenbot report`: the same figures as `metrics show`, for people, pipes, spreadsheets and paper."""

import csv
import io
import json
from contextlib import closing
from datetime import date

import pytest

from greenbot.cli.report_days import Asked, day_of, period_of
from greenbot.clock import SystemClock
from greenbot.db.connect import connect
from greenbot.errors import UsageError
from greenbot.metrics.catalogue import METRICS
from tests.cli.harness import NUMBER, Desk

SEND = ("send", "text", NUMBER, "Your room is ready.")
#: A Sunday.
TODAY = date(2026, 11, 22)
ENTRY = """
insert into chat_entries (chat, instance, wire_chat_id, remote_id, direction, at_ms, kind, waits)
values (1, '{name}', '380441234567@c.us', 'GUEST{at}', 'in', {at}, 'text', 1)
"""


def name_of(desk: Desk) -> str:
    return desk.here("instances", "list", "-q").ok().stdout.strip()


def test_a_report_agrees_with_metrics_show_figure_by_figure(desk: Desk) -> None:
    desk.fault("503 method=sendMessage count=1")
    for _ in range(3):
        desk.here(*SEND).ok()
    found = desk.here("report", "--since", "1d", "--tz", "UTC", "--json").ok().json
    shown = desk.here("metrics", "show", "--since", "23h59m", "--json").ok().lines
    line = found["by_instance"][0]
    assert (line["instance"], line["messages_sent"], line["requests"], line["errors"]) == (name_of(desk), 3, 4, 1)
    compared = 0
    for row in shown:
        name = row["metric"] if METRICS[row["metric"]].unit != "ms" else f"{row['metric']}_ms"
        if name in found["total"]:
            assert found["total"][name] == line[name] == row["value"], name
            compared += 1
    assert compared >= 25
    assert line["errors_by_kind"] == [{"of": "call", "status": 503, "kind": "http_503", "count": 1}]
    for lines in ("lines", "by_day"):
        assert sum(one["messages_sent"] for one in found[lines]) == 3


def test_who_waits_and_how_long_the_others_waited_is_told(desk: Desk) -> None:
    desk.here(*SEND).ok()
    with closing(connect(desk.store, clock=SystemClock())) as db, db.write() as tx:
        at_ms = tx.all("select settled_at_ms from chats")[0][0]
        tx.run(ENTRY.format(name=name_of(desk), at=at_ms - 90_000))
        tx.run(ENTRY.format(name=name_of(desk), at=at_ms + 1))
    days = desk.here("report", "--since", "1d", "--tz", "UTC", "--json").ok().json["total"]
    assert (days["guests_waited"], days["guests_answered"], days["guests_unanswered"]) == (2, 1, 1)
    assert days["first_answer_p50_ms"] == days["first_answer_slowest_ms"] == 90_000


def test_one_row_per_hotel_and_day_or_per_hotel_or_per_day(desk: Desk) -> None:
    desk.here(*SEND).ok()
    rows = [line.split("\t") for line in desk.here("report", "--since", "1d").ok().stdout.splitlines()]
    assert [row[1] for row in rows] == [name_of(desk)] * 2
    assert sorted(row[2] for row in rows) == ["0", "1"]
    week = desk.here("report", "--csv").ok().stdout
    cells = list(csv.DictReader(io.StringIO(week)))
    assert (len(cells), sum(int(row["sent"]) for row in cells)) == (7, 1)
    assert {"p50_ms", "p95_ms", "p99_ms", "webhook_errors", "timezone"} <= cells[0].keys()
    by_hotel = desk.here("report", "--by", "instance", "--csv").ok().stdout
    assert by_hotel.splitlines()[1].startswith(f"{name_of(desk)},1,")
    by_day = desk.here("report", "--by", "day", "--since", "1d").ok().stdout
    assert sorted(line.split("\t")[1] for line in by_day.splitlines()) == ["0", "1"]
    assert desk.here("report", "--by", "instance", "-q").ok().stdout.strip() == name_of(desk)


def test_the_page_is_written_whole_or_not_at_all(desk: Desk) -> None:
    desk.here(*SEND).ok()
    written = desk.here("report", "--html", "report.html").ok()
    assert written.stdout == ""
    html = (desk.folder / "report.html").read_text()
    assert html.startswith("<!doctype html>")
    assert name_of(desk) in html
    assert json.loads(desk.here("report", "--html", "again.html", "--json").ok().stdout)["v"] == 1
    refused = desk.here("report", "--html", "no/such/folder/report.html")
    assert refused.exit_code == 2
    assert "cannot be written" in refused.stderr
    assert sorted(file.name for file in desk.folder.glob("*report*")) == ["report.html"]


def test_reading_alone_changes_nothing_and_says_the_same(desk: Desk) -> None:
    desk.here(*SEND).ok()
    written = desk.here("report", "--json").ok().json
    read = desk.here("report", "--json", "--read-only").ok().json
    assert {**read, "made_at": ""} == {**written, "made_at": ""}


def test_a_hotel_that_left_the_configuration_is_still_in_the_sums(desk: Desk) -> None:
    desk.here(*SEND).ok()
    desk.here("report").ok()
    with closing(connect(desk.store, clock=SystemClock())) as db, db.write() as tx:
        tx.run("update metric_names set name = 'former-hotel' where name = :name", name=name_of(desk))
    found = desk.here("report", "--since", "1d", "--json").ok().json
    assert [hotel["instance"] for hotel in found["hotels"]] == [name_of(desk), "former-hotel"]
    assert found["total"]["messages_sent"] == 1
    alone = desk.here("report", "--since", "1d", "-i", name_of(desk), "--json").ok().json
    assert alone["total"]["messages_sent"] == 0


@pytest.mark.parametrize(
    ("name", "cell"),
    [("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("\x1b[31mred", "\\e[31mred"), ("a,b\n+c", '"a,b\\n+c"')],
)
def test_a_hostile_name_is_neither_a_formula_nor_a_command_to_the_terminal(desk: Desk, name: str, cell: str) -> None:
    desk.here(*SEND).ok()
    desk.here("report").ok()
    with closing(connect(desk.store, clock=SystemClock())) as db, db.write() as tx:
        tx.run("update metric_names set name = :to where name = :name", to=name, name=name_of(desk))
    said = desk.here("report", "--by", "instance", "--csv", "--html", "hostile.html").ok()
    table = desk.here("report", "--by", "instance", "--csv").ok().stdout
    assert cell in table.splitlines()[-1]
    assert "\x1b" not in said.stdout + table + (desk.folder / "hostile.html").read_text()


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        (Asked(), "2026-11-16", "2026-11-22"),
        (Asked(day="today"), "2026-11-22", "2026-11-22"),
        (Asked(day="yesterday"), "2026-11-21", "2026-11-21"),
        (Asked(day="mon"), "2026-11-16", "2026-11-16"),
        (Asked(day="sunday"), "2026-11-22", "2026-11-22"),
        (Asked(day="2026-02-03"), "2026-02-03", "2026-02-03"),
        (Asked(since="30d"), "2026-10-23", "2026-11-22"),
        (Asked(since="2w", until="1w"), "2026-11-08", "2026-11-15"),
        (Asked(until="2026-11-10"), "2026-11-04", "2026-11-10"),
        (Asked(month="this"), "2026-11-01", "2026-11-22"),
        (Asked(month="last"), "2026-10-01", "2026-10-31"),
        (Asked(month="2026-02"), "2026-02-01", "2026-02-28"),
    ],
)
def test_days_as_people_name_them(asked: Asked, first: str, last: str) -> None:
    found = period_of(asked, TODAY)
    assert (str(found.first), str(found.last)) == (first, last)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked(day="soon"), "no day"),
        (Asked(day="2026-02-30"), "no day"),
        (Asked(day="mo"), "no day"),
        (Asked(day="tomorrow"), "no day"),
        (Asked(day="2026-11-23"), "still to come"),
        (Asked(month="2026-13"), "no month"),
        (Asked(month="2026-12"), "still to come"),
        (Asked(month="0000-01"), "no month"),
        (Asked(day="today", month="this"), "Only one of"),
        (Asked(day="today", since="3d"), "Only one of"),
        (Asked(since="1w", until="2w"), "must not lie behind"),
        (Asked(since="9999d"), "at most 400 days"),
        (Asked(day="\x1b[31m"), "\\e[31m"),
    ],
)
def test_days_that_are_none(asked: Asked, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("\\", r"\\").replace("[", r"\[")) as caught:
        period_of(asked, TODAY)
    assert caught.value.hint


def test_the_first_days_of_time_are_no_crash() -> None:
    with pytest.raises(UsageError):
        day_of("9999w", date(1, 1, 3))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--by", "guest"), "--by guest is unknown"),
        (("--tz", "Mars/Olympus"), "no time zone"),
        (("--tz", "hotel"), "time zone"),
        (("--day", "soon"), "no day"),
    ],
)
def test_bad_input_says_what_to_type(desk: Desk, words: tuple[str, ...], message: str) -> None:
    desk.here(*SEND).ok()
    result = desk.here("report", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "hint:" in result.stderr
