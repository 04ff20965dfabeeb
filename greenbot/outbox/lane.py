"""One instance's line in one worker: it takes the messages whose turn it is and sees each one through.

Order, limits, health and breaker are kept in the store, so any number of workers and shells may
have a lane for the same instance.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from greenbot import failpoints
from greenbot.api.endpoints import ENDPOINTS
from greenbot.api.outcome import OutcomeClass
from greenbot.clock import Clock
from greenbot.errors import Busy, GreenbotError
from greenbot.outbox.batch import Batch
from greenbot.outbox.claims import finish_in, release_in
from greenbot.outbox.consequence import for_breaker, for_instance, rest_ms
from greenbot.outbox.decide import Change
from greenbot.outbox.deliver import Exchanger
from greenbot.outbox.errand import Errands
from greenbot.outbox.states import Reason, State
from greenbot.outbox.turn import Posting, Taken, Turn, next_due_ms, next_in_line
from greenbot.resilience import budget
from greenbot.resilience.limiter import Reservation, give_back, reserve, slow_down, when_due
from greenbot.resilience.shared_health import change_in

if TYPE_CHECKING:
    from greenbot.api.outcome import Outcome
    from greenbot.db.connect import Db, Tx
