"""Rates per method and second, quotas per month."""

from __future__ import annotations

from typing import Any

import pytest

from greenbot.simulator.clock import SimClock
from greenbot.simulator.incoming import guest_writes
from greenbot.simulator.limits import RateLimiter, rate_of
from greenbot.simulator.world import Instance, World
from tests.simulator.conftest import GUEST, Api

SEND = {"chatId": GUEST, "message": "hello"}


@pytest.fixture
def strict(instance: Instance) -> Instance:
    instance.knobs.enforce_limits = True
    return instance


@pytest.mark.parametrize(
    ("method", "rate"),
    [
        ("receiveNotification", 100),
        ("sendMessage", 50),
        ("sendFileByUpload", 50),
        ("forwardMessages", 50),
        ("checkWhatsapp", 10),
        ("deleteStatus", 10),
        ("downloadFile", 5),
        ("qr", 3),
        ("getSettings", 1),
        ("getMessagesCount", 1),
        ("sendInteractiveButtons", 1),
        ("setProfilePicture", 0.1),
        ("uploadFile", None),
        ("sendReaction", None),
    ],
)
def test_the_published_rates(method: str, rate: float | None) -> None:
    assert rate_of(method) == rate


@pytest.mark.parametrize(
    "method", ["receiveNotification", "sendMessage", "getMessage", "downloadFile", "qr", "getSettings"]
)
async def test_one_second_allows_exactly_the_rate_also_after_an_idle_hour(clock: SimClock, method: str) -> None:
    limiter, rate = RateLimiter(clock), int(rate_of(method) or 0)
    allowed = [limiter.take(method).allowed for _ in range(rate + 5)]
    assert allowed == [True] * rate + [False] * 5
    await clock.advance(3600)
    assert [limiter.take(method).allowed for _ in range(rate + 1)] == [True] * rate + [False]


async def test_a_steady_pace_at_the_rate_is_never_refused(clock: SimClock) -> None:
    limiter = RateLimiter(clock)
    for _ in range(500):
        assert limiter.take("sendMessage").allowed
        await clock.advance(1 / 50)


async def test_a_profile_picture_may_change_every_ten_seconds(clock: SimClock) -> None:
    limiter = RateLimiter(clock)
    assert limiter.take("setProfilePicture").allowed
    await clock.advance(9.9)
    assert not limiter.take("setProfilePicture").allowed
    await clock.advance(0.1)
    assert limiter.take("setProfilePicture").allowed


async def test_the_fifty_first_send_of_a_second_is_rejected_and_not_executed(
    api: Api, strict: Instance, world: World
) -> None:
    answers = [await api.post("sendMessage", SEND) for _ in range(51)]
    assert [answer.status for answer in answers] == [200] * 50 + [429]
    assert answers[0].headers["X-RateLimit-Remaining"] == "49"
    assert answers[0].headers["X-RateLimit-Replenish-Rate"] == "50"
    assert len(world.ledger.executions(method="sendMessage")) == len(strict.messages) == 50


async def test_limits_are_per_method_and_per_instance(
    api: Api, strict: Instance, world: World, clock: SimClock
) -> None:
    assert (await api.get("getSettings")).status == 200
    assert (await api.get("getSettings")).status == 429
    assert (await api.get("getStateInstance")).status == 200
    world.add_instance(id_instance=7, token=api.token)
    api.id_instance = 7
    assert (await api.get("getSettings")).status == 200


async def test_a_rejected_call_does_not_push_the_next_one_away(api: Api, strict: Instance, clock: SimClock) -> None:
    await api.get("getSettings")
    for _ in range(9):
        await clock.advance(0.1)
        assert (await api.get("getSettings")).status == 429
    await clock.advance(0.1)
    assert (await api.get("getSettings")).status == 200


async def test_checks_are_counted_by_the_month(api: Api, instance: Instance, clock: SimClock) -> None:
    instance.tariff = "developer"
    instance.usage_month = (2023, 11)
    instance.usage["checkWhatsapp"] = 99
    assert (await api.post("checkWhatsapp", {"chatId": GUEST})).status == 200
    refused = await api.post("checkWhatsapp", {"chatId": GUEST})
    status: Any = refused.json["invokeStatus"]  # type: ignore[index]  # JSON object
    assert (refused.status, status["method"], status["status"]) == (466, "checkwhatsapp", "QUOTE_EXCEEDED")
    assert (status["used"], status["total"]) == (100, 100)
    await clock.advance(16.1 * 86_400)  # from 14 November into December
    assert (await api.post("checkWhatsapp", {"chatId": GUEST})).status == 200


async def test_the_developer_tariff_knows_three_chats(api: Api, instance: Instance) -> None:
    instance.tariff = "developer"
    chats = [f"1100123456{n}@c.us" for n in range(4)]
    answers = [await api.post("sendMessage", {"chatId": chat, "message": "x"}) for chat in chats]
    assert [answer.status for answer in answers] == [200, 200, 200, 466]
    body: Any = answers[3].json
    assert body["invokeStatus"]["status"] == "QUOTE_ALLOWED"
    refused = body["correspondentsStatus"]
    assert (refused["status"], refused["used"], refused["total"]) == ("CORRESPONDENTS_QUOTE_EXCEEDED", 3, 3)
    assert f"following chats: {', '.join(chats[:3])}." in refused["description"]
    assert (await api.post("sendMessage", {"chatId": chats[0], "message": "again"})).status == 200
    (notice,) = [each.body for each in instance.notifications.waiting()]
    assert notice["quotaData"]["status"] == "CORRESPONDENTS_QUOTA_EXCEEDED"  # type: ignore[index]  # JSON object


async def test_guests_who_write_use_up_chats_too(api: Api, instance: Instance) -> None:
    instance.tariff = "developer"
    for number in range(3):
        guest_writes(instance, f"1100123456{number}@c.us", "hello")
    answer = await api.post("sendMessage", {"chatId": "11001234569@c.us", "message": "x"})
    assert answer.status == 466
    late = guest_writes(instance, "11001234569@c.us", "is anybody there?")
    assert instance.journal.of_chat(late.chat_id) == []


async def test_the_business_tariff_has_no_such_limits(api: Api, instance: Instance) -> None:
    for number in range(5):
        answer = await api.post("sendMessage", {"chatId": f"1100123456{number}@c.us", "message": "x"})
        assert answer.status == 200


async def test_a_refused_parameter_costs_no_quota(api: Api, instance: Instance) -> None:
    instance.tariff = "developer"
    await api.post("checkWhatsapp", {})
    assert instance.usage["checkWhatsapp"] == 0
