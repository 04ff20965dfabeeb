"""Standard Webhooks: what its own verification would accept."""

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from greenbot.clock import ManualClock
from greenbot.errors import UsageError
from greenbot.hooks.keyfiles import OVERLAP_MS, KeyFiles
from greenbot.hooks.signature import headers, new_secret
from greenbot.redact import Secret


def verified(secret: str, named: dict[str, str], body: bytes) -> bool:
    """The receiver's side, as the standard describes it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{named['webhook-id']}.{named['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{expected}" in named.get("webhook-signature", "").split(" ")


def test_the_vector_of_the_standard() -> None:
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    named = headers([secret], webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at_ms=1614265330000, body=body)
    assert named["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_secrets_make_two_signatures() -> None:
    old, new = new_secret(b"o" * 32), new_secret(b"n" * 32)
    named = headers([new, old], webhook_id="evt_1", at_ms=1_790_000_000_123, body=b"{}")
    assert named["webhook-timestamp"] == "1790000000"
    assert verified(old.reveal(), named, b"{}")
    assert verified(new.reveal(), named, b"{}")
    assert not verified(new.reveal(), named, b"{ }")
    assert not verified(new_secret(b"x" * 32).reveal(), named, b"{}")


def test_without_a_secret_there_is_an_id_and_no_signature() -> None:
    assert "webhook-signature" not in headers([], webhook_id="evt_1", at_ms=0, body=b"{}")


def test_secrets_are_private_files_and_the_old_one_signs_for_a_day(tmp_path: Path) -> None:
    clock = ManualClock(now_ms=round(tmp_path.stat().st_mtime * 1000))
    files = KeyFiles(tmp_path / "secrets", clock)
    assert files.of("crm") == ()
    path = files.store("crm")
    assert path.stat().st_mode & 0o777 == 0o600
    (first,) = files.of("crm")
    files.store("crm")
    second, before = files.of("crm")
    assert before == first
    assert second != first
    clock.advance(OVERLAP_MS / 1000 + 60)
    assert files.of("crm") == (second,)
    files.forget("crm")
    assert files.of("crm") == ()
    assert list((tmp_path / "secrets").glob("hook-*")) == []


@pytest.mark.parametrize("value", ["whsec_", "whsec_AAAA", "whsec_not base64!", "other", "whsec_" + "A" * 100])
def test_a_secret_of_another_form_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(UsageError):
        KeyFiles(tmp_path, ManualClock()).store("crm", Secret(value))
