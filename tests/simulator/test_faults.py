"""Faults on purpose: the text of a rule, when it fires, and what a client then sees on the wire."""

from __future__ import annotations

import asyncio
import json
import random

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.simulator.clock import SimClock
from greenbot.simulator.faults import KINDS, FaultBook, FaultRule, FaultSyntaxError, parse_rule
from greenbot.simulator.world import Instance
from tests.simulator.conftest import GUEST, Api
from tests.simulator.receiver import eventually

pytestmark = pytest.mark.green_api

SEND = {"chatId": GUEST, "message": "Your room is ready"}


def executed(instance: Instance) -> int:
    return len(instance.world.ledger.executions(method="sendMessage"))


def fault_of_last_request(instance: Instance) -> str | None:
    return instance.world.ledger.entries[-1].fault


async def raw_send(api: Api) -> bytes:
    """Everything that comes back for one sendMessage, byte for byte, until the connection ends."""
    host, _, port = api.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps(SEND).encode()
    path = api.method_url("sendMessage").removeprefix(api.url)
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


class TestTextForm:
    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            ("drop-reply", FaultRule(kind="drop-reply")),
            (
                "drop-reply method=sendMessage count=1",
                FaultRule(kind="drop-reply", methods="sendMessage", count=1),
            ),
            (
                "cut-response@120 method=send* p=0.1",
                FaultRule(kind="cut-response", methods="send*", probability=0.1, params={"bytes": "120"}),
            ),
            ("slow seconds=3 after=2", FaultRule(kind="slow", after=2, params={"seconds": "3"})),
            ("503 instance=7", FaultRule(kind="5xx", instances="7", params={"status": "503"})),
            (
                "5xx@502 execute=true",
                FaultRule(kind="5xx", params={"status": "502", "execute": "true"}),
            ),
            ("state=blocked", FaultRule(kind="state", params={"state": "blocked"})),
            ("429 retry_after=7", FaultRule(kind="429", params={"retry_after": "7"})),
        ],
    )
    def test_a_rule_is_one_line(self, text: str, rule: FaultRule) -> None:
        assert parse_rule(text) == rule

    @given(
        kind=st.sampled_from(sorted(set(KINDS) - {"state"})),
        methods=st.sampled_from(["*", "send*", "getMessage"]),
        count=st.none() | st.integers(1, 99),
        probability=st.sampled_from([0.0, 0.25, 1.0]),
        after=st.integers(0, 9),
    )
    def test_the_printed_form_reads_back(
        self, kind: str, methods: str, count: int | None, probability: float, after: int
    ) -> None:
        rule = FaultRule(kind=kind, methods=methods, count=count, probability=probability, after=after)
        assert parse_rule(str(rule)) == rule

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "not enough values|not a fault rule"),
            ("drop-repl", "did you mean drop-reply"),
            ("drop-reply@3", "takes nothing after @"),
            ("drop-reply once", "NAME=VALUE"),
            ("drop-reply speed=3", "no parameter of drop-reply"),
            ("slow@soon", "not a number"),
            ("slow@-1", "negative"),
            ("5xx@404", "not one of 500, 502, 503, 504"),
            ("state", "write the state"),
            ("state=happy", "not one of authorized"),
            ("reset p=2", "between 0 and 1"),
            ("reset count=0", "count starts at 1"),
            ("no-reply execute=maybe", "not one of true, false"),
            ('reset "', "not a fault rule"),
        ],
    )
    def test_a_wrong_rule_is_explained(self, text: str, words: str) -> None:
        with pytest.raises(FaultSyntaxError, match=words):
            parse_rule(text)

    def test_every_kind_has_one_line_of_explanation(self) -> None:
        assert all(summary and "\n" not in summary and len(summary) < 100 for summary in KINDS.values())


class TestFiring:
    def book(self, *rules: str, seed: int = 1) -> FaultBook:
        book = FaultBook(random.Random(seed))
        for rule in rules:
            book.add(rule)
        return book

    def fire(self, book: FaultBook, count: int, *, name: str = "sendMessage", instance: int = 1) -> list[str]:
        decided = [book.decide(instance=instance, name=name) for _ in range(count)]
        return ["-" if rule is None else rule.kind for rule in decided]

    def test_after_skips_and_count_ends(self) -> None:
        assert self.fire(self.book("reset after=2 count=2"), 6) == ["-", "-", "reset", "reset", "-", "-"]

    def test_the_first_rule_that_fires_wins_and_the_next_takes_over(self) -> None:
        assert self.fire(self.book("503 count=1", "reset count=1"), 3) == ["5xx", "reset", "-"]

    @pytest.mark.parametrize(
        ("rule", "name", "instance", "fires"),
        [
            ("reset method=send*", "SENDMESSAGE", 1, True),
            ("reset method=send*", "getMessage", 1, False),
            ("reset instance=2", "sendMessage", 1, False),
            ("reset instance=2", "sendMessage", 2, True),
            ("lost-status", "outgoingMessageStatus", 1, False),
        ],
    )
    def test_a_rule_fires_only_for_what_it_names(self, rule: str, name: str, instance: int, fires: bool) -> None:
        assert (self.fire(self.book(rule), 1, name=name, instance=instance) != ["-"]) is fires

    def test_the_same_seed_gives_the_same_faults(self) -> None:
        runs = [self.fire(self.book("reset p=0.3", seed=5), 200) for _ in range(2)]
        assert runs[0] == runs[1]
        assert 30 < runs[0].count("reset") < 90
        assert self.fire(self.book("reset p=0.3", seed=6), 200) != runs[0]

    def test_firings_are_counted_and_rules_can_be_removed(self) -> None:
        book = self.book("reset count=2", "503")
        self.fire(book, 3)
        assert dict(book.fired) == {"reset": 2, "5xx": 1}
        assert [(each.number, each.seen, each.fired) for each in book.list()] == [(1, 2, 2), (2, 1, 1)]
        assert book.clear(1) == 1
        assert book.clear() == 1
        assert self.fire(book, 1) == ["-"]


