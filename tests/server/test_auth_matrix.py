"""Every route the server has, with every kind of credential: generated from the router, so a new route is in it."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from greenbot.clock import ManualClock
from greenbot.redact import Secret
from greenbot.server.policy import Policy, Route, Routes
from greenbot.server.probes import add_routes as add_probes
from greenbot.server.sessions import SessionKey
from greenbot.server.throttle import Failures
from greenbot.server.webhooks import Webhooks
from greenbot.serving.pages import add_pages
from tests.server.conftest import ADMIN, COAST, KYIV, VIEWER, Desk, bearer, event, pages


def session(policy: Policy, token: str, *, aged_s: int = 0, value: str | None = None) -> tuple[str, str]:
    """A browser's session on a page of this server."""
    key = SessionKey.of(policy, Secret(token))
    cookie = value or key.issue(now_ms=ManualClock().now_ms() - aged_s * 1000)
    return f"Cookie: theme=dark; {key.cookie}={cookie}", "Origin: http://localhost"


CREDENTIALS: Mapping[str, Sequence[str | bytes]] = {
    "none": (),
    "empty": ("Authorization:",),
    "webhook": (bearer(KYIV),),
    "webhook of another instance": (bearer(COAST),),
    "viewer": (bearer(VIEWER),),
    "admin": (bearer(ADMIN),),
    "wrong": (bearer("nobody-has-this-token"),),
    "duplicate": (bearer(KYIV), bearer(KYIV)),
    "duplicate of the viewer": (bearer(VIEWER), bearer(VIEWER)),
    "duplicate of the admin": (bearer(ADMIN), bearer(ADMIN)),
    "right and wrong": (bearer(ADMIN), bearer("nobody-has-this-token")),
    "non-ASCII": (b"Authorization: Bearer \xd0\xba\xd0\xbb\xd1\x8e\xd1\x87",),
    "8 KB": (b"Authorization: Bearer " + b"x" * 7900,),
    "in the query": (),
    "session of the viewer": session(Policy.VIEWER, VIEWER),
    "session of the admin": session(Policy.ADMIN, ADMIN),
    "session of the viewer that is over": session(Policy.VIEWER, VIEWER, aged_s=30 * 86_400),
    "session of the admin that is over": session(Policy.ADMIN, ADMIN, aged_s=8 * 3600),
    "session of another token": session(Policy.VIEWER, "another-token-of-the-hotel"),
    "session made of the webhook token": session(Policy.VIEWER, KYIV),
    "session of the viewer as the admin's": session(
        Policy.ADMIN, ADMIN, value=SessionKey.of(Policy.VIEWER, Secret(VIEWER)).issue(now_ms=ManualClock().now_ms())
    ),
    "the token as a session": session(Policy.ADMIN, ADMIN, value=ADMIN),
    "session and a wrong token": (bearer("nobody-has-this-token"), *session(Policy.VIEWER, VIEWER)),
}
OPENS = {
    Policy.OPEN: set(CREDENTIALS),
    Policy.WEBHOOK: {"webhook"},
    Policy.VIEWER: {"viewer", "session of the viewer"},
    Policy.ADMIN: {"admin", "session of the admin"},
}


def all_routes() -> list[Route]:
    async def never(*_: object) -> None:
        raise AssertionError

    routes = Routes()
    Webhooks(
        never,  # type: ignore[arg-type]  # only the routes are looked at
        ids=dict,
        clock=None,  # type: ignore[arg-type]  # as above
        on_news=lambda who, words: None,
        on_failure=lambda error: None,
    ).add_routes(routes)
    add_probes(routes, lambda: True)
    pages(routes)
    add_pages(routes, never, ManualClock(), tuple).close()  # type: ignore[arg-type]  # only the routes are looked at
    return [route for route in routes if route.path != "/broken"]


def path_of(route: Route, credential: str) -> str:
    path = route.path.replace("{instance}", "kyiv").replace("{name}", "errors").replace("{number}", "7")
    return f"{path}?token={KYIV}&access_token={VIEWER}" if credential == "in the query" else path


