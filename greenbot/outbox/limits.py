"""What one instance may do, as its lanes and shells need it."""

from dataclasses import dataclass

from greenbot.api.endpoints import ENDPOINTS
from greenbot.resilience.limits import Scope, message_scopes
from greenbot.resilience.retry import DEFAULT_POLICY, RetryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLimits:
    """What one instance may do. None lifts a limit."""

    minute_count: int | None = 60
    second_rate: float | None = 2.0
    most_unconfirmed: int | None = 5
    retry: RetryPolicy = DEFAULT_POLICY

    def scopes(self, instance: str, method: str) -> tuple[Scope, ...]:
        """What a message of this method has to reserve."""
        if self.minute_count is None or self.second_rate is None:
            return ()
        return message_scopes(
            instance,
            method,
            minute_count=self.minute_count,
            second_rate=self.second_rate,
            method_rate=ENDPOINTS[method].rate_per_second,
        )
