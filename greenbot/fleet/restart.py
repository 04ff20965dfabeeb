"""Whether a number that was rebooted is back: pure."""

from dataclasses import dataclass, replace
from typing import Literal

Standing = Literal["waiting", "back", "stuck"]

#: Right after the call the old state may still be told.
_SETTLE_MS = 15_000
#: A state that only a person changes is believed when it is told twice.
_TWICE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """What was seen since a reboot was asked for. `away`: it was seen not to run."""

    away: bool = False
    account: str = ""
    times: int = 0

    def seen(self, account: str) -> "Restart":
        """After one more look; "" while GREEN-API knows no state."""
        times = self.times + 1 if account == self.account else 1
        return replace(self, away=self.away or account in ("", "starting"), account=account, times=times)

    def standing(self, elapsed_ms: int) -> Standing:
        """How it stands, so long after the reboot."""
        if self.account in ("", "starting") or not (self.away or elapsed_ms >= _SETTLE_MS):
            return "waiting"
        if self.account == "authorized":
            return "back"
        return "stuck" if self.times >= _TWICE else "waiting"
