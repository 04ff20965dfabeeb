"""Calls as they happen: what is connected to, what is sent, what comes back."""

import asyncio
import os
import tempfile
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import pytest
from aiohttp import web

from greenbot.outbound.addresses import Address
from greenbot.outbound.guard import Policy, parse_allowed
from greenbot.outbound.request import (
    Downloaded,
    Limits,
    OutboundFailure,
    OutboundReply,
    OutboundRequest,
    download,
    send,
)
from greenbot.outbound.resolver import Resolve, system_resolve
from tests.outbound.corpus import forbidden_urls
from tests.outbound.peer import connects, peer

LOCAL = Policy(allow=(parse_allowed("127.0.0.1"),))
FAST = Limits(total_seconds=20, reply_bytes=100)


def answers(*places: str) -> Resolve:
    """A resolver that says the next of these each time it is asked, and then the last one for ever."""
    left = list(places)

    async def resolve(host: str, port: int) -> Sequence[Address]:
        said = left.pop(0) if len(left) > 1 else left[0]
        return [ip_address(place) for place in said.split()]

    return resolve


async def post(url: str, *, policy: Policy = LOCAL, limits: Limits = FAST, **more: Any) -> Any:
    return await send(OutboundRequest(url=url, body=b"{}"), policy=policy, limits=limits, **more)


async def test_a_call_arrives_with_its_headers_and_comes_back() -> None:
    async with peer() as there:
        request = OutboundRequest(url=there.url + "/in?a=b", headers={"X-One": "1"}, body=b'{"a": 1}')
        reply = await send(request, policy=LOCAL)
    assert isinstance(reply, OutboundReply)
    assert (reply.status, reply.body, reply.truncated) == (200, b"thanks", False)
    (line, headers, body) = there.taken[0]
    assert (line, body) == ("POST /in?a=b", b'{"a": 1}')
    assert headers["x-one"] == "1"
    assert headers["host"] == f"127.0.0.1:{there.port}"
    assert headers["user-agent"].startswith("greenbot/")
    assert "cookie" not in headers


async def test_no_trap_is_ever_connected_to() -> None:
    inside = answers("127.0.0.1")
    with connects() as seen:
        for url in dict.fromkeys(forbidden_urls()):
            failure = await post(url, policy=Policy(), resolve=inside)
            assert failure.kind == "forbidden", ascii(url)
            assert not failure.maybe_arrived
    assert seen == []


@pytest.mark.parametrize("place", ["127.0.0.1", "169.254.169.254", "64:ff9b::7f00:1", "::ffff:10.0.0.1", "8.8.8.8 ::1"])
async def test_a_name_that_leads_inside_is_not_connected_to(place: str) -> None:
    with connects() as seen:
        failure = await post("https://hooks.example.com/", policy=Policy(), resolve=answers(place))
    assert failure.kind == "forbidden"
    assert seen == []


async def test_a_name_that_changes_its_mind_is_asked_once() -> None:
    policy = Policy(allow=(parse_allowed("127.0.0.9"),))
    with connects() as seen:
        await post("http://rebind.example.com:9/", policy=policy, resolve=answers("127.0.0.9", "127.0.0.1"))
    assert set(seen) == {"127.0.0.9"}


async def test_the_connection_goes_to_the_checked_address_and_names_the_host() -> None:
    async with peer() as there:
        with connects() as seen:
            reply = await post(f"http://crm.internal:{there.port}/", resolve=answers("127.0.0.1", "127.0.0.9"))
    assert reply.status == 200
    assert set(seen) == {"127.0.0.1"}
    assert there.taken[0][1]["host"] == f"crm.internal:{there.port}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    async def elsewhere(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": f"http://127.0.0.1:{there.port}/secret"})

    async with peer(elsewhere) as there:
        reply = await post(there.url)
    assert reply.status == status
    assert len(there.taken) == 1


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with peer() as there, peer() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        await post(there.url)
    assert (len(there.taken), len(proxy.taken)) == (1, 0)


async def test_a_long_answer_is_cut() -> None:
    async def long(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with pytest.raises(ConnectionError):
            while True:
                await response.write(b"x" * 10_000)
        return response

    async with peer(long) as there:
        reply = await post(there.url)
    assert (len(reply.body), reply.truncated) == (100, True)


async def test_a_silent_host_costs_no_more_than_the_deadline() -> None:
    async def silent(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    async with peer(silent) as there:
        failure = await post(there.url, limits=Limits(total_seconds=1.0))
    assert (failure.kind, failure.maybe_arrived) == ("timeout", True)


async def test_nobody_there_means_nothing_was_sent() -> None:
    async with peer() as there:
        url = there.url
    failure = await post(url)
    assert (failure.kind, failure.maybe_arrived) == ("connect", False)
    assert str(there.port) not in failure.words


async def test_an_unknown_name_means_nothing_was_sent() -> None:
    async def nobody(host: str, port: int) -> Sequence[Address]:
        raise OSError("no such host")

    failure = await post("https://nobody.example.com/", resolve=nobody)
    assert (failure.kind, failure.maybe_arrived) == ("dns", False)


async def test_a_host_that_hangs_up_may_have_taken_it() -> None:
    async def hang_up(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with peer(hang_up) as there:
        failure = await post(there.url)
    assert (failure.kind, failure.maybe_arrived) == ("broken", True)


async def test_the_resolver_of_the_machine_knows_localhost() -> None:
    assert ip_address("127.0.0.1") in await system_resolve("localhost", 80)


async def fetched(url: str, most_bytes: int, to: int | None = None) -> tuple[Downloaded | OutboundFailure, bytes]:
    with tempfile.TemporaryFile() as file:
        result = await download(url, file.fileno() if to is None else to, policy=LOCAL, most_bytes=most_bytes)
        file.seek(0)
        return result, file.read()


async def test_a_file_is_streamed_to_its_place() -> None:
    content = os.urandom(300_000)

    async def file(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=content, content_type="image/png")

    async with peer(file) as there:
        result, written = await fetched(there.url, 300_000)
    assert isinstance(result, Downloaded)
    assert (result.size_bytes, result.content_type, written) == (300_000, "image/png", content)


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_that_is_too_large_is_not_taken(announced: bool) -> None:
    async def file(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "200000"} if announced else {})
        await response.prepare(request)
        for _ in range(20):
            await response.write(b"x" * 10_000)
        return response

    async with peer(file) as there:
        result, written = await fetched(there.url, 100_000)
    assert isinstance(result, OutboundFailure)
    assert result.kind == "too_large"
    assert len(written) <= (0 if announced else 100_000)


async def test_a_file_that_is_not_there_says_so() -> None:
    async def gone(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=404)

    async with peer(gone) as there:
        result, _ = await fetched(there.url, 100)
    assert isinstance(result, OutboundFailure)
    assert (result.kind, result.status) == ("status", 404)


async def test_a_file_that_ends_early_is_a_failure() -> None:
    async def torn(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x" * 10)
        assert request.transport is not None
        request.transport.close()
        return response

    async with peer(torn) as there:
        result, _ = await fetched(there.url, 100_000)
    assert isinstance(result, OutboundFailure)
    assert result.kind == "broken"


async def test_a_full_disk_is_not_taken_for_a_network() -> None:
    async with peer() as there:
        full = os.open("/dev/full", os.O_WRONLY)
        try:
            with pytest.raises(OSError, match="No space"):
                await fetched(there.url, 100, to=full)
        finally:
            os.close(full)
