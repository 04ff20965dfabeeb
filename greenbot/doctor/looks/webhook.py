"""Calling the webhook by its public name, the way GREEN-API does, without an event.

The request carries the webhook token and says that its body is encoded. greenbot looks at the token first and then
refuses the encoding (415), so that answer proves name, TLS, proxy, path and token, and nothing is stored. A second
request without any token has to be refused for that (401).
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from greenbot.doctor.facts import ProbeFact, ProbeKind
from greenbot.errors import GreenbotError
from greenbot.outbound.guard import Policy, typed
from greenbot.outbound.request import Limits, OutboundFailure, OutboundReply, OutboundRequest, send
from greenbot.safe_text import safe_text
from greenbot.server.exchange import ENCODED, NOT_FOUND, TOO_MANY, UNAUTHORIZED
from greenbot.wiring import outbound_policy

if TYPE_CHECKING:
    from greenbot.config.settings import Instance, Settings
    from greenbot.redact import Secret

LIMITS = Limits(total_seconds=10.0, connect_seconds=5.0, reply_bytes=4096)
#: No encoding of this name exists, so nobody between unpacks the body.
_HEADERS = {"Content-Type": "application/json", "Content-Encoding": "x-greenbot-probe"}
#: By status and body: greenbot's own answers are fixed.
_OURS: Mapping[tuple[int, bytes], ProbeKind] = {
    (ENCODED.status, ENCODED.body): "greenbot",
    (UNAUTHORIZED.status, UNAUTHORIZED.body): "refused",
    (TOO_MANY.status, TOO_MANY.body): "blocked",
    (NOT_FOUND.status, NOT_FOUND.body): "path",
}
_GATEWAY = (502, 503, 504, 521, 522, 523, 524)


def probe(settings: "Settings", instance: "Instance", url: str, *, is_typed: bool) -> ProbeFact:
    """Call one address twice. `is_typed`: a person named it just now, so it may also lead into the own network."""
    shown = _shown(url)
    try:
        policy = Policy(allow=(typed(url),)) if is_typed else outbound_policy(settings)
        tokens = instance.webhook_tokens()
    except GreenbotError as error:
        return ProbeFact(url=shown, instance=instance.name, kind="failure", failure="forbidden", words=str(error))
    return asyncio.run(_probe(url, shown, instance.name, policy, tokens))


async def _probe(url: str, shown: str, name: str, policy: Policy, tokens: "Sequence[Secret]") -> ProbeFact:
    seen = await _post(url, policy, tokens[0] if tokens else None)
    kind, words, failure = judged(seen)
    is_open = False
    if kind == "greenbot" and tokens:
        bare, _, _ = judged(await _post(url, policy, None))
        is_open = bare == "greenbot"
    return ProbeFact(url=shown, instance=name, kind=kind, words=words, failure=failure, open_without_token=is_open)


async def _post(url: str, policy: Policy, token: "Secret | None") -> OutboundReply | OutboundFailure:
    headers = dict(_HEADERS) | ({"Authorization": f"Bearer {token.reveal()}"} if token else {})
    return await send(OutboundRequest(url=url, headers=headers, body=b"{}"), policy=policy, limits=LIMITS)


def judged(seen: OutboundReply | OutboundFailure) -> tuple[ProbeKind, str, str]:
    """Who answered, in a word and in words, and the kind of failure. Pure."""
    if isinstance(seen, OutboundFailure):
        return "failure", seen.words, seen.kind
    ours = _OURS.get((seen.status, seen.body))
    if ours is not None:
        return ours, "", ""
    if 300 <= seen.status < 400:
        host = _host(seen.headers.get("location", ""))
        return "redirect", f"a redirect to {host}" if host else "a redirect", ""
    if seen.status in _GATEWAY:
        return "proxy", f"status {seen.status}", ""
    return "stranger", f"status {seen.status}", ""


def _host(url: str) -> str:
    try:
        return safe_text(urlsplit(url).hostname or "", limit=80)
    except ValueError:
        return ""


def _shown(url: str) -> str:
    """Without the query, which may hold a secret."""
    return safe_text(url.partition("?")[0], limit=200)
