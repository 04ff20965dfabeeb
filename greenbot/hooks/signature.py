"""Standard Webhooks: the receiver can tell that an event is ours, whole and recent. Pure.

https://www.standardwebhooks.com: HMAC-SHA256 over `id.timestamp.body`. A secret is `whsec_` and base64 of 24 to 64
bytes.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from hashlib import sha256

from greenbot.errors import UsageError
from greenbot.redact import Secret

PREFIX = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64


def new_secret(random_bytes: bytes) -> Secret:
    """A secret made of these 24 to 64 bytes of true randomness."""
    return checked_secret(Secret(PREFIX + base64.b64encode(random_bytes).decode()))


def checked_secret(secret: Secret) -> Secret:
    """The secret itself. Raises `UsageError` when it is not of the standard's form."""
    key = _key(secret)
    if key is None or not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise UsageError(
            "This is not a secret of Standard Webhooks: whsec_ and base64 of 24 to 64 bytes.",
            hint="Leave it out, and greenbot makes one.",
        )
    return secret


def headers(secrets: Sequence[Secret], *, webhook_id: str, at_ms: int, body: bytes) -> dict[str, str]:
    """The headers of a signed delivery: one signature for each secret, so that a receiver may change over."""
    timestamp = str(at_ms // 1000)
    signatures = [_signature(key, webhook_id, timestamp, body) for key in map(_key, secrets) if key is not None]
    named = {"webhook-id": webhook_id, "webhook-timestamp": timestamp}
    return named | ({"webhook-signature": " ".join(signatures)} if signatures else {})


def _signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()


def _key(secret: Secret) -> bytes | None:
    value = secret.reveal()
    if not value.startswith(PREFIX):
        return None
    try:
        return base64.b64decode(value.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return None
