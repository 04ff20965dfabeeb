"""`greenbot chats …` as a receptionist uses it."""

import csv
import io
import json
import stat
from collections.abc import Iterator
from datetime import UTC

import pytest

from greenbot.chats.chat import Chat
from greenbot.chats.conversation import Edit, Line, Reaction
from greenbot.cli.chats_thread import Look, archive, screen
from greenbot.clock import ManualClock, SystemClock
from greenbot.db.connect import connect
from greenbot.safe_text import safe_text
from greenbot.simulator.records import Group
from tests.chats.hotel import GROUP, GUEST, HIDDEN, Hotel, edited, photo, reaction
from tests.cli.harness import Desk
from tests.cli.hostile import TEXTS

INSTANCE = "default"


@pytest.fixture
def hotel(desk: Desk) -> Iterator[Hotel]:
    """What the inbox of this desk heard until a moment ago."""
    desk.here("config", "path").ok()
    clock = ManualClock(SystemClock().now_ms() - 7_200_000)
    db = connect(desk.store, clock=clock)
    name = desk.here("instances", "list", "-q").ok().stdout.split()[0]
    yield Hotel(db=db, clock=clock, name=name)
    db.close()


def test_the_list_begins_with_who_waits_longest(desk: Desk, hotel: Hotel) -> None:
    hotel.hear("Is there a pool?")
    hotel.hear("Any room?", chat="380670000001@c.us", senderName="Boris", chatName="")
    hotel.hear("Thank you", chat="380670000002@c.us", senderName="Clara", chatName="")
    hotel.send("You are welcome", chat="380670000002@c.us")
    rows = desk.here("chats", "list", "--json").ok().lines
    assert [row["name"] for row in rows] == ["Olena", "Boris", "Clara"]
    assert rows[0]["waits_s"] > rows[1]["waits_s"] > 0
    assert rows[2]["waits_s"] is None
    assert [row["name"] for row in desk.here("chats", "list", "--unanswered", "--json").ok().lines] == [
        "Olena",
        "Boris",
    ]


@pytest.mark.parametrize("to", ["380671112233", "+380 67 111 2233", GUEST, "@olena", "1"])
def test_a_guest_can_be_named_in_any_usual_way(desk: Desk, hotel: Hotel, to: str) -> None:
    hotel.hear("Is there a pool?")
    assert [row["text"] for row in desk.here("chats", "show", to, "--json").ok().lines] == ["Is there a pool?"]


@pytest.mark.parametrize(
    "question",
    [("contacts", "check", GUEST), ("contacts", "list"), ("groups", "members", GROUP)],
    ids=lambda words: " ".join(words[:2]),
)
def test_an_answer_that_names_a_guest_by_both_ids_joins_the_two_threads(
    desk: Desk, hotel: Hotel, question: tuple[str, ...]
) -> None:
    hotel.hear("under my number")
    hotel.hear("under my hidden id", chat=HIDDEN)

    def prepare() -> None:
        desk.instance.lids[GUEST] = HIDDEN
        desk.instance.chat(GUEST).is_contact = True
        members = {GUEST: "member"}
        desk.instance.groups[GROUP] = Group(
            group_id=GROUP, subject="Night", owner=GUEST, created_at=0, members=members, invite_link=""
        )

    desk.simulator.call(prepare)
    desk.here(*question, env={"GREENBOT_READ_ONLY": "1"})
    assert len(desk.here("chats", "list", "--json").ok().lines) == 2, "who may only read joins nobody"
    desk.here(*question).ok()
    assert [chat["chat_id"] for chat in desk.here("chats", "list", "--json").ok().lines] == [GUEST]
    assert [row["text"] for row in desk.here("chats", "show", HIDDEN, "--json").ok().lines] == [
        "under my number",
        "under my hidden id",
    ]


