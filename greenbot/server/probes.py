"""What a load balancer or a service manager may ask without a credential: yes or no, and no detail."""

from collections.abc import Callable

from greenbot.server.exchange import Reply, Request, plain
from greenbot.server.policy import Policy, Route, Routes

_ALIVE = plain(200, "ok")
_NOT_READY = plain(503, "not ready")


def add_routes(routes: Routes, is_ready: Callable[[], bool]) -> None:
    """Register `/healthz`, whether the process answers at all, and `/readyz`, whether all of it works."""

    def healthz(request: Request) -> Reply:
        return _ALIVE

    def readyz(request: Request) -> Reply:
        return _ALIVE if is_ready() else _NOT_READY

    routes.add(Route(method="GET", path="/healthz", policy=Policy.OPEN, handler=healthz))
    routes.add(Route(method="GET", path="/readyz", policy=Policy.OPEN, handler=readyz))
