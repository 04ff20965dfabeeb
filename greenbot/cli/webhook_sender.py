"""Made-up webhooks for a server of one's own, with the bodies and headers of GREEN-API."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from random import SystemRandom
from typing import TYPE_CHECKING, Final

from greenbot.cli.run import Run
from greenbot.errors import (
    CredentialsRefused,
    GreenbotError,
    NotSent,
    PartlyDone,
    Refused,
    Unreachable,
    UsageError,
)
from greenbot.simulator import events

if TYPE_CHECKING:
    from greenbot.outbound.guard import Policy, Target
    from greenbot.outbound.request import OutboundFailure, OutboundReply

PATH: Final = "/api/v1/webhooks/green-api"
OK: Final = 200
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which event, how changed, how often."""

    event: str
    overrides: Mapping[str, object]
    count: int
    rate_per_second: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """The instance as its webhooks name it. Nobody asks GREEN-API for its number: it is the documentation's own."""

    id: int
    wid: str = "11001234567@c.us"
    state: str = "authorized"


def send(run: Run, wanted: Wanted, *, to: str | None) -> None:
    """Send the events to `to`, or show one of them with --dry-run.

    Raises `UsageError` for an unknown event or an address that is none, `Refused` for one where others could read the
    token, `CredentialsRefused`, `Unreachable`, `NotSent`, or `PartlyDone` when the first ones were taken.
    """
    body = _body(run, wanted)
    target, policy = _checked(to, run.instance.name) if to is not None else (None, None)
    if run.flags.dry_run or target is None or policy is None:
        shown = target.shown if target else "the simulator"
        run.out.record({"event": wanted.event, "to": shown, "count": wanted.count, "body": body}, essential="body")
        run.out.say("Nothing was sent.")
        return
    run.must_write()
    if not _is_this_machine(target):
        run.confirm(f"Send {wanted.count:,} made-up events and the webhook token to {target.shown}?")
    taken = asyncio.run(_send_all(run, wanted, target, policy))
    run.out.record({"event": wanted.event, "emitted": taken, "to": target.shown}, essential="emitted")


def _body(run: Run, wanted: Wanted) -> dict[str, object]:
    account = _Account(id=int(run.instance.id))
    fresh = events.new_id(SystemRandom(), by_api=wanted.event.startswith("outgoingAPI"))
    try:
        return events.build(wanted.event, account, run.clock.now_ms() / 1000, dict(wanted.overrides), id_message=fresh)
    except ValueError as error:
        words = str(error)
        raise UsageError(
            f"{words[:1].upper()}{words[1:]}.", hint="See the events with: greenbot trigger --list"
        ) from error


def _checked(url: str, instance: str) -> "tuple[Target, Policy]":
    """The address, with the path of `greenbot serve` where it has none. What a person typed is allowed by that."""
    from urllib.parse import urlsplit

    from greenbot.outbound.guard import Policy, check_url, parse_allowed

    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        raise UsageError("--to is not an address.", hint="Write it like http://127.0.0.1:8080") from None
    hosts = ["127.0.0.1", "[::1]"] if parts.hostname == "localhost" else []
    policy = Policy(allow=tuple(parse_allowed(f"{host}:{port}") for host in [*hosts, _host(parts.netloc)]))
    complete = url if parts.path not in ("", "/") else f"{parts.scheme}://{parts.netloc}{PATH}/{instance}"
    target = check_url(complete, policy)
    if target.scheme != "https" and not _is_this_machine(target):
        raise Refused("On the way to another machine anybody could read the webhook token.", hint="Use https://")
    return target, policy


def _host(netloc: str) -> str:
    """The host of `HOST:PORT`, with the brackets of an IPv6 address."""
    host, colon, port = netloc.rpartition(":")
    return host if colon and port.isdecimal() else netloc


def _is_this_machine(target: "Target") -> bool:
    return target.host == "localhost" or (target.address is not None and target.address.is_loopback)


async def _send_all(run: Run, wanted: Wanted, target: "Target", policy: "Policy") -> int:
    from greenbot.outbound.request import Limits, OutboundRequest
    from greenbot.outbound.request import send as send_out

    token = run.instance.webhook_token().reveal()
    headers = {"Content-Type": "application/json; charset=utf-8", "Authorization": f"Bearer {token}"}
    for number in range(wanted.count):
        if number and wanted.rate_per_second:
            await asyncio.sleep(1 / wanted.rate_per_second)
        request = OutboundRequest(url=target.url, headers=headers, body=_encoded(_body(run, wanted)))
        answer = await send_out(request, policy=policy, limits=Limits(total_seconds=_SECONDS))
        problem = _problem(answer, target)
        if problem is not None and number:
            raise PartlyDone(f"{number:,} of {wanted.count:,} were taken. {problem}", hint=problem.hint) from problem
        if problem is not None:
            raise problem
    return wanted.count


def _encoded(body: dict[str, object]) -> bytes:
    import json

    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _problem(answer: "OutboundReply | OutboundFailure", target: "Target") -> GreenbotError | None:
    from greenbot.outbound.request import OutboundFailure

    if isinstance(answer, OutboundFailure):
        hint = "Start one with: greenbot serve"
        return Unreachable(f"No server takes webhooks at {target.shown}: {answer.words}", hint=hint)
    if answer.status == OK:
        return None
    if answer.status in (401, 403):
        return CredentialsRefused(
            "The server does not take the webhook token of this instance.",
            hint="The same one must be configured for the server: greenbot config get instances.NAME.webhook_token",
        )
    return NotSent(f"{target.shown} answered {answer.status} instead of 200.", hint="GREEN-API would send it again.")
