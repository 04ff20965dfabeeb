import pytest

from greenbot.errors import ConfigError
from greenbot.redact import Secret
from greenbot.server.auth import Tokens
from greenbot.server.exchange import Reply
from greenbot.server.exposure import refuse_unlocked
from greenbot.server.policy import Policy, Route

LONG, SHORT = Secret("0123456789abcdef01234567"), Secret("0123456789abcdef0123456")
PLACES = {"viewer": "file v", "admin": "file a", "relay": "file r", "kyiv": "file k", "coast": "file c"}


def route(policy: Policy) -> Route:
    return Route(method="GET", path=f"/{policy.value}", policy=policy, handler=lambda request: Reply())


WEBHOOK, VIEWER, ADMIN, OPEN = (route(policy) for policy in (Policy.WEBHOOK, Policy.VIEWER, Policy.ADMIN, Policy.OPEN))

REFUSED = [
    ("no token at all", [WEBHOOK], Tokens(webhook={"kyiv": ()}), "no webhook token of kyiv"),
    ("a short one", [WEBHOOK], Tokens(webhook={"kyiv": (SHORT,)}), "has 23 characters"),
    ("one instance without", [WEBHOOK], Tokens(webhook={"kyiv": (LONG,), "coast": ()}), "of coast"),
    ("a short previous one", [WEBHOOK], Tokens(webhook={"kyiv": (LONG, SHORT)}), "of kyiv has 23"),
    ("a short relay secret", [WEBHOOK], Tokens(webhook={"kyiv": (LONG,)}, relay=SHORT), "webhook secret has 23"),
    ("pages without a viewer", [WEBHOOK, VIEWER], Tokens(webhook={"kyiv": (LONG,)}), "no viewer token"),
    ("rules without an admin", [ADMIN], Tokens(webhook={}, viewer=LONG), "no admin token"),
    ("a short admin", [ADMIN], Tokens(webhook={}, admin=SHORT), "admin token has 23"),
]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "hotel.example", "", "127.0.0.1.example"])
@pytest.mark.parametrize("routes, tokens, words", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_an_exposed_server_needs_a_lock_on_every_route(
    routes: list[Route], tokens: Tokens, words: str, host: str
) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        refuse_unlocked(host, routes, tokens, PLACES)
    assert SHORT.reveal() not in str(refused.value)


@pytest.mark.parametrize(
    "routes, tokens",
    [
        ([WEBHOOK, OPEN], Tokens(webhook={"kyiv": (LONG,)})),
        ([WEBHOOK], Tokens(webhook={"kyiv": ()}, relay=LONG)),
        ([WEBHOOK], Tokens(webhook={})),
        ([OPEN], Tokens(webhook={"kyiv": ()})),
        ([VIEWER, ADMIN], Tokens(webhook={}, viewer=LONG, admin=LONG)),
    ],
)
def test_with_a_lock_everywhere_it_may_be_exposed(routes: list[Route], tokens: Tokens) -> None:
    refuse_unlocked("0.0.0.0", routes, tokens, PLACES)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_on_this_machine_alone_it_may_listen_without(host: str) -> None:
    refuse_unlocked(host, [WEBHOOK, VIEWER, ADMIN], Tokens(webhook={"kyiv": ()}), PLACES)
