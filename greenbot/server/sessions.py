"""How a browser stays signed in: a cookie that says until when, signed with a key made from the token that opened it.

Nothing is stored. A restart of the service signs nobody out, and another token ends every session of the old one.
A cookie is of one role, as a token is: the viewer's shows, the admin's changes. Scripts of a page cannot read it
(HttpOnly), other sites cannot have it sent (SameSite=Strict), and whatever changes something must come from a page of
ours (`Origin`).
"""

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from greenbot.redact import Secret
from greenbot.server.head import Head
from greenbot.server.policy import Policy

#: Cookies go to these pages and to no webhook.
PATH = "/api/v1/monitoring"
#: A screen on the wall is signed in once a month; who may change things, once a shift.
LIFETIME_SECONDS: Mapping[Policy, int] = {Policy.VIEWER: 30 * 86_400, Policy.ADMIN: 8 * 3600}
_VALUE = re.compile(rb"([0-9]{1,12})\.([0-9a-f]{32})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKey:
    """What sessions of one role are signed with. Made from the role's token, which does not follow from it."""

    policy: Policy
    key: bytes

    @classmethod
    def of(cls, policy: Policy, token: Secret) -> "SessionKey":
        """The key that belongs to a token."""
        words = f"greenbot session {policy.value}".encode()
        return cls(policy=policy, key=hmac.digest(token.reveal().encode(), words, "sha256"))

    @property
    def cookie(self) -> str:
        """The cookie's name. Two services on one host differ in it: cookies do not tell ports apart."""
        return f"greenbot_{self.policy.value}_{sha256(self.key).hexdigest()[:8]}"

    def issue(self, *, now_ms: int, nonce: Callable[[int], str] = secrets.token_hex) -> str:
        """The value of a new cookie."""
        until_s = now_ms // 1000 + LIFETIME_SECONDS[self.policy]
        signed = f"{until_s}.{nonce(16)}"
        return f"{signed}.{self._signature(signed.encode())}"

    def holds(self, value: bytes, *, now_ms: int) -> bool:
        """Whether this is a value we gave out, and its time is not over."""
        found = _VALUE.fullmatch(value)
        if found is None:
            return False
        is_ours = hmac.compare_digest(self._signature(found[1] + b"." + found[2]), found[3].decode())
        return is_ours and now_ms < int(found[1]) * 1000

    def _signature(self, signed: bytes) -> str:
        return hmac.digest(self.key, signed, "sha256").hex()


def session_of(key: SessionKey, head: Head, *, now_ms: int) -> str | None:
    """The name of the cookie in which a request carries a session of this key; None when it carries none."""
    values = [value for name, value in _cookies(head) if name == key.cookie.encode()]
    return key.cookie if len(values) == 1 and key.holds(values[0], now_ms=now_ms) else None


def _cookies(head: Head) -> list[tuple[bytes, bytes]]:
    pairs = (pair.strip().partition(b"=") for pair in (head.single(b"cookie") or b"").split(b";"))
    return [(name, value) for name, _, value in pairs]


def is_own_origin(head: Head) -> bool:
    """Whether a browser says that a page of this very server asks: same name, same port."""
    origin, host = head.single(b"origin"), head.single(b"host")
    if not origin or not host:
        return False
    scheme, colon, authority = origin.partition(b"://")
    return bool(colon) and scheme in (b"http", b"https") and authority.lower() == host.lower()


def set_cookie(name: str, value: str, *, seconds: int, head: Head) -> str:
    """A Set-Cookie header; `seconds` 0 takes the cookie away. Only over https when the page came that way."""
    secure = "; Secure" if (head.single(b"origin") or b"").startswith(b"https://") else ""
    return f"{name}={value}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
