"""The official SDK behind one door for both its styles, and the simulator's own door to let guests write.

Runs in .venv-interop: standard library and SDK only.
"""

import asyncio
import contextlib
import io
import json
import time
import traceback
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whatsapp_api_client_python import API

PATIENCE_SECONDS = 20
#: Between two calls: one a second is allowed of most methods, and a simulated second passes in a sixtieth.
PAUSE_SECONDS = 0.02
#: Defects of the SDK itself. Each excuses one behaviour, and each is checked to be still there.
DEFECTS = {
    "async-delete-notification": "async deleteNotification sends receiptId in the body: nothing is deleted",
    "async-minutes": "async lastIncoming/OutgoingMessages and get*Statuses put minutes in the body: it is ignored",
    "async-status-statistic": "async getStatusStatistic loses the braces of its URL: no such address",
    "not-json-is-empty-list": 'a body that is not JSON becomes the text "[]"',
    "delete-message-prints": "deleteMessage prints the request to stdout",
    "async-upload-file": "async uploadFile hands over a coroutine instead of the bytes: nothing leaves the process",
}
#: With these the method cannot do its work at all, so it does not count as passed.
STOPPING = {"async-delete-notification", "async-status-statistic", "async-upload-file"}


class Wrong(Exception):
    """A call did not answer as it should."""


def must(condition: object, what: str) -> None:
    """Raise `Wrong` unless the condition holds."""
    if not condition:
        raise Wrong(what)


@dataclass
class Answer:
    """What the SDK returned, and what it printed meanwhile."""

    code: int | None
    data: Any  # whatever JSON the simulator answered
    error: str | None
    printed: str

    def get(self, key: str) -> Any:
        """A member of the JSON object of a successful call."""
        must(self.code == 200, f"code {self.code}: {self.error}")
        must(isinstance(self.data, dict), f"no object: {self.data!r}")
        return self.data.get(key)

    def items(self) -> list[Any]:
        """The JSON list of a successful call."""
        must(self.code == 200, f"code {self.code}: {self.error}")
        must(isinstance(self.data, list), f"no list: {self.data!r}")
        return list(self.data)


@dataclass
class Simulator:
    """The simulator's own door, to let guests write and to turn knobs."""

    url: str
    id_instance: str

    def _post(self, path: str, body: dict[str, object]) -> dict[str, Any]:
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_sim/{path}", data, headers, method="POST")
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def guest_writes(self, chat: str, text: str) -> str:
        """A guest writes a text; returns its idMessage."""
        return str(self._post("guest", {"instance": self.id_instance, "chat": chat, "text": text})["idMessage"])

    def hold_queue(self, held: bool) -> None:
        """Let nothing leave the send queue, or let it go on."""
        self._post(f"instances/{self.id_instance}/knobs", {"stuck_queue": held})


@dataclass
class Sdk:
    """One style of the SDK: `call("sending", "sendMessage", ...)` runs the plain or the async method."""

    client: API.GreenAPI
    style: str
    simulator: Simulator
    folder: Path
    loop: asyncio.AbstractEventLoop
    passed: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def is_async(self) -> bool:
        return self.style == "async"

    def call(self, section: str, method: str, *arguments: object, **named: object) -> Answer:
        """Call one SDK method; stdout is kept from the terminal and returned."""
        time.sleep(PAUSE_SECONDS)
        tools = getattr(self.client, section)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            if self.is_async:
                response = self.loop.run_until_complete(getattr(tools, f"{method}Async")(*arguments, **named))
            else:
                response = getattr(tools, method)(*arguments, **named)
        return Answer(code=response.code, data=response.data, error=response.error, printed=printed.getvalue())

    @contextlib.contextmanager
    def check(self, *methods: str) -> Iterator[None]:
        """Count what these methods did as passed or failed, and go on."""
        stopped = STOPPING.intersection(self.excused)
        try:
            yield
        except Wrong as wrong:
            self.failed.append(f"{', '.join(methods)}: {wrong}")
        except Exception:  # noqa: BLE001 - one broken call must not hide what the others do
            self.failed.append(f"{', '.join(methods)}: {traceback.format_exc(limit=3)}")
        else:
            if STOPPING.intersection(self.excused) == stopped:
                self.passed.extend(methods)

    def defect(self, name: str, still_there: bool) -> None:
        """Excuse a known defect, or report that it is gone."""
        assert name in DEFECTS
        if still_there:
            self.excused.append(name)
        else:
            self.failed.append(f"the SDK no longer has the defect {name} ({DEFECTS[name]}): do not excuse it any more")

    def eventually(self, what: str, look: Callable[[], Any]) -> Any:
        """Look again and again until there is something; some effects take a moment."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if found := look():
                return found
            time.sleep(0.05)
        raise Wrong(f"{what} did not happen in {PATIENCE_SECONDS} s")

    def file(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)
