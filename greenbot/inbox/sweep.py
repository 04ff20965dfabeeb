"""Taking events back from processes that died over them. Any process may do it, at any time."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.inbox.claims import Move, move
from greenbot.inbox.event import StoredEvent
from greenbot.inbox.fate import after_crash
from greenbot.inbox.states import Reason
from greenbot.resilience.retry import Rng

if TYPE_CHECKING:
    from greenbot.db.connect import Db

IsAlive = Callable[[str], bool]

OWNED = """
select * from events indexed by events_open where state = 'processing' and state <> 'done' order by id
"""


def sweep(db: "Db", *, is_alive: IsAlive, clock: Clock, rng: Rng) -> list[tuple[StoredEvent, Move]]:
    """Give back what dead or hanging owners hold; what moved, and where. Raises Busy, StoreError.

    Nothing of an unfinished event was committed, so it can simply be worked again. One over which
    as many processes died as attempts are allowed is given up: it would kill the next one too.
    """
    abandoned = _abandoned(db, is_alive, clock)
    if not abandoned:
        return []
    with db.write(durable=False) as tx:
        now_ms = clock.now_ms()
        planned = [(event, after_crash(event, reason, rng=rng, now_ms=now_ms)) for event, reason in abandoned]
        return [(event, to) for event, to in planned if move(tx, event, to, actor="sweep", clock=clock)]


def _abandoned(db: "Db", is_alive: IsAlive, clock: Clock) -> list[tuple[StoredEvent, Reason]]:
    alive: dict[str, bool] = {}
    found: list[tuple[StoredEvent, Reason]] = []
    for row in db.all(OWNED):
        event = StoredEvent.from_row(row)
        owner = event.owner or ""
        if owner not in alive:
            alive[owner] = is_alive(owner)
        if not alive[owner]:
            found.append((event, Reason.OWNER_DEAD))
        elif event.boot_id != clock.boot_id() or clock.boot_ms() > (event.lease_until_boot_ms or 0):
            found.append((event, Reason.LEASE_OVER))
    return found
