import base64
import hashlib
import hmac

import pytest

from greenbot.errors import ConfigError
from greenbot.redact import Secret
from greenbot.server.auth import TOLERANCE_SECONDS, Credentials, Signature, Tokens
from greenbot.server.head import Head, parse_head
from greenbot.server.policy import Policy
from tests.server.conftest import ADMIN, COAST, KYIV, KYIV_OLD, RELAY, TOKENS, VIEWER

NOW_MS = 1_790_000_000_000
STANDARD_KEY = b"secret of the relay"


def head_of(*lines: bytes) -> Head:
    return parse_head(b"\r\n".join([b"POST / HTTP/1.1", b"Host: h", *lines]), most_lines=100)


def auth(value: bytes) -> Head:
    return head_of(b"Authorization: " + value)


@pytest.fixture(scope="module")
def credentials() -> Credentials:
    return Credentials(TOKENS)


@pytest.mark.parametrize(
    "value, instances",
    [
        (KYIV, ("kyiv",)),
        (f"Bearer {KYIV}", ("kyiv",)),
        (f"bearer   {KYIV}", ("kyiv",)),
        (f"Basic {KYIV}", ("kyiv",)),
        (f"Bearer {KYIV_OLD}", ("kyiv",)),
        (f"Bearer {COAST}", ("coast",)),
        (f"Bearer {VIEWER}", ()),
        (f"Bearer {ADMIN}", ()),
        (f"Bearer {KYIV}x", ()),
        (f"Bearer {KYIV[:-1]}", ()),
        (f"Bearer{KYIV}", ()),
        (f"Digest {KYIV}", ()),
        (f"Bearer Bearer {KYIV}", ()),
        (KYIV.upper(), ()),
        ("Bearer", ()),
        ("", ()),
    ],
)
def test_a_webhook_token_is_known_in_every_form_of_the_vendor(
    credentials: Credentials, value: str, instances: tuple[str, ...]
) -> None:
    assert credentials.by_token(auth(value.encode())) == instances


@pytest.mark.parametrize("value", [b"\xff\xfe", "Bearer \u043a\u043b\u044e\u0447".encode(), b"Bearer " + b"x" * 7000])
def test_odd_bytes_are_just_a_wrong_token(credentials: Credentials, value: bytes) -> None:
    assert credentials.by_token(auth(value)) == ()


def test_a_token_written_with_its_scheme_is_the_same_token() -> None:
    stored = Credentials(Tokens(webhook={"kyiv": (Secret("Bearer abcdef-1"),)}))
    assert stored.by_token(auth(b"abcdef-1")) == stored.by_token(auth(b"Bearer abcdef-1")) == ("kyiv",)


def test_two_authorization_headers_are_none(credentials: Credentials) -> None:
    line = f"Authorization: Bearer {KYIV}".encode()
    assert credentials.by_token(head_of(line, line)) == ()


def test_instances_that_share_a_token_are_all_named() -> None:
    shared = Credentials(Tokens(webhook={"a": (Secret("one-token-for-two"),), "b": (Secret("one-token-for-two"),)}))
    assert shared.by_token(auth(b"one-token-for-two")) == ("a", "b")


@pytest.mark.parametrize("policy, token", [(Policy.VIEWER, VIEWER), (Policy.ADMIN, ADMIN)])
def test_each_page_token_opens_its_own_pages_only(credentials: Credentials, policy: Policy, token: str) -> None:
    assert credentials.opens(policy, auth(f"Bearer {token}".encode()))
    for other in {VIEWER, ADMIN, KYIV} - {token}:
        assert not credentials.opens(policy, auth(f"Bearer {other}".encode()))
    assert not credentials.opens(policy, auth(token.encode()))
    assert not credentials.opens(policy, auth(f"Basic {token}".encode()))


def test_without_a_configured_token_no_page_opens() -> None:
    nothing = Credentials(Tokens(webhook={}))
    for value in (b"", b"Bearer ", b"Bearer None"):
        assert not nothing.opens(Policy.VIEWER, auth(value))
        assert nothing.by_token(auth(value)) == ()


