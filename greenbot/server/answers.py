"""JSON answers, and what goes wrong told as JSON: what, why, what to do next, and which field."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from greenbot.alerts.fields import BadRule, Problem
from greenbot.alerts.table import Conflict, RuleExists
from greenbot.errors import Busy, GreenbotError, NotFound, Refused, StoreError, UsageError
from greenbot.server.conditional import tag_of
from greenbot.server.exchange import Reply, Request
from greenbot.server.strict_json import BadJson

JSON = "application/json; charset=utf-8"
Answering = Callable[[Request], Awaitable[Reply]]
#: The first that fits.
_STATUSES: tuple[tuple[type[GreenbotError], int], ...] = (
    (NotFound, 404),
    (RuleExists, 409),
    (Conflict, 412),
    (UsageError, 422),
    (Refused, 409),
    (Busy, 503),
    (StoreError, 503),
)


def encoded(document: object) -> bytes:
    """A document as it goes over the wire."""
    return msgspec.json.encode(document) + b"\n"


def json_reply(document: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON answer."""
    return Reply(status=status, body=encoded(document), content_type=JSON, headers=headers or {})


def document_reply(body: bytes) -> Reply:
    """A JSON document with the tag by which it can be asked for again."""
    return Reply(body=body, content_type=JSON, headers={"ETag": tag_of(body)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A document that says of what moment it is, and the tag of all the rest: as long as only time passes, it stays."""

    body: bytes
    tag: str


def told(document: Mapping[str, object]) -> Told:
    """A document ready to be sent. The tag is weak: two bodies with the same tag may differ in `at` and `at_ms`."""
    timeless = {name: value for name, value in document.items() if name not in ("at", "at_ms")}
    return Told(body=encoded(document), tag=f"W/{tag_of(encoded(timeless))}")


def told_reply(document: Told) -> Reply:
    """The answer that carries it."""
    return Reply(body=document.body, content_type=JSON, headers={"ETag": document.tag})


def problem_reply(
    status: int,
    code: str,
    message: str,
    *,
    hint: str | None = None,
    fields: Iterable[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """What went wrong, and in which fields."""
    told: dict[str, object] = {"code": code, "message": message, "hint": hint}
    wrong = [{"field": problem.field, "message": problem.message} for problem in fields]
    if wrong:
        told["fields"] = wrong
    return json_reply({"error": told}, status=status, headers=headers)


def invalid(problems: Iterable[Problem]) -> Reply:
    """422, naming each field."""
    found = list(problems)
    return problem_reply(422, "invalid", "; ".join(map(str, found)) + ".", fields=found)


def answering(handler: Answering) -> Answering:
    """The handler with its errors told as JSON; what nobody expected goes on to the server's border."""

    async def answer(request: Request) -> Reply:
        try:
            return await handler(request)
        except BadJson as error:
            return invalid([Problem(field=error.field, message=str(error))])
        except BadRule as error:
            return invalid(error.problems)
        except GreenbotError as error:
            return _told(error)

    return answer


def _told(error: GreenbotError) -> Reply:
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()
    if status >= 500:
        # Why the store cannot be used is for whoever can see the machine.
        headers = {"Retry-After": "1"} if status == 503 else None
        return problem_reply(status, code, "The store cannot be used at this moment.", headers=headers)
    return problem_reply(status, code, str(error), hint=error.hint)