def expected(route: Route, credential: str) -> bool:
    if route.policy is Policy.WEBHOOK and "{instance}" not in route.path and credential.startswith("webhook of"):
        return True  # its own instance is found by the token
    return credential in OPENS[route.policy]


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize("route", all_routes(), ids=lambda route: f"{route.method} {route.path}")
async def test_a_route_opens_to_its_own_credential_and_to_nothing_else(
    desk: Desk, route: Route, credential: str
) -> None:
    body = event() if route.method in ("POST", "PUT") else b""
    answer = await desk.ask(route.method, path_of(route, credential), *CREDENTIALS[credential], body=body)
    if expected(route, credential):
        # What a page makes of this body is its own business.
        assert answer.status not in (401, 403, 405, 421, 429, 500)
    else:
        assert answer.status == 401
    if answer.status == 401:
        assert answer.body == b"unauthorized\n"
        assert not desk.kept


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT"])
async def test_other_methods_than_the_declared_ones_are_not_allowed(desk: Desk, method: str) -> None:
    declared = {(route.method, route.path) for route in desk.routes}
    for path in {path for _, path in declared}:
        if (method, path) in declared:
            continue
        answer = await desk.ask(method, path.replace("{instance}", "kyiv").replace("{name}", "x"), bearer(ADMIN))
        assert answer.status == 405, path
        assert method not in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "//",
        "/healthz/",
        "//healthz",
        "/./healthz",
        "/figures/../healthz",
        "/%68ealthz",
        "/HEALTHZ",
        "/figures/",
        "/figures/a/b",
        "/rules/a%2f..%2fb/",
        "/api/v1/webhooks/green-api/",
        "/api/v1/webhooks/green-api/kyiv/",
        "/api/v1/webhooks/green-api//kyiv",
        "http://localhost/healthz",
        "*",
    ],
)
async def test_paths_are_taken_as_they_are_written(desk: Desk, path: str) -> None:
    assert (await desk.ask("GET", path, bearer(VIEWER))).status == 404


async def test_an_unknown_instance_is_answered_exactly_like_a_wrong_token(desk: Desk) -> None:
    base = "/api/v1/webhooks/green-api"
    wrong = await desk.webhook(event(), bearer("nobody-has-this-token"), path=f"{base}/kyiv")
    for path, token in ((f"{base}/nowhere", KYIV), (f"{base}/nowhere", "x"), (f"{base}/%2e%2e", KYIV)):
        assert await desk.webhook(event(), bearer(token), path=path) == wrong
    assert not desk.kept


async def test_a_wrong_token_ends_the_request_before_its_body_came(desk: Desk) -> None:
    head = b"POST /api/v1/webhooks/green-api HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\nContent-Length: 9999999\r\n\r\n"
    assert b" 401 " in await desk.say(head, then_close=False)


async def test_after_five_wrong_tokens_an_address_has_to_wait_but_events_still_arrive(desk: Desk) -> None:
    statuses = [(await desk.webhook(event(), bearer("wrong"))).status for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    assert (await desk.webhook(event(), bearer(KYIV))).status == 200
    assert (await desk.ask("GET", "/figures", bearer(VIEWER))).status == 429
    desk.clock.advance(61)
    assert (await desk.ask("GET", "/figures", bearer(VIEWER))).status == 200


def test_the_wait_doubles_and_the_memory_is_bounded() -> None:
    failures = Failures(most_addresses=3)
    now = 0.0
    for wait in (60, 120, 240):
        for _ in range(5):
            failures.note("192.0.2.1", now)
        assert failures.is_blocked("192.0.2.1", now + wait - 1)
        assert not failures.is_blocked("192.0.2.1", now + wait + 1)
        now += wait + 1
    for number in range(1000):
        failures.note(f"198.51.100.{number}", now)
    assert len(failures) == 3


def test_one_customer_of_ipv6_is_one_address() -> None:
    failures = Failures()
    for number in range(5):
        failures.note(f"2001:db8::{number:x}", 0.0)
    assert failures.is_blocked("2001:db8::ffff", 1.0)
    assert not failures.is_blocked("2001:db8:0:1::1", 1.0)


async def test_x_forwarded_for_of_a_stranger_hides_nobody(desk: Desk) -> None:
    for number in range(5):
        await desk.webhook(event(), bearer("wrong"), f"X-Forwarded-For: 192.0.2.{number}")
    assert (await desk.webhook(event(), bearer("wrong"), "X-Forwarded-For: 192.0.2.99")).status == 429


async def test_a_bug_in_a_page_tells_its_client_a_number_only(desk: Desk) -> None:
    answer = await desk.ask("GET", "/broken")
    assert (answer.status, answer.body) == (500, b"internal error b0b0\n")
    assert len(desk.bugs) == 1


async def test_answers_for_browsers_carry_the_security_headers(desk: Desk) -> None:
    for path in ("/figures", "/nothing", "/healthz"):
        headers = (await desk.ask("GET", path, bearer(VIEWER))).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Server" not in headers


@pytest.mark.parametrize(
    "host, status",
    [
        ("localhost", 200),
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("greenbot.example", 200),
        ("GREENBOT.example:443", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:80", 421),
        ("", 421),
    ],
)
async def test_pages_answer_only_under_their_own_names(desk: Desk, host: str, status: int) -> None:
    assert (await desk.ask("GET", "/figures", f"Host: {host}", bearer(VIEWER))).status == status


async def test_events_are_taken_under_any_name(desk: Desk) -> None:
    answer = await desk.webhook(event(), "Host: hotel.example", bearer(KYIV))
    assert answer.status == 200
    await asyncio.sleep(0)
