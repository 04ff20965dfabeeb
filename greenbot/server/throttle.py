"""Wrong credentials, counted by address, so that nobody can try tokens quickly."""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

ALLOWED = 5
WINDOW_SECONDS = 60.0
LONGEST_SECONDS = 3600.0
MOST_ADDRESSES = 10_000


@dataclass(slots=True)
class _Record:
    since: float
    failures: int = 0
    #: How often the limit was reached before; each time doubles the wait.
    blocks: int = 0
    blocked_until: float = 0.0


class Failures:
    """Five wrong credentials a minute are let through as such; then the address waits 1, 2, 4 ... 60 minutes.

    Remembers ten thousand addresses at most and forgets the one that was quiet longest.
    """

    def __init__(self, *, most_addresses: int = MOST_ADDRESSES) -> None:
        self._most = most_addresses
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def __len__(self) -> int:
        return len(self._records)

    def note(self, address: str, now: float) -> None:
        """Somebody at `address` came with a wrong credential at the monotonic time `now`."""
        record = self._record(_network(address), now)
        if now - record.since > WINDOW_SECONDS and now >= record.blocked_until:
            record.since, record.failures = now, 0
        record.failures += 1
        if record.failures >= ALLOWED and now >= record.blocked_until:
            record.blocked_until = now + min(LONGEST_SECONDS, WINDOW_SECONDS * 2**record.blocks)
            record.blocks += 1
            record.since, record.failures = record.blocked_until, 0

    def is_blocked(self, address: str, now: float) -> bool:
        """Whether nobody at `address` is listened to now."""
        record = self._records.get(_network(address))
        return record is not None and now < record.blocked_until

    def _record(self, network: str, now: float) -> _Record:
        record = self._records.get(network)
        if record is None:
            record = self._records[network] = _Record(since=now)
            if len(self._records) > self._most:
                self._records.popitem(last=False)
        self._records.move_to_end(network)
        return record


def _network(address: str) -> str:
    """The address; of IPv6 the /64, which one customer gets whole."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address
