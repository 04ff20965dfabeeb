"""Named points where a test may stop this process, to prove what a crash leaves behind.

`GREENBOT_FAILPOINTS="out.after_post=kill@3;out.after_mark=delay:50ms"` does nothing unless
`GREENBOT_TESTING=1` is set too. Actions: `kill`, `stop`, `exit:CODE`, `delay:MSms` and
`raise:ERRNO`; `@N` waits for the N-th passing. A plan that cannot be carried out stops the
program at once: a test must not pass because its fault never came.
"""

import errno
import os
import signal
import time
from collections.abc import Callable

POINTS = (
    "out.after_enqueue",
    "out.after_claim",
    "out.after_mark",
    "out.mid_post",
    "out.after_post",
    "out.after_accept",
    "rec.after_queue",
    "rec.after_journal",
    "rec.before_claim",
    "rec.before_requeue",
    "web.after_read",
    "web.before_commit",
    "web.after_commit",
    "proc.after_claim",
    "proc.after_effect",
    "proc.before_done",
    "hook.after_claim",
    "hook.after_effect",
    "recv.after_receive",
    "recv.before_delete",
    "camp.after_begin",
    "camp.in_batch",
    "camp.after_batch",
    "camp.before_running",
    "alert.after_commit",
    "notify.after_send",
    "settings.after_mark",
    "settings.after_post",
    "cfg.after_tmp",
    "cfg.after_rename",
    "migrate.step",
    "backup.mid",
    "restore.before_swap",
    "restore.mid_swap",
)


def _fail(name: str) -> None:
    number = getattr(errno, name)
    raise OSError(number, f"{os.strerror(number)} (failpoint)")


def _action(verb: str) -> Callable[[], None]:
    name, _, argument = verb.partition(":")
    if name == "kill":
        return lambda: os.kill(os.getpid(), signal.SIGKILL)
    if name == "stop":
        return lambda: os.kill(os.getpid(), signal.SIGSTOP)
    if name == "exit":
        code = int(argument or 99)
        return lambda: os._exit(code)
    if name == "delay":
        seconds = float(argument.removesuffix("ms")) / 1000
        return lambda: time.sleep(seconds)
    if name == "raise" and hasattr(errno, argument or "EIO"):
        return lambda: _fail(argument or "EIO")
    raise RuntimeError(f"unknown failpoint action {verb!r}")


def read_plan(armed: str) -> dict[str, tuple[Callable[[], None], int]]:
    """What each point does, and at which passing. Raises `RuntimeError` for a name or action that does not exist."""
    plan = {}
    for item in filter(None, (part.strip() for part in armed.split(";"))):
        name, _, action = item.partition("=")
        verb, _, nth = action.partition("@")
        if name not in POINTS:
            raise RuntimeError(f"unknown failpoint {name!r}")
        if nth and not (nth.isdecimal() and int(nth) > 0):
            raise RuntimeError(f"failpoint {name!r} never reaches passing {nth!r}")
        plan[name] = (_action(verb), int(nth or 1))
    return plan


_plan = read_plan(os.environ.get("GREENBOT_FAILPOINTS", "") if os.environ.get("GREENBOT_TESTING") == "1" else "")
_hits: dict[str, int] = {}


def armed() -> bool:
    """Whether any point of this process is planned to do something."""
    return bool(_plan)


def hit(name: str) -> None:
    """Pass the point `name`; carries out what a test planned for its n-th passing."""
    if name not in _plan:
        return
    act, nth = _plan[name]
    _hits[name] = _hits.get(name, 0) + 1
    if _hits[name] == nth:
        act()
