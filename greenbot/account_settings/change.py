"""Changing the settings of a number, and waiting until it is seen: asked for once, then looked at.

    read → written down as `sending` → setSettings → `sent` → values there and the number back → `done`

setSettings is never repeated when it is not known whether it took effect: looking answers that.
GREEN-API docs: setSettings reboots the number; the change may need up to five minutes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from greenbot import failpoints
from greenbot.account_settings.fields import protect
from greenbot.account_settings.plan import FORCE_MS, Plan, differences
from greenbot.account_settings.progress import State, begin, move
from greenbot.api.endpoints import ENDPOINTS
from greenbot.api.failures import error_of
from greenbot.api.outcome import OutcomeClass
from greenbot.outbox.remote import Reader, account_of

if TYPE_CHECKING:
    from greenbot.api.outcome import Outcome
    from greenbot.db.audit import Operator
    from greenbot.db.connect import Db
    from greenbot.errors import GreenbotError

Sleep = Callable[[float], Awaitable[None]]
Word = Literal["changed", "same", "failed", "unverified", "not begun"]

_TRIES = 4
_NOT_IN_FORCE = "not in force yet"
_HARMLESS = (OutcomeClass.NOT_SENT, OutcomeClass.LIMITED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How patient a change is. `look_seconds` lie before each look, the first one included: a reboot takes a moment."""

    look_seconds: float = 5.0
    deadline_seconds: float = 360.0
    retry_seconds: float = 2.0
    force_ms: int = FORCE_MS

    def compressed(self, share: float) -> "Times":
        """The same in a part of the time, for tests with real clocks."""
        return Times(
            look_seconds=self.look_seconds * share,
            deadline_seconds=self.deadline_seconds * share,
            retry_seconds=self.retry_seconds * share,
            force_ms=round(self.force_ms * share),
        )


