"""Talk to a running simulator over its `/_sim/` door. Blocking, standard library only, loopback only."""

import http.client
import json
from typing import cast
from urllib.parse import quote, urlencode, urlsplit

from greenbot.errors import GreenbotError, Unreachable, UsageError

Json = dict[str, object]


class SimulatorRefused(UsageError):
    """The simulator cannot do that."""

    hint: str | None = None


class RemoteSimulator:
    """A simulator at a loopback URL. Methods raise `Unreachable` or `SimulatorRefused`."""

    def __init__(self, url: str, *, timeout_seconds: float = 600) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise UsageError("A simulator runs on this machine.", hint="Give its address like http://127.0.0.1:7105")
        self.url = url.rstrip("/")
        self._host = parts.netloc
        self._timeout_seconds = timeout_seconds

    def state(self) -> Json:
        """The world at a glance: instances with their states and queues."""
        return self._call("GET", "state")

    def inbox(self, *, instance: str | None = None, chat: str | None = None) -> list[Json]:
        """What the guests received, oldest first."""
        return _list(self._call("GET", "inbox", query={"instance": instance, "chat": chat}), "messages")

    def ledger(self, *, instance: str | None = None, method: str | None = None, chat: str | None = None) -> list[Json]:
        """Every call that arrived and whether it was executed, oldest first."""
        return _list(
            self._call("GET", "ledger", query={"instance": instance, "method": method, "chat": chat}), "entries"
        )

    def events(self) -> list[str]:
        """The names `trigger` understands."""
        return [str(name) for name in cast(list[object], self._call("GET", "events")["events"])]

    def trigger(
        self, event: str, *, instance: str | None, overrides: Json, count: int = 1, rate: float | None = None
    ) -> int:
        """Emit an event `count` times, `rate` a second; returns how many were emitted."""
        body: Json = {"event": event, "set": overrides, "count": count}
        if instance is not None:
            body["instance"] = instance
        if rate is not None:
            body["rate"] = rate
        answer = self._call("POST", "trigger", body)
        return int(cast(int, answer.get("emitted", answer.get("count", count))))

    def faults(self) -> tuple[list[Json], dict[str, str]]:
        """The armed fault rules, and the kinds there are with a line on each."""
        answer = self._call("GET", "faults")
        return _list(answer, "faults"), cast(dict[str, str], answer["kinds"])

    def add_fault(self, rule: str) -> Json:
        """Arm a rule such as `drop-reply method=sendMessage count=1`."""
        return self._call("POST", "faults", {"rule": rule})

    def clear_faults(self, number: int | None = None) -> int:
        """Remove one rule, or all; returns how many."""
        path = "faults" if number is None else f"faults/{number}"
        return int(cast(int, self._call("DELETE", path)["removed"]))

    def advance(self, seconds: float) -> float:
        """Let virtual time pass; returns the new time in unix seconds."""
        return float(cast(float, self._call("POST", "advance", {"seconds": seconds})["now"]))

    def reset(self) -> None:
        """Forget everything that happened; instances stay."""
        self._call("POST", "reset", {})

    def guest_writes(self, chat: str, text: str, *, instance: str | None = None, name: str = "") -> str:
        """A guest writes a text; returns its idMessage."""
        body: Json = {"chat": chat, "text": text, "name": name}
        return str(
            self._call("POST", "guest", body if instance is None else body | {"instance": instance})["idMessage"]
        )

    def phone_writes(self, chat: str, text: str, *, instance: str | None = None) -> str:
        """Somebody of the hotel writes a text on the number's own phone; returns its idMessage."""
        body: Json = {"chat": chat, "text": text}
        return str(
            self._call("POST", "phone", body if instance is None else body | {"instance": instance})["idMessage"]
        )

    def set_state(self, instance: str, state: str) -> None:
        """Put an instance into a state such as notAuthorized."""
        self._call("POST", f"instances/{quote(instance)}/state", {"state": state})

    def play(self, *, toml: str | None = None, name: str | None = None) -> Json:
        """Run a scenario from its text, or a shipped one by name; returns its report."""
        return self._call("POST", "scenario", {"toml": toml} if toml is not None else {"name": name})

    def _call(
        self, verb: str, path: str, body: Json | None = None, *, query: dict[str, str | None] | None = None
    ) -> Json:
        target = f"/_sim/{path}"
        given = {name: value for name, value in (query or {}).items() if value is not None}
        if given:
            target += "?" + urlencode(given)
        status, answer = self._exchange(verb, target, body)
        if status == 404:
            raise SimulatorRefused("This address is not a greenbot simulator.")
        if status >= 400:
            raise SimulatorRefused(_sentence(str(answer.get("error", f"the simulator answered {status}"))))
        return answer

    def _exchange(self, verb: str, target: str, body: Json | None) -> tuple[int, Json]:
        connection = http.client.HTTPConnection(self._host, timeout=self._timeout_seconds)
        try:
            payload = None if body is None else json.dumps(body).encode()
            connection.request(verb, target, payload, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise _not_running(self.url) from error
        finally:
            connection.close()
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        return response.status, answer if isinstance(answer, dict) else {}


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _not_running(url: str) -> GreenbotError:
    return Unreachable(f"No simulator answers at {url}.", hint="Start one with: greenbot sim serve")


def _list(answer: Json, name: str) -> list[Json]:
    return cast(list[Json], answer[name])