@pytest.mark.parametrize("to", ["380999999999", "@nobody", "77"])
def test_an_unknown_guest_is_not_found(desk: Desk, hotel: Hotel, to: str) -> None:
    result = desk.here("chats", "show", to, "--json")
    assert (result.exit_code, result.error["code"]) == (3, "not_found")


def test_a_pipe_gets_columns_and_json_gets_everything(desk: Desk, hotel: Hotel) -> None:
    hotel.hear("Is there\ta pool?", remote_id="M1")
    hotel.hear(edited("M1", "Is there a sauna?"))
    hotel.hear(reaction("M1", "👍"), direction="phone")
    hotel.send("Yes, on the roof")
    first, second = desk.here("chats", "show", GUEST).ok().stdout.splitlines()
    assert first.split("\t")[1:] == ["in", "Olena", "text", "Is there a sauna?", "-"]
    assert second.split("\t")[1] == "us"
    line = desk.here("chats", "show", GUEST, "--json").ok().lines[0]
    assert line["earlier"][0]["text"] == "Is there\ta pool?"
    assert line["reactions"] == [{"emoji": "👍", "by": "us"}]


def test_search_finds_both_directions_and_takes_a_shell_argument_as_a_phrase(desk: Desk, hotel: Hotel) -> None:
    hotel.hear("Is late check-out possible?")
    hotel.send("Check-out is late on Sundays")
    assert len(desk.here("chats", "search", "late", "--json").ok().lines) == 2
    assert [row["direction"] for row in desk.here("chats", "search", "late check-out", "--json").ok().lines] == ["in"]
    assert desk.here("chats", "search", "***").exit_code == 2


def test_assign_close_and_reopen_are_written_down_without_the_guest(desk: Desk, hotel: Hotel) -> None:
    hotel.hear("Is there a pool?")
    assert desk.here("chats", "assign", GUEST, "anna", "--json").ok().json["assignee"] == "anna"
    assert desk.here("chats", "assign", GUEST, "--nobody", "--json").ok().json["assignee"] is None
    assert desk.here("chats", "close", GUEST, "-n").ok().stdout == ""
    assert desk.here("chats", "close", GUEST, "--json").ok().json == {
        "v": 1,
        "id": 1,
        "chat_id": GUEST,
        "instance": hotel.name,
        "state": "closed",
        "assignee": None,
        "waiting": 0,
    }
    assert desk.here("chats", "reopen", GUEST, "--json").ok().json["state"] == "open"
    audit = desk.here("audit", "list", "--json").ok()
    assert [line["action"] for line in audit.lines[:4]] == [
        "chats.reopen",
        "chats.close",
        "chats.assign",
        "chats.assign",
    ]
    assert "380671112233" not in audit.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("assign", GUEST),
        ("assign", GUEST, "anna", "--nobody"),
        ("list", "--open", "--closed"),
        ("link", HIDDEN),
        ("link", GUEST, HIDDEN),
        ("export",),
        ("export", GUEST, "--all"),
    ],
)
def test_what_makes_no_sense_is_said_to_be_wrong(desk: Desk, hotel: Hotel, words: tuple[str, ...]) -> None:
    hotel.hear("Is there a pool?")
    assert desk.here("chats", *words).exit_code == 2


def test_read_only_changes_nothing(desk: Desk, hotel: Hotel) -> None:
    hotel.hear("Is there a pool?")
    for words in (
        ("assign", GUEST, "a"),
        ("close", GUEST),
        ("reopen", GUEST),
        ("link", HIDDEN, GUEST),
        ("erase", GUEST, "--confirm", GUEST),
    ):
        assert desk.here("chats", *words, "--read-only").exit_code == 10
    assert (hotel.chat().state, hotel.chat().assignee) == ("open", None)


