"""Posting JSON to a receiver, through the guard that every call to a configured address passes."""

import json
from collections.abc import Mapping

from greenbot.alerts.notify.telling import Reach, Told
from greenbot.errors import GreenbotError
from greenbot.hooks.verdict import of_status
from greenbot.hooks.web import retry_after, snippet_of
from greenbot.outbound.request import Limits, OutboundFailure, OutboundReply, OutboundRequest, send

_REPLY_BYTES = 4096


async def post(
    url: str, body: bytes, reach: Reach, *, headers: Mapping[str, str] | None = None
) -> "OutboundReply | Told":
    """The answer, or how the call failed."""
    try:
        policy = reach.policy()
    except GreenbotError as error:
        return Told(outcome="failed", words=str(error))
    request = OutboundRequest(url=url, headers={"Content-Type": "application/json", **(headers or {})}, body=body)
    limits = Limits(total_seconds=reach.timeout_seconds, reply_bytes=_REPLY_BYTES)
    result = await send(request, policy=policy, limits=limits, resolve=reach.resolve)
    if isinstance(result, OutboundFailure):
        return Told(outcome="forbidden" if result.kind == "forbidden" else "failed", words=result.words)
    return result


async def post_json(
    url: str, value: object, reach: Reach, *, headers: Mapping[str, str] | None = None
) -> "OutboundReply | Told":
    """The same for a value."""
    return await post(url, json.dumps(value).encode(), reach, headers=headers)


def told_by(reply: OutboundReply, reach: Reach, *, proof: str | None = None) -> Told:
    """What a status means. The answer's own words are shown when it refuses."""
    outcome = of_status(reply.status)
    snippet = "" if outcome == "ok" else snippet_of(reply.body)[:200]
    return Told(
        outcome=outcome,
        words=f"status {reply.status}" + (f": {snippet}" if snippet else ""),
        proof=(proof or f"status {reply.status}") if outcome == "ok" else None,
        is_proved=outcome == "ok",
        retry_after_seconds=retry_after(reply.headers.get("retry-after"), reach.clock) if outcome == "busy" else None,
    )


def facts_of(reply: OutboundReply) -> dict[str, object]:
    """The object an answer holds; nothing where it holds something else."""
    try:
        found = json.loads(reply.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
