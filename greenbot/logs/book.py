"""The log of this process: what is written at all, how private it is, and that writing it never disturbs the work."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from greenbot.clock import Clock
from greenbot.logs.line import FREE_TEXTS, LEVELS, Field, Level, encode
from greenbot.logs.sinks import Sink

#: A busy process writes so often; a line is in the file a tenth of a second after it was made.
COLLECT_SECONDS = 0.1
#: More lines than these are not kept while the disk is stuck.
MOST_WAITING = 20_000
MOST_TEXT = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What is written of one instance beyond the ordinary."""

    detailed: bool = False
    request_body: bool = False
    response_body: bool = False


ORDINARY = Detail()
_RANK = {level: rank for rank, level in enumerate(LEVELS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What goes into the log. `phones`: whole numbers; otherwise they are masked before they are written."""

    level: Level = "info"
    phones: bool = False
    general: Detail = ORDINARY
    instances: Mapping[str, Detail] = field(default_factory=dict)

    def of(self, instance: str) -> Detail:
        """What is written of one instance."""
        return self.instances.get(instance, self.general)

    def wants(self, level: Level, instance: str) -> bool:
        """Whether a line of that level is written."""
        return _RANK[level] >= _RANK[self.level] or self.of(instance).detailed


class Book:
    """Lines on their way to a sink. Nothing here raises: what cannot be written is counted, and said when it can.

    With `collects` a thread writes what was collected; otherwise each line is written before `note` returns.
    """

    def __init__(self, sink: Sink, rules: Rules, clock: Clock, *, collects: bool = False) -> None:
        self.rules = rules
        #: Lines that could not be written since the last one that could.
        self.dropped = 0
        self._sink = sink
        self._clock = clock
        self._waiting: list[bytes] = []
        self._writing = threading.Lock()
        self._woken = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        if collects:
            self._thread = threading.Thread(target=self._collect, name="log", daemon=True)
            self._thread.start()

    def note(self, level: Level, event: str, fields: Mapping[str, Field]) -> None:
        """Write one line, if the rules want it."""
        try:
            self._note(level, event, fields)
        except Exception:  # noqa: BLE001 - as in `_shielded`, which would cost each line a function of its own
            self.dropped += 1

    def flush(self) -> None:
        """Write what waits."""
        self._shielded(self._flush)

    def close(self) -> None:
        """Write what waits, and end."""
        self._ending.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()
        self._shielded(self._sink.close)

    def _note(self, level: Level, event: str, fields: Mapping[str, Field]) -> None:
        if not self.rules.wants(level, str(fields.get("instance") or "")):
            return
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(encode(self._clock.now_ms(), level, event, self._private(fields)))
        if self._thread is None:
            self._flush()
        elif not self._woken.is_set():
            self._woken.set()

    def _private(self, fields: Mapping[str, Field]) -> Mapping[str, Field]:
        """Without secrets, and without numbers of guests unless they are wanted."""
        hidden: dict[str, Field] = {name: self._masked(str(fields[name])) for name in FREE_TEXTS if fields.get(name)}
        if (chat := fields.get("chat")) and not self.rules.phones:
            hidden["chat"] = _mask(str(chat))
        return {**fields, **hidden} if hidden else fields

    def _masked(self, text: str) -> str:
        from greenbot.redact import redact

        cut = redact(text)[:MOST_TEXT]
        return cut if self.rules.phones else _mask(cut)

    def _collect(self) -> None:
        while not self._ending.is_set():
            self._woken.wait()
            self._ending.wait(COLLECT_SECONDS)
            self._woken.clear()
            self.flush()

    def _flush(self) -> None:
        with self._writing:
            # Copied and cut, never exchanged: another thread may be about to append to this very list.
            lines = self._waiting[:]
            del self._waiting[: len(lines)]
            if not lines:
                return
            if self.dropped:
                told: dict[str, Field] = {"outcome": "dropped", "count": self.dropped}
                lines.append(encode(self._clock.now_ms(), "warning", "log", told))
            try:
                self._sink.write(b"".join(lines))
            except OSError:
                self.dropped += len(lines) - bool(self.dropped)
            else:
                self.dropped = 0

    def _shielded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - whatever is wrong with the log, the work goes on; the count tells
            self.dropped += 1


def _mask(text: str) -> str:
    from greenbot.redact import mask_phone

    return mask_phone(text)
