"""Addresses, previews, records and secrets of the client."""

import httpx
import pytest
import respx

from greenbot.api.client import CallRecord, Client
from greenbot.api.endpoints import unlisted
from greenbot.api.inline import run_inline
from greenbot.api.outcome import Failure, OutcomeClass, Reply
from greenbot.api.request import Request, Timeouts
from greenbot.clock import ManualClock
from greenbot.errors import ConfigError, OutcomeUnknown, TokenMissing, UnknownMethod, Unreachable, UsageError
from greenbot.redact import Secret, redact
from tests.api.conftest import HASTY, TOKEN, credentials

GOOD = {"idMessage": "BAE51"}


def answered(answer: httpx.Response | Exception, seen: list[httpx.Request] | None = None) -> httpx.MockTransport:
    async def handler(request: httpx.Request) -> httpx.Response:
        await request.aread()
        if seen is not None:
            seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return httpx.MockTransport(handler)


@pytest.mark.parametrize(
    ("method", "params", "address"),
    [
        ("getSettings", {}, "GET /waInstance1101000001/getSettings/{token}"),
        (
            "getContacts",
            {"group": True, "count": 5},
            "GET /waInstance1101000001/getContacts/{token}?group=true&count=5",
        ),
        ("deleteNotification", {"receiptId": 7}, "DELETE /waInstance1101000001/deleteNotification/{token}/7"),
        ("getInstances", {}, "GET /partner/getInstances/gac.0123456789abcdef"),
        ("createInstance", {"name": "x"}, "POST /partner/createInstance/gac.0123456789abcdef"),
        ("clearWebhooksQueue", {}, "DELETE /waInstance1101000001/clearWebhooksQueue/{token}"),
    ],
)
async def test_where_a_call_goes(method: str, params: dict[str, object], address: str) -> None:
    seen: list[httpx.Request] = []
    client = Client(credentials(), transport=answered(httpx.Response(200, json={}), seen))
    await client.exchange(method, params)
    assert f"{seen[0].method} {seen[0].url.raw_path.decode()}" == address.format(token=TOKEN)


async def test_media_methods_go_to_the_media_host_and_the_rest_does_not() -> None:
    seen: list[httpx.Request] = []
    where = credentials("https://7105.api.example.invalid")
    client = Client(where, transport=answered(httpx.Response(200, json=GOOD), seen))
    await client.send_message("1@c.us", "Hi")
    assert seen[0].url.host == "7105.api.example.invalid"
    assert seen[0].headers["host"] == "7105.api.example.invalid"
    assert seen[0].content == b'{"chatId":"1@c.us","message":"Hi"}'


async def test_an_odd_token_stays_one_segment_of_the_path() -> None:
    seen: list[httpx.Request] = []
    odd = credentials()
    from dataclasses import replace

    odd = replace(odd, token=Secret("ab/../cd?x#y z"), id="11/01")
    client = Client(odd, transport=answered(httpx.Response(200, json={}), seen))
    await client.exchange("getSettings")
    assert seen[0].url.raw_path == b"/waInstance11%2F01/getSettings/ab%2F..%2Fcd%3Fx%23y%20z"


async def test_call_gives_the_answer_or_raises() -> None:
    good = Client(credentials(), transport=answered(httpx.Response(200, json=GOOD)))
    assert await good.call("sendMessage", {"chatId": "1@c.us", "message": "x"}) == GOOD
    lost = Client(credentials(), transport=answered(httpx.ReadTimeout("slow")))
    with pytest.raises(OutcomeUnknown) as error:
        await lost.call("sendMessage", {"chatId": "1@c.us", "message": "x"})
    assert error.value.__cause__ is None
    assert error.value.instance == "grand-kyiv"


