"""A store in which alerts fire, receivers that are real servers of this machine, and a teller in virtual time."""

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from greenbot.alerts import receivers, states
from greenbot.alerts.defaults import install
from greenbot.alerts.evaluate import Alert
from greenbot.alerts.notify.sources import Sources
from greenbot.alerts.notify.telling import Reach
from greenbot.alerts.table import get
from greenbot.alerts.teller import Teller
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db
from greenbot.outbound.guard import Policy, parse_allowed
from greenbot.outbox.owner import Owner


@dataclass
class Asked:
    """A request as the server saw it."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A target that answers as the test says, and remembers what it was asked."""

    url: str = ""
    status: int = 200
    reply: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(Asked(path=request.path_qs, headers=dict(request.headers), body=await request.read()))
        return web.Response(status=self.status, text=self.reply, headers=self.headers)


@pytest.fixture
async def server(aiohttp_server: Callable[..., Any]) -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", made.handle)
    made.url = str((await aiohttp_server(app)).make_url("/in"))
    yield made


@dataclass
class Mailbox:
    """A mail server that takes everything, or refuses with `refusal` where it stands."""

    port: int = 0
    mails: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink ESMTP\r\n")
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            self.lines.append(line)
            verb = line.partition(" ")[0].upper()
            writer.write((self.refusals.get(verb) or _ANSWERS.get(verb, "250 fine")).encode() + b"\r\n")
            await writer.drain()
            if verb == "DATA" and verb not in self.refusals:
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                writer.write(b"250 taken\r\n")
            elif verb == "STARTTLS" and self.tls is not None:
                await writer.start_tls(self.tls)
            elif verb == "QUIT":
                break
        writer.close()


_ANSWERS = {
    "EHLO": "250-sink\r\n250-STARTTLS\r\n250 AUTH PLAIN", "DATA": "354 go on", "STARTTLS": "220 go on",
    "AUTH": "235 welcome", "QUIT": "221 bye",
}  # fmt: skip


@asynccontextmanager
async def mail_server(mailbox: Mailbox, *, tls_from_the_start: bool = False) -> AsyncIterator[Mailbox]:
    sink = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0, ssl=mailbox.tls if tls_from_the_start else None)
    mailbox.port = sink.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        sink.close()


@dataclass
class House:
    """The store, and short ways to let things happen in it."""

    db: Db
    clock: ManualClock
    owner: Owner
    by: Operator
    reach: Reach
    news: list[tuple[str, str]] = field(default_factory=list)
    teller_: Teller | None = None

    @property
    def teller(self) -> Teller:
        if self.teller_ is None:
            self.restart()
        assert self.teller_ is not None
        return self.teller_

    def restart(self) -> None:
        """A fresh process: all it knows has to be in the store."""
        self.teller_ = Teller(
            self.db, owner=self.owner, clock=self.clock, rng=random.Random(7), reach=self.reach,
            on_news=lambda who, words: self.news.append((who, words)),
        )  # fmt: skip

    def add(self, name: str = "ops", kind: str = "webhook", **fields: Any) -> receivers.Receiver:
        fields = {"default": True} | fields
        return receivers.add(self.db, receivers.receiver_from({"name": name, "kind": kind, **fields}), self.by)

    def fire(self, rule: str = "high_error_rate", *instances: str, value: float = 42.0) -> None:
        self._move(rule, instances or ("kyiv",), "firing", "value", value)

    def resolve(self, rule: str = "high_error_rate", *instances: str, reason: str = "recovered") -> None:
        self._move(rule, instances or ("kyiv",), "resolved", reason, 1.0)

    def repeat(self, rule: str = "high_error_rate", instance: str = "kyiv") -> None:
        kept = states.load(self.db)[rule, instance]
        with self.db.write() as tx:
            again = states.Kept(alert=kept.alert, sequence=kept.sequence + 1, notified_at_ms=self.clock.now_ms())
            states.write_notice(tx, get(tx, rule), instance, "repeat", again, self.clock.now_ms(), reason="value")
            states.save(tx, get(tx, rule), instance, again)

    def _move(self, rule: str, instances: tuple[str, ...], state: Any, reason: str, value: float) -> None:
        now = self.clock.now_ms()
        with self.db.write() as tx:
            stored = get(tx, rule)
            for instance in instances:
                before = states.load(tx).get((rule, instance))
                since = now if state == "firing" or before is None else before.alert.active_since_ms
                fired = now if state == "firing" or before is None else before.alert.firing_since_ms
                alert = Alert(
                    rule_version=stored.version, state=state, since_at_ms=now, active_since_ms=since,
                    firing_since_ms=fired, value=value,
                )  # fmt: skip
                kept = states.Kept(alert=alert, notified_at_ms=now)
                states.write_notice(tx, stored, instance, state, kept, now, reason=reason, n=50, bad=21)
                states.save(tx, stored, instance, kept)

    async def after(self, seconds: float) -> int:
        """Let time pass, then tell what is due."""
        self.clock.advance(seconds)
        return await self.teller.once()

    def rows(self, table: str = "notice_deliveries") -> list[tuple[Any, ...]]:
        columns = "receiver, state" if table == "notice_deliveries" else "kind, instance, state, is_open"
        return [tuple(row) for row in self.db.all(f"select {columns} from {table} order by id")]


@pytest.fixture
def house(tmp_path: Path, db: Db, clock: ManualClock, by: Operator) -> Iterator[House]:
    install(db, clock)
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    environ = {"PATH": "/usr/bin:/bin", "GREEN_API_TOKEN": "do-not-show-this"}
    allowed = Policy(allow=(parse_allowed("127.0.0.1"),))
    with Owner(tmp_path / "run", owner_id="me") as owner:
        reach = Reach(
            clock=clock, sources=Sources(environ=environ, folder=secrets), policy=lambda: allowed, environ=environ,
            db=db, instances=lambda: ("kyiv", "odesa"),
        )  # fmt: skip
        yield House(db=db, clock=clock, owner=owner, by=by, reach=reach)


@pytest.fixture
def secret(tmp_path: Path) -> Callable[[str, str], str]:
    def store(name: str, value: str) -> str:
        path = tmp_path / "secrets" / name
        path.write_text(value + "\n")
        path.chmod(0o600)
        return str(path)

    return store
