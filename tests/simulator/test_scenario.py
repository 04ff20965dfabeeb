"""Scenarios: reading, playing, checking; and the shipped ones pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenbot.simulator import scenario
from greenbot.simulator.scenario import ScenarioError
from greenbot.simulator.server import RunningSimulator
from greenbot.simulator.world import Instance

pytestmark = pytest.mark.green_api

SEND = """
[[step]]
do = "call"
method = "sendMessage"
params = { chatId = "11001234568@c.us", message = "Hello Anna" }
[[step]]
do = "wait"
seconds = 10
"""


class TestShipped:
    def test_there_are_some(self) -> None:
        assert {"lost-reply", "outage", "unlinked-phone"} <= set(scenario.shipped_names())

    @pytest.mark.parametrize("name", scenario.shipped_names())
    async def test_it_passes_in_an_empty_world(self, name: str, simulator: RunningSimulator) -> None:
        report = await scenario.play(simulator.world, scenario.shipped(name))
        assert report.failures == ()
        assert report.checked > 0

    @pytest.mark.parametrize("name", scenario.shipped_names())
    def test_it_says_what_it_is_about(self, name: str) -> None:
        assert scenario.shipped(name).name == name
        assert len(scenario.shipped(name).about) > 20


class TestPlaying:
    async def test_a_file_is_read_and_played(self, instance: Instance, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text('name = "mine"' + SEND + '[[assert]]\ninbox = "Anna"\n', encoding="utf-8")
        report = await scenario.run(instance.world, path)
        assert (report.name, report.passed) == ("mine", True)
        assert report.steps == ("1. call: sendMessage gave 200", "2. wait: 10 s")

    @pytest.mark.parametrize(
        "claim",
        [
            "executions = 2",
            "executions = 0\nmethod = 'sendMessage'",
            "executions = 1\nchat = '11009999999@c.us'",
            "requests = 2",
            "inbox = 'Bertha'",
            "inbox = 'Anna'\ncount = 2",
            "inbox = 'Anna'\ncount = 0",
            "status = 'failed'",
            "status = 'read'\nchat = '11009999999@c.us'",
            "state = 'blocked'",
            "notifications = 1",
            "fault = 'reset'",
        ],
    )
    async def test_a_false_assert_fails(self, claim: str, instance: Instance) -> None:
        script = scenario.parse(f"{SEND}[[assert]]\n{claim}\n")
        report = await scenario.play(instance.world, script)
        assert len(report.failures) == 1

    async def test_every_kind_of_step_and_assert_works(self, instance: Instance) -> None:
        text = """
        [[step]]
        do = "settings"
        set = { incomingWebhook = "yes", incomingCallWebhook = "yes" }
        [[step]]
        do = "knobs"
        set = { guests_read = false }
        [[step]]
        do = "fault"
        rule = "reset method=sendMessage count=1"
        [[step]]
        do = "call"
        method = "sendMessage"
        expect = "no answer"
        [[step]]
        do = "clear-faults"
        [[step]]
        do = "phone"
        chat = "11001234568@c.us"
        text = "Hello from the desk"
        [[step]]
        do = "call"
        method = "sendMessage"
        params = { chatId = "11001234568@c.us", message = "Hello Anna" }
        [[step]]
        do = "guest"
        chat = "11001234568@c.us"
        text = "Hello hotel"
        [[step]]
        do = "trigger"
        event = "incomingCall"
        count = 2
        [[step]]
        do = "advance"
        seconds = 30
        [[step]]
        do = "call"
        method = "getStateInstance"
        [[step]]
        do = "state"
        state = "suspended"
        [[assert]]
        executions = 1
        method = "sendMessage"
        [[assert]]
        requests = 2
        method = "sendMessage"
        instance = 1101000001
        [[assert]]
        inbox = "Anna"
        chat = "11001234568@c.us"
        [[assert]]
        status = "delivered"
        [[assert]]
        state = "suspended"
        [[assert]]
        notifications = 3
        [[assert]]
        fault = "reset"
        count = 1
        """
        report = await scenario.play(instance.world, scenario.parse(text))
        assert report.failures == ()
        assert (len(report.steps), report.checked) == (12, 7)

    async def test_an_unexpected_answer_ends_the_play(self, instance: Instance) -> None:
        script = scenario.parse('[[step]]\ndo = "call"\nmethod = "sendMessage"\n' + SEND)
        report = await scenario.play(instance.world, script)
        assert report.failures == ("step 1: sendMessage gave 400 instead of 200",)
        assert instance.inbox == []


class TestReading:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("name = ", "not TOML"),
            ("title = 'x'", "has no 'title'"),
            ("step = 3", r"write \[\[step\]\]"),
            ("[[step]]\ndo = 'dance'", "step 1: do='dance' is not one of fault, "),
            ("[[step]]\ndo = 'fault'", r"step 1 \(fault\): rule is missing"),
            ("[[step]]\ndo = 'wait'\nseconds = 1\nhours = 2", "'hours' is unknown"),
            ("[[assert]]\nchat = 'x'", "assert 1: needs exactly one of"),
            ("[[assert]]\nstate = 'x'\nstatus = 'y'", "assert 1: needs exactly one of"),
            ("[[assert]]\nstate = 'x'\nmethod = 'y'", "'method' is unknown"),
        ],
    )
    def test_a_wrong_file_is_explained(self, text: str, words: str) -> None:
        with pytest.raises(ScenarioError, match=words):
            scenario.parse(text)
