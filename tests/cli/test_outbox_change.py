"""`greenbot outbox hold|release|cancel|retry|edit`: one message, many messages, and the exit codes of each case."""

import json
import os
import pty
import subprocess
from datetime import UTC, datetime

import pytest

from greenbot.outbox.states import State
from tests.cli.harness import Desk, program, text
from tests.cli.queue import lead, queue, state_of, store_of

DONE, USAGE, NOT_FOUND, PARTLY, REFUSED = 0, 2, 3, 9, 10


def test_one_message_is_held_released_and_cancelled(desk: Desk) -> None:
    [number] = map(str, queue(desk))
    held = desk.here("outbox", "hold", number, "--why", "the price is wrong", "--json").ok().json
    assert (held["id"], held["result"], held["state"], held["v"]) == (1, "held", "queued", 1)
    listed = desk.here("outbox", "list", "--json").ok().json
    assert (listed["why"], listed["until"]) == ("held: the price is wrong", None)
    assert desk.here("outbox", "release", number, "-q").ok().stdout == "1\n"
    assert desk.here("outbox", "cancel", number).ok().stdout.split("\t")[:3] == ["1", "cancelled", "cancelled"]
    shown = desk.here("outbox", "show", number).ok().stdout
    assert "cancelled  (operator, by " in shown
    assert "queued  (held, by " in shown
    audit = desk.here("audit", "list", "--subject", "message 1", "--json").ok().lines
    assert [line["action"] for line in audit] == ["outbox.cancel", "outbox.release", "outbox.hold"]
    assert audit[2]["after"] == {"held": "the price is wrong"}


WRONG = [
    # words, exit code, what the error says, what the hint says
    ("cancel 99", NOT_FOUND, "There is no message 99.", "greenbot outbox list"),
    ("cancel", USAGE, "Which messages?", "filters"),
    ("hold", USAGE, "Which messages?", "filters"),
    ("cancel twelve", USAGE, "'twelve' is not the number of a message.", "greenbot outbox list"),
    ("cancel 0", USAGE, "'0' is not the number", "outbox list"),
    ("cancel 99999999999999999999", USAGE, "is not the number", "outbox list"),
    ("cancel 1 --state queued", USAGE, "by number or by filters, not both", None),
    ("cancel --state quede", USAGE, "There is no state 'quede'.", "States: queued"),
    ("cancel --class vip --yes", USAGE, "There is no class 'vip'.", "service, promo"),
    ("cancel --older-than soon", USAGE, "not a duration", "2h"),
    ("cancel --campaign nobody", NOT_FOUND, "nobody", None),
    ("cancel -i nowhere", NOT_FOUND, "nowhere", None),
    ("hold 1 --why ''", USAGE, "--why is empty.", None),
    ("release 1", REFUSED, "Message 1 is not held.", None),
    ("retry 1", REFUSED, "still waits to be sent", None),
    ("edit 1", USAGE, "Nothing to change was given.", "--at"),
    ("edit 1 --priority urgent", USAGE, "There is no priority 'urgent'.", "high, normal, bulk"),
    ("edit 1 --at yesterday", USAGE, "no moment", "tomorrow 07:30"),
    ("edit 1 --at '2020-01-01 10:00'", USAGE, "is over", None),
    ("edit 1 --at 2h --expire 1h", REFUSED, "would expire before it may leave", None),
    ("edit 1 --at 10:00 --tz Mars/Base", USAGE, "no time zone 'Mars/Base'", "Europe/Kyiv"),
    ("edit 1 --at 10:00 --tz hotel", USAGE, "No one hotel's time zone", "-i"),
    ("cancel 1 --read-only", REFUSED, "read-only", None),
    ("cancel --state queued", USAGE, "Cancel 1 message? needs a confirmation.", "--yes"),
    ("cancel --state uncertain --yes", DONE, "", None),
]


@pytest.mark.parametrize(("words", "code", "message", "hint"), WRONG)
def test_what_is_wrong_is_said_with_the_next_step(
    desk: Desk, words: str, code: int, message: str, hint: str | None
) -> None:
    import shlex

    queue(desk)
    result = desk.here("outbox", *shlex.split(words), "--json")
    assert result.exit_code == code, result
    assert state_of(desk, 1) == "queued"
    if code:
        assert message in result.error["message"]
        assert hint is None or hint in result.error["hint"]


def test_several_numbers_are_done_without_asking_and_the_unknown_ones_are_named(desk: Desk) -> None:
    queue(desk, count=3)
    lead(desk, 2, State.FAILED)
    result = desk.here("outbox", "cancel", "1", "2", "3", "44", "1", "--json")
    assert result.exit_code == PARTLY
    assert sorted((line["id"], line["result"]) for line in result.lines) == [
        *((1, "cancelled"), (2, "refused"), (3, "cancelled"), (44, "unknown"))
    ]
    assert "There is no message 44." in result.stderr
    assert "2 of 4 messages were cancelled." in result.error["message"]


