"""The service put together: what `greenbot serve` runs, made from the settings."""

import socket
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from greenbot.config.settings import Settings
from greenbot.daemon import InThread, Part, Supervisor, Watchdog
from greenbot.errors import ConfigError
from greenbot.metrics.recorder import Recorder
from greenbot.server.auth import Credentials
from greenbot.server.exposure import refuse_unlocked
from greenbot.server.gate import Gate
from greenbot.server.limits import DEFAULT_LIMITS, Limits
from greenbot.server.listener import Server, bind, tls_context
from greenbot.server.origin import Hosts, networks_of
from greenbot.server.policy import Routes
from greenbot.server.probes import add_routes as add_probes
from greenbot.server.reader import Reader
from greenbot.serving.around import Surroundings, Wanted
from greenbot.serving.counted import CountedWebhooks, Door
from greenbot.serving.inbox import Inbox
from greenbot.serving.openers import (
    open_evaluator,
    open_handlers,
    open_heartbeat,
    open_hooks,
    open_keeper,
    open_processor,
    open_retention,
    open_teller,
    open_worker,
)
from greenbot.serving.pages import add_pages
from greenbot.serving.secrets import ids_of, places_of, tokens_of
from greenbot.serving.watching import open_watcher

if TYPE_CHECKING:
    import ssl

AddRoutes = Callable[[Routes], None]


