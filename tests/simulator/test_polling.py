"""receiveNotification, deleteNotification, getWebhooksCount, clearWebhooksQueue over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from greenbot.simulator import events
from greenbot.simulator.clock import SimClock
from greenbot.simulator.world import Instance, Timings
from tests.simulator.conftest import Answer, Api

pytestmark = [pytest.mark.webhook, pytest.mark.green_api]


def offer(instance: Instance, text: str = "Hello") -> None:
    instance.settings["incomingWebhook"] = "yes"
    body = events.build("textMessage", instance, 0, {"messageData.textMessageData.textMessage": text})
    instance.emit("incomingMessageReceived", body)


async def answered(task: asyncio.Task[Answer], clock: SimClock, seconds: float) -> bool:
    """True when the request is answered after that much virtual time (and the real time a socket needs)."""
    for _ in range(20):
        await asyncio.sleep(0.002)
    await clock.advance(seconds)
    for _ in range(20):
        await asyncio.sleep(0.002)
    return task.done()


class TestReceiving:
    async def test_the_head_comes_with_a_receipt_id_and_stays_until_deleted(self, api: Api, instance: Instance) -> None:
        offer(instance, "first")
        offer(instance, "second")
        head = (await api.get("receiveNotification")).json
        assert isinstance(head, dict)
        assert head.keys() == {"receiptId", "body"}
        assert (await api.get("receiveNotification")).json == head

        deleted = await api.delete("deleteNotification", f"/{head['receiptId']}")
        assert deleted.json == {"result": True, "reason": ""}
        following = (await api.get("receiveNotification")).json
        assert isinstance(following, dict)
        assert following["body"]["messageData"]["textMessageData"] == {"textMessage": "second"}

    async def test_deleting_twice_says_false(self, api: Api, instance: Instance) -> None:
        offer(instance)
        head = (await api.get("receiveNotification")).json
        assert isinstance(head, dict)
        tail = f"/{head['receiptId']}"
        answers = [(await api.delete("deleteNotification", tail)).json for _ in range(2)]
        assert answers == [{"result": True, "reason": ""}, {"result": False, "reason": ""}]

    @pytest.mark.parametrize("tail", ["/abc", "/1.5", "/-1"])
    async def test_a_receipt_that_is_no_number_is_refused(self, tail: str, api: Api) -> None:
        answer = await api.delete("deleteNotification", tail)
        assert answer.status == 400
        assert "Parameter receiptId must be a Number" in answer.text

    async def test_two_pollers_see_the_same_head(self, api: Api, instance: Instance) -> None:
        offer(instance)
        first, second = await asyncio.gather(api.get("receiveNotification"), api.get("receiveNotification"))
        assert first.json == second.json


class TestWaiting:
    @pytest.mark.parametrize(
        ("query", "seconds"),
        [({}, 5), ({"receiveTimeout": "30"}, 30), ({"receiveTimeout": "1"}, 5), ({"receiveTimeout": "600"}, 60)],
    )
    async def test_an_empty_queue_is_answered_with_null_after_the_wait(
        self, query: dict[str, str], seconds: int, api: Api, clock: SimClock
    ) -> None:
        poll = asyncio.create_task(api.get("receiveNotification", **query))
        assert not await answered(poll, clock, seconds - 0.1)
        await clock.advance(0.2)
        answer = await poll
        assert (answer.status, answer.body) == (200, b"null")

    async def test_a_notification_that_comes_during_the_wait_is_given_at_once(
        self, api: Api, instance: Instance, clock: SimClock
    ) -> None:
        poll = asyncio.create_task(api.get("receiveNotification", receiveTimeout="60"))
        assert not await answered(poll, clock, 10)
        offer(instance)
        answer = await poll
        assert isinstance(answer.json, dict)

    async def test_a_wait_that_is_no_number_is_refused(self, api: Api) -> None:
        assert (await api.get("receiveNotification", receiveTimeout="soon")).status == 400

    async def test_polling_is_refused_while_a_webhook_url_is_set(self, api: Api, instance: Instance) -> None:
        offer(instance)
        instance.settings["webhookUrl"] = "http://127.0.0.1:1/hook"
        answer = await api.get("receiveNotification")
        assert answer.status == 400
        assert answer.json == {
            "code": "INVALID_PARAM",
            "message": "Message cannot be received because custom webhook url is set. Go to cabinet, clear webhook url",
            "status": "error",
        }

    async def test_after_24_hours_a_notification_is_gone(self, api: Api, instance: Instance, clock: SimClock) -> None:
        offer(instance)
        await clock.advance(86_399)
        assert (await api.get("getWebhooksCount")).json == {"count": 1}
        await clock.advance(2)
        assert (await api.get("getWebhooksCount")).json == {"count": 0}


class TestQueue:
    async def test_the_count_can_lag_and_can_be_spelled_with_a_cyrillic_letter(
        self, api: Api, instance: Instance, clock: SimClock
    ) -> None:
        instance.world.timings = Timings(counter_refresh=10)
        assert (await api.get("getWebhooksCount")).json == {"count": 0}
        offer(instance)
        assert (await api.get("getWebhooksCount")).json == {"count": 0}
        await clock.advance(10)
        instance.knobs.cyrillic_count = True
        assert (await api.get("getWebhooksCount")).json == {"\u0441ount": 1}

    async def test_the_queue_is_cleared_at_most_once_a_minute(
        self, api: Api, instance: Instance, clock: SimClock
    ) -> None:
        offer(instance)
        assert (await api.delete("clearWebhooksQueue")).json == {"isCleared": True, "reason": ""}
        assert len(instance.notifications) == 0

        offer(instance)
        await clock.advance(18)
        refused = {"isCleared": False, "reason": "Too many requests", "leftTime": 42}
        assert (await api.delete("clearWebhooksQueue")).json == refused
        assert len(instance.notifications) == 1

        await clock.advance(42)
        assert (await api.delete("clearWebhooksQueue")).json == {"isCleared": True, "reason": ""}

    async def test_clearing_by_get_is_an_unknown_path(self, api: Api) -> None:
        assert (await api.get("clearWebhooksQueue")).status == 404