class TestLostAnswers:
    @pytest.mark.parametrize(
        ("rule", "executions"),
        [("drop-reply", 1), ("reset", 0), ("cut-response@0", 1), ("cut-response@40", 1)],
    )
    async def test_the_client_gets_no_answer(self, rule: str, executions: int, api: Api, instance: Instance) -> None:
        instance.world.faults.add(f"{rule} count=1")
        with pytest.raises(aiohttp.ClientError):
            await api.post("sendMessage", SEND)
        assert executed(instance) == executions
        assert fault_of_last_request(instance) == rule.partition("@")[0]
        assert (await api.post("sendMessage", SEND)).status == 200

    async def test_a_reset_is_a_tcp_reset_and_a_drop_is_a_plain_end(self, api: Api, instance: Instance) -> None:
        instance.world.faults.add("reset count=1")
        with pytest.raises(ConnectionResetError):
            await raw_send(api)
        instance.world.faults.add("drop-reply count=1")
        assert await raw_send(api) == b""

    async def test_a_response_can_be_cut_after_every_byte(self, api: Api, instance: Instance) -> None:
        instance.world.faults.add("cut-response@100000 count=1")
        whole = await raw_send(api)
        assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
        assert "idMessage" in json.loads(whole.partition(b"\r\n\r\n")[2])
        for length in range(0, len(whole), 7):
            instance.world.faults.add(f"cut-response@{length} count=1")
            assert len(await raw_send(api)) == length
        assert executed(instance) == 1 + len(range(0, len(whole), 7))

    @pytest.mark.parametrize(("execute", "executions"), [("false", 0), ("true", 1)])
    async def test_no_reply_holds_the_connection_until_the_client_leaves(
        self, execute: str, executions: int, api: Api, instance: Instance
    ) -> None:
        instance.world.faults.add(f"no-reply execute={execute} count=1")
        waiting = asyncio.create_task(api.post("sendMessage", SEND))
        await eventually(lambda: instance.world.faults.fired["no-reply"] == 1, "the fault")
        await asyncio.sleep(0.05)
        assert not waiting.done()
        waiting.cancel()
        await eventually(lambda: len(instance.world.ledger.door) == 1, "the end of the held request")
        assert instance.world.ledger.door[0].status == 0
        assert executed(instance) == executions

    @pytest.mark.parametrize("hold", ["false", "true"])
    async def test_late_execution_happens_after_the_client_gave_up(
        self, hold: str, api: Api, instance: Instance, clock: SimClock
    ) -> None:
        instance.world.faults.add(f"late-execution@90 hold={hold} count=1")
        with pytest.raises((aiohttp.ClientError, TimeoutError)):
            await asyncio.wait_for(api.post("sendMessage", SEND), 0.2)
        await clock.advance(89)
        assert executed(instance) == 0
        await clock.advance(2)
        assert executed(instance) == 1
        await clock.advance(10)
        assert [message.text for message in instance.inbox] == ["Your room is ready"]


