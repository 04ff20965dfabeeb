"""All connections of the server: how many there may be, who has to leave, and when time is up.

One timer looks at all of them once a second, so that a request pays nothing for its deadlines.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from greenbot.server.limits import Limits


class Member(Protocol):
    """A connection as the crowd sees it."""

    #: The peer's address; empty where it stands before us as a proxy, whose clients are not told apart.
    counted_as: str
    #: Monotonic time at which it is to be ended; infinite while it is our turn.
    deadline: float

    def expire(self) -> None:
        """Time is up."""
        ...

    def give_way(self) -> None:
        """End at once: somebody else needs the place."""
        ...

    def leave(self) -> None:
        """End as soon as nothing is under way."""
        ...


class Crowd:
    """The open connections. Who showed a credential once is known; strangers leave first, the oldest before all."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._members: dict[Member, None] = {}
        self._strangers: dict[Member, None] = {}
        self._by_address: Counter[str] = Counter()
        self._large_bytes = 0

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        return iter(list(self._members))

    def enter(self, member: Member) -> bool:
        """Take a new connection in; False when there is no room, not even by sending a stranger away."""
        address = member.counted_as
        if address and self._by_address[address] >= self._limits.strangers_of_one_address:
            self._send_away(next(each for each in self._strangers if each.counted_as == address))
        if len(self._members) >= self._limits.connections:
            if not self._strangers:
                return False
            self._send_away(next(iter(self._strangers)))
        self._members[member] = None
        self._strangers[member] = None
        self._by_address[address] += 1
        return True

    def _send_away(self, member: Member) -> None:
        self.leave(member)
        member.give_way()

    def recognise(self, member: Member) -> None:
        """This connection showed a credential."""
        if member in self._strangers:
            del self._strangers[member]
            self._forget_address(member.counted_as)

    def dismiss(self, member: Member) -> None:
        """This connection got its last answer: it has to make room like a stranger."""
        if member in self._members and member not in self._strangers:
            self._strangers[member] = None
            self._by_address[member.counted_as] += 1

    def leave(self, member: Member) -> None:
        """This connection is over; harmless when said twice."""
        self.recognise(member)
        self._members.pop(member, None)

    def _forget_address(self, address: str) -> None:
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def sweep(self, now: float) -> None:
        """End every connection whose time is up at the monotonic time `now`."""
        for member in self:
            if member.deadline <= now:
                member.expire()

    def reserve(self, size: int) -> bool:
        """Room for `size` bytes of a large body, shared by all; False when there is none now."""
        if self._large_bytes + size > self._limits.large_bodies_bytes:
            return False
        self._large_bytes += size
        return True

    def release(self, size: int) -> None:
        """Give reserved room back."""
        self._large_bytes -= size
