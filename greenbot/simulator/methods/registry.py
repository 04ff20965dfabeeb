"""The table of simulated methods: name, verb, host, and what an instance must be to serve them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from aiohttp import web

if TYPE_CHECKING:
    from greenbot.simulator.world import Instance, World

Host = Literal["api", "media"]
# `any`: works in every state. `running`: refused while the instance starts (sends queue up in all other
# states). `linked`: needs a linked phone.
Needs = Literal["any", "running", "linked"]
Body = Literal["json", "form", "raw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """One file of a multipart or raw upload, held in memory."""

    file_name: str
    mime_type: str
    content: bytes


@dataclass(slots=True, kw_only=True)
class Call:
    """One request that passed token, verb, rate and state checks, ready to be executed.

    `params` is the parsed JSON body or the text fields of a form, `query` the query string, `receipt` the
    path segment after the token ("" when there is none).
    """

    world: World
    instance: Instance
    request: web.Request
    params: dict[str, object] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    files: dict[str, FilePart] = field(default_factory=dict)
    receipt: str = ""

    @property
    def now(self) -> float:
        """Simulated unix seconds."""
        return self.world.clock.now()


# A dict or a list becomes JSON, None the JSON literal null, bytes the raw body (empty 200 answers); a
# WebSocket has already been served.
Answer = dict[str, object] | list[object] | bytes | None | web.WebSocketResponse
Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How one method is reached and what runs it; `handler` None means archived (403)."""

    name: str
    verb: str
    host: Host
    needs: Needs
    body: Body
    handler: Handler | None


METHODS: dict[str, Method] = {}


def method(
    name: str, *, verb: str = "GET", host: Host = "api", needs: Needs = "linked", body: Body = "json"
) -> Callable[[Handler], Handler]:
    """Register the decorated coroutine as the handler of a method; names match without regard to case."""

    def register(handler: Handler) -> Handler:
        METHODS[name.lower()] = Method(name=name, verb=verb, host=host, needs=needs, body=body, handler=handler)
        return handler

    return register


def archive(name: str, *, verb: str) -> None:
    """Register a method that GREEN-API has archived: it answers 403."""
    METHODS[name.lower()] = Method(name=name, verb=verb, host="api", needs="any", body="json", handler=None)
