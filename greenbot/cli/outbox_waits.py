"""Why messages wait, asked for many messages at once: what concerns an instance is looked up once."""

from typing import TYPE_CHECKING

from greenbot.cli.run import Run
from greenbot.cli.values import local_time
from greenbot.clock import iso_utc

if TYPE_CHECKING:
    from greenbot.outbox.message import Message
    from greenbot.outbox.waiting import Around, Wait
    from greenbot.resilience.limiter import Waiting
    from greenbot.resilience.lines import Lines


class Waits:
    """The reasons of queued messages, in words, as the store and the limiter have them now."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._around: dict[str, Around] = {}
        self._limited: dict[tuple[str, str], Waiting | None] = {}
        self._opened: Lines | None = None

    def of(self, message: "Message") -> "tuple[Wait, ...]":
        """What this message waits for; empty when it waits for nothing, or does not wait."""
        from greenbot.outbox.states import State

        if message.state is not State.QUEUED:
            return ()
        from greenbot.api.endpoints import ENDPOINTS
        from greenbot.campaigns.dispatch import may_leave
        from greenbot.outbox.waiting import ahead_of, waits

        run, now_ms = self._run, self._run.clock.now_ms()
        endpoint = ENDPOINTS.get(message.method)
        around = self.around(message.instance)
        return waits(
            message,
            around,
            run.clock,
            host="api" if endpoint is None else endpoint.host,
            ahead=ahead_of(run.store, message, now_ms),
            # Who is not served at all does not wait for a limit.
            limited=self._limit(message) if around.served else None,
            verdict=may_leave(run.store, message, now_ms) if message.not_before_ms <= now_ms else None,
        )

    def around(self, instance: str) -> "Around":
        """What is known of an instance as a whole."""
        from greenbot.outbox.waiting import around

        if instance not in self._around:
            run_dir = self._run.settings.paths.run_dir
            self._around[instance] = around(self._run.store, instance, self._run.clock, run_dir=run_dir)
        return self._around[instance]

    def _limit(self, message: "Message") -> "Waiting | None":
        key = (message.instance, message.method)
        if key not in self._limited:
            self._limited[key] = self._limited_now(*key)
        return self._limited[key]

    def _limited_now(self, name: str, method: str) -> "Waiting | None":
        instance = self._run.settings.instances.get(name)
        if instance is None:
            return None
        from greenbot.resilience.limiter import waiting
        from greenbot.wiring import lane_limits, open_lines

        if self._opened is None:
            self._opened = open_lines(self._run.settings, self._run.clock)
        scopes = lane_limits(self._run.settings, instance, self._run.environ).scopes(name, method)
        return waiting(self._opened, scopes, self._run.clock)


def wait_text(run: Run, wait: "Wait") -> str:
    """`scheduled, until 2026-11-22 08:00:00 EET`."""
    if wait.until_at_ms is None:
        return wait.words
    until = local_time(wait.until_at_ms) if run.out.for_person else iso_utc(wait.until_at_ms)
    return f"{wait.words}, until {until}"


def wait_json(wait: "Wait") -> dict[str, object]:
    """The same for programs."""
    until = None if wait.until_at_ms is None else iso_utc(wait.until_at_ms)
    return {"why": wait.why, "words": wait.words, "until": until}
