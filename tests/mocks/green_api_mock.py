"""A GREEN-API to test against: the simulator in this process, and greenbot's own client in front of it.

    async with MockGreenAPIClient() as mock_api:
        await mock_api.send_text_message("11001234568@c.us", "Your room is ready")
        assert mock_api.get_sent_messages()[0].text == "Your room is ready"

It is no second imitation: whatever the simulator can do (`mock_api.world`), a test can do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from greenbot.api.client import Client, Credentials
from greenbot.redact import Secret
from greenbot.simulator.actions import change_state
from greenbot.simulator.server import RunningSimulator, start
from greenbot.simulator.world import Timings, World

ID_INSTANCE: Final = 1101000001
TOKEN: Final = "mock-token-that-opens-nothing-but-the-simulator"
INSTANT: Final = Timings(
    queue_delay=0, send_to_sent=0, sent_to_delivered=0, delivered_to_read=0, settings_apply_seconds=0
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """One message that GREEN-API accepted: `text` is its text, caption or question, "" without one."""

    chat_id: str
    id_message: str
    method: str
    text: str
    params: Mapping[str, object]


class MockGreenAPIClient:
    """Sends through greenbot's client to a simulator on a free loopback port.

    Starts with `async with`, or by itself at the first call; then `aclose()` ends it. The answers and errors
    are those of `greenbot.api.client.Client`. `seed` makes the failures of `set_failure_rate` repeat.
    """

    def __init__(self, *, seed: int = 1, enforce_limits: bool = False) -> None:
        self.world = World(seed=seed, timings=INSTANT)
        self.instance = self.world.add_instance(id_instance=ID_INSTANCE, token=TOKEN, name="mock")
        self.instance.knobs.enforce_limits = enforce_limits
        self._starting = asyncio.Lock()
        self._simulator: RunningSimulator | None = None
        self._client: Client | None = None
        self._failure_rule: int | None = None

    async def __aenter__(self) -> Self:
        await self.client()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def client(self) -> Client:
        """The client that talks to this simulator, started on first use; it can do every method there is."""
        async with self._starting:
            if self._client is None:
                self._simulator = await start(self.world)
                self._client = Client(
                    Credentials(
                        instance_name="mock",
                        id=str(ID_INSTANCE),
                        token=Secret(TOKEN),
                        api_url=self._simulator.api_url,
                        media_url=self._simulator.media_url,
                    )
                )
        return self._client

    async def aclose(self) -> None:
        """Ends the client and the simulator; safe to call twice and without a start."""
        if self._client is not None:
            await self._client.aclose()
        if self._simulator is not None:
            await self._simulator.stop()
        self._client = self._simulator = None

    # -- what a test decides

    def set_failure_rate(self, rate: float, *, fault: str = "503") -> None:
        """From now on this share (0..1) of all sends fails, by a fault such as `503`, `429` or `drop-reply`.

        Raises:
            FaultSyntaxError: the rate or the fault makes no sense.
        """
        if self._failure_rule is not None:
            self.world.faults.clear(self._failure_rule)
            self._failure_rule = None
        rule = f"{fault} method=send* p={rate}"
        self._failure_rule = self.world.faults.add(rule)

    def set_instance_state(self, state: str) -> None:
        """The number goes over to `authorized`, `notAuthorized`, `blocked`, `starting`, `suspended`, ….

        Raises:
            ActionError: there is no such state.
        """
        change_state(self.world, self.instance, state)

    def get_sent_messages(self, chat_id: str | None = None) -> list[SentMessage]:
        """Every message that GREEN-API accepted, oldest first, also when its answer was lost on the way."""
        entries = self.world.ledger.executions(instance=ID_INSTANCE, chat_id=chat_id)
        return [
            SentMessage(
                chat_id=entry.chat_id,
                id_message=entry.id_message,
                method=entry.method,
                text=str(entry.request_body.get("message") or entry.request_body.get("caption") or ""),
                params=entry.request_body,
            )
            for entry in entries
            if entry.method.startswith("send")
        ]

    # -- what is tested

    async def send_text_message(self, chat_id: str, text: str) -> str:
        """Sends a text; returns its idMessage or raises the client's error."""
        return (await (await self.client()).send_message(chat_id, text))["idMessage"]

    async def send_file_by_url(self, chat_id: str, url: str, file_name: str, *, caption: str = "") -> str:
        """Sends the file behind a link; the simulator never fetches it."""
        client = await self.client()
        return (await client.send_file_by_url(chat_id, url, file_name, caption=caption or None))["idMessage"]

    async def send_location(self, chat_id: str, latitude: float, longitude: float, *, name: str = "") -> str:
        """Sends a point on the map."""
        client = await self.client()
        return (await client.send_location(chat_id, latitude, longitude, name_location=name or None))["idMessage"]

    async def send_contact(self, chat_id: str, contact: Mapping[str, object]) -> str:
        """Sends a contact card with GREEN-API's field names (`phoneContact`, `firstName`, …)."""
        return (await (await self.client()).send_contact(chat_id, contact))["idMessage"]

    async def send_poll(
        self, chat_id: str, question: str, options: Sequence[str], *, multiple_answers: bool = False
    ) -> str:
        """Asks a question with 2 to 12 answers to choose from."""
        client = await self.client()
        choices = [{"optionName": option} for option in options]
        answer = await client.send_poll(chat_id, question, choices, multiple_answers=multiple_answers)
        return answer["idMessage"]
