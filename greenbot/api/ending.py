"""How a call ends when the clock or somebody else ends it: shared by the transports that work in an event loop."""

import asyncio

from greenbot.api.facts import Stage
from greenbot.api.request import Watch

#: A kept-alive connection that the peer has closed meanwhile makes a POST ambiguous, so it is not kept for long.
IDLE_SECONDS = 5.0


def stage_of(watch: Watch) -> Stage:
    """Whether a byte of the request may have left."""
    return "after_first_byte" if watch.started else "before_request"


def cancel_again() -> None:
    """Let the cancellation that was just caught reach the caller at its next await."""
    task = asyncio.current_task()
    assert task is not None
    # The count of requests stays as it was: only the delivery moves to the next await.
    task.uncancel()
    task.cancel()
