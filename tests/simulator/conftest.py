"""One running simulator per test, on loopback, with virtual time and a fixed seed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import aiohttp
import pytest

from greenbot.simulator.clock import SimClock
from greenbot.simulator.server import RunningSimulator, start
from greenbot.simulator.world import Instance, World

ID_INSTANCE = 1101000001
TOKEN = "d75b3a66374942c5b3c019c698abc2067e151558acbd412345"
PARTNER_TOKEN = "gac.1234567891234567891234567891213456789"
START = 1_700_000_000.0
GUEST = "11001234568@c.us"
OTHER_GUEST = "11001234569@c.us"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read completely."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> object:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(slots=True)
class Api:
    """Calls one instance of a running simulator the way any HTTP client would."""

    session: aiohttp.ClientSession
    url: str
    media_url: str
    id_instance: int = ID_INSTANCE
    token: str = TOKEN

    async def request(self, verb: str, url: str, **options: object) -> Answer:
        """Send any request, e.g. `request("GET", f"{api.url}/_sim/state")`."""
        async with self.session.request(verb, url, **options) as response:  # type: ignore[arg-type]  # free options
            return Answer(response.status, await response.read(), response.headers)

    async def get(self, method: str, **query: str) -> Answer:
        """GET a method with query parameters."""
        return await self.request("GET", self.method_url(method), params=query)

    async def post(self, method: str, body: object = None) -> Answer:
        """POST a method with a JSON body."""
        return await self.request("POST", self.method_url(method), json={} if body is None else body)

    async def delete(self, method: str, tail: str = "") -> Answer:
        """DELETE a method; `tail` is appended after the token, e.g. `/1234`."""
        return await self.request("DELETE", self.method_url(method) + tail)

    async def form(self, method: str, fields: Mapping[str, object]) -> Answer:
        """POST multipart/form-data to the media host; bytes become a file named photo.jpg."""
        form = aiohttp.FormData()
        for name, value in fields.items():
            if isinstance(value, bytes):
                form.add_field(name, value, filename="photo.jpg", content_type="image/jpeg")
            else:
                form.add_field(name, str(value))
        return await self.request("POST", self.method_url(method, host=self.media_url), data=form)

    def method_url(self, method: str, *, host: str | None = None) -> str:
        """The full URL of a method of this instance."""
        return f"{host or self.url}/waInstance{self.id_instance}/{method}/{self.token}"


@pytest.fixture
def clock() -> SimClock:
    return SimClock(start=START, virtual=True)


@pytest.fixture
def world(clock: SimClock) -> World:
    return World(clock=clock, seed=7, partner_tokens={PARTNER_TOKEN})


@pytest.fixture
async def simulator(world: World) -> AsyncIterator[RunningSimulator]:
    running = await start(world)
    yield running
    await running.stop()


@pytest.fixture
async def instance(simulator: RunningSimulator) -> Instance:
    """An authorized instance of the business tariff, without rate limits in the way."""
    made = simulator.world.add_instance(id_instance=ID_INSTANCE, token=TOKEN, name="Seaside")
    made.knobs.enforce_limits = False
    return made


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def api(simulator: RunningSimulator, instance: Instance, session: aiohttp.ClientSession) -> Api:
    return Api(session, simulator.api_url, simulator.media_url)