class TestWrongAnswers:
    @pytest.mark.parametrize(
        ("rule", "status", "executions"),
        [
            ("500", 500, 0),
            ("502", 502, 0),
            ("503", 503, 0),
            ("504 execute=true", 504, 1),
            ("429", 429, 0),
            ("466", 466, 0),
            ("401", 401, 0),
            ("403", 403, 0),
            ("404", 404, 0),
            ("html-200", 200, 0),
            ("html-200 execute=true", 200, 1),
            ("null-body", 200, 1),
            ("not-json", 200, 1),
            ("truncated-json", 200, 1),
            ("huge-response", 200, 1),
            ("huge-response execute=false", 200, 0),
        ],
    )
    async def test_the_status_and_the_truth_are_told_apart(
        self, rule: str, status: int, executions: int, api: Api, instance: Instance
    ) -> None:
        instance.world.faults.add(rule)
        answer = await api.post("sendMessage", SEND)
        assert (answer.status, executed(instance)) == (status, executions)

    async def test_the_bodies_are_what_their_names_say(self, api: Api, instance: Instance) -> None:
        bodies: dict[str, bytes] = {}
        for kind in ("401", "null-body", "not-json", "truncated-json", "html-200", "466"):
            instance.world.faults.add(f"{kind} count=1")
            bodies[kind] = (await api.post("sendMessage", SEND)).body
        assert bodies["401"] == b""
        assert bodies["null-body"] == b"null"
        assert bodies["html-200"].startswith(b"<!DOCTYPE html>")
        assert json.loads(bodies["466"])["correspondentsStatus"]["status"] == "CORRESPONDENTS_QUOTE_EXCEEDED"
        for kind in ("not-json", "truncated-json"):
            with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
                json.loads(bodies[kind])

    async def test_a_huge_response_has_the_size_and_stays_json(self, api: Api, instance: Instance) -> None:
        instance.world.faults.add("huge-response@300000")
        answer = await api.post("sendMessage", SEND)
        assert len(answer.body) == 300_000
        assert isinstance(answer.json, dict)
        assert answer.json.keys() == {"idMessage", "padding"}

    async def test_retry_after_is_sent_only_when_asked_for(self, api: Api, instance: Instance) -> None:
        instance.world.faults.add("429 count=1 retry_after=7")
        instance.world.faults.add("429 count=1")
        answers = [await api.post("sendMessage", SEND) for _ in range(2)]
        assert [answer.headers.get("Retry-After") for answer in answers] == ["7", None]

    async def test_a_redirect_names_another_address(self, api: Api, instance: Instance) -> None:
        instance.world.faults.add("redirect@/elsewhere")
        async with api.session.post(api.method_url("sendMessage"), json=SEND, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (302, "/elsewhere")
        assert executed(instance) == 0

    async def test_slow_answers_after_the_time_as_if_nothing_had_happened(
        self, api: Api, instance: Instance, clock: SimClock
    ) -> None:
        instance.world.faults.add("slow@20 count=1")
        waiting = asyncio.create_task(api.post("sendMessage", SEND))
        await eventually(lambda: instance.world.faults.fired["slow"] == 1, "the fault")
        await clock.advance(19)
        assert executed(instance) == 0
        await clock.advance(2)
        assert (await waiting).status == 200


class TestTheWorldChanges:
    async def test_the_instance_goes_to_another_state_before_the_request(self, api: Api, instance: Instance) -> None:
        instance.world.faults.add("state=starting after=1 count=1")
        answers = [await api.post("sendMessage", SEND) for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 400]
        assert "instance in starting process try later" in answers[1].text

    async def test_a_stuck_queue_accepts_and_never_sends(self, api: Api, instance: Instance, clock: SimClock) -> None:
        instance.world.faults.add("stuck-queue@600 count=1")
        assert (await api.post("sendMessage", SEND)).status == 200
        await clock.advance(599)
        assert instance.inbox == []
        await clock.advance(10)
        assert len(instance.inbox) == 1

    async def test_after_a_lid_switch_webhooks_hide_the_number(
        self, api: Api, instance: Instance, clock: SimClock
    ) -> None:
        instance.settings["outgoingWebhook"] = "yes"
        instance.world.faults.add("lid-switch count=1")
        await api.post("sendMessage", SEND)
        await clock.advance(5)
        chats = {str(each.body["chatId"]) for each in instance.notifications.waiting()}
        assert len(chats) == 1
        assert chats.pop().endswith("@lid")


class TestWebhookFaults:
    async def statuses(self, api: Api, instance: Instance, clock: SimClock, rule: str) -> list[object]:
        instance.settings["outgoingWebhook"] = "yes"
        instance.world.faults.add(rule)
        await api.post("sendMessage", SEND)
        await clock.advance(10)
        return [each.body["status"] for each in instance.notifications.waiting()]

    @pytest.mark.parametrize(
        ("rule", "seen"),
        [
            ("reset method=getMessage", ["sent", "delivered", "read"]),
            ("lost-status", []),
            ("lost-status status=delivered", ["sent", "read"]),
            ("lost-status count=1", ["delivered", "read"]),
            ("duplicate-webhook count=1", ["sent", "sent", "delivered", "read"]),
            ("duplicate-webhook@2 count=1 after=2", ["sent", "delivered", "read", "read", "read"]),
            ("reorder count=1 after=1", ["delivered", "sent", "read"]),
            ("duplicate-webhook method=incoming*", ["sent", "delivered", "read"]),
        ],
    )
    async def test_what_arrives(
        self, rule: str, seen: list[str], api: Api, instance: Instance, clock: SimClock
    ) -> None:
        assert await self.statuses(api, instance, clock, rule) == seen

    async def test_a_copy_has_a_receipt_of_its_own(self, api: Api, instance: Instance, clock: SimClock) -> None:
        await self.statuses(api, instance, clock, "duplicate-webhook count=1")
        receipts = [each.receipt_id for each in instance.notifications.waiting()]
        assert len(set(receipts)) == 4
