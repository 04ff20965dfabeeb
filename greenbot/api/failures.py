"""From the outcome of a call to the error a person sees."""

from greenbot.api.endpoint import Endpoint
from greenbot.api.facts import Outcome, OutcomeClass
from greenbot.errors import (
    CredentialsRefused,
    GreenbotError,
    InstanceNotReady,
    Misdirected,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimited,
    Rejected,
    Stopped,
    Unreachable,
    UpstreamFailed,
)

_NEVER_REACHED = frozenset(
    ("dns_failed", "connect_failed", "connect_timeout", "tls_failed", "proxy_refused", "no_free_connection")
)
_NOT_READY = frozenset(("instance_starting", "instance_not_authorized", "instance_expired", "instance_deleted"))
_NOT_GREEN_API = frozenset(("html_reply", "unexpected_reply"))
_BY_CLASS: dict[OutcomeClass, type[GreenbotError]] = {
    OutcomeClass.LIMITED: RateLimited,
    OutcomeClass.AMBIGUOUS: OutcomeUnknown,
    OutcomeClass.PERMANENT: Rejected,
    OutcomeClass.AUTH: CredentialsRefused,
    OutcomeClass.CONFIG: Misdirected,
    OutcomeClass.QUOTA: QuotaExceeded,
    OutcomeClass.NOT_SENT: UpstreamFailed,
}
_HINTS = {
    "webhook_url_set": "Clear the webhook URL first: greenbot instances settings set NAME webhookUrl=",
    "instance_expired": "Renew the instance in the console.",
    "instance_deleted": "Remove it here too: greenbot instances remove NAME",
    "forbidden": "Compare id, api_url and media_url of the instance with the console; the plan may lack the method.",
    "account_suspended": "Write to the support of GREEN-API.",
    "bad_request": "GREEN-API says no more than this: look at the ids and the numbers you gave.",
    "request_too_large": "Shorten it; files belong into an upload.",
    "file_too_large": "Send a smaller file, or the link itself as text.",
}
#: For a lost message that greenbot keeps no record of.
_LOOK_THERE = "Do not just run it again: the guest could get it twice. Look first with: greenbot journal outgoing"


def error_of(
    outcome: Outcome,
    *,
    instance: str | None,
    message_id: int | None = None,
    endpoint: Endpoint | None = None,
) -> GreenbotError:
    """The error for an outcome that is not a success; its words are redacted.

    `endpoint` tells a lost message from a lost change, which is described in other words.
    """
    kind = _kind_of(outcome)
    message = kind.summary()
    if kind is OutcomeUnknown and endpoint is not None and not endpoint.sends:
        message = f"It is not known whether {endpoint.name} took effect."
    if outcome.detail:
        message = f"{message.rstrip('.')}: {outcome.detail}."
    error = kind(
        message,
        hint=_HINTS.get(outcome.reason),
        instance=instance,
        message_id=message_id,
        retry_after_seconds=outcome.retry_after_seconds,
    )
    if outcome.reason in ("instance_expired", "instance_deleted"):
        error.retryable = False
    if kind is OutcomeUnknown and endpoint is not None and not endpoint.sends:
        error.hint, error.maybe_sent = "Look at the present state before running it again.", False
    elif kind is OutcomeUnknown and message_id is None:
        error.hint = _LOOK_THERE
    return error


def _kind_of(outcome: Outcome) -> type[GreenbotError]:
    if outcome.reason in _NOT_READY:
        return InstanceNotReady
    if outcome.cls is OutcomeClass.NOT_SENT:
        if outcome.reason == "cancelled":
            return Stopped
        if outcome.reason in _NEVER_REACHED:
            return Unreachable
        if outcome.reason in _NOT_GREEN_API:
            return Misdirected
    return _BY_CLASS.get(outcome.cls, GreenbotError)