def test_link_and_back(desk: Desk, hotel: Hotel) -> None:
    hotel.hear("open")
    hotel.hear("hidden", chat=HIDDEN)
    assert desk.here("chats", "link", HIDDEN, "+380671112233", "--json").ok().json["new"] is True
    assert [row["text"] for row in desk.here("chats", "show", HIDDEN, "--json").ok().lines] == ["open", "hidden"]
    assert desk.here("chats", "link", HIDDEN, "--remove", "--json").ok().json["was_linked_to"] == GUEST
    assert [row["text"] for row in desk.here("chats", "show", HIDDEN, "--json").ok().lines] == ["hidden"]


class TestExport:
    def test_text_reads_like_an_archive(self, desk: Desk, hotel: Hotel) -> None:
        hotel.hear("Is there a pool?")
        hotel.send("Yes")
        first, second = desk.here("chats", "export", GUEST).ok().stdout.splitlines()
        assert first.endswith("] Olena: Is there a pool?")
        assert second.endswith(f"] {hotel.name}: Yes [accepted]")

    def test_a_spreadsheet_gets_no_formulas(self, desk: Desk, hotel: Hotel) -> None:
        for formula in ("=1+1", "+380", "-2", "@cmd", "\t=x", "=WEBSERVICE()"):
            hotel.hear(formula, senderName="=cmd|' /C calc'!A0", chatName="")
        rows = list(csv.DictReader(io.StringIO(desk.here("chats", "export", GUEST, "--csv").ok().stdout)))
        assert all(row["text"].startswith("'") and row["who"].startswith("'=") for row in rows)
        assert len(rows) == 6

    def test_json_of_every_conversation(self, desk: Desk, hotel: Hotel) -> None:
        hotel.hear("Is there a pool?")
        hotel.hear("Good morning", chat=GROUP, sender=GUEST)
        lines = desk.here("chats", "export", "--all", "--json").ok().lines
        assert [(line["chat_id"], line["text"]) for line in lines] == [
            (GUEST, "Is there a pool?"),
            (GROUP, "Good morning"),
        ]

    def test_a_file_is_new_and_nobody_elses(self, desk: Desk, hotel: Hotel) -> None:
        hotel.hear("Is there a pool?")
        desk.here("chats", "export", GUEST, "-o", "olena.txt").ok()
        file = desk.folder / "olena.txt"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "pool" in file.read_text()
        assert desk.here("chats", "export", GUEST, "-o", "olena.txt").exit_code == 2


class TestErase:
    def test_it_needs_the_name_once_more(self, desk: Desk, hotel: Hotel) -> None:
        hotel.hear("Is there a pool?")
        assert desk.here("chats", "erase", GUEST).exit_code == 2
        assert desk.here("chats", "erase", GUEST, "--confirm", "380999999999@c.us").exit_code == 2
        assert hotel.said() == [("in", "Is there a pool?")]

    def test_a_dry_run_counts_and_leaves_everything(self, desk: Desk, hotel: Hotel) -> None:
        hotel.hear("Is there a pool?")
        hotel.send("Yes")
        found = desk.here("chats", "erase", GUEST, "-n", "--json").ok().json
        assert (found["would_remove"]["conversations"], found["would_remove"]["messages"]) == (1, 1)
        assert len(hotel.said()) == 2

    def test_afterwards_there_is_nothing(self, desk: Desk, hotel: Hotel) -> None:
        hotel.hear("Hippopotomonstrosesquippedal is my password")
        hotel.db.close()
        found = desk.here("chats", "erase", "380671112233", "--confirm", GUEST, "--json").ok().json
        assert (found["entries"], found["chats"], found["bytes_gone"]) == (1, 1, True)
        assert desk.here("chats", "show", GUEST).exit_code == 3
        left = b"".join(path.read_bytes() for path in desk.home.rglob("*") if path.is_file())
        assert b"ippopotomonst" not in left


def line(text: str, **more: object) -> Line:
    facts: dict[str, object] = {
        "at_ms": 1_790_000_000_000,
        "direction": "in",
        "sender_name": None,
        "kind": "text",
        "remote_id": "M1",
    }
    return Line(text=text, **(facts | more))  # type: ignore[arg-type]  # what the tests give fits


