"""Everything the checks judge, as it was found. What could not be found out says why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from greenbot.config.settings import Instance, Settings
    from greenbot.installed.state import Installed


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Why something is not known. `is_wanted`: it should have been found out, and that failed."""

    why: str
    is_wanted: bool = True
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An error of greenbot in words: what is wrong and what to type."""

    what: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretFact:
    """One secret: whether it is there and how long it is, never what it is."""

    key: str
    label: str
    place: str
    length: int
    problem: Trouble | None = None
    instance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFact:
    """A file or folder of greenbot that others must not get at."""

    path: Path
    mode: int
    is_ours: bool
    is_folder: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFact:
    """The certificate that `serve` shows, as far as it can be used."""

    expires_at_ms: int | None
    problem: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFact:
    """The file system that holds the store."""

    folder: Path
    free_bytes: int
    total_bytes: int
    free_inodes: int | None
    is_writable: bool
    #: As the system calls it: ext4, nfs4 ... Empty where it cannot be told.
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFact:
    """The store's file, looked at without opening it for work."""

    path: Path
    is_ours: bool
    schema: int
    latest_schema: int
    journal_mode: str
    wanted_journal_mode: str
    sqlite: tuple[int, ...]
    size_bytes: int
    wal_bytes: int
    #: None: the check was not finished in its time.
    problems: Sequence[str] | None
    last_backup_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerFact:
    """A way to GREEN-API that is not open."""

    instance: str
    host: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookFact:
    """A hook with something wrong."""

    name: str
    is_enabled: bool
    reason: str
    dead: int
    is_resting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFact:
    """What waits in the store, and what holds it up."""

    #: How long the oldest due message of each instance waits that nobody holds back.
    oldest_due_ms: Mapping[str, int] = field(default_factory=dict)
    queued: int = 0
    uncertain: int = 0
    oldest_uncertain_ms: int = 0
    stalled: int = 0
    #: Held messages by the reason.
    held: Mapping[str, int] = field(default_factory=dict)
    #: Messages in the hands of processes that are gone, or whose lease is over.
    abandoned: int = 0
    #: Paused instances with the reason.
    paused: Mapping[str, str] = field(default_factory=dict)
    breakers: Sequence[BreakerFact] = ()
    events_waiting: int = 0
    oldest_event_ms: int = 0
    events_dead: int = 0
    events_quarantined: int = 0
    hooks: Sequence[HookFact] = ()
    worker_is_alive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverFact:
    """Somebody who is told."""

    name: str
    is_enabled: bool
    is_default: bool
    proved_at_ms: int | None
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsFact:
    """Rules and whom they tell."""

    rules: int
    enabled_rules: int
    #: Names of receivers that rules wish and nobody is.
    unknown_receivers: Sequence[str] = ()
    receivers: Sequence[ReceiverFact] = ()
    #: How long the longest silence that covers every alert still lasts.
    silenced_ms: int = 0
    failed_notices: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFact:
    """What runs, by its own signs of life."""

    #: Each part with how long ago it was last seen.
    parts: Mapping[str, int]
    evaluator_looked_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFact:
    """The machine and the Python greenbot runs on."""

    python: tuple[int, int, int]
    installed: "Installed | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsFact:
    """The log as it lies on the disk."""

    place: str
    is_writable: bool
    current_bytes: int
    kept_files: int
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryFact:
    """What became of secrets and numbers written through the real log on trial. `leaked` names what showed up whole."""

    written: int
    leaked: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFact:
    """What GREEN-API says of one number."""

    #: The class of the outcome of the question for the state, and its reason and words.
    outcome: str
    reason: str
    detail: str
    state: str = ""
    #: None: not answered.
    settings: Mapping[str, object] | None = None
    settings_reason: str = ""
    #: GREEN-API asks for fewer calls, so something was not told.
    is_limited: bool = False
    #: How far GREEN-API's clock is ahead of ours.
    skew_ms: int | None = None
    #: Whether GREEN-API sends the webhook token that greenbot expects; None: there is nothing to compare.
    token_matches: bool | None = None
    polled: bool = False


ProbeKind = Literal["greenbot", "refused", "blocked", "redirect", "proxy", "path", "stranger", "failure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFact:
    """What answered at the webhook's public address, to the right token and to none."""

    url: str
    instance: str
    kind: ProbeKind
    words: str
    #: Of a failure: dns, connect, tls, timeout, broken, forbidden.
    failure: str = ""
    open_without_token: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything, as of `now_ms`."""

    now_ms: int
    #: Problems of the configuration; empty when it can be used.
    config: "Sequence[Trouble] | Missing"
    settings: "Settings | Missing"
    #: The instances that were asked for.
    instances: "Sequence[Instance] | Missing"
    secrets: Sequence[SecretFact] | Missing
    files: Sequence[FileFact] | Missing
    tls: TlsFact | Missing
    disk: DiskFact | Missing
    store: StoreFact | Missing
    queue: QueueFact | Missing
    alerts: AlertsFact | Missing
    service: ServiceFact | Missing
    host: HostFact | Missing
    logs: LogsFact | Missing
    canaries: CanaryFact | Missing
    accounts: Mapping[str, AccountFact | Missing] | Missing
    probes: Sequence[ProbeFact] | Missing
