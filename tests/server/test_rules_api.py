"""Rules over HTTP: what is wrong is named by its field, nobody overwrites what he did not see, changes are audited."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from greenbot.db.audit import Wanted, entries
from tests.server.conftest import ADMIN, bearer
from tests.server.watching import RULES, Watched, problem_of, watching

RULE = {"name": "errors", "metric": "error_rate", "op": ">=", "threshold": "10%", "window": "5m"}


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    async with watching(tmp_path) as one:
        yield one


def but(**fields: object) -> bytes:
    return json.dumps(RULE | fields).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in RULE.items() if key != name}).encode()


BODY = "(body)"
DEEP = b'{"name":' + b"[" * 70 + b"]" * 70 + b"}"
MALFORMED: list[tuple[bytes, str]] = [
    # what is no JSON object at all
    (b"", BODY),
    (b"null", BODY),
    (b"[]", BODY),
    (b"7", BODY),
    (b'"errors"', BODY),
    (b"{", BODY),
    (b"{'name': 'x'}", BODY),
    (b'{"name": "x",}', BODY),
    (b'{"name": "x"} {}', BODY),
    (b"\xff\xfe{}", BODY),
    (b'{"name": "\xff"}', BODY),
    (DEEP, BODY),
    (b"[" * 60_000, BODY),
    (b'{"threshold": NaN}', BODY),
    (b'{"threshold": Infinity}', BODY),
    (b'{"threshold": 1e999}', BODY),
    (b'{"min_total": 99999999999999999999}', BODY),
    (b'{"min_total": ' + b"9" * 5000 + b"}", BODY),
    # twice, unknown
    (b'{"name": "a", "name": "b"}', "name"),
    (b'{"metric": "error_rate", "metric": "errors"}', "metric"),
    (but(nmae="x"), "nmae"),
    (but(Name="x"), "Name"),
    (but(edition=4), "edition"),
    (but(**{"": 1}), '""'),
    (but(**{"\u202ename": 1}), "\\u202ename"),
    # missing
    (b"{}", "name"),
    (without("name"), "name"),
    (without("metric"), "metric"),
    (without("op"), "op"),
    (without("threshold"), "threshold"),
    (without("window"), "window"),
    # wrong
    (but(name=""), "name"),
    (but(name="Errors"), "name"),
    (but(name="a b"), "name"),
    (but(name="../x"), "name"),
    (but(name="x" * 64), "name"),
    (but(name="x" * 50_000), "name"),
    (but(name=7), "name"),
    (but(name=None), "name"),
    (but(metric="eror_rate"), "metric"),
    (but(metric=["error_rate"]), "metric"),
    (but(op="=="), "op"),
    (but(op=">= 10; drop table alert_rules"), "op"),
    (but(threshold="much"), "threshold"),
    (but(threshold="-1%"), "threshold"),
    (but(threshold="101%"), "threshold"),
    (but(threshold="5s"), "threshold"),
    (but(threshold=True), "threshold"),
    (but(threshold=1e300), "threshold"),
    (but(window="0s"), "window"),
    (but(window="9s"), "window"),
    (but(window="2d"), "window"),
    (but(window=1e9), "window"),
    (but(window="-5m"), "window"),
    (but(window={}), "window"),
    (but(**{"for": "1e9"}), "for"),
    (but(**{"for": "-1s"}), "for"),
    (but(keep_firing="25h"), "keep_firing"),
    (but(min_total=-1), "min_total"),
    (but(min_total=2.5), "min_total"),
    (but(min_bad="3"), "min_bad"),
    (but(min_bad=True), "min_bad"),
    (but(scope="world"), "scope"),
    (but(metric="disk_reserve", threshold=50, scope="instance"), "scope"),
    (but(instances="kyiv,lviv"), "instances"),
    (but(instances=""), "instances"),
    (but(severity="fatal"), "severity"),
    (but(description="a\nb"), "description"),
    (but(description="x" * 501), "description"),
    (but(receivers="ops"), "receivers"),
    (but(receivers=["ops", "../x"]), "receivers[1]"),
    (but(receivers=["a"] * 21), "receivers"),
    (but(cooldown="forever"), "cooldown"),
    (but(repeat="1s"), "repeat"),
    (but(enabled="yes"), "enabled"),
    (but(enabled=1), "enabled"),
]


def test_there_are_enough_malformed_bodies() -> None:
    assert len(MALFORMED) >= 60


@pytest.mark.parametrize(("raw", "field"), MALFORMED, ids=range(len(MALFORMED)))
async def test_a_malformed_rule_is_refused_and_its_field_named(watched: Watched, raw: bytes, field: str) -> None:
    made = await watched.change("POST", RULES, raw=raw)
    assert made.status == 422
    problem = problem_of(made)
    assert field in [one["field"] for one in problem["fields"]], problem
    assert len(made.body) < 2500, "what was sent is not sent back"
    assert watched.db.one("select 1 from alert_rules where origin = 'person'") is None


async def test_every_wrong_field_is_named_at_once(watched: Watched) -> None:
    answer = await watched.change("POST", RULES, raw=but(op="=", window="1s", severity="x", colour="red"))
    assert [one["field"] for one in problem_of(answer)["fields"]] == ["colour", "op", "window", "severity"]


async def test_a_rule_is_made_read_changed_and_removed(watched: Watched) -> None:
    made = await watched.change("POST", RULES, RULE)
    assert (made.status, made.headers["Location"]) == (201, f"{RULES}/errors")
    read = await watched.ask("GET", f"{RULES}/errors")
    assert read.headers["ETag"] == made.headers["ETag"] == json.loads(read.body)["etag"]
    rule = json.loads(read.body)["rule"]
    assert rule | RULE == rule

    # What was read can be sent back as it is, and is the same rule then.
    same = await watched.change("PUT", f"{RULES}/errors", rule, f"If-Match: {read.headers['ETag']}")
    assert (same.status, same.headers["ETag"]) == (200, read.headers["ETag"])
    changed = await watched.change(
        "PUT", f"{RULES}/errors", rule | {"threshold": "20%"}, f"If-Match: {read.headers['ETag']}"
    )
    assert changed.status == 200
    assert changed.headers["ETag"] != read.headers["ETag"]
    assert (await watched.get(f"{RULES}/errors"))["rule"]["threshold"] == "20%"

    assert (await watched.change("DELETE", f"{RULES}/errors")).status == 200
    assert (await watched.ask("GET", f"{RULES}/errors")).status == 404
    log = [(entry.actor, entry.action) for entry in entries(watched.db, Wanted(subject="rule errors"))]
    assert log == [
        ("admin over HTTP", "alerts.remove"),
        ("admin over HTTP", "alerts.edit"),
        ("admin over HTTP", "alerts.add"),
    ]


async def test_what_a_put_leaves_out_is_ordinary_again(watched: Watched) -> None:
    await watched.change("POST", RULES, RULE | {"severity": "critical", "min_total": 50})
    await watched.change("PUT", f"{RULES}/errors", {key: RULE[key] for key in RULE if key != "name"})
    rule = (await watched.get(f"{RULES}/errors"))["rule"]
    assert (rule["severity"], rule["min_total"]) == ("medium", 0)


async def test_the_seven_rules_of_the_beginning_are_there(watched: Watched) -> None:
    names = {one["rule"]["name"] for one in (await watched.get(RULES))["rules"]}
    assert names >= {
        "high_error_rate", "critical_error_rate", "slow_response", "very_slow_response", "rate_limit_hits",
        "webhook_failures", "message_send_failures",
    }  # fmt: skip


async def test_a_name_that_is_taken_is_a_conflict(watched: Watched) -> None:
    await watched.change("POST", RULES, RULE)
    again = await watched.change("POST", RULES, RULE | {"threshold": "50%"})
    assert (again.status, problem_of(again)["code"]) == (409, "rule_exists")
    assert (await watched.get(f"{RULES}/errors"))["rule"]["threshold"] == "10%"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_rule_nobody_has_is_not_found(watched: Watched, method: str) -> None:
    answer = await watched.change(method, f"{RULES}/nobody", RULE | {"name": "nobody"} if method == "PUT" else None)
    assert (answer.status, problem_of(answer)["code"]) == (404, "unknown_rule")


async def test_a_rule_keeps_its_name(watched: Watched) -> None:
    await watched.change("POST", RULES, RULE)
    answer = await watched.change("PUT", f"{RULES}/errors", RULE | {"name": "mistakes"})
    assert (answer.status, problem_of(answer)["fields"][0]["field"]) == (422, "name")


@pytest.mark.parametrize(
    "action",
    [("PUT", ""), ("DELETE", ""), ("POST", "/enable"), ("POST", "/disable")],
    ids="".join,
)
@pytest.mark.parametrize("stale", ['"0-1"', 'W/"{tag}"', "nonsense", '""', '"{tag}x"'])
async def test_who_saw_another_rule_changes_nothing(watched: Watched, action: tuple[str, str], stale: str) -> None:
    made = await watched.change("POST", RULES, RULE)
    tag = made.headers["ETag"].strip('"')
    method, end = action
    body = RULE | {"threshold": "90%"} if method == "PUT" else None
    answer = await watched.change(method, f"{RULES}/errors{end}", body, f"If-Match: {stale.replace('{tag}', tag)}")
    assert answer.status == 412
    assert (await watched.ask("GET", f"{RULES}/errors")).headers["ETag"] == made.headers["ETag"]


async def test_of_many_who_edit_at_once_one_succeeds(watched: Watched) -> None:
    made = await watched.change("POST", RULES, RULE)
    tag = f"If-Match: {made.headers['ETag']}"
    answers = await asyncio.gather(
        *(watched.change("PUT", f"{RULES}/errors", RULE | {"threshold": f"{20 + n}%"}, tag) for n in range(12))
    )
    assert sorted(answer.status for answer in answers) == [200] + [412] * 11
    [won] = [number for number, answer in enumerate(answers) if answer.status == 200]
    assert (await watched.get(f"{RULES}/errors"))["rule"]["threshold"] == f"{20 + won}%"


async def test_the_tag_of_a_removed_rule_does_not_fit_the_next_of_its_name(watched: Watched) -> None:
    first = await watched.change("POST", RULES, RULE)
    await watched.change("DELETE", f"{RULES}/errors")
    watched.clock.advance(1)
    await watched.change("POST", RULES, RULE)
    stale = await watched.change("DELETE", f"{RULES}/errors", None, f"If-Match: {first.headers['ETag']}")
    assert stale.status == 412


async def test_a_rule_is_switched_off_and_on(watched: Watched) -> None:
    await watched.change("POST", RULES, RULE)
    for word, is_on in (("disable", False), ("enable", True)):
        answer = await watched.change("POST", f"{RULES}/errors/{word}")
        assert (answer.status, json.loads(answer.body)["rule"]["enabled"]) == (200, is_on)


async def test_a_body_of_more_than_64_kib_is_not_read(watched: Watched) -> None:
    answer = await watched.desk.ask("POST", RULES, bearer(ADMIN), "Content-Type: application/json", body=b" " * 66_000)
    assert answer.status == 413
