"""The notifications of one instance: a FIFO that is either delivered to a webhook URL or polled.

GREEN-API docs: notifications are kept for 24 hours. With `webhookUrl` set each is POSTed, and only HTTP 200
within 180 seconds takes it off the queue; otherwise the same one is sent again after 60 seconds and nothing
else meanwhile. With `webhookUrl` empty they wait for receiveNotification and deleteNotification.
"""

import asyncio
import ipaddress
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aiohttp

if TYPE_CHECKING:
    from greenbot.simulator.world import Instance

Body = dict[str, object]

FIRST_RECEIPT: Final = 1_000_001
CONTENT_TYPE: Final = "application/json; charset=utf-8"
_SCHEMES: Final = ("bearer ", "basic ")


@dataclass(slots=True, kw_only=True)
class Notification:
    """One webhook body in the queue; the receipt id stays the same until it is deleted."""

    receipt_id: int
    body: Body
    queued_at: float
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to POST a notification: `status` is the HTTP status, or 0 with a `problem`."""

    at: float
    receipt_id: int
    status: int
    problem: str = ""

    @property
    def is_success(self) -> bool:
        """GREEN-API docs: HTTP 200 and nothing else."""
        return self.status == 200


def authorization(webhook_url_token: str) -> str | None:
    """The Authorization header made from `webhookUrlToken`; None when it is empty.

    A value with a scheme (`Bearer x`, `Basic x`) is sent as it stands; one without becomes `Bearer x`
    (assumed: no capture of this case is known).
    """
    if not webhook_url_token:
        return None
    has_scheme = webhook_url_token.lower().startswith(_SCHEMES)
    return webhook_url_token if has_scheme else f"Bearer {webhook_url_token}"


def is_loopback_url(url: str) -> bool:
    """True for an http(s) URL on this machine: the simulator never talks to another one."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and is_loopback_host(parts.hostname or "")


def is_loopback_host(host: str) -> bool:
    """True for `localhost` and for loopback addresses."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class NotificationQueue:
    """The FIFO of one instance. Delivery runs as one task that lives only while there is work."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance
        self._clock = instance.world.clock
        self._waiting: deque[Notification] = deque()
        self._next_receipt = FIRST_RECEIPT
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._counted = 0
        self._counted_at = float("-inf")
        self.in_flight = False
        self.deliveries: list[Delivery] = []
        """Every attempt to POST, oldest first."""

    # -- the queue

    def offer(self, body: Body) -> None:
        """Puts one complete webhook body into the queue, as the faults in force let it."""
        fate = self._instance.world.faults.on_webhook(self._instance.id, body)
        for _ in range(fate.copies):
            self._append(body, overtakes=fate.overtakes)
        self._arrived.set()
        self._start_delivery()

    def _append(self, body: Body, *, overtakes: bool) -> None:
        notification = Notification(receipt_id=self._next_receipt, body=body, queued_at=self._clock.now())
        self._next_receipt += 1
        if overtakes and len(self._waiting) > int(self.in_flight):
            self._waiting.insert(len(self._waiting) - 1, notification)
            return
        self._waiting.append(notification)

    def settings_changed(self) -> None:
        """The instance's settings were replaced: the URL or the token may be another one."""
        self._start_delivery()

    @property
    def webhook_url(self) -> str:
        """Where notifications are POSTed; empty means that they are polled."""
        return str(self._instance.settings.get("webhookUrl") or "")

    def head(self) -> Notification | None:
        """The oldest notification that is not older than the retention time."""
        oldest_kept = self._clock.now() - self._instance.world.timings.retention
        while self._waiting and self._waiting[0].queued_at < oldest_kept:
            self._waiting.popleft()
        return self._waiting[0] if self._waiting else None

    def waiting(self) -> list[Notification]:
        """All notifications in the queue, oldest first."""
        self.head()
        return list(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting) if self.head() else 0

    def count_shown(self, refresh_seconds: float) -> int:
        """The length as getWebhooksCount knows it: refreshed only every `refresh_seconds`."""
        now = self._clock.now()
        if now - self._counted_at >= refresh_seconds:
            self._counted_at, self._counted = now, len(self)
        return self._counted

    def clear(self) -> int:
        """Drops everything that waits; returns how many there were."""
        dropped = len(self)
        self._waiting.clear()
        return dropped

    # -- polling

    async def receive(self, *, timeout_seconds: float) -> Notification | None:
        """The head of the queue, at once or when it comes within the time; it stays in the queue."""
        if head := self.head():
            return head
        self._arrived.clear()
        await self._wait_for(self._arrived, timeout_seconds)
        return self.head()

    async def _wait_for(self, event: asyncio.Event, seconds: float) -> None:
        """Until the event or until the simulated time is over, whichever comes first."""
        tasks = {asyncio.create_task(event.wait()), asyncio.create_task(self._clock.sleep(seconds))}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(*tasks)

    def delete(self, receipt_id: int) -> bool:
        """Takes a notification off the queue; False when it is not there (any more)."""
        for notification in self._waiting:
            if notification.receipt_id == receipt_id:
                self._waiting.remove(notification)
                return True
        return False

    # -- delivery

    def _start_delivery(self) -> None:
        is_running = self._task is not None and not self._task.done()
        if is_running or self._closed or not self.webhook_url or not self._waiting:
            return
        self._task = asyncio.create_task(self._deliver_all(), name=f"webhooks-{self._instance.id}")

    async def _deliver_all(self) -> None:
        while self.webhook_url and (notification := self.head()):
            delivery = await self._deliver(notification)
            self.deliveries.append(delivery)
            if delivery.is_success:
                self.delete(notification.receipt_id)
            else:
                await self._clock.sleep(self._instance.world.timings.webhook_pause)

    async def _deliver(self, notification: Notification) -> Delivery:
        notification.attempts += 1
        started_at = self._clock.now()
        self.in_flight = True
        try:
            status, problem = await self._post_in_time(notification.body)
        finally:
            self.in_flight = False
        return Delivery(at=started_at, receipt_id=notification.receipt_id, status=status, problem=problem)

    async def _post_in_time(self, body: Body) -> tuple[int, str]:
        post = asyncio.create_task(self._post(body))
        limit = asyncio.create_task(self._clock.sleep(self._instance.world.timings.webhook_timeout))
        try:
            await asyncio.wait({post, limit}, return_when=asyncio.FIRST_COMPLETED)
            return post.result() if post.done() else (0, "timeout")
        finally:
            await _cancel(post, limit)

    async def _post(self, body: Body) -> tuple[int, str]:
        url = self.webhook_url
        if not is_loopback_url(url):
            return 0, "the simulator delivers to this machine only"
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        try:
            async with self._open_session().post(
                url, data=data, headers=self._headers(), allow_redirects=False
            ) as response:
                await response.read()
                return response.status, ""
        except (aiohttp.ClientError, OSError) as reason:
            return 0, type(reason).__name__

    def _headers(self) -> Mapping[str, str]:
        token = authorization(str(self._instance.settings.get("webhookUrlToken") or ""))
        headers = {"Content-Type": CONTENT_TYPE}
        return headers if token is None else headers | {"Authorization": token}

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            # The simulated clock limits the time; a second limit in real time would fight with it.
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    async def close(self) -> None:
        """Stops delivering, lets waiting polls go, and gives the connection back."""
        self._closed = True
        self._arrived.set()
        if self._task is not None:
            await _cancel(self._task)
        if self._session is not None:
            await self._session.close()


async def _cancel(*tasks: "asyncio.Task[object] | asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
