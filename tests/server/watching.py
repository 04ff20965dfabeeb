"""A server with pages over a store that a test fills, and a client that speaks JSON."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenbot.clock import ManualClock
from greenbot.db.connect import Db, connect
from greenbot.metrics.keeper import Keeper
from greenbot.metrics.recorder import Recorder
from greenbot.overview import keeping_board
from tests.server.conftest import ADMIN, IDS, VIEWER, Answer, Desk, bearer, serving

API = "/api/v1/monitoring"
RULES = f"{API}/alerts/rules"
KNOWN = tuple(IDS)


@dataclass(kw_only=True)
class Watched:
    """The desk, its store, and what a service would count into it."""

    desk: Desk
    db: Db
    clock: ManualClock
    recorder: Recorder
    keeper: Keeper

    def turn(self) -> None:
        """Everything counted so far is in the store, rolled up, and on the board."""
        self.clock.advance(70)
        self.keeper.turn()
        self.keeper.turn()
        self.clock.advance(70)
        self.keeper.turn()

    async def get(self, path: str, *headers: str) -> Any:
        """The JSON behind a path, for a viewer."""
        answer = await self.ask("GET", path, *headers)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    async def ask(self, method: str, path: str, *headers: str) -> Answer:
        """One request of a viewer."""
        return await self.desk.ask(method, path, bearer(VIEWER), *headers)

    async def change(
        self, method: str, path: str, body: object = None, *headers: str, raw: bytes | None = None
    ) -> Answer:
        """One request of an admin."""
        sent = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        lines = ("Content-Type: application/json", *headers) if sent else headers
        return await self.desk.ask(method, path, bearer(ADMIN), *lines, body=sent)


def problem_of(answer: Answer) -> Mapping[str, Any]:
    """What an answer says went wrong."""
    found: Mapping[str, Any] = json.loads(answer.body)["error"]
    return found


@asynccontextmanager
async def watching(folder: Path) -> AsyncIterator[Watched]:
    """A server of this process over a store in `folder`."""
    async with serving(folder=folder) as desk:
        db = connect(folder / "greenbot.db", clock=desk.clock)
        recorder = Recorder(desk.clock)
        keeper = Keeper(
            db,
            clock=desk.clock,
            owner="this service",
            recorders=[recorder],
            alive=lambda: ["worker", "server"],
            prepare=keeping_board(lambda: KNOWN),
        )
        try:
            yield Watched(desk=desk, db=db, clock=desk.clock, recorder=recorder, keeper=keeper)
        finally:
            db.close()
