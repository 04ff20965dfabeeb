"""Sessions of browsers: whose they are, how long they last, and where a change may come from."""

import pytest

from greenbot.redact import Secret
from greenbot.server.head import Head
from greenbot.server.policy import Policy
from greenbot.server.sessions import LIFETIME_SECONDS, SessionKey, is_own_origin, session_of, set_cookie
from tests.server.conftest import ADMIN, VIEWER, Desk, bearer

NOW_MS = 1_790_000_000_000
KEY = SessionKey.of(Policy.VIEWER, Secret(VIEWER))
ADMIN_KEY = SessionKey.of(Policy.ADMIN, Secret(ADMIN))
VALUE = KEY.issue(now_ms=NOW_MS, nonce=lambda size: "ab" * size)


def head(**headers: str) -> Head:
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return Head("GET", "/", named, frozenset())


def test_a_session_holds_until_its_time_is_over() -> None:
    lifetime_ms = LIFETIME_SECONDS[Policy.VIEWER] * 1000
    assert KEY.holds(VALUE.encode(), now_ms=NOW_MS)
    assert KEY.holds(VALUE.encode(), now_ms=NOW_MS + lifetime_ms - 1)
    assert not KEY.holds(VALUE.encode(), now_ms=NOW_MS + lifetime_ms)


def test_an_admin_stays_signed_in_for_a_shift_and_a_screen_for_a_month() -> None:
    assert LIFETIME_SECONDS == {Policy.VIEWER: 30 * 86_400, Policy.ADMIN: 8 * 3600}


def test_the_same_token_opens_the_same_sessions_after_a_restart() -> None:
    assert SessionKey.of(Policy.VIEWER, Secret(VIEWER)).holds(VALUE.encode(), now_ms=NOW_MS)


@pytest.mark.parametrize(
    "key",
    [
        SessionKey.of(Policy.VIEWER, Secret("another-token-of-the-hotel")),
        SessionKey.of(Policy.ADMIN, Secret(VIEWER)),
        ADMIN_KEY,
    ],
    ids=["another token", "the same token in another role", "the admin"],
)
def test_a_session_is_of_one_token_and_one_role(key: SessionKey) -> None:
    assert not key.holds(VALUE.encode(), now_ms=NOW_MS)
    assert key.cookie != KEY.cookie


@pytest.mark.parametrize("place", range(len(VALUE)))
def test_a_session_in_which_anything_was_changed_is_none(place: int) -> None:
    changed = VALUE[:place] + ("1" if VALUE[place] != "1" else "2") + VALUE[place + 1 :]
    assert not KEY.holds(changed.encode(), now_ms=NOW_MS)


@pytest.mark.parametrize(
    "value", ["", "..", VALUE[:-1], VALUE + "0", VALUE.upper(), f" {VALUE}", "9" * 5000, "\u043a.b.c"]
)
def test_what_is_no_session_is_none(value: str) -> None:
    assert not KEY.holds(value.encode(), now_ms=NOW_MS)


def test_a_value_never_shows_the_token_or_the_key() -> None:
    assert VIEWER not in VALUE + KEY.cookie
    assert KEY.key.hex() not in VALUE + KEY.cookie
    assert KEY.issue(now_ms=NOW_MS) != VALUE


@pytest.mark.parametrize(
    "cookies, found",
    [
        (f"{KEY.cookie}={VALUE}", True),
        (f"a=b; {KEY.cookie}={VALUE}; c", True),
        (f"{KEY.cookie}={VALUE}; {KEY.cookie}={VALUE}", False),
        (f"{KEY.cookie}=x; {KEY.cookie}={VALUE}", False),
        (f"{ADMIN_KEY.cookie}={VALUE}", False),
        (f"{KEY.cookie.upper()}={VALUE}", False),
        (KEY.cookie, False),
        ("", False),
    ],
)
def test_a_session_is_found_among_other_cookies_when_it_came_once(cookies: str, found: bool) -> None:
    assert session_of(KEY, head(cookie=cookies), now_ms=NOW_MS) == (KEY.cookie if found else None)


@pytest.mark.parametrize(
    "origin, host, own",
    [
        ("http://localhost:8080", "localhost:8080", True),
        ("https://greenbot.example", "greenbot.example", True),
        ("https://GREENBOT.example", "greenbot.example", True),
        ("http://localhost:3000", "localhost:8080", False),
        ("http://evil.example", "greenbot.example", False),
        ("http://greenbot.example.evil.example", "greenbot.example", False),
        ("null", "localhost", False),
        ("file://", "localhost", False),
        ("chrome-extension://localhost", "localhost", False),
        ("localhost", "localhost", False),
        ("", "", False),
    ],
)
def test_only_a_page_of_this_very_server_is_its_own(origin: str, host: str, own: bool) -> None:
    assert is_own_origin(head(origin=origin, host=host)) is own


def test_a_request_that_names_no_origin_is_not_our_page() -> None:
    assert not is_own_origin(head(host="localhost"))


def test_cookies_are_kept_from_scripts_other_sites_and_plain_http() -> None:
    plain = set_cookie("a", "b", seconds=60, head=head(origin="http://localhost"))
    assert plain == "a=b; Path=/api/v1/monitoring; Max-Age=60; HttpOnly; SameSite=Strict"
    assert set_cookie("a", "b", seconds=60, head=head(origin="https://localhost")) == f"{plain}; Secure"


def cookie_of(key: SessionKey) -> str:
    return f"Cookie: {key.cookie}={key.issue(now_ms=NOW_MS)}"


@pytest.mark.parametrize(
    "origin",
    [
        (),
        ("Origin: http://evil.example",),
        ("Origin: http://localhost:3000",),
        ("Origin: null",),
        ("Origin: http://localhost", "Origin: http://evil.example"),
    ],
    ids=["none", "another site", "another port", "null", "two"],
)
async def test_a_change_with_a_session_comes_from_our_own_page_or_not_at_all(
    desk: Desk, origin: tuple[str, ...]
) -> None:
    assert (await desk.ask("PUT", "/rules/errors", cookie_of(ADMIN_KEY), *origin, body=b"x")).status == 403
    assert (await desk.ask("DELETE", "/rules/errors", cookie_of(ADMIN_KEY), *origin)).status == 403


async def test_our_own_page_may_change_and_everyone_with_a_session_may_look(desk: Desk) -> None:
    own = "Origin: http://localhost"
    assert (await desk.ask("PUT", "/rules/errors", cookie_of(ADMIN_KEY), own, body=b"x")).body == b"xadmin"
    assert (await desk.ask("GET", "/figures", cookie_of(KEY))).status == 200


async def test_programs_with_the_token_need_no_origin(desk: Desk) -> None:
    assert (await desk.ask("PUT", "/rules/errors", bearer(ADMIN), body=b"x")).status == 200


async def test_showing_nothing_is_no_guess_and_locks_nobody_out(desk: Desk) -> None:
    stale = f"Cookie: {KEY.cookie}={'0' * 90}"
    for _ in range(10):
        assert (await desk.ask("GET", "/figures")).status == 401
        assert (await desk.ask("GET", "/figures", stale)).status == 401
    assert desk.gate.refused == 0
    assert (await desk.ask("GET", "/figures", bearer(VIEWER))).status == 200
