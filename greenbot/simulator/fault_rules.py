"""What can go wrong, as data: the kinds of faults, one rule, and the one-line text form of a rule.

`drop-reply method=sendMessage count=1` and `cut-response@120 method=send* p=0.1` are whole rules.
"""

import difflib
import fnmatch
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


class FaultSyntaxError(ValueError):
    """The text of a rule cannot be understood; the words say which part and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One way to fail. `argument` names the parameter that may stand after `@`; values are defaults.

    `place` says when a rule is looked at: at a `request` to the API, or when a `webhook` is queued.
    """

    name: str
    summary: str
    place: str = "request"
    argument: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


_TABLE: Final[tuple[Kind, ...]] = (
    Kind(name="drop-reply", summary="executes the request, then closes the connection without an answer"),
    Kind(
        name="no-reply",
        summary="reads the request and never answers, until the client leaves (execute=true: does the work)",
        parameters={"execute": "false"},
    ),
    Kind(
        name="late-execution",
        summary="gives no answer and executes N seconds later (hold=true: keeps the connection open)",
        argument="seconds",
        parameters={"seconds": "30", "hold": "false"},
    ),
    Kind(name="reset", summary="resets the connection (TCP RST) before executing"),
    Kind(
        name="cut-response",
        summary="executes, sends the first N bytes of the whole HTTP response, then closes",
        argument="bytes",
        parameters={"bytes": "40"},
    ),
    Kind(
        name="slow",
        summary="waits N seconds, then goes on as if nothing had happened",
        argument="seconds",
        parameters={"seconds": "5"},
    ),
    Kind(
        name="html-200",
        summary="answers 200 with an HTML page, as a captive portal does",
        parameters={"execute": "false"},
    ),
    Kind(
        name="5xx",
        summary="answers 500, 502, 503 or 504 (execute=true: after doing the work)",
        argument="status",
        parameters={"status": "500", "execute": "false"},
    ),
    Kind(
        name="429",
        summary="refuses by the rate limiter (retry_after=N adds the header)",
        parameters={"retry_after": ""},
    ),
    Kind(name="466", summary="refuses because the monthly quota is used up"),
    Kind(name="401", summary="refuses the token with an empty body"),
    Kind(name="403", summary="refuses as for a wrong host or an archived method"),
    Kind(name="404", summary="answers as for an unknown path"),
    Kind(
        name="redirect",
        summary="answers 302 to another address",
        argument="to",
        parameters={"to": "/elsewhere", "execute": "false"},
    ),
    Kind(
        name="huge-response",
        summary="executes and pads the answer to N bytes",
        argument="bytes",
        parameters={"bytes": "2097152", "execute": "true"},
    ),
    Kind(
        name="truncated-json",
        summary="executes and answers with half of the JSON, well-formed HTTP",
        parameters={"execute": "true"},
    ),
    Kind(name="null-body", summary="executes and answers 200 with `null`", parameters={"execute": "true"}),
    Kind(
        name="not-json",
        summary="executes and answers 200 with plain words declared as JSON",
        parameters={"execute": "true"},
    ),
    Kind(
        name="stuck-queue",
        summary="the instance's send queue stops moving (for N seconds; 0 = until released)",
        argument="seconds",
        parameters={"seconds": "0"},
    ),
    Kind(name="lid-switch", summary="the chat's ids turn to @lid in every later webhook"),
    Kind(
        name="state",
        summary="the instance goes over to another state before the request is judged",
        argument="state",
        parameters={"state": ""},
    ),
    Kind(
        name="lost-status",
        summary="an outgoingMessageStatus webhook is never sent (status=read: only that one)",
        place="webhook",
        parameters={"status": "*"},
    ),
    Kind(
        name="duplicate-webhook",
        summary="a webhook is queued N times more",
        place="webhook",
        argument="copies",
        parameters={"copies": "1"},
    ),
    Kind(name="reorder", summary="a webhook overtakes the one queued before it", place="webhook"),
)
_KIND_OF: Final = {kind.name: kind for kind in _TABLE}

KINDS: Final[dict[str, str]] = {kind.name: kind.summary for kind in _TABLE}
"""Every kind with its explanation in one line, for help texts."""

