"""The page an operator leaves open, and how a browser signs in to it.

The sign-in posts the token once, in the Authorization header as every client does, so the gate judges it like any
other; the answer is a session cookie. No token is ever in a URL, in the page, or in the browser's storage.
"""

from collections.abc import Mapping

from greenbot.clock import Clock
from greenbot.redact import Secret
from greenbot.server.auth import bare_token
from greenbot.server.exchange import FORBIDDEN_ORIGIN, Reply, Request
from greenbot.server.page.assets import ASSETS, Asset, html
from greenbot.server.policy import Handler, Policy, Route, Routes
from greenbot.server.sessions import LIFETIME_SECONDS, PATH, SessionKey, is_own_origin, set_cookie

PAGE = f"{PATH}/dashboard"
_ROLES: Mapping[str, Policy] = {"viewer": Policy.VIEWER, "admin": Policy.ADMIN}


def add_routes(routes: Routes, clock: Clock) -> None:
    """Register the page, its files, and the sessions of both roles."""
    page = html("page.html")
    sign_in = html("sign_in.html", status=401, headers={"WWW-Authenticate": "Bearer"})
    routes.add(Route(method="GET", path=PAGE, policy=Policy.VIEWER, handler=lambda _: page, sign_in=sign_in))
    for name in ASSETS:
        routes.add(Route(method="GET", path=f"{PAGE}/{name}", policy=Policy.OPEN, handler=Asset(name)))
    for role, policy in _ROLES.items():
        for method, handler in (("GET", _tells), ("POST", _begins(policy, clock)), ("DELETE", _ends)):
            routes.add(Route(method=method, path=f"{PATH}/session/{role}", policy=policy, handler=handler))


def _tells(request: Request) -> Reply:
    """Whether the session still holds: the gate has said so already."""
    return Reply(status=204)


def _begins(policy: Policy, clock: Clock) -> Handler:
    def begin(request: Request) -> Reply:
        head, given = request.head, request.head.single(b"authorization")
        if given is None:
            return Reply(status=204)  # there is one already, and it is not made longer by itself
        if b"origin" in head.headers and not is_own_origin(head):
            return FORBIDDEN_ORIGIN
        key = SessionKey.of(policy, Secret(bare_token(given).strip().decode()))
        seconds = LIFETIME_SECONDS[policy]
        return _with_cookie(set_cookie(key.cookie, key.issue(now_ms=clock.now_ms()), seconds=seconds, head=head))

    return begin


def _ends(request: Request) -> Reply:
    """Take the cookie away; who came with the token has none."""
    if request.identity.session is None:
        return Reply(status=204)
    return _with_cookie(set_cookie(request.identity.session, "", seconds=0, head=request.head))


def _with_cookie(cookie: str) -> Reply:
    return Reply(status=204, headers={"Set-Cookie": cookie})
