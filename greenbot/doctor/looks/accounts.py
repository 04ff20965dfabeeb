"""Asking GREEN-API about one number: its state and its settings, one question each."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from greenbot.account_settings.fields import protect
from greenbot.api.endpoints import ENDPOINTS
from greenbot.api.facts import Failure, Reply
from greenbot.api.inline import Inline, run_inline
from greenbot.api.outcome import OutcomeClass
from greenbot.clock import Clock
from greenbot.db.peek import peek
from greenbot.doctor.facts import AccountFact
from greenbot.errors import GreenbotError
from greenbot.wiring import make_client

if TYPE_CHECKING:
    from greenbot.api.client import Client
    from greenbot.api.outcome import Outcome
    from greenbot.api.request import Request
    from greenbot.config.secrets import TokenSource
    from greenbot.config.settings import Instance, Settings

LIMITED = OutcomeClass.LIMITED
#: A question refused with 429 is asked once more, if GREEN-API wants no longer pause than this; of two questions both
#: can be, within `ACCOUNT_SECONDS`.
MOST_PAUSE_SECONDS = 3.0
#: The least pause: a question every second is allowed (GREEN-API docs: Rate limiter), counted by a clock of their own.
LEAST_PAUSE_SECONDS = 1.1

POLLER = "select lease_until_boot_ms from pollers where instance = :instance and boot_id = :boot"


class _Dated:
    """Carries calls, and notes by how much the server's clock is ahead of ours."""

    def __init__(self, inner: Inline, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self.skew_ms: int | None = None

    async def carry(self, request: "Request") -> Reply | Failure:
        before_ms = self._clock.now_ms()
        seen = await self._inner.carry(request)
        if isinstance(seen, Reply):
            self.skew_ms = skew_ms(seen.headers.get("date", ""), before_ms, self._clock.now_ms())
        return seen

    async def aclose(self) -> None:
        await self._inner.aclose()


def skew_ms(date: str, before_ms: int, after_ms: int) -> int | None:
    """How far the clock behind a Date header is ahead of ours; None for a date that cannot be read.

    The header tells whole seconds (RFC 9110, 5.6.7), and was made somewhere between question and answer: within that
    the clocks count as equal.
    """
    try:
        least_ms = round(parsedate_to_datetime(date).timestamp() * 1000)
    except (ValueError, TypeError):
        return None
    if least_ms > after_ms:
        return least_ms - after_ms
    if least_ms + 1000 < before_ms:
        return least_ms + 1000 - before_ms
    return 0


def account(settings: "Settings", instance: "Instance", clock: Clock, environ: Mapping[str, str]) -> AccountFact:
    """Ask for state and settings. Raises TokenMissing, UnsafePermissions."""
    carrier = _Dated(Inline(environ=environ), clock)
    client = make_client(settings, instance, clock, transport=carrier)
    try:
        state = _ask(client, "getStateInstance", clock)
        found = _ask(client, "getSettings", clock) if state.succeeded else None
    finally:
        run_inline(client.aclose())
    living = found.data if found is not None and found.succeeded and isinstance(found.data, dict) else None
    if living is not None:
        protect(living)
    return AccountFact(
        outcome=state.cls.name,
        reason=state.reason,
        detail=state.detail,
        state=_state_in(state.data),
        settings=living,
        settings_reason="" if found is None else found.detail or found.reason,
        is_limited=LIMITED in (state.cls, None if found is None else found.cls),
        skew_ms=carrier.skew_ms,
        token_matches=None if living is None else _token_matches(living, instance.webhook_token),
        polled=_is_polled(settings, instance.name, clock),
    )


def _ask(client: "Client", method: str, clock: Clock) -> "Outcome":
    """The answer; who looked a moment ago, in another window maybe, is no reason to know nothing."""
    outcome = run_inline(client.exchange(ENDPOINTS[method], {}))
    pause_seconds = max(LEAST_PAUSE_SECONDS, outcome.retry_after_seconds or 0.0)
    if outcome.cls is not LIMITED or pause_seconds > MOST_PAUSE_SECONDS:
        return outcome
    clock.sleep(pause_seconds)
    return run_inline(client.exchange(ENDPOINTS[method], {}))


def _state_in(data: object) -> str:
    return str(data.get("stateInstance", "")) if isinstance(data, dict) else ""


def _token_matches(living: Mapping[str, object], source: "TokenSource") -> bool | None:
    there = living.get("webhookUrlToken")
    try:
        secret = source.find()
    except GreenbotError:
        return None
    if not isinstance(there, str) or (not there and secret is None):
        return None
    return _bare(there) == _bare(secret.reveal() if secret else "")


def _bare(token: str) -> str:
    from greenbot.server.auth import bare_token

    return bare_token(token.encode()).decode()


def _is_polled(settings: "Settings", instance: str, clock: Clock) -> bool:
    """Whether a process fetches the events of this number instead of being sent them."""
    try:
        with peek(settings.paths.store_file) as store:
            until = store.scalar(POLLER, instance=instance, boot=clock.boot_id())
    except GreenbotError:
        return False
    return isinstance(until, int) and until > clock.boot_ms()
