"""The page on a real server of this process, with an overview that the test sets: what it shows is what is proved."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from greenbot.board import InstanceView, Standing
from greenbot.clock import SystemClock
from greenbot.metrics.now import Figures, Minute
from greenbot.overview import AlertView, MessageView, Overview, Part
from greenbot.overview_json import overview_document
from greenbot.redact import Secret
from greenbot.server.auth import Credentials, Tokens
from greenbot.server.exchange import Reply, Request
from greenbot.server.gate import Gate
from greenbot.server.limits import Limits
from greenbot.server.listener import Server, bind
from greenbot.server.origin import Hosts
from greenbot.server.page.routes import PAGE, add_routes
from greenbot.server.policy import Policy, Route, Routes

VIEWER = "viewer-token-of-the-hotel"
ADMIN = "admin-token-of-the-hotel"
METRICS = "/api/v1/monitoring/metrics"
ACTIONS = ("alerts/ack", "alerts/unack", "alerts/silences")
HOTELS = (
    "Astoria",
    "Kyiv Palace",
    "Sea View",
    "Old Town",
    "Garden",
    "Station",
    "Harbour",
    "Mountain Lodge",
    "Riverside",
)


def figures(rng: random.Random, *, busy: float = 1.0, failing: float = 0.0) -> Figures:
    """Five plausible minutes."""
    calls = int(rng.randrange(20, 90) * busy)
    sent = int(calls * 0.6)
    return Figures(
        calls=calls,
        failed_calls=int(calls * failing),
        p50_ms=rng.randrange(90, 180),
        p95_ms=rng.randrange(260, 700),
        p99_ms=rng.randrange(800, 1900),
        mean_ms=160,
        last_call_at_ms=1_790_000_000_000 - rng.randrange(1, 200_000),
        messages=sent,
        accepted=sent,
        delivered=int(sent * 0.93),
        departed=sent,
        delivery_mean_ms=rng.randrange(900, 4000),
        events=int(rng.randrange(30, 120) * busy),
        rate_limited=0,
        waits=int(3 * busy),
        waited_ms=int(1800 * busy),
    )


def _name(number: int) -> str:
    hotel = HOTELS[number % len(HOTELS)].lower().replace(" ", "-")
    return hotel if number < len(HOTELS) else f"{hotel}-{number // len(HOTELS) + 1}"


def _instance(rng: random.Random, name: str, standing: Standing) -> InstanceView:
    words = {
        "down": ("not_sendable", "notAuthorized", "the phone is not linked"),
        "trouble": ("degraded", "authorized", ""),
        "waiting": ("authorized", "authorized", ""),
        "fine": ("authorized", "authorized", ""),
        "silent": ("unknown", "", ""),
    }
    health, account, reason = words[standing]
    failing = {"down": 0.9, "trouble": 0.18}.get(standing, 0.0)
    queued = rng.randrange(4, 60) if standing in ("down", "waiting") else 0
    return InstanceView(
        name=name,
        standing=standing,
        health=health,
        account=account,
        reason=reason,
        since_at_ms=None,
        figures=Figures() if standing == "silent" else figures(rng, failing=failing),
        queued=queued,
        oldest_age_ms=queued * 11_000 or None,
        breakers={"api.green-api.com": "open"} if standing == "trouble" else {},
        alerts=1 if standing in ("down", "trouble") else 0,
    )


def _minutes(rng: random.Random, at_ms: int, failing: float) -> list[Minute]:
    first = at_ms // 60_000 * 60 - 59 * 60
    base = 110.0
    minutes = []
    for number in range(60):
        base += rng.uniform(-6, 6.5) + (14 if failing and number > 48 else 0)
        p50 = max(60, round(base))
        messages = rng.randrange(14, 30)
        minutes.append(
            Minute(
                at_s=first + number * 60,
                calls=messages * 2,
                failed_calls=rng.randrange(0, 3),
                p50_ms=p50,
                p95_ms=round(p50 * rng.uniform(2.2, 2.9)),
                p99_ms=round(p50 * rng.uniform(3.6, 5.2)),
                messages=messages,
                failed_messages=rng.randrange(2, 7) if failing and number > 48 else 0,
                events=rng.randrange(20, 42),
            )
        )
    return minutes


def _alert(rule: str, instance: str, severity: str, *, at_ms: int, state: str = "firing", **more: object) -> AlertView:
    fields: dict[str, object] = {"metric": "error_rate", "threshold": 10.0, "value": 18.2, "acked_by": None} | more
    return AlertView(
        rule=rule, instance=instance, state=state, severity=severity, op=">", since_at_ms=at_ms, reason="",
        description="", **fields,  # type: ignore[arg-type]  # a test's own words
    )  # fmt: skip


def firing_alerts(at_ms: int) -> list[AlertView]:
    """Three alerts of three kinds."""
    return [
        _alert("instance_not_sendable", "astoria", "critical", at_ms=at_ms - 420_000, metric="instance_not_sendable",
               threshold=0.0, value=1.0),
        _alert("error_rate", "kyiv-palace", "high", at_ms=at_ms - 95_000, acked_by="Olena"),
        _alert("response_time", "*", "medium", at_ms=at_ms - 30_000, state="pending", metric="response_time_p95",
               threshold=5000.0, value=5200.0),
    ]  # fmt: skip


def overview(count: int, *, at_ms: int = 1_790_000_000_000, firing: bool = False, seed: int = 7) -> Overview:
    """A fleet of so many instances, the worst first."""
    rng = random.Random(seed)
    standings: Sequence[Standing] = ("down", "trouble", "waiting", "fine", "fine", "fine", "fine", "fine", "silent")
    bad: Sequence[Standing] = ("down", "trouble", "fine")
    chosen: list[Standing] = [
        (bad[number] if number < 3 else standings[(number * 7) % 9] if count > 20 else "fine") if firing else "fine"
        for number in range(count)
    ]
    if not firing and count > 20:
        chosen = ["waiting" if number < 4 else "silent" if number > count - 9 else "fine" for number in range(count)]
    order = ("down", "trouble", "waiting", "fine", "silent")
    views = [_instance(rng, _name(number), standing) for number, standing in enumerate(chosen)]
    views.sort(key=lambda view: order.index(view.standing))
    alive = count > 0
    return Overview(
        at_ms=at_ms,
        figures_at_ms=at_ms - 4000,
        fleet=figures(rng, busy=count * 0.9, failing=0.06 if firing else 0.0) if alive else Figures(),
        instances=views,
        alerts=firing_alerts(at_ms) if firing else [],
        messages=[],
        problems=_problems(at_ms) if firing else [],
        events=[],
        trend=_minutes(rng, at_ms, failing=1.0 if firing else 0.0) if alive else [],
        errors=(("503 http_503", 412), ("- connect_failed", 96), ("429 rate_limited", 31), ("466 quota", 4))
        if firing
        else (("429 rate_limited", 2),)
        if alive
        else (),
        event_types=(("incomingMessageReceived", 812), ("outgoingMessageStatus", 640), ("stateInstanceChanged", 9))
        if alive
        else (),
        parts=[Part(name=name, seen_at_ms=at_ms - 3000, alive=True) for name in ("worker", "processor", "evaluator")],
        queued=sum(view.queued for view in views),
        uncertain=2 if firing else 0,
        stalled=0,
        oldest_age_ms=max((view.oldest_age_ms or 0 for view in views), default=0) or None,
        events_waiting=3 if alive else 0,
        events_dead=0,
        events_quarantined=0,
    )


def _problems(at_ms: int) -> list[MessageView]:
    found = [
        ("failed", "http_403", 30_000),
        ("uncertain", "read_timeout", 200_000),
        ("uncertain", "connection_lost", 900_000),
    ]
    return [
        MessageView(id=4210 - number, instance="astoria", chat_id="380441234567@c.us", kind="text", state=state,
                    at_ms=at_ms - age_ms, reason=reason)
        for number, (state, reason, age_ms) in enumerate(found)
    ]  # fmt: skip


@dataclass(kw_only=True)
class Stage:
    """The running page: what it shows, and what was done on it."""

    shown: Overview
    port: int = 0
    #: Extra bytes put in place of the JSON, for what no overview of ours would hold.
    raw: bytes | None = None
    acts: list[tuple[str, object]] = field(default_factory=list)
    asked: int = 0
    unchanged: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def page(self) -> str:
        return self.url + PAGE

    def metrics(self, request: Request) -> Reply:
        self.asked += 1
        body = self.raw or json.dumps(overview_document(self.shown)).encode()
        etag = f'"{sha256(body).hexdigest()[:16]}"'
        if request.head.headers.get(b"if-none-match") == etag.encode():
            self.unchanged += 1
            return Reply(status=304, headers={"ETag": etag})
        return Reply(body=body, content_type="application/json", headers={"ETag": etag})

    def act(self, request: Request) -> Reply:
        self.acts.append((request.head.path, json.loads(request.body)))
        return Reply(body=b"{}", content_type="application/json")


@asynccontextmanager
async def staging(shown: Overview, *, port: int = 0, viewer: str = VIEWER) -> AsyncIterator[Stage]:
    """The page's own routes behind the real gate, with an overview in place of a store's."""
    stage, routes, clock = Stage(shown=shown), Routes(), SystemClock()
    add_routes(routes, clock)
    routes.add(Route(method="GET", path=METRICS, policy=Policy.VIEWER, handler=stage.metrics))
    for action in ACTIONS:
        path = f"/api/v1/monitoring/{action}"
        routes.add(Route(method="POST", path=path, policy=Policy.ADMIN, handler=stage.act))
    tokens = Tokens(webhook={}, viewer=Secret(viewer), admin=Secret(ADMIN))
    hosts, limits = Hosts([], bound_to="127.0.0.1"), Limits()
    gate = Gate(routes, Credentials(tokens), hosts=hosts, trusted=(), limits=limits, clock=clock)
    bugs: list[BaseException] = []

    def on_bug(error: BaseException) -> str:
        bugs.append(error)
        return "b0b0"

    sockets = bind("127.0.0.1", port)
    stage.port = sockets[0].getsockname()[1]
    server = Server(sockets, gate, clock=clock, on_bug=on_bug, drain_seconds=1)
    running = asyncio.create_task(server.run())
    try:
        yield stage
    finally:
        server.stop()
        server.stop()
        await running
        server.close()
        assert bugs == []
