"""A hotel in order: doctor has nothing to say, changes nothing, and takes no longer than its slowest look."""

import pytest

from greenbot.db import driver
from greenbot.errors import ExitCode
from tests.doctor.conftest import Hotel, document

pytestmark = pytest.mark.integration

#: Elsewhere than where this SQLite is fixed the store is slower, and doctor says so.
_EXPECTED = set() if driver.wal_is_safe(driver.version) else {"store.mode"}
#: greenbot itself shows no certificate: the proxy does.
_LEFT_OUT = {"https.certificate"}


def test_a_healthy_hotel_hears_nothing_but_ok(hotel: Hotel) -> None:
    rows = hotel.ask("--connect")
    assert [document(row) for row in rows if row.state not in ("ok", "skipped") and row.check not in _EXPECTED] == []
    assert {row.check for row in rows if row.state == "skipped"} == _LEFT_OUT
    assert len({row.check for row in rows}) >= 40


def test_it_changes_nothing(hotel: Hotel) -> None:
    before = hotel.desk.here("db", "info", "--json").ok().json["rows"]
    hotel.ask("--connect")
    after = hotel.desk.here("db", "info", "--json").ok().json["rows"]
    for table in ("messages", "events", "audit", "calls", "hook_deliveries", "pauses"):
        assert before[table]["rows"] == after[table]["rows"], table
    assert {entry.method for entry in hotel.desk.ledger()} >= {"getStateInstance", "getSettings"}
    assert hotel.desk.executed("setSettings") == []


def test_it_works_where_nothing_may_be_written(hotel: Hotel) -> None:
    assert hotel.troubles("--read-only", "--only", "store", "--only", "api") == []


def test_nothing_of_a_secret_is_in_what_it_says(hotel: Hotel) -> None:
    said = hotel.desk.here("doctor", "--json", "--connect", "-v").stdout
    for name in (hotel.desk.home / "secrets").iterdir():
        assert name.read_text() not in said
    assert "waInstance" not in said


def test_offline_asks_nobody(quiet: Hotel) -> None:
    rows = quiet.ask("--offline")
    assert quiet.desk.ledger() == []
    assert {row.state for row in rows if row.check.startswith(("api.", "settings."))} == {"skipped"}


def test_without_connect_nobody_calls_the_webhook(hotel: Hotel) -> None:
    (row,) = hotel.ask("--only", "webhook.reached")
    assert (row.state, row.fix) == ("skipped", "greenbot doctor --connect")


def test_exit_code_is_11_only_when_asked_and_only_for_faults(quiet: Hotel) -> None:
    desk = quiet.desk
    assert desk.here("doctor", "--offline").exit_code == ExitCode.DONE
    assert desk.here("doctor", "--offline", "--only", "config.valid", "--exit-code").exit_code == ExitCode.DONE
    (desk.home / "secrets" / "kyiv.token").unlink()
    assert desk.here("doctor", "--offline", "--exit-code").exit_code == ExitCode.CHECK_FAILED
    assert "secrets.tokens" in desk.here("doctor", "--offline", "-q").ok().stdout.split()


def test_a_pipe_gets_columns_and_quiet_gets_names(quiet: Hotel) -> None:
    (quiet.desk.home / "secrets" / "kyiv.token").chmod(0o644)
    done = quiet.desk.here("doctor", "--offline", "--only", "secrets.tokens").ok()
    state, check, instance, _, fix = done.stdout.rstrip("\n").split("\t")
    assert (state, check, instance) == ("fault", "secrets.tokens", "kyiv")
    assert fix.startswith("Run: chmod 600")
    assert quiet.desk.here("doctor", "--offline", "-q", "--only", "secrets").ok().stdout == "secrets.tokens\n"


def test_the_list_names_each_check_once(hotel: Hotel) -> None:
    rows = [line["check"] for line in hotel.desk.here("doctor", "--list", "--json").ok().lines]
    assert len(rows) == len(set(rows))
    assert {"store.sound", "webhook.reached", "log.redaction"} <= set(rows)
    chosen = hotel.desk.here("doctor", "--list", "--only", "store", "--only", "queue.m*", "-q").ok().stdout.split()
    assert set(chosen) == {check for check in rows if check.startswith("store.") or check == "queue.moving"}


@pytest.mark.parametrize("words", [("--only", "stroe"), ("--offline", "--connect"), ("--instance", "odesa")])
def test_what_cannot_be_meant_is_refused(quiet: Hotel, words: tuple[str, ...]) -> None:
    assert quiet.desk.here("doctor", *words).exit_code in (ExitCode.USAGE, ExitCode.NOT_FOUND)


def test_the_page_of_the_guide_names_every_check(hotel: Hotel) -> None:
    text = hotel.desk.here("help", "doctor").ok().stdout
    for line in hotel.desk.here("doctor", "--list", "--json").ok().lines:
        assert f"`{line['check']}`" in text, line["check"]


def test_one_look_that_hangs_is_named_and_the_others_are_told(quiet: Hotel) -> None:
    """A silent token command is the usual way to hang."""
    quiet.seconds = 2.0
    with quiet.desk.config.open("a") as file:
        file.write('\n[instances.slow]\nid = "1109999999"\ntoken_command = ["sleep", "600"]\n')
    rows = {row.check: row for row in quiet.ask("--offline")}
    assert rows["secrets.tokens"].state == "warning"
    assert "no answer within" in rows["secrets.tokens"].what
    assert rows["disk.space"].state in ("ok", "warning", "fault")
    assert rows["config.valid"].state == "ok"
