"""Deliveries over real sockets and to real programs."""

import asyncio
import json
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from greenbot.clock import ManualClock, SystemClock
from greenbot.errors import ConfigError
from greenbot.hooks.claims import Attempted
from greenbot.hooks.command import CommandCarrier
from greenbot.hooks.hook import Rule
from greenbot.hooks.keyfiles import KeyFiles
from greenbot.hooks.sample import sample_job
from greenbot.hooks.verdict import of_status
from greenbot.hooks.web import WebCarrier, retry_after
from greenbot.outbound.guard import Policy, parse_allowed
from greenbot.outbound.resolver import Resolve, system_resolve
from tests.hooks.conftest import House
from tests.hooks.test_signature import verified
from tests.outbound.peer import connects, peer

LOCAL = Policy(allow=(parse_allowed("127.0.0.1"),))


def carrier(folder: Path, policy: Policy = LOCAL, resolve: Resolve = system_resolve) -> WebCarrier:
    clock = SystemClock()
    return WebCarrier(policy=lambda: policy, secrets_of=KeyFiles(folder, clock).of, clock=clock, resolve=resolve)


async def delivered(carry: Any, rule: Rule) -> Attempted:
    done: Attempted = await carry(sample_job(rule, instance="kyiv", instance_id="1101000001", now_ms=1_790_000_000_000))
    return done


async def test_a_delivery_is_signed_and_its_answer_is_harmless(tmp_path: Path) -> None:
    async def loud(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="\x1b[31mthanks\x00" + "x" * 10_000)

    KeyFiles(tmp_path, ManualClock()).store("crm")
    secret = (tmp_path / "hook-crm.secret").read_text().strip()
    async with peer(loud) as there:
        done = await delivered(carrier(tmp_path), Rule(name="crm", kind="url", target=(there.url + "/in",)))
    assert (done.outcome, done.status) == ("ok", 200)
    assert done.snippet.startswith("\\e[31mthanks\\x00xxx")
    assert len(done.snippet) <= 500
    _, headers, body = there.taken[0]
    assert verified(secret, headers, body)
    assert headers["content-type"] == "application/json"
    assert headers["idempotency-key"] == headers["webhook-id"]
    assert json.loads(body)["test"] is True


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "ok"),
        (204, "ok"),
        (302, "failed"),
        (400, "refused"),
        (401, "failed"),
        (404, "failed"),
        (410, "gone"),
        (422, "refused"),
        (429, "busy"),
        (500, "failed"),
        (503, "busy"),
    ],
)
def test_what_a_status_means(status: int, outcome: str) -> None:
    assert of_status(status) == outcome


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), ("0", 0), ("Mon, 21 Sep 2026 14:15:00 GMT", 100), ("soon", None), ("-5", None), (None, None)],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, ManualClock(1_790_000_000_000)) == seconds


@pytest.mark.parametrize("place", ["127.0.0.1", "169.254.169.254", "64:ff9b::a9fe:a9fe", "8.8.8.8 10.0.0.1"])
async def test_nothing_is_forwarded_inside(tmp_path: Path, place: str, house: House) -> None:
    async def resolve(host: str, port: int) -> Sequence[Any]:
        return [ip_address(each) for each in place.split()]

    literals = [f"https://[{place}]/" if ":" in place else f"https://{place}/"] if " " not in place else []
    house.add(target=("https://rebind.example.com/in",))
    house.text()
    carry = carrier(tmp_path, Policy(), resolve)
    with connects() as seen:
        await house.dispatcher(carry).once()
        for url in (*literals, "http://127.0.0.1:9/", "http://169.254.169.254/latest/meta-data/"):
            done = await delivered(carry, Rule(name="x", kind="url", target=(url,)))
            assert done.outcome == "forbidden"
    assert seen == []
    assert house.attempts() == [("forbidden", None)]
    assert house.states() == {"queued": 1}, "it waits until somebody allows the address"


async def test_what_is_allowed_is_forwarded(tmp_path: Path, house: House) -> None:
    async with peer() as there:
        house.add(target=(there.url,))
        house.text()
        with connects() as seen:
            await house.dispatcher(carrier(tmp_path)).once()
    assert set(seen) == {"127.0.0.1"}
    assert house.states() == {"done": 1}
    assert len(there.taken) == 1


