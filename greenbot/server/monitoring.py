"""What is going on, as JSON: figures, health and alerts. Read beside the event loop, one look a second for all."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from greenbot.alerts import silences
from greenbot.alerts.silences import Silence
from greenbot.clock import Clock
from greenbot.errors import UsageError
from greenbot.metrics.names import Names
from greenbot.overview import InstanceView, Overview, take
from greenbot.overview_json import (
    Document,
    alert_document,
    health_document,
    instance_document,
    overview_document,
    service_document,
    standings_document,
)
from greenbot.server.answers import answering, problem_reply, told, told_reply
from greenbot.server.conditional import fresh
from greenbot.server.exchange import Reply, Request
from greenbot.server.policy import Policy, Route, Routes
from greenbot.server.prometheus import CONTENT_TYPE, exposition
from greenbot.server.reader import Reader
from greenbot.server.stretches import WINDOWS, Asked, stretch_document

if TYPE_CHECKING:
    from greenbot.db.connect import Db

PATH = "/api/v1/monitoring"
#: How many moves of alerts are told.
MOST_MOVES = 50

MOVES = """
select at_ms, rule, instance, from_state, to_state, reason, value, severity
  from alert_log order by id desc limit :most
"""


class Monitoring:
    """Answers viewers. `known` are the configured instances."""

    def __init__(self, reader: Reader, known: Callable[[], Collection[str]], clock: Clock) -> None:
        self._reader = reader
        self._known = known
        self._clock = clock
        self._names = Names()

    def add_routes(self, routes: Routes) -> None:
        """Register what a viewer may see."""
        for path, handler in (
            (f"{PATH}/metrics", self.metrics),
            (f"{PATH}/health", self.health),
            (f"{PATH}/health/{{instance}}", self.health_of_one),
            (f"{PATH}/alerts", self.alerts),
            (f"{PATH}/alerts/silences", self.silences),
            ("/metrics", self.prometheus),
        ):
            routes.add(Route(method="GET", path=path, policy=Policy.VIEWER, handler=answering(handler)))

    async def metrics(self, request: Request) -> Reply:
        """Everything, or with `?window=` and `?instance=` the figures of a stretch of time."""
        asked = self._asked(request)
        if asked is None:
            found = await self._reader.read("overview", lambda db: told(overview_document(self._look(db))))
        else:
            # It covers rolled-up minutes, so a minute is what a day's figures are good for.
            found = await self._reader.read(
                asked,
                lambda db: told(stretch_document(db, self._names, asked, self._clock.now_ms())),
                good_seconds=asked.good_seconds,
            )
        return fresh(request, told_reply(found))

    async def health(self, request: Request) -> Reply:
        """How every instance stands, the worst first."""
        _no_query(request, ())
        found = await self._reader.read("health", lambda db: told(_health(self._look(db))))
        return fresh(request, told_reply(found))

    async def health_of_one(self, request: Request) -> Reply:
        """One instance with its figures and its alerts."""
        _no_query(request, ())
        name = request.params["instance"]
        if name not in self._known():
            return problem_reply(404, "unknown_instance", "There is no instance of that name.")
        found = await self._reader.read(("health", name), lambda db: told(_health_of(self._look(db), name)))
        return fresh(request, told_reply(found))

    async def alerts(self, request: Request) -> Reply:
        """What is pending or fires, and what happened lately."""
        _no_query(request, ())
        found = await self._reader.read("alerts", lambda db: told(self._alerts(db)))
        return fresh(request, told_reply(found))

    async def silences(self, request: Request) -> Reply:
        """Which alerts nobody is told about now, and until when."""
        _no_query(request, ())
        found = await self._reader.read("silences", lambda db: told(self._silences(db)))
        return fresh(request, told_reply(found))

    async def prometheus(self, request: Request) -> Reply:
        """The figures in Prometheus' text format."""
        known = frozenset(self._known())
        text = await self._reader.read("prometheus", lambda db: exposition(db, self._names, self._look(db), known))
        return Reply(body=text, content_type=CONTENT_TYPE)

    def _look(self, db: "Db") -> Overview:
        return take(db, self._names, self._clock.now_ms(), self._known())

    def _asked(self, request: Request) -> Asked | None:
        """Which stretch of whom; None for everything now. Raises `UsageError` for what makes no sense."""
        given = _no_query(request, ("window", "instance"))
        if not given:
            return None
        window, instance = given.get("window", "5m"), given.get("instance")
        if window not in WINDOWS:
            raise UsageError(f"window should be one of {', '.join(WINDOWS)}.")
        if instance is not None and instance not in self._known():
            raise UsageError(
                "instance should be the name of an instance.", hint=f"See their names with: GET {PATH}/health"
            )
        return Asked(window=window, instance=instance)

    def _alerts(self, db: "Db") -> Document:
        overview = self._look(db)
        return {
            "v": 1,
            "at_ms": overview.at_ms,
            "alerts": [alert_document(alert) for alert in overview.alerts],
            "moves": [{name: row[name] for name in _MOVE} for row in db.all(MOVES, most=MOST_MOVES)],
        }

    def _silences(self, db: "Db") -> Document:
        now_ms = self._clock.now_ms()
        found = silences.all_of(db, now_ms)
        return {"v": 1, "at_ms": now_ms, "silences": [silence_document(silence) for silence in found]}


_MOVE = ("at_ms", "rule", "instance", "from_state", "to_state", "reason", "value", "severity")


def silence_document(silence: Silence) -> Document:
    """One silence."""
    return {
        "id": silence.id,
        "rule": silence.rule,
        "instance": silence.instance,
        "severity": silence.severity,
        "begins_at_ms": silence.begins_at_ms,
        "until_at_ms": silence.until_at_ms,
        "author": silence.author,
        "comment": silence.comment,
    }


def _health(overview: Overview) -> Document:
    return {
        "v": 1,
        "at_ms": overview.at_ms,
        "service": service_document(overview),
        "standings": standings_document(overview.instances),
        "instances": [health_document(view) for view in overview.instances],
    }


def _health_of(overview: Overview, name: str) -> Document:
    view: InstanceView = next(view for view in overview.instances if view.name == name)
    alerts = [alert_document(alert) for alert in overview.alerts if alert.instance == name]
    return {"v": 1, "at_ms": overview.at_ms, "instance": instance_document(view), "alerts": alerts}


def _no_query(request: Request, but: Collection[str]) -> dict[str, str]:
    """The values behind `?`, each once and none but these. Raises `UsageError`."""
    try:
        found = request.query()
    except ValueError:
        raise UsageError("What stands behind ? makes no sense.") from None
    if not found.keys() <= set(but) or any(len(values) != 1 for values in found.values()):
        raise UsageError(
            f"Behind ? may stand {' and '.join(but)}, each once." if but else "Nothing may stand behind ?."
        )
    return {name: values[0] for name, values in found.items()}