@pytest.mark.parametrize(
    ("error", "cls"),
    [
        (httpx.ConnectError("refused"), OutcomeClass.NOT_SENT),
        (httpx.ConnectTimeout("slow"), OutcomeClass.NOT_SENT),
        (httpx.PoolTimeout("busy"), OutcomeClass.NOT_SENT),
        (httpx.ProxyError("no"), OutcomeClass.NOT_SENT),
        (httpx.ReadTimeout("slow"), OutcomeClass.AMBIGUOUS),
        (httpx.ReadError("cut"), OutcomeClass.AMBIGUOUS),
        (httpx.WriteError("cut"), OutcomeClass.AMBIGUOUS),
        (httpx.WriteTimeout("slow"), OutcomeClass.AMBIGUOUS),
        (httpx.RemoteProtocolError("odd"), OutcomeClass.AMBIGUOUS),
        (httpx.LocalProtocolError("odd"), OutcomeClass.AMBIGUOUS),
        (httpx.CloseError("odd"), OutcomeClass.AMBIGUOUS),
        (OSError("disk"), OutcomeClass.AMBIGUOUS),
    ],
)
async def test_each_error_of_httpx_is_sent_or_not_sent(error: Exception, cls: OutcomeClass) -> None:
    plugged = Client(credentials(), transport=answered(error))
    assert (await plugged.exchange("sendMessage", {"chatId": "1@c.us", "message": "x"})).cls is cls
    with respx.mock:
        respx.post(url__regex=".*sendMessage.*").mock(side_effect=error)
        pooled = Client(credentials("http://127.0.0.1:9"), environ={})
        assert (await pooled.exchange("sendMessage", {"chatId": "1@c.us", "message": "x"})).cls is cls
        await pooled.aclose()


@respx.mock
async def test_the_pooled_transport_can_be_mocked_with_respx() -> None:
    route = respx.post(f"https://api.example.invalid/waInstance1101000001/sendMessage/{TOKEN}").respond(json=GOOD)
    client = Client(credentials("https://api.example.invalid"), environ={})
    assert await client.send_message("1@c.us", "Hi") == GOOD
    assert route.call_count == 1
    await client.aclose()


async def test_every_call_is_recorded_once_with_its_time() -> None:
    clock = ManualClock()
    records: list[CallRecord] = []

    async def slow(request: httpx.Request) -> httpx.Response:
        clock.advance(1.25)
        return httpx.Response(200, json=GOOD)

    client = Client(credentials(), transport=httpx.MockTransport(slow), on_call=records.append, clock=clock)
    at_ms = clock.now_ms()
    outcome = await client.exchange("sendMessage", {"chatId": "1@c.us", "message": "secret words"})
    (record,) = records
    assert (record.instance, record.method, record.at_ms, record.elapsed_ms) == (
        "grand-kyiv",
        "sendMessage",
        at_ms,
        1250,
    )
    assert outcome.elapsed_ms == 1250
    assert (record.request_bytes, record.reply_bytes) == (44, len(httpx.Response(200, json=GOOD).content))
    assert "secret words" not in repr(record)
    assert "BAE51" not in repr(record)


def test_a_preview_shows_the_request_and_hides_the_token() -> None:
    client = Client(credentials("https://api.example.invalid"), transport="inline")
    preview = client.request_preview("sendMessage", {"chatId": "1@c.us", "message": "Привіт", "quotedMessageId": None})
    assert str(preview) == (
        "POST https://api.example.invalid/waInstance1101000001/sendMessage/***\n"
        "Content-Type: application/json\n\n"
        '{\n  "chatId": "1@c.us",\n  "message": "Привіт"\n}'
    )
    assert preview.facts() == {
        "dry_run": True,
        "method": "sendMessage",
        "verb": "POST",
        "url": "https://api.example.invalid/waInstance1101000001/sendMessage/***",
        "params": {"chatId": "1@c.us", "message": "Привіт"},
    }
    assert "***/7" in str(client.request_preview("deleteNotification", {"receiptId": 7}))
    assert str(client.request_preview("getContacts", {"count": 5})).endswith("***?count=5")
    assert "chatId: 1@c.us" in str(client.request_preview("sendFileByUpload", {"chatId": "1@c.us"}))


async def test_new_tokens_are_secret_from_the_moment_they_arrive() -> None:
    token = "9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d"
    body = [{"idInstance": 1, "apiTokenInstance": token}]
    client = Client(credentials(), transport=answered(httpx.Response(200, json=body)))
    await client.get_instances()
    assert token not in redact(f"it is {token}")


async def test_a_missing_token_is_named() -> None:
    from dataclasses import replace

    client = Client(replace(credentials(), partner_token=None), transport=answered(httpx.Response(200)))
    with pytest.raises(TokenMissing, match="partner"):
        await client.get_instances()


