"""Who a request comes from: tokens and signatures, compared in constant time over bytes.

Tokens are held as keyed digests. The key is drawn at start and never leaves the process, so neither the
place of a digest in a table nor the time a look-up takes tells anything about a token.
"""

import base64
import binascii
import hmac
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from greenbot.errors import ConfigError
from greenbot.redact import Secret
from greenbot.server.head import Head
from greenbot.server.policy import Policy
from greenbot.server.sessions import SessionKey, session_of

#: Standard Webhooks: older or newer messages may be replays.
TOLERANCE_SECONDS = 300
_SCHEME = re.compile(rb"(?:bearer|basic) +", re.IGNORECASE)
_HEX_SIGNATURE = re.compile(rb"sha256=([0-9a-fA-F]{64})")
_SECONDS = re.compile(rb"[0-9]{1,12}")
_STANDARD_PREFIX = "whsec_"


def bare_token(value: bytes) -> bytes:
    """The token in an Authorization value: `X`, `Bearer X` or `Basic X`.

    GREEN-API docs: webhookUrlToken is sent as `Bearer` by default or as `Basic`; vendors' servers take it raw too.
    """
    found = _SCHEME.match(value)
    return value[found.end() :] if found else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The secrets that open something, as they are configured."""

    #: The webhook tokens valid now, by instance.
    webhook: Mapping[str, tuple[Secret, ...]]
    viewer: Secret | None = None
    admin: Secret | None = None
    #: Signs what a relay passes on: X-Green-API-Signature.
    relay: Secret | None = None
    #: The same for Standard Webhooks.
    standard: Secret | None = None


class Credentials:
    """What opens which routes. Made anew when the configuration is read again."""

    def __init__(self, tokens: Tokens) -> None:
        """Raises ConfigError when one token would open two kinds of routes."""
        self._key = os.urandom(32)
        self._instances: dict[bytes, tuple[str, ...]] = {}
        for name, secrets in tokens.webhook.items():
            for secret in secrets:
                digest = self._digest(bare_token(secret.reveal().encode()))
                self._instances[digest] = (*self._instances.get(digest, ()), name)
        pages = {Policy.VIEWER: tokens.viewer, Policy.ADMIN: tokens.admin}
        self._pages = {policy: self._digest(secret.reveal().encode()) for policy, secret in pages.items() if secret}
        self._sessions = {policy: SessionKey.of(policy, secret) for policy, secret in pages.items() if secret}
        self._refuse_shared()
        self._everyone = tuple(tokens.webhook)
        self._relay = tokens.relay.reveal().encode() if tokens.relay else None
        self._standard = _standard_key(tokens.standard) if tokens.standard else None

    def _digest(self, token: bytes) -> bytes:
        return blake2b(token, digest_size=32, key=self._key).digest()

    def _refuse_shared(self) -> None:
        known = [*self._instances, *self._pages.values()]
        if len(set(known)) != len(known):
            raise ConfigError(
                "One token is configured for two purposes: webhook, viewer and admin each need their own.",
                hint="Make another one, for example with: openssl rand -hex 32",
            )

    def by_token(self, head: Head) -> tuple[str, ...]:
        """The instances whose webhook token the one Authorization header carries; none when it is not exactly one."""
        given = head.single(b"authorization")
        return self._instances.get(self._digest(bare_token(given)), ()) if given else ()

    def opens(self, policy: Policy, head: Head) -> bool:
        """Whether the one Authorization header carries the viewer's or the admin's token, as `policy` asks."""
        given, wanted = head.single(b"authorization"), self._pages.get(policy)
        if given is None or wanted is None or given[:7].lower() != b"bearer ":
            return False
        return hmac.compare_digest(self._digest(given[7:].strip()), wanted)

    def session(self, policy: Policy, head: Head, *, now_ms: int) -> str | None:
        """The cookie whose session opens what `policy` guards; None when the request carries none that does."""
        key = self._sessions.get(policy)
        return session_of(key, head, now_ms=now_ms) if key else None

    def signature_of(self, head: Head) -> "Signature | None":
        """The signature this request stands on, to be checked when its body is here; None when it has no usable one.

        A request with an Authorization header stands on that alone: a wrong token is never made good by a signature.
        """
        if b"authorization" in head.headers:
            return None
        if b"x-green-api-signature" in head.headers:
            return self._relay_signature(head)
        return self._standard_signature(head)

    def _relay_signature(self, head: Head) -> "Signature | None":
        found = _HEX_SIGNATURE.fullmatch(head.single(b"x-green-api-signature") or b"")
        if found is None or self._relay is None:
            return None
        return Signature(key=self._relay, prefix=b"", candidates=(bytes.fromhex(found[1].decode()),), at=None)

    def _standard_signature(self, head: Head) -> "Signature | None":
        message_id, at = head.single(b"webhook-id"), head.single(b"webhook-timestamp")
        given = head.single(b"webhook-signature")
        if self._standard is None or not message_id or not given or not at or not _SECONDS.fullmatch(at):
            return None
        candidates = tuple(_standard_candidates(given))
        return Signature(key=self._standard, prefix=message_id + b"." + at + b".", candidates=candidates, at=int(at))

    def signed_for(self, instance: str | None) -> tuple[str, ...]:
        """The instances a relay's signature speaks for: the one in the path, otherwise any."""
        if instance is None:
            return self._everyone
        return (instance,) if instance in self._everyone else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature that came with a request, and the key that must have made it."""

    key: bytes
    #: What is signed before the body.
    prefix: bytes
    candidates: tuple[bytes, ...]
    #: When it was signed, in seconds since 1970, where it says so.
    at: int | None

    def holds(self, body: bytes, *, now_ms: int) -> bool:
        """Whether this body was signed with that key, and recently where the moment is known."""
        if self.at is not None and abs(now_ms / 1000 - self.at) > TOLERANCE_SECONDS:
            return False
        wanted = hmac.digest(self.key, self.prefix + body, "sha256")
        matching = [hmac.compare_digest(candidate, wanted) for candidate in self.candidates]
        return any(matching)


def _standard_candidates(given: bytes) -> Iterable[bytes]:
    """The signatures of version 1 in `v1,BASE64 v1,BASE64`; a key that is being changed signs twice."""
    for word in given.split(b" ")[:8]:
        version, _, encoded = word.partition(b",")
        if version == b"v1":
            try:
                yield base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                continue


def _standard_key(secret: Secret) -> bytes:
    """The key in `whsec_BASE64`; a secret of another form is the key itself. Raises ConfigError."""
    value = secret.reveal()
    if not value.startswith(_STANDARD_PREFIX):
        return value.encode()
    try:
        return base64.b64decode(value.removeprefix(_STANDARD_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigError(
            "The Standard Webhooks secret begins with whsec_ but is not base64 behind it.",
            hint="Copy the whole secret once more, with the signs = at its end.",
        ) from None
