"""What the service is told by whoever starts it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.config.settings import Settings
from greenbot.daemon import OnNews
from greenbot.server.listener import OnBug
from greenbot.server.webhooks import OnEvent, ignore_event

if TYPE_CHECKING:
    from greenbot.db.connect import Db


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which parts run, and where it listens."""

    host: str
    port: int
    worker: bool = True
    process: bool = True
    hooks: bool = True
    #: Asks GREEN-API once a minute how each number is.
    watch: bool = True
    #: The figures, the alerts and the page, for who has the viewer's or the admin's token.
    pages: bool = True
    alerts: bool = True
    #: `module:name` of functions that are called for events.
    handlers: str | None = None
    drain_seconds: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the service needs of the process it runs in."""

    read_settings: Callable[[], Settings]
    open_db: "Callable[[], Db]"
    clock: Clock
    environ: Mapping[str, str]
    on_news: OnNews
    on_bug: OnBug
    on_event: OnEvent = ignore_event
