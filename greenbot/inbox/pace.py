"""Who commits: a thread of its own, or the event loop itself. Pure.

To hand a batch over and to be woken again costs more than a quick disk takes to sync, so in a storm of events on
such a disk the loop does it without a detour. A slow disk, and the trickle of an ordinary day, is the thread's: a
disk that hangs then makes nobody wait but those whose events it has.
"""

#: Averages follow the last so many commits.
MEMORY = 16
#: Events of one commit from which on the detour matters.
LEAST_EVENTS = 4.0
#: The loop takes over when commits take less, and lets go when they take more.
QUICK_SECONDS, SLOW_SECONDS = 0.004, 0.006
#: After one commit like that the loop lets go at once.
STUCK_SECONDS = 0.1


class Pace:
    """Learns from each commit; `is_direct` says whether the next one is the loop's."""

    def __init__(self) -> None:
        self.is_direct = False
        self._forget()

    def _forget(self) -> None:
        self._commits = 0
        self._events = self._seconds = 0.0

    def took(self, seconds: float, events: int) -> None:
        """A commit of so many events took so long."""
        self._commits += 1
        share = 1 / min(self._commits, MEMORY)
        self._seconds += (seconds - self._seconds) * share
        self._events += (events - self._events) * share
        if self.is_direct:
            is_stuck = seconds > STUCK_SECONDS or self._seconds > SLOW_SECONDS
            if is_stuck or self._events < LEAST_EVENTS:
                self.is_direct = False
                self._forget()
        elif self._commits >= MEMORY:
            self.is_direct = self._seconds < QUICK_SECONDS and self._events >= LEAST_EVENTS
