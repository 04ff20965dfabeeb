"""A server of this process with every kind of route, and a client that says exactly the bytes it is told to."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from greenbot.clock import ManualClock
from greenbot.db.connect import connect
from greenbot.errors import GreenbotError
from greenbot.inbox.arrival import Arrival, Kept
from greenbot.inbox.states import State
from greenbot.redact import Secret
from greenbot.server.auth import Credentials, Tokens
from greenbot.server.exchange import Reply, Request
from greenbot.server.gate import Gate
from greenbot.server.limits import Limits
from greenbot.server.listener import Server, bind
from greenbot.server.origin import Hosts, networks_of
from greenbot.server.policy import Policy, Route, Routes
from greenbot.server.probes import add_routes as add_probes
from greenbot.server.webhooks import PATH, Webhooks
from greenbot.serving.pages import add_pages

KYIV = "webhook-token-of-kyiv-1"
KYIV_OLD = "webhook-token-of-kyiv-0"
COAST = "webhook-token-of-coast-1"
VIEWER = "viewer-token-of-the-hotel"
ADMIN = "admin-token-of-the-hotel"
RELAY = "relay-secret-of-the-hotel"
IDS = {"kyiv": "1101000001", "coast": "1101000002"}
TOKENS = Tokens(
    webhook={"kyiv": (Secret(KYIV), Secret(KYIV_OLD)), "coast": (Secret(COAST),)},
    viewer=Secret(VIEWER),
    admin=Secret(ADMIN),
    relay=Secret(RELAY),
    standard=Secret("whsec_c2VjcmV0IG9mIHRoZSByZWxheQ=="),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(kw_only=True)
class Desk:
    """The running server, what it was given to keep, and what it said."""

    server: Server
    routes: Routes
    gate: Gate
    clock: ManualClock
    port: int = 0
    kept: list[Arrival] = field(default_factory=list)
    news: list[tuple[str, str]] = field(default_factory=list)
    bugs: list[BaseException] = field(default_factory=list)
    failures: list[GreenbotError] = field(default_factory=list)
    #: Raised instead of keeping.
    trouble: GreenbotError | None = None
    #: Keeping waits for it.
    open: asyncio.Event = field(default_factory=asyncio.Event)

    keeping: set["asyncio.Task[object]"] = field(default_factory=set)
    #: Events that were handed over to be kept.
    asked: int = 0

    def submit(self, arrival: Arrival, answer: Callable[[Kept | Exception], None]) -> None:
        self.asked += 1
        if self.open.is_set():
            answer(self._kept(arrival))
            return
        keeping = asyncio.create_task(self.open.wait())
        self.keeping.add(keeping)
        keeping.add_done_callback(self.keeping.discard)
        keeping.add_done_callback(lambda _: answer(self._kept(arrival)))

    def _kept(self, arrival: Arrival) -> Kept | Exception:
        if self.trouble is not None:
            return self.trouble
        self.kept.append(arrival)
        return Kept(event_id=len(self.kept), is_duplicate=False, state=State.STORED)

    async def say(self, raw: bytes, *, then_close: bool = True) -> bytes:
        """Everything the server answers to these bytes until it closes the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(raw)
            if then_close:
                writer.write_eof()
            return await asyncio.wait_for(reader.read(), 30)
        except ConnectionError:
            return b""  # it was cut off
        finally:
            writer.close()

    async def ask(self, method: str, path: str, *headers: str | bytes, body: bytes = b"") -> Answer:
        """One request with these header lines."""
        lines: list[bytes] = [f"{method} {path} HTTP/1.1".encode()]
        given = [line if isinstance(line, bytes) else line.encode() for line in headers]
        if not any(line.lower().startswith(b"host:") for line in given):
            lines.append(b"Host: localhost")
        if body:
            lines.append(b"Content-Length: %d" % len(body))
        raw = b"\r\n".join([*lines, *given, b"Connection: close", b"", b""])
        return answer_of(await self.say(raw + body, then_close=False))

    async def webhook(self, body: bytes, *headers: str | bytes, path: str = PATH) -> Answer:
        return await self.ask("POST", path, *headers, body=body)


