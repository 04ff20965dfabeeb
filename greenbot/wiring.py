"""Settings become objects here, and nowhere else."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from greenbot import failpoints
from greenbot.clock import Clock
from greenbot.config.settings import Instance, Settings
from greenbot.errors import ConfigError

if TYPE_CHECKING:
    from greenbot.alerts.evaluator import Evaluator
    from greenbot.alerts.heartbeat import Heartbeat
    from greenbot.alerts.teller import Teller
    from greenbot.api.client import Carrier, Client, OnCall
    from greenbot.api.engine import Engine
    from greenbot.config.settings import LogSettings
    from greenbot.db.connect import Db
    from greenbot.hooks.dispatcher import Dispatcher
    from greenbot.hooks.hook import Kind
    from greenbot.hooks.job import Carry
    from greenbot.inbox.process import Processor
    from greenbot.inbox.receive import OnReceived, Receiver
    from greenbot.logs.book import Book
    from greenbot.logs.sinks import Sink
    from greenbot.metrics.recorder import Recorder
    from greenbot.outbound.guard import Policy
    from greenbot.outbox.gate import OnNews
    from greenbot.outbox.limits import LaneLimits
    from greenbot.outbox.owner import Owner
    from greenbot.outbox.worker import Service, Worker
    from greenbot.redact import Secret
    from greenbot.resilience.lines import Lines


def open_store(settings: Settings, clock: Clock, *, create: bool = True) -> "Db":
    """The store of this machine, migrated where needed, and created unless `create` is False.

    Raises `StoreError`, or `UnsafePermissions` when others may write into its folder.
    """
    from greenbot.config.paths import make_private_dir
    from greenbot.db.connect import connect

    if create:
        make_private_dir(settings.paths.store_file.parent)
    return connect(settings.paths.store_file, clock=clock, create=create)


def open_log(settings: Settings, clock: Clock, *, collects: bool = False) -> "Book | None":
    """The log of this process, as configured; None where there is none. Raises `UnsafePermissions`, `ConfigError`.

    `collects`: a thread writes, for who works on without pause.
    """
    from greenbot.logs.book import Book, Detail, Rules
    from greenbot.logs.line import level_of

    place = settings.log_place
    if place.to == "none":
        return None

    def detail(log: "LogSettings") -> Detail:
        return Detail(detailed=log.detailed, request_body=log.request_body, response_body=log.response_body)

    rules = Rules(
        level=level_of(place.level),
        phones=place.phones,
        general=detail(settings.log),
        instances={name: detail(instance.log) for name, instance in settings.instances.items()},
    )
    return Book(_log_sink(settings, clock), rules, clock, collects=collects)


def _log_sink(settings: Settings, clock: Clock) -> "Sink":
    place = settings.log_place
    if place.to != "file":
        from greenbot.logs.sinks import Journal, Stderr

        return Journal() if place.to == "journal" else Stderr()
    from greenbot.config.paths import make_private_dir
    from greenbot.logs.rotation import Limits
    from greenbot.logs.writer import FileWriter

    make_private_dir(settings.paths.log_file.parent)
    limits = Limits(most_bytes=place.max_mb << 20, most_age_ms=place.max_hours * 3_600_000, keep=place.keep)
    return FileWriter(settings.paths.log_file, clock, limits)


def make_client(
    settings: Settings,
    instance: Instance,
    clock: Clock,
    *,
    transport: 'Literal["inline", "pooled"] | Engine | Carrier' = "inline",
    on_call: "OnCall | None" = None,
) -> "Client":
    """A client for one instance. Raises `TokenMissing` or `UnsafePermissions` when its token cannot be read.

    `transport` is `inline` for one call of a shell command, `pooled` inside an event loop, or an engine of the caller.
    """
    from greenbot.api.client import Client, Credentials, ignore_call
    from greenbot.api.request import Timeouts

    _keep_failpoints_local(instance)
    credentials = Credentials(
        instance_name=instance.name,
        id=instance.id,
        token=instance.token(),
        api_url=instance.api_url,
        media_url=instance.media_url,
        partner_url=settings.api.partner_url,
        partner_token=settings.partner_token.find(),
    )
    seconds = settings.api.timeout_seconds
    timeouts = Timeouts(read=seconds, transfer=max(180.0, seconds))
    return Client(credentials, timeouts=timeouts, transport=transport, on_call=on_call or ignore_call, clock=clock)


def open_lines(settings: Settings, clock: Clock) -> "Lines":
    """Where the processes of this machine keep who may call when."""
    from greenbot.resilience.line_files import LineFiles

    return LineFiles(settings.paths.state_dir / "limits", clock)


def lane_limits(settings: Settings, instance: Instance, environ: Mapping[str, str]) -> "LaneLimits":
    """What an instance may send, as configured; measurements on a simulator may lift it."""
    from greenbot.outbox.limits import LaneLimits
    from greenbot.resilience.retry import RetryPolicy

    retry = RetryPolicy(max_retries=settings.api.max_retries)
    if environ.get("GREENBOT_TESTING") == "1" and environ.get("GREENBOT_LIMITS") == "off" and _is_local(instance):
        return LaneLimits(minute_count=None, second_rate=None, most_unconfirmed=None, retry=retry)
    return LaneLimits(
        minute_count=instance.rate_limit_per_minute, second_rate=instance.rate_limit_per_second, retry=retry
    )


def make_worker(
    read_settings: Callable[[], Settings],
    db: "Db",
    owner: "Owner",
    clock: Clock,
    *,
    environ: Mapping[str, str],
    transport: "Engine",
    on_news: "OnNews",
    recorder: "Recorder | None" = None,
) -> "Worker":
    """A worker for every instance that `read_settings` knows when it is asked; it is asked again for fresh tokens.

    `recorder` counts its questions to GREEN-API and what limits hold back; messages count themselves.
    """
    import random
    from dataclasses import replace

    from greenbot.campaigns.dispatch import DispatchRules
    from greenbot.outbox.clients import Clients
    from greenbot.outbox.lane import ignore_wait
    from greenbot.outbox.reconcile import Reconciler
    from greenbot.outbox.timing import times_of
    from greenbot.outbox.worker import DEFAULT_PACE, Service, Worker

    def client_of(name: str) -> "Client":
        settings = read_settings()
        on_call = None if recorder is None else recorder.call
        return make_client(settings, settings.instance(name), clock, transport=transport, on_call=on_call)

    def service_of(name: str) -> "Service | None":
        settings = read_settings()
        if name not in settings.instances:
            return None
        limits = lane_limits(settings, settings.instances[name], environ)
        return Service(limits=limits, client_of=lambda: clients.renewed(name))

    settings, times = read_settings(), times_of(environ)
    lines = open_lines(settings, clock)
    rng = random.Random()  # noqa: S311 - spreads retries, hides nothing
    clients = Clients(client_of, names=lambda: read_settings().instances)
    reconciler = Reconciler(db, clients, clock=clock, run_dir=owner.run_dir, times=times, lines=lines, rng=rng)
    reconcile_seconds = min(DEFAULT_PACE.reconcile_seconds, times.settle_ms / 4000)
    return Worker(
        db,
        owner=owner,
        lines=lines,
        clock=clock,
        rng=rng,
        service_of=service_of,
        rules=DispatchRules(clock=clock),
        pace=replace(DEFAULT_PACE, reconcile_seconds=reconcile_seconds),
        on_news=on_news,
        commits_behind=True,
        reconcile=reconciler.run_pass,
        on_wait=ignore_wait if recorder is None else recorder.wait,
    )


def make_processor(
    read_settings: Callable[[], Settings], db: "Db", owner: "Owner", clock: Clock, *, on_news: "OnNews"
) -> "Processor":
    """The processor of stored events, with everything that follows from one; for one process with the name `owner`."""
    import random
    from functools import partial

    from greenbot.chats.threads import Hotel
    from greenbot.effects import effects_of
    from greenbot.inbox.process import Processor
    from greenbot.outbox.owner import is_alive

    def tags(instance: str) -> tuple[str, ...]:
        known = read_settings().instances.get(instance)
        return () if known is None else tuple(known.tags)

    def hotel(instance: str) -> Hotel:
        settings = read_settings()
        known = settings.instances.get(instance)
        country_code = settings.country_code if known is None else known.country_code
        return Hotel(words=settings.understand_words, country_code=country_code or "")

    return Processor(
        db,
        owner=owner.id,
        is_alive=partial(is_alive, owner.run_dir),
        clock=clock,
        rng=random.Random(),  # noqa: S311 - spreads retries, hides nothing
        effects=effects_of(clock, tags=tags, hotel=hotel),
        on_news=on_news,
    )


def outbound_policy(settings: Settings) -> "Policy":
    """Where calls to strangers may go, as configured. Raises `ConfigError` for an entry that cannot be read."""
    from greenbot.errors import UsageError
    from greenbot.outbound.guard import Policy, parse_allowed

    try:
        return Policy(allow=tuple(map(parse_allowed, settings.outbound_allow)))
    except UsageError as error:
        raise ConfigError(f"outbound.allow: {error}", hint=error.hint) from None


def hook_carriers(
    read_settings: Callable[[], Settings], clock: Clock, *, environ: Mapping[str, str]
) -> "dict[Kind, Carry]":
    """What brings events to URLs and programs; the configuration is read anew for each."""
    from greenbot.hooks.command import CommandCarrier
    from greenbot.hooks.keyfiles import KeyFiles
    from greenbot.hooks.web import WebCarrier

    web = WebCarrier(
        policy=lambda: outbound_policy(read_settings()),
        secrets_of=lambda name: KeyFiles(read_settings().paths.secrets_dir, clock).of(name),
        clock=clock,
    )
    return {"url": web, "command": CommandCarrier(environ=environ, clock=clock)}


def make_dispatcher(
    read_settings: Callable[[], Settings],
    db: "Db",
    owner: "Owner",
    clock: Clock,
    *,
    environ: Mapping[str, str],
    on_news: "Callable[[str, str], None]",
) -> "Dispatcher":
    """The part that delivers events to hooks; one Db for the thread it runs in."""
    import random

    from greenbot.hooks.dispatcher import Dispatcher

    return Dispatcher(
        db,
        owner=owner,
        clock=clock,
        rng=random.Random(),  # noqa: S311 - spreads retries, hides nothing
        carriers=hook_carriers(read_settings, clock, environ=environ),
        on_news=on_news,
    )


def make_evaluator(
    read_settings: Callable[[], Settings], db: "Db", owner: "Owner", clock: Clock, *, on_notices: Callable[[], None]
) -> "Evaluator":
    """The part that looks at all alerts; `on_notices` is called when people are owed something."""
    from functools import partial

    from greenbot.alerts.evaluator import Evaluator
    from greenbot.outbox.owner import is_alive

    return Evaluator(
        db,
        clock=clock,
        owner=owner.id,
        instances=lambda: read_settings().instances,
        on_notices=on_notices,
        is_alive=partial(is_alive, owner.run_dir),
    )


def make_teller(
    read_settings: Callable[[], Settings],
    db: "Db",
    owner: "Owner",
    clock: Clock,
    *,
    environ: Mapping[str, str],
    on_news: "Callable[[str, str], None]",
) -> "Teller":
    """The part that tells people; one Db for the thread it runs in. For a shell: `await once()`."""
    import random

    from greenbot.alerts.notify.sources import Sources
    from greenbot.alerts.notify.telling import Reach
    from greenbot.alerts.teller import Teller, times_of

    reach = Reach(
        clock=clock,
        sources=Sources(environ=environ, folder=read_settings().paths.config_file.parent),
        policy=lambda: outbound_policy(read_settings()),
        environ=environ,
        db=db,
        instances=lambda: read_settings().instances,
    )
    rng = random.Random()  # noqa: S311 - spreads retries, hides nothing
    return Teller(db, owner=owner, clock=clock, rng=rng, reach=reach, times=times_of(environ), on_news=on_news)


def make_heartbeat(
    read_settings: Callable[[], Settings],
    db: "Db",
    owner: "Owner",
    clock: Clock,
    *,
    on_news: "Callable[[str, str], None]",
) -> "Heartbeat":
    """The dead-man's switch, which follows the evaluator's looks."""
    from greenbot.alerts.heartbeat import Heartbeat

    def url() -> "Secret | None":
        return read_settings().heartbeat_url.find()

    return Heartbeat(
        db,
        clock=clock,
        owner=owner.id,
        url=url,
        policy=lambda: outbound_policy(read_settings()),
        on_news=on_news,
    )


@contextmanager
def make_receiver(
    settings: Settings,
    instance: Instance,
    db: "Db",
    owner: "Owner",
    clock: Clock,
    *,
    transport: "Engine",
    on_received: "OnReceived",
) -> "Iterator[Receiver]":
    """The one consumer of an instance's notifications, for as long as the context lasts. Raises `Busy`, `NotReady`."""
    import random

    from greenbot.inbox.consumer import turn_of
    from greenbot.inbox.receive import Receiver

    client = make_client(settings, instance, clock, transport=transport)
    with turn_of(db, instance.name, owner=owner.id, run_dir=owner.run_dir, clock=clock) as turn:
        yield Receiver(
            db,
            client,
            turn,
            clock=clock,
            rng=random.Random(),  # noqa: S311 - spreads retries, hides nothing
            expected_ids={instance.name: instance.id},
            on_received=on_received,
        )


def _is_local(instance: Instance) -> bool:
    from urllib.parse import urlsplit

    return urlsplit(instance.api_url).hostname in ("127.0.0.1", "::1", "localhost")


def _keep_failpoints_local(instance: Instance) -> None:
    if failpoints.armed() and not _is_local(instance):
        raise ConfigError("Failpoints are armed, but this instance is a real one.", hint="Unset GREENBOT_FAILPOINTS.")
