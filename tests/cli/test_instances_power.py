"""`greenbot instances reboot|logout`: asked for, confirmed, waited for and made sure of."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from greenbot.cli import instances_power
from greenbot.errors import ExitCode
from greenbot.resilience.shared_health import health_of
from tests.cli.harness import Desk
from tests.cli.queue import store_of
from tests.cli.test_instances_state import two_hotels

USAGE, REFUSED = ExitCode.USAGE, ExitCode.REFUSED


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> Iterator[None]:
    monkeypatch.setattr(instances_power, "_LOOK_SECONDS", 0.1)
    world, before = desk.simulator.world, desk.simulator.world.timings
    desk.simulator.call(lambda: setattr(world, "timings", replace(before, reboot_seconds=0.5)))
    yield
    desk.simulator.call(lambda: setattr(world, "timings", before))


def state(desk: Desk, name: str = "default") -> tuple[str, str, str]:
    with store_of(desk) as db:
        health = health_of(db, name)
    return health.state, health.account, health.source


def test_a_reboot_is_waited_for_until_the_number_works_again(desk: Desk) -> None:
    row = desk.here("instances", "reboot", "default", "--yes", "--wait", "--json").ok().json
    assert (row["name"], row["state"], row["detail"]) == ("default", "authorized", None)
    assert len(desk.executed("reboot")) == 1
    assert state(desk) == ("authorized", "authorized", "person")
    history = desk.here("instances", "history", "--columns", "state,account,source").ok().stdout
    assert history == "authorized\tauthorized\tperson\ndegraded\tstarting\tperson\n"
    [noted] = desk.here("audit", "list", "--json").ok().lines
    assert (noted["action"], noted["subject"]) == ("instances.reboot", "instance default")


def test_without_wait_messages_are_held_from_then_on(desk: Desk) -> None:
    asked = desk.here("instances", "reboot", "--yes").ok()
    assert "greenbot instances state" in asked.stderr
    assert state(desk) == ("degraded", "starting", "person")
    assert desk.here("instances", "health", "--json").ok().json["sends"] is False


def test_a_number_without_a_phone_is_back_and_says_so(desk: Desk) -> None:
    desk.state("notAuthorized")
    back = desk.here("instances", "reboot", "--yes", "--wait", "--json")
    assert (back.exit_code, back.error["code"]) == (ExitCode.NOT_READY, "instance_not_ready")
    assert "notAuthorized" in back.error["message"]
    assert state(desk)[0] == "not_sendable"


def test_one_that_takes_too_long_is_not_waited_for_for_ever(desk: Desk) -> None:
    world = desk.simulator.world
    desk.simulator.call(lambda: setattr(world, "timings", replace(world.timings, reboot_seconds=60)))
    late = desk.here("instances", "reboot", "--yes", "--wait", "--timeout", "500ms", "--json")
    assert (late.exit_code, late.json["state"]) == (ExitCode.PENDING, "starting")


def test_of_several_each_is_told(desk: Desk) -> None:
    two_hotels(desk)
    asked = desk.here("instances", "reboot", "-i", "all", "--yes", "--wait", "--json")
    assert asked.exit_code == ExitCode.PARTLY_DONE
    assert [(row["name"], row["state"]) for row in asked.lines] == [("kyiv", "authorized"), ("odesa", "unknown")]
    assert "token" in asked.lines[1]["detail"]


def test_an_answer_that_got_lost_while_waiting_says_nothing(desk: Desk) -> None:
    world = desk.simulator.world
    desk.simulator.call(lambda: setattr(world, "timings", replace(world.timings, reboot_seconds=2.5)))
    desk.fault("503 method=getStateInstance count=1")
    assert desk.here("instances", "reboot", "--yes", "--wait", "--json").ok().json["state"] == "authorized"


def test_a_refused_reboot_is_an_error(desk: Desk) -> None:
    desk.fault("503 method=reboot count=1")
    refused = desk.here("instances", "reboot", "--yes", "--json")
    assert refused.exit_code != 0
    assert state(desk)[0] == "unknown"


def test_logout_takes_the_name_once_more_and_holds_messages_at_once(desk: Desk) -> None:
    desk.here("instances", "state").ok()
    without = desk.here("instances", "logout", "default", "--json")
    assert (without.exit_code, without.error["hint"]) == (USAGE, "Add --confirm default")
    wrong = desk.here("instances", "logout", "default", "--confirm", "kyiv")
    assert (wrong.exit_code, desk.ledger("logout")) == (USAGE, [])
    done = desk.here("instances", "logout", "default", "--confirm", "default").ok()
    assert "greenbot instances login default" in done.stderr
    assert desk.instance.state == "notAuthorized"
    assert state(desk) == ("not_sendable", "notAuthorized", "person")
    [noted] = desk.here("audit", "list", "--json").ok().lines
    assert noted["action"] == "instances.logout"


@pytest.mark.parametrize("words", ["logout default", "reboot", "reboot -i all"])
def test_it_can_be_tried_first(desk: Desk, words: str) -> None:
    shown = desk.here("instances", *words.split(), "-n").ok()
    assert f"/waInstance{desk.instance.id}/{words.split(maxsplit=1)[0]}/***" in shown.stdout
    assert desk.ledger() == []
    assert desk.here("audit", "list").ok().stdout == ""


WRONG = [
    ("reboot", USAGE, "--yes"),
    ("reboot nowhere --yes", ExitCode.NOT_FOUND, "nowhere"),
    ("reboot --yes --read-only", REFUSED, "read-only"),
    ("reboot --yes --columns moon", USAGE, "There is no column 'moon'."),
    ("reboot --yes --wait --timeout soon", USAGE, "soon"),
    ("logout nowhere --confirm nowhere", ExitCode.NOT_FOUND, "nowhere"),
    ("logout default --confirm default --read-only", REFUSED, "read-only"),
]


@pytest.mark.parametrize(("words", "code", "message"), WRONG)
def test_what_is_wrong_is_said_before_anything_happens(desk: Desk, words: str, code: int, message: str) -> None:
    result = desk.here("instances", *words.split(), "--json")
    assert (result.exit_code, message in result.stderr) == (code, True), result
    assert desk.ledger() == []


def test_a_phone_that_is_linked_meanwhile_ends_the_wait(desk: Desk) -> None:
    world = desk.simulator.world
    desk.simulator.call(lambda: setattr(world, "timings", replace(world.timings, reboot_seconds=60)))
    desk.simulator.call(lambda: world.clock.call_later(1.0, partial(world.set_state, desk.instance, "authorized")))
    assert desk.here("instances", "reboot", "--yes", "--wait", "--json").ok().json["state"] == "authorized"
