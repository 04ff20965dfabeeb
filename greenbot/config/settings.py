"""The settings of this run: frozen, checked, each value with its origin."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from greenbot.config.files import Origin
from greenbot.config.paths import Paths
from greenbot.config.secrets import TokenSource
from greenbot.config.table import SETTINGS, Setting, Value
from greenbot.errors import UnknownInstance, UsageError
from greenbot.redact import Secret

__all__ = [
    "SETTINGS",
    "ApiSettings",
    "ContactSettings",
    "Instance",
    "LogPlace",
    "LogSettings",
    "MediaSettings",
    "Origin",
    "ServerSettings",
    "Setting",
    "Settings",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class ApiSettings:
    """How GREEN-API is reached, where an instance says nothing of its own."""

    base_url: str
    media_url: str
    partner_url: str
    timeout_seconds: float
    max_retries: int
    rate_limit_per_minute: int
    rate_limit_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class LogSettings:
    """What goes into the log beyond the ordinary; bodies hold guests' numbers and texts."""

    detailed: bool
    request_body: bool
    response_body: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class LogPlace:
    """Where the log goes, what is grave enough for it, and how long its files are kept."""

    to: str
    level: str
    phones: bool
    max_mb: int
    max_hours: int
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class ServerSettings:
    """Where `greenbot serve` listens, and what opens which of its routes."""

    host: str
    port: int
    trusted_proxies: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    tls_cert: Path | None
    tls_key: Path | None
    viewer_token: TokenSource
    admin_token: TokenSource


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class MediaSettings:
    """Where guests' files may be fetched from, and how much of them."""

    hosts: tuple[str, ...]
    file_mb: int
    daily_mb: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class ContactSettings:
    """How often may be asked whether numbers have WhatsApp, and how long an answer is believed."""

    checks_per_day: int
    check_keep_days: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)  # no more than a start needs
class Instance:
    """One WhatsApp number. `instance.token()` reads its token when it is first needed."""

    name: str
    id: str
    api_url: str
    media_url: str
    token: TokenSource
    webhook_token: TokenSource
    webhook_token_previous: TokenSource
    tags: tuple[str, ...]
    timezone: str
    language: str
    country_code: str | None
    rate_limit_per_minute: int
    rate_limit_per_second: float
    ambiguous_policy: str
    log: LogSettings

    def webhook_tokens(self) -> tuple[Secret, ...]:
        """The webhook tokens valid now: the current one, then the previous one, as far as they exist.

        Raises `UnsafePermissions` when others could read one.
        """
        found = (self.webhook_token.find(), self.webhook_token_previous.find())
        return tuple(secret for secret in found if secret is not None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class Settings:
    """Everything configurable. Nothing in it is secret until a `TokenSource` is called."""

    paths: Paths
    #: The store as configured; `paths.store_file` is the same as a path.
    database: str
    default_instance: str | None
    instances: Mapping[str, Instance]
    api: ApiSettings
    partner_token: TokenSource
    webhook_secret: TokenSource
    standard_secret: TokenSource
    heartbeat_url: TokenSource
    server: ServerSettings
    media: MediaSettings
    contacts: ContactSettings
    log: LogSettings
    log_place: LogPlace
    #: Where hooks may reach beyond the public Internet, as written; `outbound.guard` reads the entries.
    outbound_allow: tuple[str, ...]
    #: `INTENT: phrase, phrase`, as `messages.understanding.rules.extended` takes them.
    understand_words: tuple[str, ...]
    #: For how many days what is over is kept.
    inbox_keep_days: int
    outbox_keep_days: int
    #: How long a round of the watcher takes.
    watch_every_seconds: int
    ambiguous_policy: str
    timezone: str
    language: str
    country_code: str | None
    #: Every value by full key, such as `api.timeout_seconds` or `instances.grand-kyiv.tags`; for a secret, its place.
    values: Mapping[str, Value] = field(repr=False)
    origins: Mapping[str, Origin] = field(repr=False)
    #: The configuration files that were read, strongest first.
    files: tuple[Path, ...]

    def instance(self, name: str | None = None) -> Instance:
        """The instance of that name; without a name the default one, or the only one.

        Raises `UnknownInstance`, or `UsageError` when it is not clear which is meant.
        """
        if name is None:
            name = self.default_instance or self._only_one()
        if name in self.instances:
            return self.instances[name]
        from greenbot.config.problems import closest

        near = closest(name, self.instances)
        raise UnknownInstance(
            f"There is no instance called {name!r}.", hint=f"Did you mean {near}?" if near else None, instance=name
        )

    def select(self, pattern: str | None = None, *, tag: str | None = None) -> tuple[Instance, ...]:
        """The instances a person means: a name, a glob such as `grand-*`, or `all`; with `tag`, those that have it.

        With neither, the same one as `instance()`. Raises `UnknownInstance` when there is none.
        """
        if pattern is None and tag is None:
            return (self.instance(),)
        named = self._matching(pattern or "all")
        chosen = tuple(one for one in named if tag is None or tag in one.tags)
        if not chosen:
            known = sorted({word for one in self.instances.values() for word in one.tags})
            hint = f"Tags in use: {', '.join(known)}" if known else "No instance has a tag yet."
            raise UnknownInstance(f"No instance has the tag {tag!r}.", hint=hint)
        return chosen

    def _matching(self, pattern: str) -> tuple[Instance, ...]:
        if pattern == "all" and self.instances:
            return tuple(self.instances.values())
        if not any(sign in pattern for sign in "*?["):
            return (self.instance(None if pattern == "all" else pattern),)
        from fnmatch import fnmatchcase

        found = tuple(one for name, one in self.instances.items() if fnmatchcase(name, pattern))
        if not found:
            raise UnknownInstance(f"No instance is called like {pattern!r}.")
        return found

    def _only_one(self) -> str:
        if len(self.instances) == 1:
            return next(iter(self.instances))
        if self.instances:
            raise UsageError(
                f"Which instance? There are {', '.join(self.instances)}.",
                hint="Add --instance NAME, or choose one with: greenbot config set default_instance NAME",
            )
        raise UsageError(
            "No instance is configured.",
            hint="Set one up with: greenbot init. Or set both GREEN_API_INSTANCE_ID and GREEN_API_TOKEN.",
        )
