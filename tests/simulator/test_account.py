"""Settings that reboot and apply late, states with their history, linking, tokens, pictures."""

from __future__ import annotations

from typing import Any

import pytest

from greenbot.simulator.clock import SimClock
from greenbot.simulator.world import Instance, World
from tests.simulator.conftest import START, TOKEN, Api

JPEG = b"\xff\xd8\xff\xe0 a picture"


async def state(api: Api) -> str:
    answer: Any = (await api.get("getStateInstance")).json
    return str(answer["stateInstance"])


async def test_a_new_instance_has_every_webhook_switched_off(api: Api) -> None:
    settings: Any = (await api.get("getSettings")).json
    switches = {key: value for key, value in settings.items() if "Webhook" in key}
    assert settings["wid"] == "11001234567@c.us"
    assert settings["delaySendMessagesMilliseconds"] == 500
    assert set(switches.values()) == {"no"}
    assert len(settings) == 30


async def test_settings_reboot_the_instance_and_are_seen_late(api: Api, clock: SimClock) -> None:
    answer = await api.post("setSettings", {"delaySendMessagesMilliseconds": 15_000, "stateWebhook": "yes"})
    assert answer.json == {"saveSettings": True}
    assert await state(api) == "starting"
    before: Any = (await api.get("getSettings")).json
    assert before["delaySendMessagesMilliseconds"] == 500
    await clock.advance(2)
    after: Any = (await api.get("getSettings")).json
    assert (after["delaySendMessagesMilliseconds"], after["stateWebhook"]) == (15_000, "yes")
    assert await state(api) == "starting"
    await clock.advance(18)
    assert await state(api) == "authorized"


async def test_saving_the_values_already_set_reboots_all_the_same(api: Api) -> None:
    await api.post("setSettings", {"delaySendMessagesMilliseconds": 500})
    assert await state(api) == "starting"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "'value' must have at least 1 key"),
        ({"delaySendMessagesMilliseconds": 499}, "must be greater than or equal to 500"),
        ({"delaySendMessagesMilliseconds": 600_001}, "must be less than or equal to 600000"),
        ({"delaySendMessagesMilliseconds": "500"}, "must be a number"),
        ({"delaySendMessagesMilliseconds": True}, "must be a number"),
        ({"autoTyping": 11}, "must be less than or equal to 10"),
        ({"incomingWebhook": True}, "'incomingWebhook' must be one of [yes, no]"),
        ({"incomingWebhook": "on"}, "'incomingWebhook' must be one of [yes, no]"),
        ({"webhookUrl": 5}, "'webhookUrl' must be a string"),
    ],
)
async def test_a_wrong_setting_changes_nothing(
    api: Api, instance: Instance, body: dict[str, object], words: str
) -> None:
    answer = await api.post("setSettings", body)
    assert (answer.status, words in answer.text) == (400, True)
    assert instance.state == "authorized"


@pytest.mark.parametrize("value", ["yes", "no", True, False])
async def test_link_preview_may_be_a_boolean_too(api: Api, clock: SimClock, value: object) -> None:
    assert (await api.post("setSettings", {"linkPreview": value, "unheardOf": 1})).status == 200
    await clock.advance(2)
    settings: Any = (await api.get("getSettings")).json
    assert settings["linkPreview"] == value
    assert "unheardOf" not in settings


async def test_a_reboot_in_a_reboot_ends_in_the_state_before(api: Api, clock: SimClock) -> None:
    assert (await api.get("reboot")).json == {"isReboot": True}
    await clock.advance(10)
    await api.get("reboot")
    await clock.advance(19.9)
    assert await state(api) == "starting"
    await clock.advance(0.1)
    assert await state(api) == "authorized"


@pytest.mark.parametrize(("before", "after"), [("notAuthorized", "notAuthorized"), ("suspended", "authorized")])
async def test_what_a_reboot_leads_to(api: Api, instance: Instance, clock: SimClock, before: str, after: str) -> None:
    instance.change_state(before)
    await api.get("reboot")
    await clock.advance(20)
    assert await state(api) == after


