"""Named points where a test may stop this process, to prove what a crash leaves behind.

`GREENBOT_FAILPOINTS="out.after_post=kill@3;web.before_commit=delay:50ms"` does nothing unless
`GREENBOT_TESTING=1` is set too.
"""

import os
import signal
import time

POINTS = (
    "out.after_enqueue",
    "out.after_claim",
    "out.after_mark",
    "out.mid_post",
    "out.after_post",
    "out.after_accept",
    "cfg.after_tmp",
    "cfg.after_rename",
    "migrate.step",
)

_armed = os.environ.get("GREENBOT_FAILPOINTS", "") if os.environ.get("GREENBOT_TESTING") == "1" else ""
_plan: dict[str, tuple[str, int]] = {}
_hits: dict[str, int] = {}
for _item in filter(None, _armed.split(";")):
    _name, _, _action = _item.partition("=")
    _verb, _, _nth = _action.partition("@")
    if _name not in POINTS:
        raise RuntimeError(f"unknown failpoint {_name!r}")
    _plan[_name] = (_verb, int(_nth or 1))


def hit(name: str) -> None:
    """Pass the point `name`; carries out what a test planned for its n-th passing."""
    if name not in _plan:
        return
    verb, nth = _plan[name]
    _hits[name] = _hits.get(name, 0) + 1
    if _hits[name] == nth:
        _act(verb)


def _act(verb: str) -> None:
    action, _, argument = verb.partition(":")
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif action == "exit":
        os._exit(int(argument or 99))
    elif action == "delay":
        time.sleep(float(argument.removesuffix("ms")) / 1000)
    elif action == "raise":
        raise OSError(f"failpoint {argument or 'EIO'}")
    else:
        raise RuntimeError(f"unknown failpoint action {verb!r}")
