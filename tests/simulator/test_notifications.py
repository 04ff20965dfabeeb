"""Delivery of notifications to a webhook endpoint, on virtual time and a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from greenbot.simulator import events
from greenbot.simulator.clock import SimClock
from greenbot.simulator.notifications import authorization, is_loopback_url
from greenbot.simulator.world import Instance, Timings
from tests.simulator.receiver import HANG, Receiver, eventually

pytestmark = [pytest.mark.webhook, pytest.mark.green_api]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def hotel(instance: Instance, receiver: Receiver) -> Instance:
    """An instance with every switch on that delivers to the receiver."""
    switches = {name: "yes" for name in instance.settings if name.endswith("Webhook")}
    instance.settings |= switches | {"webhookUrl": receiver.url}
    return instance


def offer(hotel: Instance, text: str) -> None:
    body = events.build("textMessage", hotel, 0, {"messageData.textMessageData.textMessage": text})
    hotel.emit("incomingMessageReceived", body)


def texts(receiver: Receiver) -> list[str]:
    return [item.body["messageData"]["textMessageData"]["textMessage"] for item in receiver.received]  # type: ignore[index]  # JSON


async def attempts(hotel: Instance, count: int) -> None:
    queue = hotel.notifications
    await eventually(lambda: len(queue.deliveries) >= count, f"{count} attempts to deliver")


class TestRequest:
    async def test_one_object_is_posted_as_utf8_json(self, hotel: Instance, receiver: Receiver) -> None:
        offer(hotel, "Привет 👋")
        await attempts(hotel, 1)
        (received,) = receiver.received
        assert received.headers["Content-Type"] == "application/json; charset=utf-8"
        assert "Authorization" not in received.headers
        assert "receiptId" not in received.body
        assert "Привет 👋" in received.raw.decode()

    @pytest.mark.parametrize(
        ("token", "header"),
        [
            ("", None),
            ("secret", "Bearer secret"),
            ("Bearer secret", "Bearer secret"),
            ("bearer secret", "bearer secret"),
            ("Basic dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"),
        ],
    )
    def test_the_authorization_header_follows_the_token(self, token: str, header: str | None) -> None:
        assert authorization(token) == header

    async def test_the_token_travels_with_every_notification(self, hotel: Instance, receiver: Receiver) -> None:
        hotel.settings["webhookUrlToken"] = "s3cret"
        offer(hotel, "a")
        offer(hotel, "b")
        await attempts(hotel, 2)
        assert [item.headers["Authorization"] for item in receiver.received] == ["Bearer s3cret"] * 2

    @pytest.mark.parametrize(
        ("url", "is_local"),
        [
            ("http://127.0.0.1:8080/hook", True),
            ("https://localhost/hook", True),
            ("http://[::1]:9/", True),
            ("http://127.0.0.1.example.invalid/", False),
            ("https://example.invalid/hook", False),
            ("http://10.0.0.1/", False),
            ("ftp://127.0.0.1/", False),
        ],
    )
    def test_only_this_machine_is_ever_called(self, url: str, is_local: bool) -> None:
        assert is_loopback_url(url) is is_local

    async def test_a_foreign_url_counts_as_a_failed_attempt(self, hotel: Instance, receiver: Receiver) -> None:
        hotel.settings["webhookUrl"] = "https://example.invalid/hook"
        offer(hotel, "a")
        await attempts(hotel, 1)
        (attempt,) = hotel.notifications.deliveries
        assert (attempt.status, attempt.problem) == (0, "the simulator delivers to this machine only")
        assert len(hotel.notifications) == 1
        assert receiver.received == []


class TestOrderAndRetry:
    async def test_notifications_arrive_in_order_and_leave_the_queue(self, hotel: Instance, receiver: Receiver) -> None:
        for number in range(20):
            offer(hotel, f"message {number}")
        await attempts(hotel, 20)
        assert texts(receiver) == [f"message {number}" for number in range(20)]
        assert len(hotel.notifications) == 0

    @pytest.mark.parametrize("status", [201, 202, 204, 302, 400, 401, 404, 500, 503])
    async def test_anything_but_200_is_a_failure_and_the_same_one_comes_again_after_60_s(
        self, status: int, hotel: Instance, receiver: Receiver, clock: SimClock
    ) -> None:
        receiver.answers.append(status)
        offer(hotel, "first")
        offer(hotel, "second")
        await attempts(hotel, 1)

        await clock.advance(59.9)
        assert texts(receiver) == ["first"]

        await clock.advance(0.2)
        await attempts(hotel, 3)
        assert texts(receiver) == ["first", "first", "second"]
        assert receiver.received[0].raw == receiver.received[1].raw

    async def test_a_dead_endpoint_is_tried_every_minute(
        self, hotel: Instance, receiver: Receiver, clock: SimClock
    ) -> None:
        hotel.settings["webhookUrl"] = "http://127.0.0.1:1/closed"
        offer(hotel, "a")
        for number in range(1, 4):
            await attempts(hotel, number)
            await clock.advance(60)
        await attempts(hotel, 4)
        times = [each.at - hotel.notifications.deliveries[0].at for each in hotel.notifications.deliveries]
        assert times == [0, 60, 120, 180]

    async def test_an_endpoint_that_never_answers_times_out_after_180_s(
        self, hotel: Instance, receiver: Receiver, clock: SimClock
    ) -> None:
        receiver.answers.append(HANG)
        offer(hotel, "a")
        await eventually(lambda: len(receiver.received) == 1, "the first attempt")

        await clock.advance(179.9)
        assert hotel.notifications.deliveries == []
        await clock.advance(0.2)
        await attempts(hotel, 1)
        assert hotel.notifications.deliveries[0].problem == "timeout"

        await clock.advance(59.8)
        assert len(receiver.received) == 1
        await clock.advance(0.3)
        await attempts(hotel, 2)
        assert texts(receiver) == ["a", "a"]
        assert len(hotel.notifications) == 0

    async def test_notifications_are_lost_after_24_hours(
        self, hotel: Instance, receiver: Receiver, clock: SimClock
    ) -> None:
        hotel.world.timings = Timings(webhook_pause=86_401)
        receiver.answers.append(500)
        offer(hotel, "lost")
        offer(hotel, "lost too")
        await attempts(hotel, 1)
        await clock.advance(86_390)
        offer(hotel, "young enough")
        await clock.advance(20)
        await attempts(hotel, 2)
        assert texts(receiver) == ["lost", "young enough"]
        assert len(hotel.notifications) == 0


class TestSettings:
    async def test_a_switched_off_event_is_never_queued(self, hotel: Instance) -> None:
        hotel.settings["incomingWebhook"] = "no"
        offer(hotel, "a")
        assert len(hotel.notifications) == 0

    async def test_waiting_notifications_go_out_when_a_url_is_set(self, hotel: Instance, receiver: Receiver) -> None:
        hotel.settings["webhookUrl"] = ""
        offer(hotel, "a")
        assert len(hotel.notifications) == 1
        hotel.settings["webhookUrl"] = receiver.url
        hotel.notifications.settings_changed()
        await attempts(hotel, 1)
        assert texts(receiver) == ["a"]

    async def test_clearing_the_url_ends_delivery_and_opens_polling(
        self, hotel: Instance, receiver: Receiver, clock: SimClock
    ) -> None:
        receiver.answers.append(500)
        offer(hotel, "a")
        await attempts(hotel, 1)
        hotel.settings["webhookUrl"] = ""
        hotel.notifications.settings_changed()
        await clock.advance(120)
        assert len(receiver.received) == 1
        head = await hotel.notifications.receive(timeout_seconds=5)
        assert head is not None