_NUMBERS: Final = {"seconds", "bytes", "copies", "retry_after"}
_SERVER_ERRORS: Final = ("500", "502", "503", "504")
_STATES: Final = (
    "authorized",
    "notAuthorized",
    "blocked",
    "starting",
    "suspended",
    "yellowCard",
    "sleepMode",
)
_CHOICES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("", "execute"): ("true", "false"),
    ("", "hold"): ("true", "false"),
    ("5xx", "status"): _SERVER_ERRORS,
    ("state", "state"): _STATES,
}
_PARAMETER_NAMES: Final = frozenset({"method", "instance", "count", "p", "after"})
_ARGUMENT_MARK: Final = re.compile(r"[@=]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """When to fail and how.

    `methods` is a glob over method names (or webhook types, for faults of webhooks), without regard to
    case; `instances` is "*" or one id. The rule skips the first `after` matches, then fires with
    `probability` (0..1) at each, at most `count` times (None: without end).

    Raises:
        FaultSyntaxError: the kind, a parameter or a number is not acceptable.
    """

    kind: str
    methods: str = "*"
    instances: str = "*"
    count: int | None = None
    probability: float = 1.0
    after: int = 0
    params: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in _KIND_OF:
            raise FaultSyntaxError(_unknown("fault", self.kind, list(KINDS)))
        if not 0 <= self.probability <= 1:
            raise FaultSyntaxError(f"p={self.probability} is not between 0 and 1")
        if self.after < 0 or (self.count is not None and self.count < 1):
            raise FaultSyntaxError("count starts at 1 and after at 0")
        for name, value in self.params.items():
            _check_parameter(_KIND_OF[self.kind], name, value)
        if self.kind == "state" and not self.text("state"):
            raise FaultSyntaxError(f"write the state: state=blocked; states are {', '.join(_STATES)}")

    @property
    def place(self) -> str:
        """`request` or `webhook`: where the rule is looked at."""
        return _KIND_OF[self.kind].place

    def text(self, name: str) -> str:
        """A parameter as text; its default when the rule does not give it."""
        return self.params.get(name, _KIND_OF[self.kind].parameters[name])

    def number(self, name: str) -> float:
        """A parameter as a number; 0 when it is left empty."""
        return float(self.text(name) or 0)

    @property
    def executes(self) -> bool:
        """True when the work is done although the answer is spoilt."""
        return self.text("execute") == "true" if "execute" in _KIND_OF[self.kind].parameters else False

    def matches(self, *, instance: int, name: str) -> bool:
        """True when the rule speaks about this instance and this method (or webhook type)."""
        is_meant = self.instances in ("*", str(instance))
        return is_meant and fnmatch.fnmatchcase(name.lower(), self.methods.lower())

    def __str__(self) -> str:
        words = [self.kind, *(f"{name}={shlex.quote(value)}" for name, value in self.params.items())]
        words += [f"method={self.methods}"] if self.methods != "*" else []
        words += [f"instance={self.instances}"] if self.instances != "*" else []
        words += [f"count={self.count}"] if self.count is not None else []
        words += [f"p={self.probability:g}"] if self.probability != 1 else []
        words += [f"after={self.after}"] if self.after else []
        return " ".join(words)


def parse_rule(text: str) -> FaultRule:
    """Reads the text form: `KIND[@ARGUMENT] [method=GLOB] [instance=ID] [count=N] [p=0.1] [after=N] …`.

    `503` is short for `5xx@503`, `state=blocked` for `state@blocked`. `str(rule)` reads back to an equal rule.

    Raises:
        FaultSyntaxError: the text is not a rule.
    """
    try:
        head, *words = shlex.split(text)
    except ValueError as reason:
        raise FaultSyntaxError(f"not a fault rule: {text!r} ({reason})") from None
    kind, params = _parse_head(head)
    common: dict[str, str] = {}
    for word in words:
        name, mark, value = word.partition("=")
        if not mark:
            raise FaultSyntaxError(f"write NAME=VALUE instead of {word!r}")
        target = common if name in _PARAMETER_NAMES else params
        target[name] = value
    return FaultRule(
        kind=kind,
        methods=common.get("method", "*"),
        instances=common.get("instance", "*"),
        count=int(_number("count", common["count"])) if "count" in common else None,
        probability=_number("p", common.get("p", "1")),
        after=int(_number("after", common.get("after", "0"))),
        params=params,
    )


def _parse_head(head: str) -> tuple[str, dict[str, str]]:
    if head in _SERVER_ERRORS:
        return "5xx", {"status": head}
    name, *argument = _ARGUMENT_MARK.split(head, maxsplit=1)
    if name not in _KIND_OF:
        raise FaultSyntaxError(_unknown("fault", name, list(KINDS)))
    if not argument:
        return name, {}
    parameter = _KIND_OF[name].argument
    if parameter is None:
        raise FaultSyntaxError(f"{name} takes nothing after @")
    return name, {parameter: argument[0]}


def _check_parameter(kind: Kind, name: str, value: str) -> None:
    if name not in kind.parameters:
        allowed = sorted(_PARAMETER_NAMES | set(kind.parameters))
        raise FaultSyntaxError(_unknown(f"parameter of {kind.name}", name, allowed))
    if name in _NUMBERS and value and _number(name, value) < 0:
        raise FaultSyntaxError(f"{name}={value} is negative")
    choices = _CHOICES.get((kind.name, name)) or _CHOICES.get(("", name))
    if choices and value not in choices:
        raise FaultSyntaxError(f"{name}={value!r} is not one of {', '.join(choices)}")


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise FaultSyntaxError(f"{name}={value!r} is not a number") from None


def _unknown(what: str, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}" if near else f"there are: {', '.join(known)}"
    return f"no {what} is called {name!r}; {hint}"
