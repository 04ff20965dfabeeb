"""What is checked before a method runs, in which order, and in which words it is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from greenbot.simulator.server import RunningSimulator, run_forever, start
from greenbot.simulator.world import Instance, World
from tests.simulator.conftest import GUEST, ID_INSTANCE, PARTNER_TOKEN, TOKEN, Api

SEND = {"chatId": GUEST, "message": "hello"}


@pytest.mark.parametrize(
    ("verb", "path", "status", "words"),
    [
        ("GET", f"/waInstance{ID_INSTANCE}/getSettings/wrong", 401, ""),
        ("GET", f"/waInstance{ID_INSTANCE}/noSuchMethod/wrong", 401, ""),
        ("GET", f"/waInstance{ID_INSTANCE}/noSuchMethod/{TOKEN}", 404, "Cannot GET"),
        ("GET", f"/waInstance{ID_INSTANCE}/sendMessage/{TOKEN}", 404, "Cannot GET"),
        ("POST", f"/waInstance{ID_INSTANCE}/getSettings/{TOKEN}", 404, "Cannot POST"),
        ("GET", f"/waInstance1101999999/getSettings/{TOKEN}", 403, "403 Forbidden"),
        ("GET", f"/waInstanceabc/getSettings/{TOKEN}", 400, "Parameter idInstance not an integer"),
        ("GET", f"/waInstance{'9' * 40}/getSettings/{TOKEN}", 400, "Parameter idInstance not an integer"),
        ("GET", f"/waInstance{ID_INSTANCE}/getSettings", 400, "Parameter apiTokenInstance not define"),
        ("POST", f"/waInstance{ID_INSTANCE}/sendButtons/{TOKEN}", 403, "archived"),
        ("POST", f"/waInstance{ID_INSTANCE}/sendListMessage/{TOKEN}", 403, "archived"),
        ("GET", f"/waInstance{ID_INSTANCE}/getStatusInstance/{TOKEN}", 403, "archived"),
        ("GET", "/elsewhere", 404, "Cannot GET"),
        ("GET", "/files/1/2/3.jpg", 404, "Not Found"),
        ("OPTIONS", f"/waInstance{ID_INSTANCE}/sendMessage/{TOKEN}", 204, ""),
    ],
)
async def test_a_wrong_address_is_refused(api: Api, verb: str, path: str, status: int, words: str) -> None:
    answer = await api.request(verb, api.url + path)
    assert answer.status == status
    assert words in answer.text


async def test_a_wrong_token_gets_an_empty_json_body_and_rate_headers(api: Api) -> None:
    api.token = "wrong"
    answer = await api.get("receiveNotification")
    assert (answer.status, answer.body) == (401, b"")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-RateLimit-Remaining"] == "99"
    assert answer.headers["X-RateLimit-Replenish-Rate"] == "100"


async def test_a_refused_token_executes_nothing_but_leaves_a_mark_at_the_door(api: Api, world: World) -> None:
    api.token = "wrong"
    await api.post("sendMessage", SEND)
    assert world.ledger.entries == []
    assert [(mark.method, mark.status) for mark in world.ledger.door] == [("sendMessage", 401)]


async def test_method_names_match_without_regard_to_case(api: Api, world: World) -> None:
    answer = await api.post("SENDMESSAGE", SEND)
    assert answer.status == 200
    assert [entry.method for entry in world.ledger.executions()] == ["sendMessage"]


async def test_a_validation_error_echoes_the_path_with_the_token(api: Api) -> None:
    answer = await api.post("sendMessage", {"message": "hello"})
    body = answer.json
    assert isinstance(body, dict)
    assert (body["statusCode"], body["message"]) == (400, "Validation failed. Details: 'chatId' is required")
    assert body["path"] == f"/waInstance{ID_INSTANCE}/sendMessage/{TOKEN}"
    assert body["timestamp"] == "2023-11-14T22:13:20.000Z"


@pytest.mark.parametrize(
    ("raw", "status", "words"),
    [
        (b'{"chatId":', 400, "Unexpected end of JSON input"),
        (b'{"chatId"_', 400, "Unexpected token _ in JSON at position 9"),
        (b"\xef\xbb\xbf{}", 400, "Unexpected token \\ufeff in JSON at position 0"),
        (b"[1,2]", 400, "Bad Request Validation failed"),
        (b"\xff\xfe", 400, "bad request data"),
        (b"[" * 50_000, 400, "bad request data"),
        (json.dumps({"chatId": GUEST, "message": "x" * 100_001}).encode(), 500, "request entity too large"),
    ],
    ids=["cut", "token", "bom", "array", "not utf-8", "too deep", "too large"],
)
async def test_a_broken_body_is_refused(api: Api, raw: bytes, status: int, words: str) -> None:
    answer = await api.request("POST", api.method_url("sendMessage"), data=raw)
    assert answer.status == status
    assert words in answer.text.replace("\ufeff", "\\ufeff")


async def test_a_large_body_without_a_length_is_refused_too(api: Api) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b" " * 10_000

    answer = await api.request("POST", api.method_url("sendMessage"), data=chunks())
    assert (answer.status, answer.text) == (500, '{"message":"request entity too large"}')


@pytest.mark.parametrize(
    ("state", "method", "status", "words"),
    [
        ("starting", "sendMessage", 400, "instance in starting process try later"),
        ("starting", "getChatHistory", 400, "instance in starting process try later"),
        ("starting", "checkWhatsapp", 400, "instance is starting or not authorized"),
        ("notAuthorized", "sendMessage", 200, "idMessage"),
        ("notAuthorized", "getChatHistory", 400, "instance account not authorized"),
        ("notAuthorized", "checkWhatsapp", 400, "instance is starting or not authorized"),
        ("blocked", "sendMessage", 200, "idMessage"),
        ("blocked", "getChatHistory", 400, "instance account not authorized"),
        ("suspended", "sendMessage", 200, "idMessage"),
        ("yellowCard", "sendMessage", 200, "idMessage"),
        ("suspended", "getChatHistory", 200, "["),
        ("sleepMode", "getChatHistory", 400, "instance account not authorized"),
    ],
)
async def test_the_state_decides_what_works(
    api: Api, instance: Instance, state: str, method: str, status: int, words: str
) -> None:
    instance.change_state(state)
    answer = await api.post(method, SEND if method == "sendMessage" else {"chatId": GUEST})
    assert (answer.status, words in answer.text) == (status, True)


@pytest.mark.parametrize("method", ["getStateInstance", "getSettings", "showMessagesQueue", "getMessagesCount"])
@pytest.mark.parametrize("state", ["starting", "notAuthorized", "blocked"])
async def test_questions_about_the_instance_work_in_every_state(
    api: Api, instance: Instance, state: str, method: str
) -> None:
    instance.change_state(state)
    assert (await api.get(method)).status == 200


async def test_an_unpaid_and_a_deleted_instance_say_so(api: Api, instance: Instance) -> None:
    instance.expired = True
    assert "is expired" in (await api.post("sendMessage", SEND)).text
    instance.deleted_at = 1.0
    answer = await api.get("getStateInstance")
    assert (answer.status, answer.text) == (400, "Instance is deleted")


async def test_every_answer_may_be_read_from_another_origin(api: Api) -> None:
    assert (await api.get("getSettings")).headers["Access-Control-Allow-Origin"] == "*"


async def test_the_ledger_holds_what_was_executed_and_what_was_refused(api: Api, world: World) -> None:
    sent = await api.post("sendMessage", SEND)
    await api.post("sendMessage", {"chatId": "nobody", "message": "x"})
    first, second = world.ledger.entries
    assert (first.executed, first.outcome, first.chat_id) == (True, "200", GUEST)
    assert first.request_body == SEND
    assert f'"{first.id_message}"' in sent.text
    assert (second.executed, second.outcome[:3]) == (False, "400")
    assert world.ledger.executions(method="sendMessage", chat_id=GUEST) == [first]
    assert world.ledger.executions(instance=5) == []
    assert world.ledger.counters == {"sendMessage 200": 1, "sendMessage 400": 1}
    assert TOKEN not in repr(world.ledger)


@pytest.mark.parametrize(
    ("host", "verb", "method", "status"),
    [("media", "GET", "getSettings", 403), ("api", "POST", "uploadFile", 403), ("api", "GET", "getSettings", 200)],
)
async def test_on_two_ports_each_host_refuses_the_methods_of_the_other(
    world: World, session: aiohttp.ClientSession, host: str, verb: str, method: str, status: int
) -> None:
    world.add_instance(id_instance=ID_INSTANCE, token=TOKEN)
    running = await start(world, media_port=0)
    try:
        base = running.media_url if host == "media" else running.api_url
        api = Api(session, base, base)
        assert (await api.request(verb, api.method_url(method))).status == status
    finally:
        await running.stop()


async def test_run_forever_serves_until_it_is_told_to_stop(world: World, session: aiohttp.ClientSession) -> None:
    world.add_instance(id_instance=ID_INSTANCE, token=TOKEN)
    stop, ready = asyncio.Event(), asyncio.Queue[RunningSimulator]()
    serving = asyncio.create_task(run_forever(world, on_ready=ready.put_nowait, stop=stop))
    running = await ready.get()
    assert (await Api(session, running.api_url, running.media_url).get("getSettings")).status == 200
    stop.set()
    await serving
    with pytest.raises(aiohttp.ClientConnectionError):
        await session.get(f"{running.api_url}/partner/getInstances/{PARTNER_TOKEN}")


async def test_a_simulator_stops_twice_and_frees_its_port(world: World, session: aiohttp.ClientSession) -> None:
    running: RunningSimulator = await start(world)
    url = running.api_url
    await running.stop()
    await running.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await session.get(f"{url}/partner/getInstances/{PARTNER_TOKEN}")
