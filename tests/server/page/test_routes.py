"""Signing in with a browser, staying signed in, and leaving."""

import re
from collections.abc import AsyncIterator

import pytest

from greenbot.server.page.assets import ASSETS, PAGE_HEADERS
from greenbot.server.page.routes import PAGE, add_routes
from greenbot.server.policy import Policy, Routes
from tests.server.conftest import ADMIN, VIEWER, Answer, Desk, bearer, serving

SESSION = "/api/v1/monitoring/session"
OWN = "Origin: http://localhost"
BROWSER = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.fixture
async def page() -> AsyncIterator[Desk]:
    async with serving() as desk:
        yield desk


async def begin(desk: Desk, role: str, token: str, *headers: str) -> Answer:
    return await desk.ask("POST", f"{SESSION}/{role}", bearer(token), *(headers or (OWN,)))


def cookie(answer: Answer) -> str:
    return f"Cookie: {answer.headers['Set-Cookie'].partition(';')[0]}"


async def test_a_browser_signs_in_looks_and_leaves(page: Desk) -> None:
    begun = await begin(page, "viewer", VIEWER)
    assert (begun.status, begun.body) == (204, b"")
    assert re.fullmatch(
        r"greenbot_viewer_[0-9a-f]{8}=\d+\.[0-9a-f]{32}\.[0-9a-f]{64}; Path=/api/v1/monitoring; Max-Age=2592000; "
        r"HttpOnly; SameSite=Strict",
        begun.headers["Set-Cookie"],
    )
    shown = await page.ask("GET", PAGE, cookie(begun), BROWSER)
    assert shown.status == 200
    assert b'id="instances"' in shown.body
    assert (await page.ask("GET", f"{SESSION}/viewer", cookie(begun))).status == 204
    assert (await page.ask("GET", f"{SESSION}/admin", cookie(begun))).status == 401
    left = await page.ask("DELETE", f"{SESSION}/viewer", cookie(begun), OWN)
    assert "Max-Age=0;" in left.headers["Set-Cookie"]
    assert left.headers["Set-Cookie"].split("=")[0] == begun.headers["Set-Cookie"].split("=")[0]


@pytest.mark.parametrize(
    "role, token, status",
    [
        ("viewer", VIEWER, 204),
        ("admin", ADMIN, 204),
        ("viewer", ADMIN, 401),
        ("admin", VIEWER, 401),
        ("viewer", "wrong", 401),
    ],
)
async def test_a_session_begins_with_the_token_of_its_role(page: Desk, role: str, token: str, status: int) -> None:
    answer = await begin(page, role, token)
    assert answer.status == status
    assert ("Set-Cookie" in answer.headers) is (status == 204)


async def test_no_other_site_signs_a_browser_in(page: Desk) -> None:
    answer = await begin(page, "viewer", VIEWER, "Origin: http://evil.example")
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers


async def test_a_session_does_not_make_itself_longer(page: Desk) -> None:
    begun = await begin(page, "viewer", VIEWER)
    again = await page.ask("POST", f"{SESSION}/viewer", cookie(begun), OWN)
    assert again.status == 204
    assert "Set-Cookie" not in again.headers


async def test_an_admin_s_session_ends_after_eight_hours(page: Desk) -> None:
    begun = await begin(page, "admin", ADMIN)
    page.clock.advance(8 * 3600 - 1)
    assert (await page.ask("GET", f"{SESSION}/admin", cookie(begun))).status == 204
    page.clock.advance(2)
    assert (await page.ask("GET", f"{SESSION}/admin", cookie(begun))).status == 401


async def test_over_https_the_cookie_goes_over_https_only(page: Desk) -> None:
    answer = await begin(page, "viewer", VIEWER, "Origin: https://localhost")
    assert answer.headers["Set-Cookie"].endswith("; Secure")


async def test_tokens_cannot_be_guessed_at_the_sign_in(page: Desk) -> None:
    statuses = [(await begin(page, "admin", f"guess-{number}")).status for number in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    assert (await begin(page, "admin", ADMIN)).status == 429


async def test_a_browser_without_a_session_is_shown_where_to_sign_in_and_a_program_is_not(page: Desk) -> None:
    answer = await page.ask("GET", PAGE, BROWSER)
    assert answer.status == 401
    assert b'id="sign-in"' in answer.body
    assert answer.headers["Content-Security-Policy"] == PAGE_HEADERS["Content-Security-Policy"]
    assert (await page.ask("GET", PAGE)).body == b"unauthorized\n"
    assert (await page.ask("GET", "/figures", BROWSER)).body == b"unauthorized\n"


async def test_the_page_carries_its_policy_and_no_secret(page: Desk) -> None:
    answer = await page.ask("GET", PAGE, bearer(VIEWER))
    assert answer.headers.items() >= PAGE_HEADERS.items()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert VIEWER.encode() not in answer.body


@pytest.mark.parametrize("name", ASSETS)
async def test_files_are_sent_once_and_then_only_when_they_changed(page: Desk, name: str) -> None:
    first = await page.ask("GET", f"{PAGE}/{name}")
    assert first.status == 200
    assert len(first.body) > 100
    known = f"If-None-Match: {first.headers['ETag']}"
    again = await page.ask("GET", f"{PAGE}/{name}", known)
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert (await page.ask("GET", f"{PAGE}/{name}", 'If-None-Match: "another"')).status == 200


@pytest.mark.parametrize("path", ["/page.html", "/../page.css", "/%2e%2e/routes.py", "/uplot.LICENSE", "/", "/x.js"])
async def test_nothing_else_is_served_from_there(page: Desk, path: str) -> None:
    assert (await page.ask("GET", PAGE + path, bearer(VIEWER))).status == 404


def test_who_may_use_what() -> None:
    routes = Routes()
    add_routes(routes, None)  # type: ignore[arg-type]  # only the routes are looked at
    policies = {(route.method, route.path): route.policy for route in routes}
    assert policies.pop(("GET", PAGE)) is Policy.VIEWER
    for role in Policy.VIEWER, Policy.ADMIN:
        for method in "GET", "POST", "DELETE":
            assert policies.pop((method, f"{SESSION}/{role.value}")) is role
    assert set(policies) == {("GET", f"{PAGE}/{name}") for name in ASSETS}
    assert set(policies.values()) == {Policy.OPEN}