CHAT = Chat(
    id=1,
    instance="grand-kyiv",
    chat_id=GUEST,
    kind="person",
    name="Olena",
    is_contact=False,
    assignee=None,
    closed_at_ms=None,
    last_at_ms=0,
    last_direction="in",
    settled_at_ms=0,
    unanswered_since_ms=None,
    waiting=0,
    language=None,
    intent=None,
    urgency=None,
)


def drawn(*lines: Line, width: int = 80, **look: bool) -> list[str]:
    return list(screen(CHAT, lines, Look(width=width, zone=UTC, **look), lambda text, colour: text))


def test_the_screen_shows_days_people_ticks_edits_and_reactions() -> None:
    shown = drawn(
        line("Until when is breakfast?", reactions=(Reaction(emoji="👍", is_ours=True),)),
        line("Until eleven.", direction="us", status="read", earlier=(Edit(at_ms=1, text="Until ten."),)),
        line("Our view", kind="photo", at_ms=1_790_100_000_000, stored_name="0123456789abcdef.jpg"),
        line("gone", at_ms=1_790_100_000_000, deleted_at_ms=5),
    )
    assert shown == [
        "── Monday, 21 September 2026 " + "─" * 51,
        "14:13  Olena       Until when is breakfast?",
        "                   👍 us",
        "14:13  grand-kyiv  Until eleven.  ✓✓ read",
        "                   edited; before: Until ten.",
        "── Tuesday, 22 September 2026 " + "─" * 50,
        "18:00  Olena       photo: Our view",
        "                   file: 0123456789abcdef.jpg",
        "18:00  Olena       (deleted) gone",
    ]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    shown = drawn(line("word " * 200), line("x" * 500, direction="us", status="delivered"), width=width)
    assert max(map(len, shown)) <= width


def test_signs_become_words_where_there_are_none() -> None:
    assert drawn(line("Hi", direction="us", status="delivered"), signs=False)[-1].endswith("Hi  delivered")


def test_a_giant_text_is_shown_in_part_unless_full_is_asked_for() -> None:
    giant = "👨‍👩‍👧‍👦" * 20_000
    assert sum(map(len, drawn(line(giant)))) < 3 * 8192
    assert sum(text.count("👨") for text in drawn(line(giant), full=True)) == 20_000


@pytest.mark.parametrize("payload", TEXTS.values(), ids=TEXTS)
def test_hostile_bytes_stay_bytes_on_every_way_out(payload: str) -> None:
    shown = line(
        payload,
        sender_name=payload,
        kind=payload,
        file_name=payload,
        earlier=(Edit(at_ms=1, text=payload),),
        reactions=(Reaction(emoji=payload, is_ours=False),),
        votes=((payload, 1),),
    )
    for text in (*drawn(shown), *archive(CHAT, [shown], UTC)):
        assert safe_text(text, keep_lines=True) == text


def test_urgent_and_intent_choose_what_the_rules_said(desk: Desk, hotel: Hotel) -> None:
    hotel.hear("Is there a pool?")
    with hotel.db.write() as tx:
        tx.run("update chats set urgency = 5, intent = 'emergency'")
    assert len(desk.here("chats", "list", "--urgent", "--json").ok().lines) == 1
    assert len(desk.here("chats", "list", "--intent", "emergency", "--json").ok().lines) == 1
    assert desk.here("chats", "list", "--intent", "booking", "--json").ok().stdout == ""


def test_a_photo_shows_what_it_is(desk: Desk, hotel: Hotel) -> None:
    hotel.hear(photo("Our view"))
    (row,) = desk.here("chats", "show", GUEST, "--json").ok().lines
    assert (row["kind"], row["text"], row["file"]) == ("photo", "Our view", "a.jpg")
    assert json.dumps(row)
