"""The client of a simulated process: what the wire does to a call, told as the facts a real client sees."""

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from greenbot.api.endpoint import Endpoint
from greenbot.api.facts import Failure, Reply
from greenbot.api.outcome import Outcome, classify
from tests.outbox.simulation.faults import LATEST_SECONDS, Faults
from tests.outbox.simulation.greenapi import Remote

if TYPE_CHECKING:
    from tests.outbox.simulation.process import Process

READ_SECONDS = 60.0
REFUSED = Failure(stage="before_request", kind="connect")
LOST = Failure(stage="after_first_byte", kind="read")
SILENT = Failure(stage="after_first_byte", kind="timeout")


def reply(body: object, status: int = 200) -> Reply:
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    return Reply(status=status, headers={"content-type": kind}, body=text.encode())


STORMY: dict[str, Reply | Failure] = {
    "refused": REFUSED,
    "unavailable": reply("<h1>503</h1>", 503),
    "too_many": reply({"message": "Too Many Requests"}, 429),
    "silent": SILENT,
    "forbidden": reply({"message": "Unauthorized"}, 401),
}


class Line:
    """One process's way to one instance."""

    def __init__(self, process: "Process", remote: Remote, faults: Faults) -> None:
        self._process = process
        self._remote = remote
        self._faults = faults

    async def exchange(
        self, endpoint: Endpoint, params: Mapping[str, object], *, file: object = None, on_progress: object = None
    ) -> Outcome:
        self._process.check()
        with self._remote.on_call(self._remote.name, endpoint.name, str(params.get("message", ""))):
            await asyncio.sleep(0.01 + self._faults.rng.random() * 0.2)
            seen = await (self._send(params) if endpoint.sends else self._ask(endpoint, params))
        self._process.check()
        return classify(endpoint, seen)

    # --- sends -------------------------------------------------------------------------------------------------------

    async def _send(self, params: Mapping[str, object]) -> Reply | Failure:
        chat_id, text = str(params["chatId"]), str(params["message"])
        where = self._faults.rng.choice(("before", "during", "after"))
        dies = self._faults.strikes("killed_in_call")
        if dies and where == "before":
            self._process.die("before a POST")
        with self._process.posting(self._remote.name, chat_id):
            seen = await self._carried_out(chat_id, text, dies_during=dies and where == "during")
        if dies and where == "after":
            self._process.die("after a POST")
        return seen

    async def _carried_out(self, chat_id: str, text: str, *, dies_during: bool) -> Reply | Failure:
        if dies_during:
            if self._faults.rng.random() < 0.5:
                self._remote.execute(chat_id, text)
            self._process.die("during a POST")
        if self._remote.storm:
            return await self._stormy()
        if self._remote.state == "notAuthorized":
            return reply({"message": "instance is starting or not authorized"}, 400)
        fault = self._faults.one_of(
            "refused",
            "too_many",
            "unavailable",
            "lost_before",
            "lost_after",
            "late",
            "silent",
            "broken_gateway",
            "portal",
        )
        seen = await self._spoilt(fault, chat_id, text)
        return reply({"idMessage": self._remote.execute(chat_id, text)}) if seen is None else seen

    async def _spoilt(self, fault: str, chat_id: str, text: str) -> Reply | Failure | None:
        coin = self._faults.rng.random() < 0.5
        if fault == "lost_after" or (fault in ("silent", "broken_gateway") and coin):
            self._remote.execute(chat_id, text)
        if fault == "late":
            seconds = self._faults.rng.random() * LATEST_SECONDS
            self._remote.loop.call_later(seconds, self._remote.execute, chat_id, text)
        if fault == "silent":
            await asyncio.sleep(READ_SECONDS)
        answers: dict[str, Reply | Failure] = {
            "refused": REFUSED,
            "too_many": reply({"message": "Too Many Requests"}, 429),
            "unavailable": reply("<h1>503</h1>", 503),
            "lost_before": LOST,
            "lost_after": LOST,
            "late": LOST,
            "silent": SILENT,
            "broken_gateway": reply("<h1>502</h1>", 502),
            "portal": reply("<html>Welcome to the Wi-Fi</html>"),
        }
        return answers.get(fault)

    # --- questions ---------------------------------------------------------------------------------------------------

    async def _stormy(self) -> Reply | Failure:
        """What everybody is told; nothing is carried out."""
        if self._remote.storm == "silent":
            await asyncio.sleep(READ_SECONDS)
        return STORMY[self._remote.storm or "silent"]

    async def _ask(self, endpoint: Endpoint, params: Mapping[str, object]) -> Reply | Failure:
        if self._remote.storm:
            return await self._stormy()
        if self._faults.strikes("blind"):
            return REFUSED if self._faults.rng.random() < 0.5 else LOST
        if self._remote.too_often(endpoint.name, endpoint.rate_per_second):
            self._remote.on_event(f"{self._remote.name} 429 {endpoint.name}")
            return reply({"message": "Too Many Requests"}, 429)
        return self._answer(endpoint.name, params)

    def _answer(self, method: str, params: Mapping[str, object]) -> Reply:
        remote = self._remote
        if method == "getStateInstance":
            return reply({"stateInstance": remote.state})
        if method == "showMessagesQueue":
            return reply(remote.shown_queue())
        if method == "getMessagesCount":
            return reply({"count": remote.count()})
        if remote.state != "authorized":
            return reply({"message": "instance is starting or not authorized"}, 400)
        if method == "lastOutgoingMessages":
            return reply(remote.journal(int(str(params["minutes"]))))
        found = remote.message(str(params["chatId"]), str(params["idMessage"]))
        return reply({"message": "ID message notfound"}, 400) if found is None else reply(found)
