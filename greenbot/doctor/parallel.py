"""Many looks at once, each with a deadline: what hangs is left behind and named, and the rest is told in time."""

import queue
import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from greenbot.clock import Clock
from greenbot.doctor.facts import Missing
from greenbot.errors import GreenbotError
from greenbot.redact import redact

T = TypeVar("T")


def together(
    jobs: Mapping[str, Callable[[], T]], *, seconds: float, clock: Clock, most: int = 16
) -> dict[str, T | Missing]:
    """The result of each job, or why there is none; returns after `seconds` at the latest. Never raises for a job."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[str, T | Missing]] = queue.SimpleQueue()
    for name in jobs:
        waiting.put(name)
    for _ in range(min(most, len(jobs))):
        # Nobody waits for a thread that hangs in the kernel, at the end of the process neither.
        threading.Thread(target=_work, args=(jobs, waiting, done), name="doctor", daemon=True).start()
    results: dict[str, T | Missing] = {}
    deadline = clock.monotonic() + seconds
    while len(results) < len(jobs) and (left := deadline - clock.monotonic()) > 0:
        try:
            name, result = done.get(timeout=left)
        except queue.Empty:
            break
        results[name] = result
    late = Missing(why=f"no answer within {seconds:g} s")
    return {name: results.get(name, late) for name in jobs}


def _work(
    jobs: Mapping[str, Callable[[], T]],
    waiting: "queue.SimpleQueue[str]",
    done: "queue.SimpleQueue[tuple[str, T | Missing]]",
) -> None:
    while True:
        try:
            name = waiting.get_nowait()
        except queue.Empty:
            return
        done.put((name, _result(jobs[name])))


def _result(job: Callable[[], T]) -> T | Missing:
    try:
        return job()
    except GreenbotError as error:
        return Missing(why=redact(str(error)).rstrip("."), fix=redact(error.hint or ""))
    except Exception as error:  # noqa: BLE001 - one look that fails must not keep the others from being told
        return Missing(why=redact(f"{type(error).__name__}: {error}"))
