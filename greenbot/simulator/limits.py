"""Rate limits per method and monthly quotas per tariff, as GREEN-API publishes them."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from greenbot.simulator.clock import SimClock

RATES = MappingProxyType(
    {
        method: rate
        for rate, methods in (
            (100.0, "receiveNotification deleteNotification"),
            (
                50.0,
                "sendMessage sendButtons sendTemplateButtons sendListMessage sendTemplate sendLocation sendLink"
                " sendContact sendFileByUrl sendFileByUpload sendPoll forwardMessages"
                " getInstances createInstance deleteInstanceAccount",
            ),
            (
                10.0,
                "getMessage addGroupParticipant removeGroupParticipant setGroupAdmin removeAdmin leaveGroup"
                " readChat checkWhatsapp getAvatar deleteMessage archiveChat unarchiveChat deleteStatus",
            ),
            (5.0, "downloadFile sendTextStatus sendVoiceStatus sendMediaStatus"),
            (3.0, "qr"),
            (0.1, "setProfilePicture"),
        )
        for method in methods.split()
    }
)
DEFAULT_RATE = 1.0
# No published table names these; a limiter invented here would refuse what the real service may allow.
UNLIMITED = frozenset(
    {
        "uploadFile",
        "sendTyping",
        "sendReaction",
        "getChats",
        "addContact",
        "editContact",
        "deleteContact",
        "getStateInstanceHistory",
        "updateApiToken",
        "updateGroupSettings",
        "lastIncomingCalls",
        "lastOutgoingCalls",
        "getCallRecording",
        "getAuthorizationCode",
    }
)

DEVELOPER_QUOTAS = MappingProxyType(
    {
        "checkWhatsapp": 100,
        "updateGroupName": 1000,
        "getGroupData": 1000,
        "addGroupParticipant": 1000,
        "removeGroupParticipant": 1000,
        "setGroupAdmin": 1000,
        "removeAdmin": 1000,
        "getMessage": 1000,
        "lastIncomingMessages": 1000,
        "lastOutgoingMessages": 1000,
        "createGroup": 1000,
        "getContacts": 1000,
        "downloadFile": 500,
        "leaveGroup": 500,
    }
)
BUSINESS_QUOTAS = MappingProxyType({"checkWhatsapp": 30_000})
DEVELOPER_CORRESPONDENTS = 3


def rate_of(method: str) -> float | None:
    """Requests per second allowed for a method, None when no limit is published."""
    if method in UNLIMITED:
        return None
    return RATES.get(method, DEFAULT_RATE)


def quota_of(method: str, tariff: str) -> int | None:
    """Calls per month a tariff allows for a method, None for unlimited."""
    return (DEVELOPER_QUOTAS if tariff == "developer" else BUSINESS_QUOTAS).get(method)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


@dataclass(frozen=True, slots=True)
class RateVerdict:
    """Whether a call may pass, with the numbers of the X-RateLimit-* headers (None: no limit)."""

    allowed: bool
    remaining: int | None
    rate: float | None


class RateLimiter:
    """One token bucket per method; it holds one second's worth, and at least one call."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, method: str) -> RateVerdict:
        """Ask for one call now; a refused call costs nothing."""
        rate = rate_of(method)
        if rate is None:
            return RateVerdict(True, None, None)
        bucket = self._filled(method, rate)
        # A millionth of a token forgives the rounding of `seconds * rate`.
        allowed = bucket.tokens >= 1.0 - 1e-6
        if allowed:
            bucket.tokens -= 1.0
        return RateVerdict(allowed, max(0, int(bucket.tokens + 1e-6)), rate)

    def _filled(self, method: str, rate: float) -> _Bucket:
        now = self._clock.now()
        bucket = self._buckets.get(method)
        if bucket is None:
            bucket = self._buckets[method] = _Bucket(max(1.0, rate), now)
            return bucket
        bucket.tokens = min(max(1.0, rate), bucket.tokens + (now - bucket.filled_at) * rate)
        bucket.filled_at = now
        return bucket
