"""Everything Apprise speaks, with the `notify` extra. It is imported when the first text leaves.

Apprise makes its own connections, so the guard of outbound calls does not see them; its address is a secret that
only the person who runs greenbot can set.
"""

import asyncio
import logging
from importlib import import_module
from typing import Protocol

from greenbot.alerts.notify.telling import Field, KindOf, Reach, Settings, Telling, Told


class _Notifier(Protocol):
    def add(self, servers: str) -> bool: ...

    def notify(self, body: str, title: str = "", notify_type: str = "info", body_format: str = "text") -> bool: ...


_TYPES = {"resolved": "success", "firing": "failure", "acked": "info", "drill": "info", "test": "info"}
#: Its lines name whole addresses.
_QUIET = logging.CRITICAL


async def deliver(telling: Telling, settings: Settings, reach: Reach, /) -> Told:
    """One attempt, in a thread."""
    try:
        made: _Notifier = import_module("apprise").Apprise()
    except ImportError:
        return Told(
            outcome="refused", words="Apprise is not installed; install it with: pip install 'greenbot[notify]'"
        )
    logging.getLogger("apprise").setLevel(_QUIET)
    if not made.add(reach.sources.need(settings, "url").reveal()):
        return Told(outcome="refused", words="Apprise does not understand this address")
    kind = _TYPES[telling.word]
    try:
        async with asyncio.timeout(reach.timeout_seconds):
            is_done = await asyncio.to_thread(made.notify, telling.text, telling.title, kind, "text")
    except TimeoutError:
        return Told(outcome="failed", words="Apprise did not end in time")
    except Exception as error:  # noqa: BLE001 - a hundred services, each with errors of its own
        return Told(outcome="failed", words=f"Apprise failed ({type(error).__name__})")
    if not is_done:
        return Told(outcome="failed", words="Apprise could not deliver it")
    return Told(outcome="ok", words="Apprise delivered it", proof="Apprise delivered it", is_proved=True)


KIND = KindOf(
    name="apprise",
    doc="Everything Apprise speaks; needs the notify extra.",
    deliver=deliver,
    fields=(Field(name="url", type="secret", needed=True, doc="The address in Apprise's words."),),
)