async def test_a_broken_configuration_is_trouble_that_passes(tmp_path: Path) -> None:
    def broken() -> Policy:
        raise ConfigError("line 3")

    carry = WebCarrier(policy=broken, secrets_of=lambda name: (), clock=SystemClock())
    done = await delivered(carry, Rule(name="crm", kind="url", target=("https://crm.example.com/",)))
    assert (done.outcome, done.words) == ("failed", "line 3")


def program(code: str, **rule: Any) -> Rule:
    return Rule(name="printer", kind="command", target=(sys.executable, "-c", code), **rule)


def commands(**environ: str) -> CommandCarrier:
    return CommandCarrier(environ={"PATH": "/usr/bin:/bin", **environ}, clock=SystemClock())


async def test_a_program_gets_the_event_on_stdin_and_few_variables() -> None:
    code = "import json,os,sys; print(json.dumps([json.load(sys.stdin)['event']['chat_id'], dict(os.environ)]))"
    environ = {"GREEN_API_TOKEN": "tok3nvalue", "GREENBOT_HOME": "/x", "PRINTER": "p1", "OTHER": "o", "LANG": "C.UTF-8"}
    done = await delivered(commands(**environ), program(code, environment=("PRINTER",)))
    assert (done.outcome, done.status) == ("ok", 0)
    chat, seen = json.loads(done.snippet.removesuffix("\\n"))
    assert chat == "12025550100@c.us"
    assert set(seen) - {"LC_CTYPE", "COVERAGE_PROCESS_START"} == {
        *("PATH", "LANG", "PRINTER", "GREENBOT_HOOK", "GREENBOT_EVENT_ID", "GREENBOT_INSTANCE", "GREENBOT_TYPE"),
        *("GREENBOT_CHAT_ID", "GREENBOT_ATTEMPT", "GREENBOT_TEST"),
    }
    assert seen["GREENBOT_INSTANCE"] == "kyiv"
    assert seen["GREENBOT_TYPE"] == "incomingMessageReceived"


async def test_no_shell_reads_the_words_of_a_command(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    words = (sys.executable, "-c", "import sys; print(sys.argv[1:])", f"; touch {mark}", "$(id)", "`id`", "*")
    done = await delivered(commands(), Rule(name="x", kind="command", target=words))
    assert f"['; touch {mark}', '$(id)', '`id`', '*']" in done.snippet
    assert not mark.exists()


async def test_a_program_that_fails_is_tried_again_later() -> None:
    done = await delivered(commands(), program("import sys; sys.stderr.write('no paper'); sys.exit(3)"))
    assert (done.outcome, done.status, done.words, done.snippet) == ("failed", 3, "exit status 3", "no paper")


async def test_a_program_that_is_not_there_says_so() -> None:
    done = await delivered(commands(), Rule(name="x", kind="command", target=("/no/such/program",)))
    assert done.outcome == "failed"
    assert done.words == "the program cannot be started"
    assert "No such file" in done.snippet


async def test_a_program_that_takes_too_long_ends_with_all_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import os,signal,subprocess,sys,time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)\n"
    )
    done = await delivered(commands(), program(code, timeout_ms=5000))
    assert done.outcome == "failed"
    assert done.words == "it did not end within 5 seconds"
    for pid in map(int, pids.read_text().split()):
        await _gone(pid)


async def _gone(pid: int) -> None:
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{pid} still runs")


async def test_a_program_that_leaves_a_child_behind_is_done_when_it_ends() -> None:
    code = (
        "import subprocess,sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); print('ok')"
    )
    done = await delivered(commands(), program(code, timeout_ms=60_000))
    assert (done.outcome, done.snippet) == ("ok", "ok\\n")


async def test_a_flood_of_output_is_cut() -> None:
    done = await delivered(commands(), program("import sys\nfor _ in range(5000): sys.stdout.write('x' * 1000)"))
    assert done.outcome == "ok"
    assert len(done.snippet) <= 500


async def test_a_program_has_limits_before_it_begins() -> None:
    code = "import resource as r; print([r.getrlimit(n)[0] for n in (r.RLIMIT_CORE, r.RLIMIT_NOFILE)])"
    done = await delivered(commands(), program(code))
    assert done.snippet == "[0, 256]\\n"


async def test_a_program_that_ignores_a_large_event_is_no_trouble() -> None:
    rule = program("pass")
    job = sample_job(rule, instance="kyiv", instance_id="1", now_ms=0)
    from dataclasses import replace

    done = await commands()(replace(job, body=b"x" * 5_000_000))
    assert done.outcome == "ok"