def test_none_of_several_leaves_with_the_code_of_the_first(desk: Desk) -> None:
    assert desk.here("outbox", "cancel", "7", "8").exit_code == NOT_FOUND
    queue(desk, count=2)
    lead(desk, 1, State.FAILED)
    lead(desk, 2, State.FAILED)
    assert desk.here("outbox", "cancel", "1", "2").exit_code == REFUSED


def test_numbers_come_from_a_pipe(desk: Desk) -> None:
    queue(desk, count=3)
    listed = desk.here("outbox", "list", "-q").ok().stdout
    refused = desk.here("outbox", "cancel", "-", stdin=listed)
    assert (refused.exit_code, "3 messages of default." in refused.stderr) == (USAGE, True)
    assert [state_of(desk, number) for number in (1, 2, 3)] == ["queued"] * 3
    desk.here("outbox", "cancel", "-", "--yes", stdin=f"# from the list\n{listed}\n3 again\n").ok()
    assert [state_of(desk, number) for number in (1, 2, 3)] == ["cancelled"] * 3


@pytest.mark.parametrize("stdin", ["one\n", "1;2\n", "\ufeff1\n"])
def test_a_pipe_that_brings_no_numbers_changes_nothing(desk: Desk, stdin: str) -> None:
    queue(desk, count=2)
    assert desk.here("outbox", "cancel", "-", "--yes", stdin=stdin).exit_code == USAGE
    assert state_of(desk, 1) == "queued"


FILTERS = [
    # filters, the messages they mean
    ("--state queued", [1, 2, 4, 5, 6]),
    ("--state queued --chat 380440000001", [2, 5]),
    ("--chat +380440000001", [2, 5]),
    ("--class promo", [4, 5, 6]),
    ("--instance default", [1, 2]),
    ("--instance all", [1, 2]),
    ("--reason held", []),
    ("--older-than 1h", [1, 2]),
    ("--older-than 90m --class promo", []),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
def test_filters_mean_exactly_their_messages(desk: Desk, filters: str, expected: list[int]) -> None:
    queue(desk, count=3)
    with store_of(desk) as db, db.write() as tx:
        tx.run("drop trigger messages_content_stays")
        tx.run("update messages set created_at_ms = created_at_ms - 3700000")
    lead(desk, 3, State.UNCERTAIN)
    queue(desk, count=3, message_class="promo", instance="odesa")
    preview = desk.here("outbox", "cancel", *filters.split(), "-n", "--json").ok()
    assert [line["id"] for line in preview.lines] == expected
    assert state_of(desk, 1) == "queued"
    desk.here("outbox", "cancel", *filters.split(), "--yes").ok()
    cancelled = [number for number in range(1, 7) if state_of(desk, number) == "cancelled"]
    assert cancelled == expected


def test_reasons_of_both_kinds_are_filters(desk: Desk) -> None:
    queue(desk, count=3)
    lead(desk, 1, State.FAILED, cause="connect_refused")
    lead(desk, 2, State.FAILED, cause="dns")
    desk.here("outbox", "retry", "--reason", "dns", "--yes").ok()
    desk.here("outbox", "hold", "3", "--why", "price").ok()
    desk.here("outbox", "hold", "4", "--why", "lunch").ok()
    released = desk.here("outbox", "release", "--reason", "price", "--yes", "--json").ok()
    assert [line["id"] for line in released.lines] == [3]
    assert desk.here("outbox", "list", "--json", "--reason", "lunch").ok().json["id"] == 4


def test_a_dry_run_shows_what_would_be_done_and_what_would_not(desk: Desk) -> None:
    queue(desk, count=2)
    lead(desk, 2, State.FAILED)
    result = desk.here("outbox", "cancel", "1", "2", "-n", "--json").ok()
    assert [(line["id"], line["result"]) for line in result.lines] == [(1, "would be cancelled"), (2, "not possible")]
    assert "Nothing was changed." in result.stderr
    assert state_of(desk, 1) == "queued"
    assert desk.here("audit", "list").ok().stdout == ""


def test_a_filter_leaves_out_what_it_cannot_be_done_to_and_says_so(desk: Desk) -> None:
    queue(desk, count=2)
    lead(desk, 1, State.FAILED)
    desk.here("outbox", "retry", "1").ok()
    lead(desk, 2, State.FAILED)
    result = desk.here("outbox", "retry", "--state", "failed", "--yes", "--json").ok()
    assert [(line["id"], line["new_id"]) for line in result.lines] == [(2, 4)]
    assert "Left out: message 1, because it was retried already, as message 3." in result.stderr
    again = desk.here("outbox", "retry", "--state", "failed", "--yes")
    assert (again.exit_code, "0 of 2 messages" in again.stderr) == (REFUSED, True)


def test_a_retry_shows_its_new_number_and_the_old_one_stays(desk: Desk) -> None:
    queue(desk, key="booking-1")
    lead(desk, 1, State.FAILED)
    said = desk.here("outbox", "retry", "1", "--json").ok()
    assert "No worker runs, so nothing leaves yet. Send it with: greenbot outbox run --drain" in said.stderr
    retried = said.json
    assert (retried["id"], retried["new_id"], retried["result"]) == (1, 2, "retried")
    shown = desk.here("outbox", "show", "2", "--json").ok().json
    assert (shown["retry_of"], shown["key"], shown["state"]) == (1, "booking-1", "queued")
    assert state_of(desk, 1) == "failed"


def test_an_edit_understands_moments_on_the_hotels_clock(desk: Desk) -> None:
    desk.configure('timezone = "Asia/Tokyo"\n')
    queue(desk)
    desk.here("outbox", "edit", "1", "--at", "tomorrow 07:30", "--expire", "3d", "--priority", "high").ok()
    shown = desk.here("outbox", "show", "1", "--json").ok().json
    at = datetime.fromisoformat(shown["scheduled_at"])
    assert (at.astimezone(UTC).strftime("%H:%M"), shown["priority"]) == ("22:30", "high")
    assert shown["waits"][0] == {"why": "scheduled", "words": "scheduled", "until": shown["scheduled_at"]}
    desk.here("outbox", "edit", "1", "--at", "07:30", "--tz", "Europe/Kyiv", "--expire", "never").ok()
    shown = desk.here("outbox", "show", "1", "--json").ok().json
    assert shown["expires_at"] is None
    assert datetime.fromisoformat(shown["scheduled_at"]).strftime("%H:%M") in ("05:30", "04:30")
    desk.here("outbox", "edit", "1", "--at", "now").ok()
    assert "scheduled" not in desk.here("outbox", "list").ok().stdout


@pytest.mark.integration
@pytest.mark.parametrize(
    ("answer", "code", "state"), [("y", DONE, "cancelled"), ("n", USAGE, "queued"), ("", USAGE, "queued")]
)
def test_a_person_is_told_how_many_and_asked(desk: Desk, answer: str, code: int, state: str) -> None:
    queue(desk, count=2)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        program("outbox", "cancel", "--state", "queued"),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=desk.environ,
        cwd=desk.folder,
    )
    os.close(theirs)
    asked = b""
    while b"[y/N] " not in asked:
        asked += os.read(ours, 4096)
    os.write(ours, f"{answer}\n".encode())
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert "2 messages of default." in text(asked)
    assert "Cancel 2 messages? [y/N]" in text(asked)
    assert process.returncode == code
    assert [state_of(desk, number) for number in (1, 2)] == [state, state]
    assert bool(out) == (code == DONE)


