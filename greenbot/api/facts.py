"""What can be seen of one call, and what it can lead to: the words every later decision is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Stage = Literal["before_request", "after_first_byte"]
FailureKind = Literal[
    "dns",
    "connect",
    "tls",
    "proxy",
    "pool",
    "write",
    "read",
    "timeout",
    "cancelled",
    "too_large",
    "deadline",
    "encoding",
    "unexpected",
]


class OutcomeClass(StrEnum):
    """What is known after one call."""

    OK = "ok"  # a query answered, a change done
    ACCEPTED = "accepted"  # a send is in GREEN-API's queue
    NOT_SENT = "not_sent"  # known to have had no effect; trying again is safe
    LIMITED = "limited"  # 429: had no effect, and the limiter must slow down
    AMBIGUOUS = "ambiguous"  # may have had its effect
    PERMANENT = "permanent"  # refused for what it says; the same again is refused again
    AUTH = "auth"  # credentials refused
    CONFIG = "config"  # nothing behaves like this instance at this address
    QUOTA = "quota"  # the month's quota is used up

    @property
    def succeeded(self) -> bool:
        """The call did what it was for."""
        return self in (OutcomeClass.OK, OutcomeClass.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole HTTP answer. Header names are lower case; `truncated`: longer than we are willing to read."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    elapsed_ms: int = 0
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """No whole answer came. `detail` is for people and carries no secret."""

    stage: Stage
    kind: FailureKind
    detail: str = ""
    elapsed_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The class of a call and everything worth keeping of it.

    `reason` is stable snake_case for programs; `detail` is for people, redacted and safe to print. `data` is the
    answer itself, kept out of `repr` because it may hold guests' words or new tokens; `raw` is its bytes as they came,
    where somebody waits for them: a notification's.
    """

    cls: OutcomeClass
    reason: str
    detail: str = ""
    remote_id: str | None = None
    data: object | None = field(default=None, repr=False)
    status: int | None = None
    retry_after_seconds: float | None = None
    elapsed_ms: int = 0
    raw: bytes | None = field(default=None, repr=False)

    @property
    def succeeded(self) -> bool:
        """The call did what it was for."""
        return self.cls.succeeded