def times_of(environ: Mapping[str, str]) -> Times:
    """The usual times, or a part of them for a test: GREENBOT_SETTINGS_SHARE counts only with GREENBOT_TESTING=1."""
    share = environ.get("GREENBOT_SETTINGS_SHARE") if environ.get("GREENBOT_TESTING") == "1" else None
    return Times() if share is None else Times().compressed(float(share))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one number. `error`: for who asked about this number alone."""

    plan: Plan
    word: Word
    detail: str = ""
    seconds: float = 0.0
    error: "GreenbotError | None" = None


async def read_settings(reader: Reader, *, retry_seconds: float = 2.0) -> dict[str, object]:
    """The settings of a number; its secrets are masked in every output from now on. Raises a GreenbotError."""
    outcome = await asked(reader, "getSettings", {}, retry_seconds=retry_seconds)
    if not outcome.succeeded or not isinstance(outcome.data, dict):
        raise error_of(outcome, instance=reader.instance, endpoint=ENDPOINTS["getSettings"])
    protect(outcome.data)
    return outcome.data


async def asked(reader: Reader, method: str, params: Mapping[str, object], *, retry_seconds: float) -> "Outcome":
    """One call, made again a few times where it is known to have had no effect."""
    outcome = await reader.ask(method, params)
    for attempt in range(1, _TRIES):
        if outcome.cls not in _HARMLESS or outcome.reason == "cancelled":
            break
        await reader.sleep(max(outcome.retry_after_seconds or 0.0, retry_seconds * attempt))
        outcome = await reader.ask(method, params)
    return outcome


@dataclass(slots=True, kw_only=True)
class Changer:
    """Carries out plans, each for itself. `stopping` asks not to begin and not to wait any more."""

    db: "Db"
    by: "Operator"
    times: Times
    stopping: asyncio.Event

    async def carry_out(self, reader: Reader, plan: Plan) -> Result:
        """What became of it; nothing about one number stops the others. Raises Busy, StoreError."""
        started = self.by.clock.monotonic()
        result = await self._carried_out(reader, plan)
        return replace(result, seconds=self.by.clock.monotonic() - started)

    async def _carried_out(self, reader: Reader, plan: Plan) -> Result:
        if plan.kind == "same":
            return Result(plan=plan, word="same")
        if plan.kind == "problem":
            return Result(plan=plan, word="failed", detail=plan.problem)
        if self.stopping.is_set():
            return Result(plan=plan, word="not begun")
        if plan.kind == "change":
            return await self._changed(reader, plan)
        wait_seconds = plan.wait_ms / 1000 if plan.kind == "underway" else self.times.deadline_seconds
        missing = await self._looked(reader, plan, plan.state_before, wait_seconds)
        if plan.kind == "underway" and missing.startswith(_NOT_IN_FORCE) and not self.stopping.is_set():
            # GREEN-API had its five minutes: the request of that time never arrived.
            return await self._changed(reader, plan)
        return self._ended(plan, missing, "")

    async def _changed(self, reader: Reader, plan: Plan) -> Result:
        """Ask for the change once, and wait until it is seen."""
        state = await asked(reader, "getStateInstance", {}, retry_seconds=self.times.retry_seconds)
        if not state.succeeded:
            return self._failed(plan, state, "getStateInstance")
        outcome = await self._send(reader, plan, account_of(state))
        if not outcome.succeeded and outcome.cls is not OutcomeClass.AMBIGUOUS:
            self._move(plan, "failed", outcome.detail or outcome.reason)
            return self._failed(plan, outcome, "setSettings")
        doubt = "" if outcome.succeeded else "it is not known whether setSettings took effect"
        self._move(plan, "sent", doubt)
        failpoints.hit("settings.after_post")
        missing = await self._looked(reader, plan, account_of(state), self.times.deadline_seconds)
        return self._ended(plan, missing, doubt)

    async def _send(self, reader: Reader, plan: Plan, state_before: str) -> "Outcome":
        begin(self.db, plan.instance, before=plan.living, wanted=plan.changes, state_before=state_before, by=self.by)
        failpoints.hit("settings.after_mark")
        return await asked(reader, "setSettings", plan.changes, retry_seconds=self.times.retry_seconds)

    def _failed(self, plan: Plan, outcome: "Outcome", method: str) -> Result:
        error = error_of(outcome, instance=plan.instance, endpoint=ENDPOINTS[method])
        return Result(plan=plan, word="failed", detail=str(error), error=error)

    async def _looked(self, reader: Reader, plan: Plan, state_before: str | None, wait_seconds: float) -> str:
        """Look until everything is as wished or the time is up; what is missing then, empty when nothing."""
        deadline = self.by.clock.monotonic() + wait_seconds
        missing = "it was not looked at yet"
        while not self.stopping.is_set():
            await self._pause()
            missing = await self._missing(reader, plan, state_before)
            if not missing or self.by.clock.monotonic() >= deadline:
                break
        return missing

    def _ended(self, plan: Plan, missing: str, doubt: str) -> Result:
        if not missing:
            self._move(plan, "done", "")
            return Result(plan=plan, word="changed")
        detail = "; ".join(filter(None, (missing, doubt, "stopped" if self.stopping.is_set() else "")))
        self._move(plan, "unverified", detail)
        return Result(plan=plan, word="unverified", detail=detail)

    async def _pause(self) -> None:
        """Until the next look, or until somebody wants to stop."""
        try:
            async with asyncio.timeout(self.times.look_seconds):
                await self.stopping.wait()
        except TimeoutError:
            return

    async def _missing(self, reader: Reader, plan: Plan, state_before: str | None) -> str:
        """What is not as it should be yet; empty when everything is."""
        settings = await reader.ask("getSettings")
        if not settings.succeeded or not isinstance(settings.data, dict):
            return f"getSettings: {settings.detail or settings.reason}"
        protect(settings.data)
        left = [one.name for one in differences(plan.wanted, settings.data) if one.is_known]
        if left:
            return f"{_NOT_IN_FORCE}: {', '.join(left)}"
        state = await reader.ask("getStateInstance")
        word = account_of(state)
        if word == "authorized" or (word == state_before and word not in ("", "starting")):
            return ""
        return f"the number is {word or state.detail or state.reason or 'starting'}"

    def _move(self, plan: Plan, state: State, detail: str) -> None:
        move(self.db, plan.instance, state, at_ms=self._now_ms(), detail=detail or None)

    def _now_ms(self) -> int:
        return self.by.clock.now_ms()