@pytest.mark.parametrize("url", ["", "api.example.invalid", "ftp://x", "http://", "https://x:port", "https://x:99999"])
async def test_a_bad_address_is_a_configuration_error(url: str) -> None:
    client = Client(credentials(url), transport=answered(httpx.Response(200)))
    with pytest.raises(ConfigError):
        await client.exchange("getSettings")


async def test_mistakes_are_found_before_anything_leaves() -> None:
    seen: list[httpx.Request] = []
    client = Client(credentials(), transport=answered(httpx.Response(200), seen))
    with pytest.raises(UnknownMethod):
        await client.call("sendMesage")
    with pytest.raises(UsageError, match="receiptId"):
        await client.exchange("deleteNotification")
    with pytest.raises(UsageError, match="WebSocket"):
        await client.scanqrcode()
    assert seen == []


async def test_a_method_the_catalogue_does_not_know_can_be_called() -> None:
    client = Client(credentials(), transport=answered(httpx.Response(200, json={"new": 1})))
    outcome = await client.exchange(unlisted("sendSticker"), {"chatId": "1@c.us"})
    assert (outcome.cls, outcome.data) == (OutcomeClass.OK, {"new": 1})


def test_the_inline_client_needs_no_event_loop_and_says_when_one_is_needed() -> None:
    client = Client(credentials("http://127.0.0.1:9"), transport="inline", timeouts=HASTY, environ={})
    with pytest.raises(Unreachable):
        run_inline(client.call("getSettings"))

    async def waits() -> None:
        import asyncio

        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="event loop"):
        run_inline(waits())


@pytest.mark.parametrize(
    ("method", "params", "read", "total"),
    [
        ("sendMessage", {}, 30.0, 45.0),
        ("getSettings", {}, 30.0, 45.0),
        ("sendFileByUpload", {}, 180.0, 195.0),
        ("receiveNotification", {"receiveTimeout": 60}, 70.0, 85.0),
        ("receiveNotification", {"receiveTimeout": 1}, 15.0, 30.0),
        ("receiveNotification", {"receiveTimeout": 9_999}, 70.0, 85.0),
        ("receiveNotification", {}, 30.0, 45.0),
    ],
)
def test_the_deadlines_of_a_call(method: str, params: dict[str, object], read: float, total: float) -> None:
    from greenbot.api.endpoints import find

    limits = Timeouts().limits(find(method), params)
    assert (limits.connect, limits.write, limits.read, limits.total) == (10.0, 15.0, read, total)


class Clumsy:
    """A transport with a bug: it breaks before, or after, the first byte left."""

    def __init__(self, *, started: bool) -> None:
        self.started = started

    async def carry(self, request: Request) -> Reply | Failure:
        request.watch.started = self.started
        raise KeyError("port")

    async def aclose(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("started", "method", "cls"),
    [
        (False, "sendMessage", OutcomeClass.NOT_SENT),
        (True, "sendMessage", OutcomeClass.AMBIGUOUS),
        (True, "getStateInstance", OutcomeClass.NOT_SENT),
    ],
)
def test_a_bug_of_the_transport_says_whether_anything_left(started: bool, method: str, cls: OutcomeClass) -> None:
    client = Client(credentials(), transport=Clumsy(started=started))
    outcome = run_inline(client.exchange(method, {"chatId": "1@c.us", "message": "Hi"}))
    assert (outcome.cls, outcome.reason) == (cls, "unexpected_error")
    assert "KeyError" in outcome.detail


def test_a_bug_while_the_request_is_built_leaves_nothing_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(credentials(), transport="inline")
    monkeypatch.setattr(client, "_url", lambda *args, **names: 1 / 0)
    outcome = run_inline(client.exchange("sendMessage", {"chatId": "1@c.us", "message": "Hi"}))
    assert (outcome.cls, outcome.reason) == (OutcomeClass.NOT_SENT, "unexpected_error")


async def test_who_counts_calls_cannot_make_their_outcome_unknown() -> None:
    def broken(record: CallRecord) -> None:
        raise ZeroDivisionError

    client = Client(credentials(), transport=answered(httpx.Response(200, json=GOOD)), on_call=broken)
    outcome = await client.exchange("sendMessage", {"chatId": "1@c.us", "message": "Hi"})
    assert outcome.cls is OutcomeClass.ACCEPTED
