"""The partner API, whose failures all come as HTTP 200."""

from __future__ import annotations

from typing import Any

import pytest

from greenbot.simulator.clock import SimClock
from greenbot.simulator.world import World
from tests.simulator.conftest import ID_INSTANCE, PARTNER_TOKEN, TOKEN, Answer, Api
from tests.simulator.test_sendqueue import listed


async def partner(api: Api, verb: str, method: str, body: object = None, token: str = PARTNER_TOKEN) -> Answer:
    return await api.request(verb, f"{api.url}/partner/{method}/{token}", json=body)


@pytest.mark.parametrize(
    ("verb", "method"), [("GET", "getInstances"), ("POST", "createInstance"), ("POST", "deleteInstanceAccount")]
)
async def test_a_wrong_partner_token_is_answered_with_200(api: Api, verb: str, method: str) -> None:
    answer = await partner(api, verb, method, {}, token="gac.wrong")
    assert (answer.status, answer.json) == (200, {"code": 401, "description": "Unauthorized"})


async def test_instances_are_listed_with_their_tokens(api: Api) -> None:
    (item,) = listed((await partner(api, "GET", "getInstances")).json)
    assert (item["idInstance"], item["apiTokenInstance"], item["name"]) == (ID_INSTANCE, TOKEN, "Seaside")
    assert (item["deleted"], item["tariff"], item["timeCreated"]) == (False, "BUSINESS", "2023-11-14T22:13:20.000Z")


async def test_a_new_instance_needs_minutes_and_a_phone(api: Api, world: World, clock: SimClock) -> None:
    body = {"name": "Harbour", "delaySendMessagesMilliseconds": 1000}
    made: Any = (await partner(api, "POST", "createInstance", body)).json
    assert (made["typeInstance"], made["apiUrl"]) == ("whatsapp", api.url)
    api.id_instance, api.token = made["idInstance"], made["apiTokenInstance"]
    assert (await api.get("getStateInstance")).body == b"null"
    await clock.advance(120)
    assert (await api.get("getStateInstance")).json == {"stateInstance": "notAuthorized"}
    instance = world.instances[made["idInstance"]]
    assert (instance.name, instance.settings["delaySendMessagesMilliseconds"]) == ("Harbour", 1000)


async def test_a_deleted_instance_is_gone_but_listed(api: Api) -> None:
    body = {"idInstance": ID_INSTANCE}
    assert (await partner(api, "POST", "deleteInstanceAccount", body)).json == {"deleteInstanceAccount": True}
    assert (await api.get("getStateInstance")).text == "Instance is deleted"
    (item,) = listed((await partner(api, "GET", "getInstances")).json)
    assert item["deleted"] is True
    again = await partner(api, "POST", "deleteInstanceAccount", body)
    assert (again.status, again.json) == (200, {"code": 404, "description": "Not found"})


@pytest.mark.parametrize("body", [{}, {"idInstance": 5}, {"idInstance": "x"}])
async def test_an_unknown_instance_is_not_found_with_200(api: Api, body: dict[str, object]) -> None:
    answer = await partner(api, "POST", "deleteInstanceAccount", body)
    assert (answer.status, answer.json) == (200, {"code": 404, "description": "Not found"})


@pytest.mark.parametrize(("verb", "method"), [("POST", "getInstances"), ("GET", "createInstance"), ("GET", "other")])
async def test_a_wrong_verb_is_404(api: Api, verb: str, method: str) -> None:
    assert (await partner(api, verb, method)).status == 404


async def test_a_wrong_setting_creates_nothing(api: Api, world: World) -> None:
    answer = await partner(api, "POST", "createInstance", {"delaySendMessagesMilliseconds": 1})
    assert (answer.status, len(world.instances)) == (400, 1)
