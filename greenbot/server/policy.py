"""Which routes there are and who may use each: nothing is reachable that does not say for whom it is."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from greenbot.server.exchange import NOT_FOUND, Identity, Later, Reply, Request, plain

METHODS = ("GET", "POST", "PUT", "DELETE")
_PARAMETER = re.compile(r"\\\{([a-z_]+)\\\}")

Handler = Callable[[Request], Reply | Later | Awaitable[Reply]]
OnTooLarge = Callable[[Identity], None]


class Policy(Enum):
    """Who may use a route. None of the credentials implies another."""

    WEBHOOK = "webhook"
    VIEWER = "viewer"
    ADMIN = "admin"
    #: Anyone: for answers without any detail.
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method on one path; `{name}` in the path stands for one segment."""

    method: str
    path: str
    policy: Policy
    handler: Handler
    #: Told when somebody who may use it sent more than it takes.
    on_too_large: OnTooLarge | None = None
    #: What a browser without a credential is shown; everybody else is told 401 as everywhere.
    sign_in: Reply | None = None


class Routes:
    """The registry. Made whole before the server listens; a route that is not plain about itself stops the start."""

    def __init__(self) -> None:
        self._exact: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = []

    def add(self, route: Route) -> None:
        """Register a route. Raises ValueError without a policy, for another method, or where there is one already."""
        if not isinstance(route.policy, Policy):
            raise ValueError(f"{route.method} {route.path} does not say who may use it")
        if route.method not in METHODS or not route.path.startswith("/"):
            raise ValueError(f"{route.method} {route.path} is no route: {', '.join(METHODS)} and a path")
        methods = self._methods_of(route.path)
        if route.method in methods:
            raise ValueError(f"{route.method} {route.path} is there already")
        methods[route.method] = route

    def _methods_of(self, path: str) -> dict[str, Route]:
        if "{" not in path:
            return self._exact.setdefault(path, {})
        pattern = re.compile(_PARAMETER.sub(r"(?P<\1>[^/]+)", re.escape(path)))
        for known, methods in self._patterns:
            if known == pattern:
                return methods
        self._patterns.append((pattern, {}))
        return self._patterns[-1][1]

    def __iter__(self) -> Iterator[Route]:
        for methods in (*self._exact.values(), *(methods for _, methods in self._patterns)):
            yield from methods.values()

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | Reply:
        """The route and what stands in the place of its parameters; or 404, or 405 with what is allowed.

        Paths are compared as they came: `//`, `%2e` and a trailing slash are other paths.
        """
        methods = self._exact.get(path)
        params: Mapping[str, str] = {}
        if methods is None:
            for pattern, candidates in self._patterns:
                if found := pattern.fullmatch(path):
                    methods, params = candidates, found.groupdict()
                    break
            else:
                return NOT_FOUND
        route = methods.get(method)
        return (route, params) if route else plain(405, "method not allowed", Allow=", ".join(methods))