class Service:
    """Everything `greenbot serve` runs. Made before anything listens to anybody; `run` until `stop`.

    Raises `ConfigError` for settings that would be unsafe, `UsageError` when the port cannot be had.
    """

    def __init__(
        self,
        wanted: Wanted,
        around: Surroundings,
        *,
        more_routes: Sequence[AddRoutes] = (),
        watchdog: Watchdog,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._wanted = wanted
        self._around = around
        self._settings = around.read_settings()
        self._ids = ids_of(self._settings)
        self._tls = _tls_of(self._settings)
        self._processor: InThread | None = None
        self._pages: Reader | None = None
        self._recorder = Recorder(around.clock)
        self.inbox = Inbox(around, ids=lambda: self._ids, on_kept=self._wake)
        self._door = Door(self.inbox.submit, self._recorder, around.clock)
        self.routes = Routes()
        self._add_routes(more_routes)
        self._gate = self._made_gate(limits)
        self._sockets: Sequence[socket.socket] = bind(wanted.host, wanted.port)
        self._server = self._made_server(limits)
        self.supervisor = Supervisor(
            [self._server, *self._threads(watchdog)],
            foundations=[self.inbox],
            clock=around.clock,
            on_news=around.on_news,
            drain_seconds=wanted.drain_seconds,
        )

    def _add_routes(self, more_routes: Sequence[AddRoutes]) -> None:
        around = self._around
        webhooks = CountedWebhooks(
            self._door.submit,
            ids=lambda: self._ids,
            clock=around.clock,
            on_news=around.on_news,
            on_failure=self.inbox.failed,
            on_event=around.on_event,
        )
        webhooks.door = self._door
        webhooks.add_routes(self.routes)
        add_probes(self.routes, lambda: self.is_ready)
        if self._wanted.pages:
            self._pages = add_pages(self.routes, around.open_db, around.clock, self._known)
        for add in more_routes:
            add(self.routes)

    def _made_gate(self, limits: Limits) -> Gate:
        server = self._settings.server
        return Gate(
            self.routes,
            self._checked_credentials(self._settings),
            hosts=Hosts(server.allowed_hosts, bound_to=self._wanted.host),
            trusted=networks_of(server.trusted_proxies),
            limits=limits,
            clock=self._around.clock,
            on_refused=self._door.refused,
        )

    def _checked_credentials(self, settings: Settings) -> Credentials:
        tokens = tokens_of(settings)
        refuse_unlocked(self._wanted.host, self.routes, tokens, places_of(settings))
        return Credentials(tokens)

    def _made_server(self, limits: Limits) -> Server:
        return Server(
            self._sockets,
            self._gate,
            clock=self._around.clock,
            on_bug=self._around.on_bug,
            limits=limits,
            trusted=networks_of(self._settings.server.trusted_proxies),
            tls=self._tls,
            drain_seconds=self._wanted.drain_seconds,
        )

    def _threads(self, watchdog: Watchdog) -> Sequence[Part]:
        parts: list[Part] = []
        if self._wanted.process:
            self._processor = InThread("processor", partial(open_processor, self._around, self._now), watchdog)
            parts.append(self._processor)
        if self._wanted.worker:
            parts.append(InThread("worker", partial(open_worker, self._around, self._recorder), watchdog))
        keeper = partial(open_keeper, self._around, self._now, self._recorder, lambda: self.supervisor.running)
        parts.append(InThread("metrics", keeper, watchdog))
        if self._wanted.watch:
            parts.append(InThread("watcher", partial(open_watcher, self._around, self._now, self._recorder), watchdog))
        if self._wanted.hooks:
            parts.append(InThread("hooks", partial(open_hooks, self._around, self._now), watchdog))
        if self._wanted.handlers is not None:
            parts.append(self._handlers_thread(self._wanted.handlers))
        parts.append(InThread("retention", partial(open_retention, self._around, self._now), watchdog))
        if self._wanted.alerts:
            parts += self._alert_threads(watchdog)
        return parts

    def _handlers_thread(self, spec: str) -> InThread:
        """Registered here, before any event is processed. Nobody watches it: a hotel's own function that waits too
        long must not end the service."""
        from greenbot.handlers import load, register

        bot = load(spec)
        with closing(self._around.open_db()) as db:
            register(bot, db, self._around.clock)
        return InThread("handlers", partial(open_handlers, self._around, self._now, bot), None)

    def _alert_threads(self, watchdog: Watchdog) -> Sequence[Part]:
        around, now = self._around, self._now
        teller = InThread("teller", partial(open_teller, around, now), watchdog)
        evaluator = InThread("evaluator", partial(open_evaluator, around, now, teller.wake), watchdog)
        return [evaluator, teller, InThread("heartbeat", partial(open_heartbeat, around, now), watchdog)]

    def _known(self) -> Sequence[str]:
        return tuple(self._settings.instances)

    def _now(self) -> Settings:
        return self._settings

    def _wake(self) -> None:
        if self._processor is not None:
            self._processor.wake()

    @property
    def url(self) -> str:
        """Where it listens; the port is the real one."""
        address = self._sockets[0].getsockname()
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        return f"{'http' if self._tls is None else 'https'}://{host}:{address[1]}"

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings

    @property
    def is_ready(self) -> bool:
        """Whether every part works and the store takes events."""
        return self.supervisor.is_healthy and self.inbox.is_writable

    async def run(self) -> None:
        """Serve until `stop`; see `Supervisor.run`."""
        try:
            await self.supervisor.run()
        finally:
            self._server.close()
            if self._pages is not None:
                self._pages.close()

    def stop(self) -> None:
        """Drain; said twice, end at once."""
        self.supervisor.stop()

    def reload(self) -> None:
        """Read settings and secrets again. Raises GreenbotError, and then everything stays as it is."""
        settings = self._around.read_settings()
        credentials = self._checked_credentials(settings)
        if self._tls is not None:
            _load_again(self._tls, settings)
        self._gate.credentials = credentials
        self._ids = ids_of(settings)
        self._settings = settings


def _tls_of(settings: Settings) -> "ssl.SSLContext | None":
    certificate, key = settings.server.tls_cert, settings.server.tls_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigError("TLS needs both server.tls_cert and server.tls_key.", hint="Set the other one, or neither.")
    return tls_context(certificate, key)


def _load_again(context: "ssl.SSLContext", settings: Settings) -> None:
    """A renewed certificate, for connections from now on."""
    certificate, key = settings.server.tls_cert, settings.server.tls_key
    if certificate is not None and key is not None:
        tls_context(certificate, key)  # refuses what does not fit before the context in use is touched
        context.load_cert_chain(certificate, key)
