"""The rules of alerts over HTTP: viewers look, admins change, each change one transaction with its audit."""

from dataclasses import replace
from typing import TYPE_CHECKING

from greenbot.alerts import defaults, table
from greenbot.alerts.fields import BadRule, Problem, every_field_of, rule_from
from greenbot.alerts.rule import Rule
from greenbot.clock import Clock, iso_utc
from greenbot.server.answers import answering, document_reply, encoded, json_reply
from greenbot.server.changes import Changes
from greenbot.server.conditional import fresh, is_met
from greenbot.server.exchange import Reply, Request
from greenbot.server.monitoring import PATH as MONITORING
from greenbot.server.policy import Policy, Route, Routes
from greenbot.server.reader import Reader
from greenbot.server.strict_json import object_of

if TYPE_CHECKING:
    from greenbot.db.connect import Db

PATH = f"{MONITORING}/alerts/rules"
ONE = f"{PATH}/{{name}}"


class RulesApi:
    """GET, POST, PUT, DELETE, enable and disable. A tag names one state of one rule: If-Match refuses an older one."""

    def __init__(self, reader: Reader, changes: Changes, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._changes = changes

    def add_routes(self, routes: Routes) -> None:
        """Register all of it."""
        for path, handler in ((PATH, self.all), (ONE, self.one)):
            routes.add(Route(method="GET", path=path, policy=Policy.VIEWER, handler=answering(handler)))
        for method, path, change in (
            ("POST", PATH, self.add),
            ("PUT", ONE, self.change),
            ("DELETE", ONE, self.remove),
            ("POST", f"{ONE}/enable", self.enable),
            ("POST", f"{ONE}/disable", self.disable),
        ):
            self._changes.add(routes, method, path, change)

    async def all(self, request: Request) -> Reply:
        """Every rule, by name."""

        def look(db: "Db") -> bytes:
            defaults.install(db, self._clock)
            return encoded({"v": 1, "rules": [rule_document(rule) for rule in table.all_of(db)]})

        return fresh(request, document_reply(await self._reader.read("rules", look)))

    async def one(self, request: Request) -> Reply:
        """One rule with its tag."""

        def look(db: "Db") -> Rule:
            defaults.install(db, self._clock)
            return table.get(db, request.params["name"])

        return fresh(request, _told(await self._reader.do(look)))

    async def add(self, request: Request) -> Reply:
        """A new rule: 201 with where it is, 409 when its name is taken."""
        rule = rule_from(object_of(request.body))
        added = await self._changes.do(lambda db: table.add(db, rule, self._changes.by))
        return _told(added, status=201, location=f"{PATH}/{added.name}")

    async def change(self, request: Request) -> Reply:
        """The rule says what the body says; what the body leaves out becomes ordinary."""
        name = request.params["name"]
        fields = {"name": name, **object_of(request.body)}
        if fields["name"] != name:
            raise BadRule([Problem(field="name", message=f"cannot change: this is {name[:63]}")])
        wanted = rule_from(fields)

        def work(db: "Db") -> Rule:
            with db.write() as tx:
                before = _expected(table.get(tx, name), request)
                return table.change_in(tx, _with_origin(wanted, before), self._changes.by)

        return _told(await self._changes.do(work))

    async def remove(self, request: Request) -> Reply:
        """The rule is gone, and its alerts with it."""
        name = request.params["name"]

        def work(db: "Db") -> int:
            with db.write() as tx:
                _expected(table.get(tx, name), request)
                return table.remove_in(tx, name, self._changes.by)

        return json_reply({"v": 1, "removed": name, "ended_alerts": await self._changes.do(work)})

    async def enable(self, request: Request) -> Reply:
        """The rule is looked at again."""
        return await self._switch(request, enabled=True)

    async def disable(self, request: Request) -> Reply:
        """The rule is no longer looked at; its alerts end."""
        return await self._switch(request, enabled=False)

    async def _switch(self, request: Request, *, enabled: bool) -> Reply:
        def work(db: "Db") -> Rule:
            with db.write() as tx:
                before = _expected(table.get(tx, request.params["name"]), request)
                return table.change_in(tx, replace(before, enabled=enabled), self._changes.by)

        return _told(await self._changes.do(work))


def rule_document(rule: Rule) -> dict[str, object]:
    """A rule: `rule` is what can be sent back, the rest is about it."""
    return {
        "rule": every_field_of(rule),
        "etag": rule_tag(rule),
        "version": rule.version,
        "origin": rule.origin,
        "created_at": iso_utc(rule.created_at_ms),
        "changed_at": iso_utc(rule.changed_at_ms),
        "changed_by": rule.changed_by,
    }


def rule_tag(rule: Rule) -> str:
    """Names this state of this rule; one of the same name that was made later has other tags."""
    return f'"{rule.created_at_ms:x}-{rule.edition}"'


def _expected(rule: Rule, request: Request) -> Rule:
    """The rule, if it is the one its changer saw. Raises `Conflict`."""
    if not is_met(request, rule_tag(rule)):
        raise table.Conflict(
            f"The alert rule {rule.name} was changed by {rule.changed_by} meanwhile; nothing was done.",
            hint=f"Read it again, and say its new tag: If-Match: {rule_tag(rule)}",
        )
    return rule


def _with_origin(wanted: Rule, before: Rule) -> Rule:
    return replace(wanted, origin=before.origin)


def _told(rule: Rule, *, status: int = 200, location: str | None = None) -> Reply:
    headers = {"ETag": rule_tag(rule)} | ({} if location is None else {"Location": location})
    return json_reply({"v": 1, **rule_document(rule)}, status=status, headers=headers)