async def test_logout_unlinks_the_phone(api: Api, instance: Instance) -> None:
    assert (await api.get("logout")).json == {"isLogout": True}
    settings: Any = (await api.get("getSettings")).json
    assert (await state(api), settings["wid"]) == ("notAuthorized", "")


async def test_a_logout_during_a_reboot_stays_logged_out(api: Api, clock: SimClock) -> None:
    await api.get("reboot")
    await api.get("logout")
    await clock.advance(60)
    assert await state(api) == "notAuthorized"


@pytest.mark.parametrize(
    ("now", "phone", "device"),
    [
        ("authorized", "11001234567", "11001234567:8@s.whatsapp.net"),
        ("notAuthorized", "", ""),
        ("blocked", "", ""),
        ("starting", "", ""),
    ],
)
async def test_wa_settings_name_the_phone_while_it_is_linked(
    api: Api, instance: Instance, now: str, phone: str, device: str
) -> None:
    instance.change_state(now)
    expected = {"avatar": "", "phone": phone, "stateInstance": now, "deviceId": device}
    assert (await api.get("getWaSettings")).json == expected


async def test_a_suspension_tells_its_end(api: Api, instance: Instance, world: World) -> None:
    world.set_state(instance, "suspended")
    answer: Any = (await api.get("getWaSettings")).json
    assert answer["suspendedUntil"] == int(START) + 86_400


async def test_the_history_is_chronological_and_counts_from_the_end(api: Api, instance: Instance) -> None:
    instance.change_state("starting")
    instance.change_state("authorized")
    everything: Any = (await api.get("getStateInstanceHistory")).json
    assert [change["stateInstance"] for change in everything] == ["authorized", "starting", "authorized"]
    assert everything[0] == {"stateInstance": "authorized", "timestamp": int(START), "phoneNumber": 11001234567}
    assert (await api.get("getStateInstanceHistory", count="1")).json == everything[-1:]


async def test_an_instance_still_being_created_has_the_state_null(
    api: Api, instance: Instance, clock: SimClock
) -> None:
    instance.ready_at = clock.now() + 120
    answer = await api.get("getStateInstance")
    assert (answer.status, answer.body) == (200, b"null")
    assert (await api.post("sendMessage", {})).text == "instance in starting process try later"
    await clock.advance(120)
    assert await state(api) == "authorized"


async def test_a_code_is_given_only_to_an_unlinked_instance(api: Api, instance: Instance) -> None:
    asked = {"phoneNumber": 11001234567}
    assert (await api.post("getAuthorizationCode", asked)).json == {"status": False, "code": ""}
    instance.change_state("notAuthorized")
    answer: Any = (await api.post("getAuthorizationCode", asked)).json
    assert answer["status"] is True
    assert len(answer["code"]) == 8
    assert (await api.post("getAuthorizationCode", {})).status == 400


async def test_a_new_token_replaces_the_old_one_at_once(api: Api, instance: Instance) -> None:
    answer: Any = (await api.get("updateApiToken")).json
    assert (await api.get("getSettings")).status == 401
    assert instance.previous_tokens == [TOKEN]
    api.token = answer["apiTokenInstance"]
    assert (await api.get("getSettings")).status == 200


async def test_a_profile_picture_must_be_a_jpg(api: Api, instance: Instance) -> None:
    refused: Any = (await api.form("setProfilePicture", {"file": b"GIF89a"})).json
    assert refused == {"setProfilePicture": False, "urlAvatar": "", "reason": "file is not a jpg image"}
    accepted: Any = (await api.form("setProfilePicture", {"file": JPEG})).json
    assert (accepted["setProfilePicture"], accepted["reason"]) == (True, None)
    assert (await api.request("GET", accepted["urlAvatar"])).body == JPEG
    assert instance.avatar_url == accepted["urlAvatar"]
    assert "'file' is required" in (await api.form("setProfilePicture", {"note": "none"})).text


async def test_state_changes_are_announced_when_the_switch_is_on(api: Api, instance: Instance) -> None:
    instance.change_state("blocked")
    instance.settings["stateWebhook"] = "yes"
    instance.change_state("notAuthorized")
    bodies = [each.body for each in instance.notifications.waiting()]
    assert [body["stateInstance"] for body in bodies] == ["notAuthorized"]
