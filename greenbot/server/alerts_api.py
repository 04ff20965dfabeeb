"""Taking note of an alert and silencing some, over HTTP, for admins."""

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from greenbot.alerts import acks, silences
from greenbot.alerts.fields import BadRule, Problem
from greenbot.alerts.silences import Silence
from greenbot.alerts.units import Unreadable, seconds_of
from greenbot.clock import Clock
from greenbot.errors import NotFound
from greenbot.safe_text import safe_text
from greenbot.server.answers import json_reply
from greenbot.server.changes import Changes
from greenbot.server.exchange import Reply, Request
from greenbot.server.monitoring import PATH as MONITORING
from greenbot.server.monitoring import silence_document
from greenbot.server.policy import Routes
from greenbot.server.strict_json import object_of

if TYPE_CHECKING:
    from greenbot.db.connect import Db

PATH = f"{MONITORING}/alerts"
MOST_LETTERS = 500
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


class AlertsApi:
    """Acknowledge, take that back, silence, end a silence."""

    def __init__(self, changes: Changes, clock: Clock) -> None:
        self._clock = clock
        self._changes = changes

    def add_routes(self, routes: Routes) -> None:
        """Register all of it."""
        for method, path, change in (
            ("POST", f"{PATH}/ack", self.ack),
            ("POST", f"{PATH}/unack", self.unack),
            ("POST", f"{PATH}/silences", self.silence),
            ("DELETE", f"{PATH}/silences/{{number}}", self.end_silence),
        ):
            self._changes.add(routes, method, path, change)

    async def ack(self, request: Request) -> Reply:
        """Nothing is repeated until the alert is resolved. 404 when it does not fire."""
        given = _texts(request, needed=("rule", "instance"), optional=("comment",))
        acked = await self._changes.do(
            lambda db: acks.acknowledge(
                db, given["rule"], given["instance"], self._changes.by, comment=given.get("comment", "")
            )
        )
        told = {"rule": acked.rule, "instance": acked.instance, "acked_by": acked.by, "comment": acked.comment}
        return json_reply({"v": 1, **told})

    async def unack(self, request: Request) -> Reply:
        """Repeats go on."""
        given = _texts(request, needed=("rule", "instance"))
        rule, instance = given["rule"], given["instance"]
        was = await self._changes.do(lambda db: acks.withdraw(db, rule, instance, self._changes.by))
        return json_reply({"v": 1, "rule": rule, "instance": instance, "was_acked": was})

    async def silence(self, request: Request) -> Reply:
        """Nobody is told for a while of what matches."""
        given = _texts(request, needed=("duration", "comment"), optional=("rule", "instance", "severity"))
        until_at_ms = self._clock.now_ms() + _duration_ms(given["duration"])

        def work(db: "Db") -> Silence:
            return silences.add(
                db,
                self._changes.by,
                rule=given.get("rule", "*"),
                instance=given.get("instance", "*"),
                severity=given.get("severity", "*"),
                until_at_ms=until_at_ms,
                comment=given["comment"],
            )

        return json_reply({"v": 1, **silence_document(await self._changes.do(work))}, status=201)

    async def end_silence(self, request: Request) -> Reply:
        """The silence is over now."""
        number = request.params["number"]
        if not _NUMBER.fullmatch(number):
            raise NotFound("A silence has a number.")
        ended = await self._changes.do(lambda db: silences.end(db, int(number), self._changes.by))
        return json_reply({"v": 1, **silence_document(ended)})


def _texts(request: Request, *, needed: Collection[str], optional: Collection[str] = ()) -> Mapping[str, str]:
    """The fields of a body, all of them texts. Raises `BadJson`, and `BadRule` naming each field that is wrong."""
    found = object_of(request.body)
    wrong = [Problem(field=name, message="is missing") for name in needed if name not in found]
    texts: dict[str, str] = {}
    for name, value in found.items():
        if name not in needed and name not in optional:
            wrong.append(Problem(field=safe_text(name, limit=60), message="is not a field of this"))
        elif not isinstance(value, str) or len(value) > MOST_LETTERS:
            wrong.append(Problem(field=name, message=f"should be a text of at most {MOST_LETTERS} letters"))
        else:
            texts[name] = value
    if wrong:
        raise BadRule(wrong)
    return texts


def _duration_ms(text: str) -> int:
    try:
        return seconds_of(text) * 1000
    except Unreadable as error:
        raise BadRule([Problem(field="duration", message=str(error))]) from None