@pytest.mark.integration
def test_two_operators_at_once_never_both_get_a_message(desk: Desk) -> None:
    queue(desk, count=300)
    both = [desk.start("outbox", "cancel", "--state", "queued", "--yes", "--json") for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in both]
    lines = [json.loads(line) for output in outputs for line in output.splitlines()]
    assert sum(line["result"] == "cancelled" for line in lines) == 300
    with store_of(desk) as db:
        assert db.scalar("select count(*) from messages where state = 'cancelled' and epoch = 1") == 300
        assert db.scalar("select count(*) from audit") == 300
    assert {process.returncode for process in both} <= {DONE, PARTLY, REFUSED}
    assert DONE in {process.returncode for process in both} or PARTLY in {process.returncode for process in both}


def test_hostile_words_in_a_reason_reach_no_terminal(desk: Desk) -> None:
    queue(desk)
    desk.here("outbox", "hold", "1", "--why", "\x1b]52;c;evil\x07[red]").ok()
    for words in (("list",), ("list", "--json"), ("show", "1"), ("list", "--csv"), ("stats", "--by", "reason")):
        assert "\x1b" not in desk.here("outbox", *words).ok().stdout
    assert "\x1b" not in desk.here("audit", "list").ok().stdout


def test_the_text_of_a_message_is_shown_nowhere(desk: Desk) -> None:
    queue(desk, text="The code is 4711.")
    lead(desk, 1, State.FAILED)
    for words in (("list", "-v"), ("list", "--json"), ("show", "1", "-v"), ("show", "1", "--json"), ("retry", "1")):
        assert "4711" not in desk.here("outbox", *words).ok().stdout
    request = desk.here("outbox", "show", "1", "--json").ok().json["request"]
    assert request == {"chatId": "380440000000@c.us", "message": "[17 characters]"}


def test_old_messages_are_what_their_acceptance_says(desk: Desk) -> None:
    queue(desk)
    assert desk.here("outbox", "list", "--older-than", "1h").ok().stdout == ""
    assert desk.here("outbox", "list", "--older-than", "0s").ok().stdout != ""
