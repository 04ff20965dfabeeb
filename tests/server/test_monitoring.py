"""What viewers see: figures that add up, health, alerts; nothing of a guest; and what admins do to alerts."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from greenbot.metrics.series import Series
from greenbot.server.policy import Policy
from tests.cli.harness import until
from tests.server.conftest import VIEWER, bearer, event
from tests.server.test_end_to_end import simulated_hotel
from tests.server.watching import API, KNOWN, RULES, Watched, problem_of, watching

GUEST = "380671112233@c.us"
TEXT = "meet me at the pool at nine"
MESSAGE = """
insert into messages (instance, chat_id, kind, method, draft, fingerprint, payload_digest, created_at_ms, state_at_ms)
values ('kyiv', :chat_id, 'text', 'sendMessage', :draft, 'f', 'd', :at, :at)
"""
ALERT = """
insert into alerts (rule, instance, rule_version, state, since_at_ms, active_since_ms, firing_since_ms, value)
values ('high_error_rate', :instance, 1, 'firing', :at, :at, :at, 42)
"""


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    async with watching(tmp_path) as one:
        yield one


def busy_day(watched: Watched) -> None:
    """Ten calls of kyiv, two of them failed; four messages, one failed; three events, one of them dead."""
    count = watched.recorder.count
    for number in range(8):
        count("kyiv", Series.SEND, value_ms=100 + number)
    count("kyiv", Series.SEND, ok=False, value_ms=2000, label="503 http_503")
    count("kyiv", Series.QUERY, ok=False, value_ms=900, label="- connect_failed")
    count("coast", Series.SEND, value_ms=50, label="429 rate_limited")
    watched.recorder.wait("coast", 700)
    for label in ("accepted response", "accepted response", "accepted response", "failed rejected"):
        count("kyiv", Series.MESSAGE, ok=label.startswith("accepted"), label=label)
    for label in ("sent", "sent", "noAccount"):
        count("kyiv", Series.DELIVERY, label=label)
    count("kyiv", Series.DELIVERY, label="delivered", value_ms=1500)
    count("kyiv", Series.EVENT, label="incomingMessageReceived", value_ms=20)
    count("kyiv", Series.EVENT, label="outgoingMessageStatus", value_ms=40)
    count("kyiv", Series.EVENT, ok=False, label="stateInstanceChanged dead", value_ms=60)
    count("kyiv", Series.WEBHOOK, value_ms=3)
    count("kyiv", Series.WEBHOOK, ok=False, label="not kept")
    count("*", Series.AUTH, ok=False)


FIGURES = {
    "requests": 10, "errors": 2, "error_rate": 20.0, "success_rate": 80.0, "rate_limit_hits": 0, "rate_limit_waits": 0,
    "messages": 4, "messages_sent": 3, "messages_failed": 1, "messages_expired": 0, "messages_uncertain": 0,
    "message_failure_rate": 25.0, "messages_delivered": 1, "messages_read": 0, "no_account": 1,
    "delivery_ratio": 33.33, "time_to_delivered_ms": 1500, "messages_received": 1, "events": 3, "events_failed": 1,
    "event_failure_rate": 33.33, "event_lag_ms": 40, "webhook_requests": 2, "webhook_errors": 1, "webhook_time_ms": 3,
}  # fmt: skip


async def test_one_look_tells_everything_about_everybody(watched: Watched) -> None:
    busy_day(watched)
    watched.turn()
    found = await watched.get(f"{API}/metrics")
    assert found["v"] == 1
    kyiv, coast = (next(one for one in found["instances"] if one["name"] == name) for name in ("kyiv", "coast"))
    assert kyiv["figures"] | FIGURES == kyiv["figures"]
    assert (coast["figures"]["rate_limit_hits"], coast["figures"]["rate_limit_wait_time_ms"]) == (1, 700)
    fleet = found["fleet"]
    assert (fleet["requests"], fleet["errors"], fleet["auth_failures"]) == (11, 2, 1)
    assert kyiv["figures"]["last_request_at_ms"] is not None
    assert abs(kyiv["figures"]["response_time_p50_ms"] - 104) <= 2
    assert found["errors"][0]["count"] == 1
    assert {(error["status"], error["kind"]) for error in found["errors"]} == {
        (503, "http_503"), (None, "connect_failed"), (429, "rate_limited"),
    }  # fmt: skip
    assert sum(minute["requests"] for minute in found["trend"]) == 11
    assert {part["name"] for part in found["service"]["parts"]} >= {"worker", "server"}
    assert found["service"]["alive"]


@pytest.mark.parametrize("window", ["5m", "1h", "24h"])
async def test_a_window_of_one_instance_or_of_all(watched: Watched, window: str) -> None:
    busy_day(watched)
    watched.turn()
    one = await watched.get(f"{API}/metrics?window={window}&instance=kyiv")
    assert one["figures"] | FIGURES == one["figures"]
    every = await watched.get(f"{API}/metrics?window={window}")
    assert (every["figures"]["requests"], every["figures"]["auth_failures"]) == (11, 1)
    assert sum(step["requests"] for step in every["trend"]) == 11
    assert {step["at_s"] % every["step_s"] for step in every["trend"]} == {0}


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("?window=7m", "window"),
        ("?window=", "window"),
        ("?instance=nowhere", "instance"),
        ("?window=5m&window=1h", "each once"),
        ("?token=x", "window and instance"),
        ("?window", "makes no sense"),
    ],
)
async def test_a_question_that_makes_no_sense_is_told_so(watched: Watched, query: str, word: str) -> None:
    answer = await watched.ask("GET", f"{API}/metrics{query}")
    assert answer.status == 422
    assert word in problem_of(answer)["message"]


async def test_no_text_and_no_whole_number_of_a_guest_is_shown(watched: Watched) -> None:
    at_ms = watched.clock.now_ms()
    with watched.db.write() as tx:
        tx.run(MESSAGE, chat_id=GUEST, draft=json.dumps({"text": TEXT}), at=at_ms)
    watched.turn()
    for path in (f"{API}/metrics", f"{API}/health", f"{API}/health/kyiv", f"{API}/alerts", "/metrics"):
        body = (await watched.ask("GET", path)).body.decode()
        assert GUEST not in body
        assert "380671112233" not in body
        assert "pool" not in body
    [message] = (await watched.get(f"{API}/metrics"))["messages"]
    assert message["chat"] == "38***2233@c.us"


async def test_health_is_worst_first_and_one_of_nobody_is_404(watched: Watched) -> None:
    with watched.db.write() as tx:
        for name, state in zip(KNOWN, ("authorized", "not_sendable"), strict=True):
            tx.run(
                "insert into instance_health (instance, state, account, since_at_ms) values (:i, :s, :s, :at)",
                i=name, s=state, at=watched.clock.now_ms(),
            )  # fmt: skip
    found = await watched.get(f"{API}/health")
    assert [(one["name"], one["standing"]) for one in found["instances"]] == [("coast", "down"), ("kyiv", "fine")]
    assert found["standings"] == {"down": 1, "trouble": 0, "waiting": 0, "fine": 1, "silent": 0}
    assert (await watched.get(f"{API}/health/coast"))["instance"]["health"] == "not_sendable"
    assert (await watched.ask("GET", f"{API}/health/nowhere")).status == 404


async def test_who_has_the_document_already_gets_304(watched: Watched) -> None:
    first = await watched.ask("GET", f"{API}/health")
    again = await watched.ask("GET", f"{API}/health", f"If-None-Match: {first.headers['ETag']}")
    assert (again.status, again.body) == (304, b"")
    assert (await watched.ask("GET", f"{API}/health", 'If-None-Match: "other"')).status == 200


async def test_while_only_time_passes_the_document_is_not_sent_again(watched: Watched) -> None:
    watched.turn()
    for path in ("metrics", "health", f"health/{KNOWN[0]}", "alerts", "alerts/silences"):
        known = f"If-None-Match: {(await watched.ask('GET', f'{API}/{path}')).headers['ETag']}"
        for _ in range(3):
            watched.clock.advance(3)
            assert (await watched.ask("GET", f"{API}/{path}", known)).status == 304, path
    first = await watched.ask("GET", f"{API}/metrics")
    watched.turn()
    second = await watched.ask("GET", f"{API}/metrics", f"If-None-Match: {first.headers['ETag']}")
    assert second.status == 200, "new figures came"
    with watched.db.write() as tx:
        tx.run("insert into pauses (instance, since_at_ms, reason, actor) values (:i, 1, 'x', 'test')", i=KNOWN[0])
    watched.clock.advance(2)
    third = await watched.ask("GET", f"{API}/metrics", f"If-None-Match: {second.headers['ETag']}")
    assert third.status == 200, "something was learned since the figures were made"


async def test_any_number_of_askers_cost_one_look_a_second(watched: Watched) -> None:
    first = await watched.get(f"{API}/metrics")
    watched.clock.advance(0.5)
    assert await watched.get(f"{API}/metrics") == first
    watched.clock.advance(0.6)
    assert (await watched.get(f"{API}/metrics"))["at_ms"] == first["at_ms"] + 1100


async def test_a_store_that_cannot_be_used_is_told_without_details_and_tried_again(
    watched: Watched, tmp_path: Path
) -> None:
    (tmp_path / "greenbot.db").rename(tmp_path / "away.db")
    (tmp_path / "greenbot.db").mkdir()
    answer = await watched.ask("GET", f"{API}/health")
    assert answer.status == 503
    assert str(tmp_path) not in answer.body.decode()
    (tmp_path / "greenbot.db").rmdir()
    (tmp_path / "away.db").rename(tmp_path / "greenbot.db")
    assert (await watched.ask("GET", f"{API}/health")).status == 200


async def fires(watched: Watched, instance: str = "kyiv") -> None:
    await watched.get(RULES)  # the rules of the beginning are there
    with watched.db.write() as tx:
        tx.run(ALERT, instance=instance, at=watched.clock.now_ms())


async def test_an_alert_is_seen_acknowledged_and_taken_back(watched: Watched) -> None:
    await fires(watched)
    [alert] = (await watched.get(f"{API}/alerts"))["alerts"]
    assert (alert["rule"], alert["state"], alert["value_text"], alert["acked_by"]) == (
        "high_error_rate", "firing", "42.0 %", None,
    )  # fmt: skip
    spot = {"rule": "high_error_rate", "instance": "kyiv"}
    assert (await watched.change("POST", f"{API}/alerts/ack", spot | {"comment": "I look at it"})).status == 200
    [alert] = (await watched.get(f"{API}/alerts"))["alerts"]
    assert alert["acked_by"]
    assert (await watched.change("POST", f"{API}/alerts/unack", spot)).status == 200
    [alert] = (await watched.get(f"{API}/alerts"))["alerts"]
    assert alert["acked_by"] is None
    gone = await watched.change("POST", f"{API}/alerts/ack", spot | {"instance": "coast"})
    assert gone.status == 404


async def test_a_silence_is_made_and_ended(watched: Watched) -> None:
    wanted = {"rule": "high_*", "instance": "kyiv", "duration": "2h", "comment": "new router"}
    made = await watched.change("POST", f"{API}/alerts/silences", wanted)
    assert made.status == 201
    number = json.loads(made.body)["id"]
    [silence] = (await watched.get(f"{API}/alerts/silences"))["silences"]
    assert silence["until_at_ms"] - silence["begins_at_ms"] == 7_200_000
    assert (await watched.change("DELETE", f"{API}/alerts/silences/{number}")).status == 200
    assert (await watched.get(f"{API}/alerts/silences"))["silences"] == []
    for nobody in ("99", "0", "x", "-1", "9" * 30):
        assert (await watched.change("DELETE", f"{API}/alerts/silences/{nobody}")).status == 404


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("ack", {}, "rule"),
        ("ack", {"rule": "x"}, "instance"),
        ("ack", {"rule": 7, "instance": "kyiv"}, "rule"),
        ("ack", {"rule": "x", "instance": "kyiv", "force": "yes"}, "force"),
        ("ack", {"rule": "x", "instance": "kyiv", "comment": "y" * 600}, "comment"),
        ("unack", {"rule": "x", "instance": None}, "instance"),
        ("silences", {"comment": "x"}, "duration"),
        ("silences", {"duration": "soon", "comment": "x"}, "duration"),
        ("silences", {"duration": "1h"}, "comment"),
        ("silences", [], "(body)"),
    ],
)
async def test_what_cannot_be_done_names_its_field(watched: Watched, path: str, body: object, field: str) -> None:
    answer = await watched.change("POST", f"{API}/alerts/{path}", body or None, raw=json.dumps(body).encode())
    assert answer.status == 422
    assert field in [one["field"] for one in problem_of(answer)["fields"]]


async def test_a_viewer_may_change_nothing(watched: Watched) -> None:
    await fires(watched)
    for method, path in (("POST", f"{API}/alerts/ack"), ("POST", RULES), ("DELETE", f"{RULES}/high_error_rate")):
        answer = await watched.desk.ask(method, path, bearer(VIEWER), "Content-Type: application/json", body=b"{}")
        assert answer.status == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (("Content-Type: text/plain",), 415),
        (("Content-Type: application/x-www-form-urlencoded",), 415),
        (("Content-Type: multipart/form-data; boundary=x",), 415),
        (("Content-Type: application/json", "Origin: https://evil.example"), 403),
        (("Content-Type: application/json", "Origin: null"), 403),
        (("Content-Type: application/json", "Origin: http://localhost:1"), 403),
        (("Content-Type: application/json", "Origin: http://localhost"), 422),
        (("Content-Type: application/json; charset=utf-8",), 422),
    ],
)
async def test_only_json_from_our_own_pages_changes_anything(
    watched: Watched, headers: tuple[str, ...], status: int
) -> None:
    answer = await watched.desk.ask(
        "POST", RULES, "Authorization: Bearer admin-token-of-the-hotel", *headers, body=b"{}"
    )
    assert answer.status == status


async def test_more_changes_than_a_person_makes_are_refused_for_a_minute(watched: Watched) -> None:
    statuses = [(await watched.change("POST", f"{RULES}/slow_response/enable")).status for _ in range(62)]
    assert statuses[-2:] == [429, 429]
    assert 429 not in statuses[:60]
    watched.clock.advance(61)
    assert (await watched.change("POST", f"{RULES}/slow_response/enable")).status != 429


@pytest.mark.integration
def test_the_real_service_counts_what_comes_in_and_tells_who_is_alive(tmp_path: Path) -> None:
    """Webhooks, refusals and parts, through the program: counted, flushed, summed up, shown."""
    with simulated_hotel(tmp_path) as hotel:
        secrets_dir = tmp_path / "greenbot" / "secrets"
        for name, token in (("grand-kyiv.webhook-token", "w" * 32), ("viewer-token", "v" * 32)):
            (secrets_dir / name).write_text(token)
            (secrets_dir / name).chmod(0o600)
        service, url = hotel.serve()
        hook = f"{url}/api/v1/webhooks/green-api/grand-kyiv"
        assert asked("POST", hook, "w" * 32, event()) == 200
        assert asked("POST", hook, "nobody-has-this-token", event()) == 401

        def seen() -> bool:
            found = json.loads(fetched(f"{url}{API}/metrics", "v" * 32))
            [kyiv] = [one for one in found["instances"] if one["name"] == "grand-kyiv"]
            alive = {part["name"] for part in found["service"]["parts"] if part["alive"]}
            counted = kyiv["figures"]["webhook_requests"], found["fleet"]["auth_failures"]
            return counted == (1, 1) and alive >= {"server", "worker", "processor", "metrics", "inbox", "evaluator"}

        until(seen)
        assert asked("GET", f"{url}{API}/metrics", "w" * 32) == 401
        assert b"greenbot_instance_up" in fetched(f"{url}/metrics", "v" * 32)
        service.terminate()
        assert service.wait(60) == 0


def fetched(url: str, token: str, body: bytes | None = None, *, method: str = "GET") -> bytes:
    request = Request(url, data=body, method=method, headers={"Authorization": f"Bearer {token}"})
    with urlopen(request, timeout=30) as answer:
        found: bytes = answer.read()
        return found


def asked(method: str, url: str, token: str, body: bytes | None = None) -> int:
    try:
        fetched(url, token, body, method=method)
    except HTTPError as error:
        with error:
            return error.code
    return 200


async def test_reading_needs_the_viewer_and_changing_the_admin(watched: Watched) -> None:
    others = (f"{API}/dashboard", f"{API}/session")  # the page's own
    ours = [route for route in watched.desk.routes if route.path == "/metrics" or route.path.startswith(API)]
    ours = [route for route in ours if not route.path.startswith(others)]
    assert len(ours) >= 16
    for route in ours:
        expected = Policy.VIEWER if route.method == "GET" else Policy.ADMIN
        assert route.policy is expected, f"{route.method} {route.path}"
