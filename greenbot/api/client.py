"""The one client of GREEN-API: one call, one request, one outcome. It never repeats anything by itself."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable
from urllib.parse import quote, urlencode, urlsplit

from greenbot.api.body import (
    OnProgress,
    OutgoingFileLike,
    RequestBody,
    ignore_progress,
    json_body,
    multipart_body,
    raw_body,
)
from greenbot.api.endpoints import Endpoint, find
from greenbot.api.facts import Stage
from greenbot.api.methods.account import AccountMethods
from greenbot.api.methods.catalogs import CatalogMethods
from greenbot.api.methods.groups import GroupMethods
from greenbot.api.methods.journals import JournalMethods
from greenbot.api.methods.partner import PartnerMethods
from greenbot.api.methods.queues import QueueMethods
from greenbot.api.methods.receiving import ReceivingMethods
from greenbot.api.methods.sending import SendingMethods
from greenbot.api.methods.service import ServiceMethods
from greenbot.api.methods.statuses import StatusMethods
from greenbot.api.outcome import Failure, Outcome, Reply, classify, error_of
from greenbot.api.request import Request, Timeouts, Watch
from greenbot.clock import Clock, SystemClock
from greenbot.errors import ConfigError, GreenbotError, TokenMissing, UsageError
from greenbot.failpoints import hit
from greenbot.logs.calls import note_call
from greenbot.redact import MASK, Secret, remember
from greenbot.version import VERSION

if TYPE_CHECKING:
    import httpx

    from greenbot.api.preview import Preview

_USER_AGENT = f"greenbot/{VERSION}"
#: Keys of answers that hold a token: known to `redact` from the moment they arrive.
_TOKEN_KEYS = ("apiTokenInstance", "newApiToken")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Where an instance lives and how to speak for it. `instance_name` is ours, `id` is GREEN-API's."""

    instance_name: str
    id: str
    token: Secret
    api_url: str = "https://api.green-api.com"
    media_url: str = "https://media.green-api.com"
    partner_url: str = "https://api.green-api.com"
    partner_token: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call as metrics and logs see it: no parameters, no body."""

    instance: str
    method: str
    host: str
    at_ms: int
    elapsed_ms: int
    outcome: Outcome = field(repr=False)
    request_bytes: int = 0
    reply_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where the calls of one endpoint go. `url` holds the token, and is empty where parameters are a part of it."""

    url: str = field(repr=False)
    netloc: str
    hostname: str


OnCall = Callable[[CallRecord], None]


def ignore_call(record: CallRecord) -> None:
    """Nobody counts."""


@runtime_checkable
class Carrier(Protocol):
    """A transport: sends once, turns whatever happens on the wire into a fact."""

    async def carry(self, request: Request) -> Reply | Failure: ...
    async def aclose(self) -> None: ...


