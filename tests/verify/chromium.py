"""Headless Chromium, spoken to over its DevTools protocol: enough to look at a page and to press its buttons."""

import asyncio
import base64
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import aiohttp

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Nothing but the page itself: no look-ups, no updates, no first-run pages.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-extensions",
    "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-port=0", "--disable-dev-shm-usage",
    "--disable-features=Translate,OptimizationHints,MediaRouter", "--js-flags=--expose-gc", "--lang=en-US",
)  # fmt: skip
_PATIENCE_SECONDS = 60.0

Message = dict[str, object]


class NoChromium(Exception):
    """There is no Chromium here."""


def program() -> str:
    """Where Chromium is. Raises NoChromium."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        raise NoChromium("Chromium is needed: apt-get install chromium")
    return found


@dataclass(slots=True)
class Tab:
    """One page of the browser."""

    socket: aiohttp.ClientWebSocketResponse
    #: Every event since the last `forget`.
    events: list[Message] = field(default_factory=list)
    _answers: dict[int, asyncio.Future[Message]] = field(default_factory=dict)
    _last: int = 0

    async def call(self, method: str, **params: object) -> Message:
        """One command. Raises AssertionError when the browser refuses it."""
        self._last += 1
        number = self._last
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"id": number, "method": method, "params": params})
        found = await asyncio.wait_for(answer, _PATIENCE_SECONDS * 5)
        assert "error" not in found, (method, found)
        return cast(Message, found["result"])

    async def listen(self) -> None:
        """Sort what comes in, until the browser goes."""
        async for message in self.socket:
            news = json.loads(message.data)
            if (answer := self._answers.pop(news.get("id", 0), None)) is not None:
                answer.set_result(news)
            elif "method" in news:
                self.events.append(news)

    async def js(self, expression: str) -> object:
        """The value of an expression in the page; promises are waited for. Raises AssertionError with what it threw."""
        found = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return cast(Message, found["result"]).get("value")

    async def until(self, expression: str) -> None:
        """Wait until an expression is true in the page."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not await self.js(f"(async () => Boolean(await ({expression})))()"):
                await asyncio.sleep(0.05)

    async def visit(self, url: str) -> None:
        """Go there and wait until it is loaded."""
        await self.call("Page.navigate", url=url)
        await self.until(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url)})")

    async def look(self, width: int, height: int, *, theme: str = "light", whole: bool = False) -> bytes:
        """A picture, as PNG; `whole` is all of the page, not just what the window shows."""
        await self.resize(width, height)
        features = [{"name": "prefers-color-scheme", "value": theme}]
        await self.call("Emulation.setEmulatedMedia", features=features)
        await asyncio.sleep(0.6)
        taken = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(str(taken["data"]))

    async def resize(self, width: int, height: int) -> None:
        """Give the window this size in CSS pixels."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    async def heap_bytes(self) -> int:
        """How much the page keeps after everything that can go has gone."""
        for _ in range(3):
            await self.call("HeapProfiler.collectGarbage")
        return int(cast(float, (await self.call("Runtime.getHeapUsage"))["usedSize"]))

    def seen(self, method: str) -> list[Message]:
        """The parameters of every event of this kind."""
        return [cast(Message, event["params"]) for event in self.events if event["method"] == method]


@asynccontextmanager
async def browsing(folder: Path) -> AsyncIterator[Tab]:
    """A browser with an empty profile in `folder`, and its one tab."""
    with (folder / "chromium.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program(), *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank",
            stdout=log, stderr=log, env={**os.environ, "HOME": str(folder)},
        )  # fmt: skip
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(await _address(session, folder), max_msg_size=0) as socket,
        ):
            tab = Tab(socket)
            listening = asyncio.create_task(tab.listen())
            for domain in ("Page", "Runtime", "Network", "Log", "Audits", "HeapProfiler"):
                await tab.call(f"{domain}.enable")
            yield tab
            listening.cancel()
    finally:
        process.kill()
        await process.wait()


async def _address(session: aiohttp.ClientSession, folder: Path) -> str:
    port_file = folder / "profile" / "DevToolsActivePort"
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not port_file.exists() or not port_file.read_text().strip():
            await asyncio.sleep(0.05)
        port = port_file.read_text().split()[0]
        async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            pages = [each for each in await answer.json() if each["type"] == "page"]
    return str(pages[0]["webSocketDebuggerUrl"])
