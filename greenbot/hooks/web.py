"""Carrying an event to a URL."""

from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime

from greenbot.clock import Clock
from greenbot.errors import GreenbotError
from greenbot.hooks.claims import Attempted
from greenbot.hooks.job import Job
from greenbot.hooks.signature import headers
from greenbot.hooks.verdict import Outcome, of_status
from greenbot.outbound.guard import Policy
from greenbot.outbound.request import Limits, OutboundFailure, OutboundReply, OutboundRequest, send
from greenbot.outbound.resolver import Resolve, system_resolve
from greenbot.redact import Secret, redact
from greenbot.safe_text import safe_text

SNIPPET_CHARACTERS = 500
_REPLY_BYTES = 4096


class WebCarrier:
    """Posts events; `secrets_of` names the secrets a hook signs with, `policy` says what may be reached now."""

    def __init__(
        self,
        *,
        policy: Callable[[], Policy],
        secrets_of: Callable[[str], Sequence[Secret]],
        clock: Clock,
        resolve: Resolve = system_resolve,
    ) -> None:
        self._policy = policy
        self._secrets_of = secrets_of
        self._clock = clock
        self._resolve = resolve

    async def __call__(self, job: Job) -> Attempted:
        """One attempt."""
        try:
            secrets, policy = self._secrets_of(job.rule.name), self._policy()
        except GreenbotError as error:
            # A configuration that cannot be read now: the next attempt may find it in order.
            return Attempted(outcome="failed", words=str(error))
        signed = headers(secrets, webhook_id=job.webhook_id, at_ms=self._clock.now_ms(), body=job.body)
        named = {"Content-Type": "application/json", "Idempotency-Key": job.webhook_id, **signed}
        request = OutboundRequest(url=job.rule.target[0], headers=named, body=job.body)
        limits = Limits(total_seconds=job.rule.timeout_ms / 1000, reply_bytes=_REPLY_BYTES)
        result = await send(
            request, policy=policy, limits=limits, resolve=self._resolve, monotonic=self._clock.monotonic
        )
        return _of_reply(result, self._clock) if isinstance(result, OutboundReply) else _of_failure(result)


def snippet_of(body: bytes) -> str:
    """The beginning of what a stranger answered, without anything a terminal obeys and without secrets."""
    return safe_text(redact(body.decode("utf-8", "replace")), limit=SNIPPET_CHARACTERS)


def _of_reply(reply: OutboundReply, clock: Clock) -> Attempted:
    outcome = of_status(reply.status)
    return Attempted(
        outcome=outcome,
        words=f"status {reply.status}",
        status=reply.status,
        snippet=snippet_of(reply.body),
        elapsed_ms=reply.elapsed_ms,
        retry_after_seconds=retry_after(reply.headers.get("retry-after"), clock) if outcome == "busy" else None,
    )


def _of_failure(failure: OutboundFailure) -> Attempted:
    outcome: Outcome = "forbidden" if failure.kind == "forbidden" else "failed"
    return Attempted(outcome=outcome, words=failure.words, elapsed_ms=failure.elapsed_ms)


def retry_after(value: str | None, clock: Clock) -> float | None:
    """Seconds that a Retry-After asks for, as a number or a date; None when it says nothing usable."""
    if value is None:
        return None
    if value.strip().isdecimal() and value.isascii():
        return float(value.strip()[:9])
    try:
        moment = parsedate_to_datetime(value)
        return max(0.0, moment.timestamp() - clock.now_ms() / 1000)
    except (ValueError, TypeError, OverflowError):
        return None