class Client(
    AccountMethods,
    SendingMethods,
    ReceivingMethods,
    JournalMethods,
    QueueMethods,
    GroupMethods,
    StatusMethods,
    ServiceMethods,
    CatalogMethods,
    PartnerMethods,
):
    """GREEN-API for one instance.

    `transport`: "pooled" works in an event loop over kept connections; "inline" needs none and suits one-shot commands
    (drive it with `greenbot.api.inline.run_inline`); a carrier or an httpx transport replaces both. `exchange` gives
    the outcome whatever it is; `call` and the typed methods give the answer or raise a GreenbotError.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        transport: "Literal['pooled', 'inline'] | Carrier | httpx.AsyncBaseTransport" = "pooled",
        on_call: OnCall = ignore_call,
        clock: Clock | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.credentials = credentials
        self._timeouts = timeouts
        self._carrier = _carrier(transport, environ)
        self._on_call = on_call
        self._clock = clock or SystemClock()
        self._bases: dict[str, str] = {}
        self._targets: dict[str, _Target] = {}

    async def exchange(
        self,
        endpoint: Endpoint | str,
        params: Mapping[str, object] | None = None,
        *,
        file: OutgoingFileLike | None = None,
        on_progress: OnProgress = ignore_progress,
    ) -> Outcome:
        """Make one call and say what it led to; never repeats it and never raises for what happens on the wire.

        Parameters that are None are left out. Raises UsageError (with BadFile) before anything is sent when the
        request cannot be built. A cancelled task gets its outcome with reason `cancelled` and stays cancelled: its next
        await raises. So write the outcome down before awaiting anything, and don't put a timeout around this.
        """
        if isinstance(endpoint, str):
            endpoint = find(endpoint)
        given = {name: value for name, value in (params or {}).items() if value is not None}
        try:
            request = self._request(endpoint, given, file, on_progress)
        except GreenbotError:
            raise
        except Exception as error:  # noqa: BLE001 - as in `_seen`
            return classify(endpoint, _bug(error, Watch()))
        at_ms, started = self._clock.now_ms(), self._clock.monotonic()
        seen = await self._seen(request)
        elapsed_ms = round((self._clock.monotonic() - started) * 1000)
        outcome = classify(endpoint, replace(seen, elapsed_ms=elapsed_ms))
        _remember_tokens(outcome.data)
        record = CallRecord(
            instance=self.credentials.instance_name,
            method=endpoint.name,
            host=self._target(endpoint).hostname,
            at_ms=at_ms,
            elapsed_ms=elapsed_ms,
            outcome=outcome,
            request_bytes=request.body.length if request.body else 0,
            reply_bytes=len(seen.body) if isinstance(seen, Reply) else 0,
        )
        self._tell(record)
        note_call(record, outcome, given, seen.body if isinstance(seen, Reply) else b"")
        return outcome

    async def call(
        self,
        name: str,
        params: Mapping[str, object] | None = None,
        *,
        file: OutgoingFileLike | None = None,
        on_progress: OnProgress = ignore_progress,
    ) -> object:
        """The answer of one call. Raises UnknownMethod, UsageError, or the GreenbotError of its outcome."""
        endpoint = find(name)
        outcome = await self.exchange(endpoint, params, file=file, on_progress=on_progress)
        if not outcome.succeeded:
            raise error_of(outcome, instance=self.credentials.instance_name, endpoint=endpoint)
        return outcome.data

    def request_preview(
        self,
        endpoint: Endpoint | str,
        params: Mapping[str, object] | None = None,
        *,
        file: OutgoingFileLike | None = None,
    ) -> "Preview":
        """The exact request, the token masked; nothing is sent and no file is opened."""
        from greenbot.api.preview import Preview

        if isinstance(endpoint, str):
            endpoint = find(endpoint)
        given = {name: value for name, value in (params or {}).items() if value is not None}
        upload = f"{file.file_name} ({file.mime_type}, {file.size_bytes} bytes)" if file else None
        return Preview(endpoint=endpoint, url=self._url(endpoint, given, token=MASK), params=given, file=upload)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._carrier.aclose()

    async def _seen(self, request: Request) -> Reply | Failure:
        try:
            return await self._carrier.carry(request)
        except Exception as error:  # noqa: BLE001 - a bug must not leave a message in doubt that never left
            return _bug(error, request.watch)

    def _tell(self, record: CallRecord) -> None:
        try:
            self._on_call(record)
        except Exception as error:  # noqa: BLE001 - who counts calls must not make their outcome unknown
            _note(error)

    def _base(self, endpoint: Endpoint) -> str:
        # Thousands of calls go to one address, and to take it apart is a tenth of a call.
        if endpoint.host not in self._bases:
            self._bases[endpoint.host] = self._checked_base(endpoint)
        return self._bases[endpoint.host]

    def _target(self, endpoint: Endpoint) -> "_Target":
        """Where calls of `endpoint` go, taken apart once. Raises ConfigError, TokenMissing."""
        target = self._targets.get(endpoint.name)
        if target is None:
            base = urlsplit(self._base(endpoint))
            is_fixed = endpoint.body not in ("path", "query")
            url = self._url(endpoint, {}, token=self._token(endpoint)) if is_fixed else ""
            target = _Target(url=url, netloc=base.netloc.rpartition("@")[2], hostname=base.hostname or "")
            self._targets[endpoint.name] = target
        return target

    def _checked_base(self, endpoint: Endpoint) -> str:
        hosts = {
            "api": self.credentials.api_url,
            "media": self.credentials.media_url,
            "partner": self.credentials.partner_url,
        }
        base = hosts[endpoint.host].rstrip("/")
        try:
            parts = urlsplit(base)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            usable = False
        if not usable:
            raise ConfigError(f"The {endpoint.host} address of {self.credentials.instance_name} is not a web address.")
        return base

    def _url(self, endpoint: Endpoint, params: Mapping[str, object], *, token: str) -> str:
        if endpoint.host == "partner":
            path = f"/partner/{endpoint.name}/{token}"
        else:
            path = f"/waInstance{quote(self.credentials.id, safe='')}/{endpoint.name}/{token}"
        if endpoint.body == "path":
            for param in endpoint.params:
                if param.required and param.name not in params:
                    raise UsageError(f"{endpoint.name} needs {param.name}.", hint=None)
                path += f"/{quote(str(params[param.name]), safe='')}"
        if endpoint.body == "query" and params:
            path += f"?{urlencode({name: _query_text(value) for name, value in params.items()})}"
        return self._base(endpoint) + path

    def _token(self, endpoint: Endpoint) -> str:
        secret = self.credentials.partner_token if endpoint.host == "partner" else self.credentials.token
        if not secret:
            what = "No partner token is known." if endpoint.host == "partner" else None
            raise TokenMissing(what, instance=self.credentials.instance_name)
        return quote(secret.reveal(), safe="")

    def _request(
        self,
        endpoint: Endpoint,
        params: Mapping[str, object],
        file: OutgoingFileLike | None,
        on_progress: OnProgress,
    ) -> Request:
        if endpoint.verb == "WEBSOCKET":
            raise UsageError(f"{endpoint.name} is a WebSocket, which greenbot does not speak.", hint="Use qr instead.")
        target = self._target(endpoint)
        url = target.url or self._url(endpoint, params, token=self._token(endpoint))
        headers = {
            "Host": target.netloc,
            "User-Agent": _USER_AGENT,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        body = _body(endpoint, params, file)
        if body is not None:
            body.on_progress = on_progress
            if endpoint.sends:
                body.on_first_bytes = partial(hit, "out.mid_post")
            headers |= {"Content-Type": body.content_type, "Content-Length": str(body.length)}
            if endpoint.body == "raw" and file is not None and not file.mime_type:
                # GREEN-API docs: without a known type the name decides; else the file is stored as .bin.
                headers["GA-Filename"] = quote(file.file_name, safe=" ()+,-.=@_")
        return Request(
            verb=endpoint.verb,
            url=url,
            headers=headers,
            limits=self._timeouts.limits(endpoint, params),
            reply_limit_bytes=endpoint.reply_limit_bytes,
            body=body,
        )


def _carrier(
    transport: "Literal['pooled', 'inline'] | Carrier | httpx.AsyncBaseTransport", environ: Mapping[str, str]
) -> Carrier:
    if isinstance(transport, Carrier):
        return transport
    if transport == "inline":
        from greenbot.api.inline import Inline

        return Inline(environ=environ)
    from greenbot.api.transport import Pooled

    return Pooled(environ=environ, transport=None if transport == "pooled" else transport)


def _body(endpoint: Endpoint, params: Mapping[str, object], file: OutgoingFileLike | None) -> RequestBody | None:
    if endpoint.body in ("multipart", "raw"):
        if file is None:
            raise UsageError(f"{endpoint.name} needs a file.", hint=None)
        if endpoint.body == "raw":
            return raw_body(file)
        return multipart_body(params, file, boundary=f"greenbot-{os.urandom(12).hex()}")
    return json_body(params) if endpoint.body == "json" else None


def _bug(error: Exception, watch: Watch) -> Failure:
    """What an error in greenbot itself means for the call."""
    _note(error)
    stage: Stage = "after_first_byte" if watch.started else "before_request"
    return Failure(stage=stage, kind="unexpected", detail=f"{type(error).__name__}; --debug shows where")


def _note(error: Exception) -> None:
    import logging

    logging.getLogger("greenbot.calls").debug("unexpected", exc_info=error)


def _query_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _remember_tokens(data: object) -> None:
    items = data if isinstance(data, list) else [data]
    for item in items:
        if isinstance(item, dict):
            for key in _TOKEN_KEYS:
                if isinstance(item.get(key), str):
                    remember(item[key])