def answer_of(raw: bytes) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return Answer(status=int(lines[0].split(" ")[1]), headers=headers, body=body)


def statuses(raw: bytes) -> list[int]:
    """The status of every answer in what a connection said."""
    return [int(found) for found in re.findall(rb"^HTTP/1\.1 (\d{3}) ", raw, re.MULTILINE)]


def bearer(token: str) -> str:
    return f"Authorization: Bearer {token}"


def event(instance_id: str = "1101000001", text: str = "Is the pool open?") -> bytes:
    return (
        f'{{"typeWebhook":"incomingMessageReceived","instanceData":{{"idInstance":{instance_id}}},'
        f'"timestamp":1790000000,"idMessage":"A1","senderData":{{"chatId":"380441234567@c.us"}},'
        f'"messageData":{{"typeMessage":"textMessage","textMessageData":{{"textMessage":"{text}"}}}}}}'
    ).encode()


def pages(routes: Routes) -> None:
    """A page for the viewer, a switch for the admin, and one that has a bug."""

    def show(request: Request) -> Reply:
        return Reply(body=b"figures")

    async def change(request: Request) -> Reply:
        return Reply(body=request.body + (request.identity.role or "").encode())

    async def breaks(request: Request) -> Reply:
        raise RuntimeError("a bug with a secret-looking word")

    routes.add(Route(method="GET", path="/figures", policy=Policy.VIEWER, handler=show))
    routes.add(Route(method="GET", path="/figures/{name}", policy=Policy.VIEWER, handler=show))
    routes.add(Route(method="PUT", path="/rules/{name}", policy=Policy.ADMIN, handler=change))
    routes.add(Route(method="DELETE", path="/rules/{name}", policy=Policy.ADMIN, handler=change))
    routes.add(Route(method="GET", path="/broken", policy=Policy.OPEN, handler=breaks))


@asynccontextmanager
async def serving(
    *, limits: Limits | None = None, trusted: tuple[str, ...] = (), tokens: Tokens = TOKENS, folder: Path | None = None
) -> AsyncIterator[Desk]:
    """A server on a free port, with a desk that keeps what it receives; its pages show the store in `folder`."""
    clock, routes, chosen = ManualClock(), Routes(), limits or Limits()
    networks = networks_of(trusted)
    gate = Gate(
        routes,
        Credentials(tokens),
        hosts=Hosts(["greenbot.example"], bound_to="127.0.0.1"),
        trusted=networks,
        limits=chosen,
        clock=clock,
    )
    sockets = bind("127.0.0.1", 0)
    bugs: list[BaseException] = []

    def on_bug(error: BaseException) -> str:
        bugs.append(error)
        return "b0b0"

    server = Server(sockets, gate, clock=clock, on_bug=on_bug, limits=chosen, trusted=networks, drain_seconds=20)
    desk = Desk(server=server, routes=routes, gate=gate, clock=clock, bugs=bugs)
    desk.open.set()
    desk.port = sockets[0].getsockname()[1]
    webhooks = Webhooks(
        desk.submit,
        ids=lambda: IDS,
        clock=clock,
        on_news=lambda who, words: desk.news.append((who, words)),
        on_failure=desk.failures.append,
    )
    webhooks.add_routes(routes)
    add_probes(routes, lambda: True)
    pages(routes)
    own = TemporaryDirectory()
    store = (folder or Path(own.name)) / "greenbot.db"
    reader = add_pages(routes, lambda: connect(store, clock=clock), clock, lambda: IDS)
    running = asyncio.create_task(server.run())
    try:
        yield desk
    finally:
        desk.open.set()
        server.stop()
        server.stop()
        await running
        server.close()
        reader.close()
        own.cleanup()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with serving() as running:
        yield running


async def until(true: Callable[[], object]) -> None:
    """Look again until it is so."""
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.005)
