"""A fleet to draw: always the same, with something wrong everywhere a person should see it."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

from greenbot.board import STANDINGS, InstanceView, Standing
from greenbot.metrics.names import FLEET
from greenbot.metrics.now import Figures, Minute
from greenbot.overview import AlertView, EventView, MessageView, Overview, Part

#: Sunday, 22 November 2026, 12:00:00 UTC.
NOW_MS = 1_795_348_800_000
TOWNS = (
    "grand-kyiv", "sea-odesa", "opera-lviv", "park-dnipro", "bridge-zaporizhzhia", "old-town-riga", "harbour-tallinn",
    "castle-krakow", "garden-vilnius", "lake-annecy", "royal-madrid", "tower-porto",
)  # fmt: skip


def name_of(number: int) -> str:
    town = TOWNS[number % len(TOWNS)]
    return town if number < len(TOWNS) else f"{town}-{number // len(TOWNS) + 1}"


def figures(number: int, *, failed: int = 0, slow: int = 1) -> Figures:
    calls = 40 + number * 7 % 90
    return Figures(
        calls=calls,
        failed_calls=failed,
        p50_ms=90 * slow + number,
        p95_ms=310 * slow + number * 3,
        p99_ms=700 * slow + number * 5,
        messages=20 + number % 13,
        departed=20,
        delivered=19,
        events=30 + number % 17,
        event_lag_ms=12,
        rate_limited=number % 3 if slow > 1 else 0,
        waits=number % 5,
    )


def view(number: int, standing: Standing = "fine", **more: object) -> InstanceView:
    """One instance that stands so; `more` replaces fields."""
    health = "authorized" if standing != "silent" else "unknown"
    fields: dict[str, object] = {
        "name": name_of(number),
        "standing": standing,
        "health": health,
        "account": "authorized",
        "reason": "",
        "since_at_ms": NOW_MS - 7_200_000,
        "figures": figures(number) if standing != "silent" else Figures(),
    }
    return InstanceView(**(fields | more))  # type: ignore[arg-type]  # the fields of the struct by name


def instances(total: int) -> list[InstanceView]:
    """The worst first: one down, some with trouble, some with a queue, most fine, a few silent."""
    troubled = [
        view(0, "down", health="not_sendable", account="notAuthorized", reason="phone unlinked", queued=14,
             oldest_age_ms=780_000, figures=figures(0, failed=38, slow=4), alerts=2, severity="critical"),
        view(1, "trouble", figures=figures(1, failed=11, slow=5), alerts=1, severity="high", breakers={"api": "open"}),
        view(2, "trouble", health="quota", queued=3, oldest_age_ms=95_000, uncertain=1),
        view(3, "waiting", queued=18, oldest_age_ms=42_000, paused="carnival: no promotion"),
    ]  # fmt: skip
    rest = [view(number, "fine" if number % 9 else "silent") for number in range(4, total)]
    return sorted((*troubled[:total], *rest), key=lambda one: STANDINGS.index(one.standing))


def trend() -> list[Minute]:
    """An hour with a wave of traffic, a bad quarter of an hour, and a gap."""
    dice = random.Random(7)
    minutes = []
    for number in range(60):
        calls = round(220 + 120 * math.sin(number / 8) + dice.randrange(40))
        bad = 25 if 38 <= number <= 47 else 2
        gap = number in (12, 13)
        minutes.append(
            Minute(
                at_s=NOW_MS // 1000 - (60 - number) * 60,
                calls=0 if gap else calls,
                failed_calls=0 if gap else calls * bad // 100,
                p50_ms=None if gap else 95 + bad * 6 + dice.randrange(30),
                p95_ms=None if gap else 380 + bad * 30 + dice.randrange(120),
                p99_ms=None if gap else 900 + bad * 60 + dice.randrange(400),
                messages=calls // 3,
                events=calls // 2,
            )
        )
    return minutes


def alert(rule: str, instance: str, **more: object) -> AlertView:
    fields: dict[str, object] = {
        "rule": rule,
        "instance": instance,
        "state": "firing",
        "severity": "high",
        "metric": "error_rate",
        "op": ">=",
        "threshold": 10.0,
        "value": 27.5,
        "since_at_ms": NOW_MS - 360_000,
        "reason": "",
        "acked_by": None,
        "description": "Many calls fail",
    }
    return AlertView(**(fields | more))  # type: ignore[arg-type]  # the fields of the dataclass by name


def alerts() -> list[AlertView]:
    return [
        alert("instance_down", "grand-kyiv", severity="critical", metric="instance_not_sendable", threshold=1.0,
              value=1.0, reason="notAuthorized for 13 minutes"),
        alert("high_error_rate", "grand-kyiv", value=95.0),
        alert("high_error_rate", "sea-odesa", acked_by="olena", since_at_ms=NOW_MS - 900_000),
        alert("slow_responses", FLEET, state="pending", severity="medium", metric="response_time_p95", threshold=5000.0,
              value=5200.0, since_at_ms=NOW_MS - 60_000),
    ]  # fmt: skip


def messages() -> list[MessageView]:
    kinds = (("text", "delivered"), ("file", "read"), ("text", "accepted"), ("buttons", "queued"))
    return [
        MessageView(
            id=5200 - number,
            instance=name_of(number % 9),
            chat_id=f"38067{4_400_000 + number * 7919}@c.us",
            kind=kinds[number % 4][0],
            state=kinds[number % 4][1],
            at_ms=NOW_MS - number * 4_300,
            reason="",
        )
        for number in range(14)
    ]


def problems() -> list[MessageView]:
    bad = (("uncertain", "connection lost after sending"), ("failed", "noAccount"), ("stalled", "state_limit"))
    return [
        MessageView(
            id=5100 + number,
            instance=name_of(number),
            chat_id=f"38050{1_200_000 + number * 4241}@c.us",
            kind="text",
            state=state,
            at_ms=NOW_MS - 60_000 * (number + 1),
            reason=reason,
        )
        for number, (state, reason) in enumerate(bad)
    ]


def events() -> list[EventView]:
    types = ("incomingMessageReceived", "outgoingMessageStatus", "outgoingAPIMessageReceived", "stateInstanceChanged")
    return [
        EventView(
            id=98_100 - number,
            instance=name_of(number % 7),
            chat_id="" if number % 4 == 3 else f"38067{4_400_000 + number * 7919}@c.us",
            type=types[number % 4],
            state="quarantined" if number == 5 else "processed" if number else "stored",
            at_ms=NOW_MS - number * 2_100,
        )
        for number in range(14)
    ]


def parts(*, seen_at_ms: int = NOW_MS - 4_000) -> list[Part]:
    alive = NOW_MS - seen_at_ms <= 45_000
    return [Part(name=name, seen_at_ms=seen_at_ms, alive=alive) for name in ("evaluator", "keeper", "worker")]


def overview(total: int = 40) -> Overview:
    """The whole fleet at `NOW_MS`."""
    fleet = Figures(
        calls=1020, failed_calls=31, mean_ms=180, p50_ms=128, p95_ms=640, p99_ms=2310, rate_limited=12, waits=86,
        waited_ms=103_000, messages=412, failed_messages=3, delivered=388, departed=396, accepted=405, read=201,
        no_account=2, events=730, failed_events=1, event_lag_ms=18, received=140, webhooks=731, failed_webhooks=1,
        webhook_mean_ms=4, auth_failures=2, uncertain=1,
    )  # fmt: skip
    return Overview(
        at_ms=NOW_MS,
        figures_at_ms=NOW_MS - 3_000,
        fleet=fleet,
        instances=instances(total),
        alerts=alerts(),
        messages=messages(),
        problems=problems(),
        events=events(),
        trend=trend(),
        errors=[("502 upstream", 64), ("timeout", 31), ("466 quota_exceeded", 9), ("401 auth_failed", 2)],
        event_types=[("outgoingMessageStatus", 5210), ("incomingMessageReceived", 1404), ("stateInstanceChanged", 6)],
        parts=parts(),
        queued=35,
        uncertain=2,
        stalled=1,
        oldest_age_ms=780_000,
        events_waiting=1,
        events_dead=2,
        events_quarantined=1,
    )


def quiet() -> Overview:
    """A house where nothing ever happened and no service runs."""
    nothing: Sequence[MessageView] = ()
    return replace(
        overview(0), fleet=Figures(), instances=[], alerts=[], messages=nothing, problems=nothing, events=[], trend=[],
        errors=[], event_types=[], parts=[], queued=0, uncertain=0, stalled=0, oldest_age_ms=None, events_waiting=0,
        events_dead=0, events_quarantined=0,
    )  # fmt: skip