@pytest.mark.parametrize(
    "tokens",
    [
        Tokens(webhook={"a": (Secret("the-same-token"),)}, viewer=Secret("the-same-token")),
        Tokens(webhook={}, viewer=Secret("the-same-token"), admin=Secret("the-same-token")),
    ],
)
def test_one_token_for_two_purposes_is_refused(tokens: Tokens) -> None:
    with pytest.raises(ConfigError, match="two purposes"):
        Credentials(tokens)


def relay_signature(body: bytes, key: str = RELAY) -> bytes:
    return b"X-Green-API-Signature: sha256=" + hmac.digest(key.encode(), body, hashlib.sha256).hex().encode()


def signature_of(credentials: Credentials, *lines: bytes) -> Signature | None:
    return credentials.signature_of(head_of(*lines))


def test_a_relays_signature_holds_for_its_body_alone(credentials: Credentials) -> None:
    signature = signature_of(credentials, relay_signature(b"body"))
    assert signature is not None
    assert signature.holds(b"body", now_ms=NOW_MS)
    assert not signature.holds(b"body ", now_ms=NOW_MS)


def test_another_key_signs_nothing(credentials: Credentials) -> None:
    signature = signature_of(credentials, relay_signature(b"body", "another-secret"))
    assert signature is not None and not signature.holds(b"body", now_ms=NOW_MS)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (b"X-Green-API-Signature: sha1=00",),
        (b"X-Green-API-Signature: sha256=" + b"0" * 63,),
        (b"X-Green-API-Signature: sha256=\xff" + b"0" * 63,),
        (relay_signature(b""), relay_signature(b"")),
        (relay_signature(b""), b"Authorization: wrong"),
        (b"webhook-id: 1", b"webhook-timestamp: soon", b"webhook-signature: v1,AAAA"),
        (b"webhook-id: 1", b"webhook-timestamp: 1790000000"),
    ],
)
def test_without_a_usable_signature_no_body_is_read(credentials: Credentials, lines: tuple[bytes, ...]) -> None:
    assert signature_of(credentials, *lines) is None


def test_without_a_configured_secret_a_signature_is_none() -> None:
    assert signature_of(Credentials(Tokens(webhook={"a": ()})), relay_signature(b"body")) is None


def standard(body: bytes, *, at_s: int, key: bytes = STANDARD_KEY, also: bytes = b"") -> tuple[bytes, ...]:
    signed = b"msg_1.%d." % at_s + body
    made = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    return (b"webhook-id: msg_1", b"webhook-timestamp: %d" % at_s, b"webhook-signature: " + also + b"v1," + made)


@pytest.mark.parametrize(
    "late_s, holds",
    [
        (0, True),
        (TOLERANCE_SECONDS, True),
        (-TOLERANCE_SECONDS, True),
        (TOLERANCE_SECONDS + 1, False),
        (-TOLERANCE_SECONDS - 1, False),
    ],
)
def test_a_standard_signature_holds_for_five_minutes(credentials: Credentials, late_s: int, holds: bool) -> None:
    signature = signature_of(credentials, *standard(b"body", at_s=NOW_MS // 1000 - late_s))
    assert signature is not None and signature.holds(b"body", now_ms=NOW_MS) is holds


def test_one_of_several_standard_signatures_is_enough(credentials: Credentials) -> None:
    signature = signature_of(credentials, *standard(b"body", at_s=NOW_MS // 1000, also=b"v1,AAAA v2,x v1,!! "))
    assert signature is not None and signature.holds(b"body", now_ms=NOW_MS)
    other = signature_of(credentials, *standard(b"body", at_s=NOW_MS // 1000, key=b"other"))
    assert other is not None and not other.holds(b"body", now_ms=NOW_MS)


def test_a_standard_secret_that_is_no_base64_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigError, match="whsec_"):
        Credentials(Tokens(webhook={}, standard=Secret("whsec_not-base64!")))
