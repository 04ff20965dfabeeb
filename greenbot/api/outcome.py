"""What one call led to, decided purely from what was seen on the wire.

| seen                                                              | class              |
|-------------------------------------------------------------------|--------------------|
| no byte of the request left                                       | NOT_SENT           |
| anything broke after the first byte; too large; too slow          | AMBIGUOUS          |
| 200 and the documented answer                                     | ACCEPTED, OK       |
| 200 and anything else                                             | AMBIGUOUS          |
| 3xx (never followed: the token is in the path), 404               | CONFIG             |
| 400 because of the instance's state                               | NOT_SENT           |
| 400 otherwise, other 4xx                                          | PERMANENT          |
| 401, 403                                                          | AUTH               |
| 429                                                               | LIMITED            |
| 466, 469                                                          | QUOTA              |
| 503                                                               | NOT_SENT           |
| 499 and other 5xx                                                 | AMBIGUOUS          |

Where the endpoint is safe to repeat, nothing is ambiguous: asking again answers the question, so AMBIGUOUS becomes
NOT_SENT. A 403 or 404 of an archived or beta method is PERMANENT: the method is not offered to this instance, and
that must not stop its other messages.
"""

from collections.abc import Mapping
from dataclasses import replace

from greenbot.api.answers import read_answer, read_problem, snippet
from greenbot.api.endpoint import Endpoint
from greenbot.api.facts import Failure, Outcome, OutcomeClass, Reply
from greenbot.api.failures import error_of
from greenbot.api.quota import read_quota
from greenbot.api.refusals import ALREADY_DELETED, known_refusal
from greenbot.api.retry_after import retry_after_seconds
from greenbot.redact import redact

__all__ = ["Failure", "Outcome", "OutcomeClass", "Reply", "classify", "error_of"]

_FAILURE_REASONS: dict[str, str] = {
    "dns": "dns_failed",
    "connect": "connect_failed",
    "tls": "tls_failed",
    "proxy": "proxy_refused",
    "pool": "no_free_connection",
    "write": "write_failed",
    "read": "connection_lost",
    "cancelled": "cancelled",
    "too_large": "reply_too_large",
    "deadline": "deadline",
    "encoding": "unreadable_encoding",
    "unexpected": "unexpected_error",
}


def classify(endpoint: Endpoint, seen: Reply | Failure) -> Outcome:
    """The outcome of one call of `endpoint`; pure."""
    if isinstance(seen, Failure):
        return _of_failure(endpoint, seen)
    if seen.truncated:
        return _unsure(endpoint, seen, "reply_too_large", "the answer is longer than greenbot reads")
    if 200 <= seen.status < 300 or (seen.status == 408 and endpoint.answer == "poll"):
        return _of_success(endpoint, seen)
    return _of_status(endpoint, seen)


def _of_failure(endpoint: Endpoint, failure: Failure) -> Outcome:
    before = failure.stage == "before_request"
    reason = _FAILURE_REASONS.get(failure.kind) or ("connect_timeout" if before else "read_timeout")
    return Outcome(
        cls=OutcomeClass.NOT_SENT if before or endpoint.repeat_safe else OutcomeClass.AMBIGUOUS,
        reason=reason,
        detail=redact(failure.detail),
        elapsed_ms=failure.elapsed_ms,
    )


def _of_success(endpoint: Endpoint, reply: Reply) -> Outcome:
    answered = read_answer(endpoint, reply.status, reply.headers.get("content-type", ""), reply.body)
    # What cannot be read as JSON may be a notification all the same.
    raw = reply.body if endpoint.answer == "poll" and reply.status == 200 else None
    if answered.cls is None:
        return replace(_unsure(endpoint, reply, answered.reason, answered.detail), raw=raw)
    return Outcome(
        cls=answered.cls,
        reason=answered.reason,
        detail=answered.detail,
        remote_id=answered.remote_id,
        data=answered.data,
        status=reply.status,
        retry_after_seconds=answered.retry_after_seconds,
        elapsed_ms=reply.elapsed_ms,
        raw=raw,
    )


def _of_status(endpoint: Endpoint, reply: Reply) -> Outcome:
    text = read_problem(reply.body)
    if reply.status == 500 and endpoint.name == "deleteNotification" and ALREADY_DELETED in text.lower():
        gone = {"result": False, "reason": "already deleted"}
        return _plain(reply, OutcomeClass.OK, "already_deleted", data=gone)
    refusal = known_refusal(reply.status, text)
    if refusal is not None:
        return _plain(reply, refusal.cls, refusal.reason, refusal.say, wait=refusal.wait_seconds)
    if reply.status == 429:
        wait = retry_after_seconds(reply.headers)
        shortest = max(1.0, 1 / endpoint.rate_per_second)
        return _plain(reply, OutcomeClass.LIMITED, "rate_limited", wait=shortest if wait is None else wait)
    if reply.status in (466, 469):
        reason, detail = read_quota(reply.body)
        return _plain(reply, OutcomeClass.QUOTA, reason, detail)
    if 300 <= reply.status < 400:
        return _plain(reply, OutcomeClass.CONFIG, "redirected", _whereto(reply.headers))
    if reply.status >= 500 or reply.status in (408, 499) or reply.status < 200:
        return _of_trouble(endpoint, reply, text)
    return _of_refusal(endpoint, reply, text)


def _of_trouble(endpoint: Endpoint, reply: Reply, text: str) -> Outcome:
    reason = f"http_{reply.status}"
    if reply.status == 503:
        # Refused before execution: no worker took the request.
        wait = retry_after_seconds(reply.headers)
        return _plain(reply, OutcomeClass.NOT_SENT, reason, snippet(text), wait=wait)
    return _unsure(endpoint, reply, reason, snippet(text))


_REFUSED: dict[int, tuple[OutcomeClass, str]] = {
    401: (OutcomeClass.AUTH, "token_refused"),
    403: (OutcomeClass.AUTH, "forbidden"),
    404: (OutcomeClass.CONFIG, "not_found"),
    413: (OutcomeClass.PERMANENT, "request_too_large"),
    415: (OutcomeClass.PERMANENT, "wrong_content_type"),
}


def _of_refusal(endpoint: Endpoint, reply: Reply, text: str) -> Outcome:
    if reply.status in (403, 404) and (endpoint.archived or endpoint.beta):
        say = f"{endpoint.name} is not offered to this instance"
        return _plain(reply, OutcomeClass.PERMANENT, "method_unavailable", say)
    cls, reason = _REFUSED.get(reply.status, (OutcomeClass.PERMANENT, "bad_request"))
    return _plain(reply, cls, reason, snippet(text))


def _unsure(endpoint: Endpoint, reply: Reply, reason: str, detail: str) -> Outcome:
    cls = OutcomeClass.NOT_SENT if endpoint.repeat_safe else OutcomeClass.AMBIGUOUS
    return _plain(reply, cls, reason, detail)


def _plain(
    reply: Reply,
    cls: OutcomeClass,
    reason: str,
    detail: str = "",
    *,
    wait: float | None = None,
    data: object | None = None,
) -> Outcome:
    return Outcome(
        cls=cls,
        reason=reason,
        detail=detail,
        data=data,
        status=reply.status,
        retry_after_seconds=wait,
        elapsed_ms=reply.elapsed_ms,
    )


def _whereto(headers: Mapping[str, str]) -> str:
    # Only the host: whoever redirects tends to repeat our path, and the token is in it.
    from urllib.parse import urlsplit

    try:
        host = urlsplit(headers.get("location", "")).hostname
    except ValueError:
        host = None
    return f"answered with a redirect to {snippet(host)}" if host else "answered with a redirect"
