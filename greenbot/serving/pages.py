"""Everything a service shows and lets people change over HTTP, put together."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.server.alerts_api import AlertsApi
from greenbot.server.changes import Changes
from greenbot.server.monitoring import Monitoring
from greenbot.server.page.routes import add_routes as add_page
from greenbot.server.policy import Routes
from greenbot.server.reader import Reader
from greenbot.server.rules_api import RulesApi

if TYPE_CHECKING:
    from greenbot.db.connect import Db


def add_pages(
    routes: Routes, open_db: "Callable[[], Db]", clock: Clock, known: Callable[[], Collection[str]]
) -> Reader:
    """Register the pages about the `known` instances. What they read with is closed by whoever ends the service."""
    reader = Reader(open_db, clock)
    changes = Changes(reader, clock)
    Monitoring(reader, known, clock).add_routes(routes)
    RulesApi(reader, changes, clock).add_routes(routes)
    AlertsApi(changes, clock).add_routes(routes)
    add_page(routes, clock)
    return reader
