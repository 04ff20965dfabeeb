"""No credential appears anywhere, in no disguise; and the same search finds them all when redaction is off."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from greenbot.simulator.fault_rules import KINDS
from tests.cli.canary import Canary, files_below, fresh, hits
from tests.cli.harness import NUMBER, Desk, running

pytestmark = pytest.mark.integration

#: The rule where the bare kind would wait long or needs a word more.
RULES = {
    "slow": "slow@0.01",
    "late-execution": "late-execution@0.01",
    "state": "state=starting",
    "stuck-queue": "stuck-queue@0.01",
}
STATUSES = (200, 302, 400, 403, 404, 500)
DRIVER = Path(__file__).with_name("canary_driver.py")
Job = dict[str, object]


class Echo(BaseHTTPRequestHandler):
    """Answers with everything it was told: the worst peer for a token in the path."""

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("utf-8", "replace")
        url = f"http://{self.headers['Host']}{self.path}"
        words = {"message": f"cannot {self.command} {self.path}", "path": self.path, "url": url, "body": body}
        answer = json.dumps(words).encode() if "sendMessage" not in self.path else f"<p>{url} {body}</p>".encode()
        self.send_response(self.server.status)  # type: ignore[attr-defined]  # set by `echoing`
        self.send_header("Location", url)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = handle_one  # noqa: N815 - the names http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        pass


@contextmanager
def echoing(status: int) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.status = status  # type: ignore[attr-defined]  # read by Echo
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def canaries() -> dict[str, Canary]:
    return fresh()


@pytest.fixture
def guarded(make_desk: Callable[[], Desk], canaries: dict[str, Canary]) -> Desk:
    """A desk that holds one canary of each kind, each where such a secret belongs."""
    desk = make_desk()
    desk.instance.token = canaries["api token"].value
    url = desk.simulator.api_url
    desk.configure(
        f'default_instance = "kyiv"\n[api]\npartner_url = "{url}"\ntimeout_seconds = 1\nmax_retries = 0\n'
        f'[instances.kyiv]\nid = "{desk.instance.id}"\napi_url = "{url}"\nmedia_url = "{url}"\n'
    )
    desk.environ = {name: value for name, value in desk.environ.items() if not name.startswith("GREEN_API_")}
    desk.environ["GREEN_API_WEBHOOK_SECRET"] = canaries["webhook secret"].value
    desk.environ["HTTPS_PROXY"] = f"http://clerk:{canaries['proxy password'].value}@127.0.0.1:1"
    secrets = desk.home / "secrets"
    secrets.mkdir(mode=0o700)
    files = {"kyiv.token": "api token", "kyiv.webhook-token": "webhook token", "partner-token": "partner token"}
    for name, kind in files.items():
        (secrets / name).write_text(canaries[kind].value + "\n")
        (secrets / name).chmod(0o600)
    settings = {
        "webhookUrl": f"https://relay.example/in?token={quote_plus(canaries['webhook token'].value)}",
        "webhookUrlToken": canaries["webhook token"].value,
        "proxyInstance": f"10.0.0.7:8080:clerk:{canaries['instance proxy password'].value}",
    }
    (desk.folder / "settings.json").write_text(json.dumps(settings))
    (desk.folder / "menu.pdf").write_bytes(b"%PDF-1.7")
    return desk


def everyday(desk: Desk) -> Iterator[Job]:
    """What people do on a good day, plain and with --debug."""
    url = desk.simulator.api_url
    lines = [
        ["send", "text", NUMBER, "Your room is ready."],
        ["send", "file", NUMBER, "menu.pdf"],
        ["send", "text", NUMBER, "hi", "-n"],
        ["api", "setSettings", "--input", "settings.json", "-n"],
        ["api", "setSettings", "--input", "settings.json"],
        ["sim", "state", "--set", "authorized", "-i", "kyiv", "--url", url],
        ["api", "getSettings"],
        ["api", "getWaSettings", "--json"],
        ["api", "getInstances"],
        ["api", "updateApiToken", "-n"],
        ["instances", "show", "kyiv"],
        ["instances", "list", "-v"],
        ["instances", "state"],
        ["config", "list", "--origin"],
        ["config", "list", "--json"],
        ["config", "get", "instances.kyiv.token"],
        ["config", "validate"],
        ["config", "set", "api.token", "x"],
        ["outbox", "list", "-v"],
        ["outbox", "show", "1", "--json"],
        ["sim", "ledger", "--json", "--url", url],
        ["sim", "inbox", "--json", "--url", url],
        ["sim", "state", "--json", "--url", url],
    ]
    for place, words in enumerate(lines):
        yield {"words": [*words, "--debug"] if place % 2 else words}


def bad_days(desk: Desk) -> Iterator[Job]:
    """Every kind of fault once, each with a guest of its own."""
    url = desk.simulator.api_url
    kinds = sorted(KINDS, key=lambda kind: kind == "state")
    for place, kind in enumerate(kinds):
        rule = f"{RULES.get(kind, kind)} count=1 instance={desk.instance.id}"
        yield {"words": ["sim", "fault", rule, "--url", url]}
        yield {"words": ["send", "text", f"38044000{place:04}", "hi", "--debug"]}
        # Otherwise so many bad days would stop the instance, and the rest would not even be tried.
        yield {"words": ["instances", "resume", "kyiv", "-q"]}
        yield {"words": ["instances", "breaker", "kyiv", "--resume", "-q"]}
    location = f"redirect@https://evil.example/waInstance1/sendMessage/{desk.instance.token} count=1"
    yield {"words": ["sim", "fault", location, "--url", url, "--quiet"]}
    yield {"words": ["api", "getSettings", "--debug"]}


def gossips(urls: list[str]) -> Iterator[Job]:
    """Peers that repeat the whole request in their answer."""
    for place, url in enumerate(urls):
        env = {"GREEN_API_BASE_URL": url, "GREEN_API_MEDIA_URL": url, "GREEN_API_PARTNER_URL": url}
        for words in (
            ["send", "text", f"38044111{place:04}", "hi", "--debug"],
            ["send", "text", "@olena", "hi"],
            ["api", "setSettings", "--input", "settings.json", "--json"],
            ["api", "getInstances", "--debug"],
            ["instances", "state"],
        ):
            yield {"words": words, "env": env}


def bugs() -> Iterator[Job]:
    """A programming error that drags every secret into its traceback, and a proxy that cannot be reached."""
    yield {"words": ["send", "text", "380442220001", "hi"], "bug": True}
    yield {"words": ["api", "getSettings", "--debug"], "bug": True}
    yield {
        "words": ["send", "text", "380442220002", "hi", "--debug"],
        "env": {"GREEN_API_BASE_URL": "https://127.0.0.1:1"},
    }


def collect(desk: Desk, folder: Path, *flags: str) -> dict[str, bytes]:
    """All output and all files of a whole run."""
    folder.mkdir()
    with ExitStack() as peers:
        urls = [peers.enter_context(echoing(status)) for status in STATUSES]
        jobs = [*everyday(desk), *bad_days(desk), *gossips(urls), *bugs()]
        plan = folder.with_suffix(".json")
        plan.write_text(json.dumps(jobs))
        words = [sys.executable, str(DRIVER), str(plan), str(folder), *flags]
        subprocess.run(words, env=desk.environ, cwd=desk.folder, check=True, stdin=subprocess.DEVNULL, timeout=120)
    output = {f"{' '.join(job['words'])} #{n}": (folder / str(n)).read_bytes() for n, job in enumerate(jobs)}  # type: ignore[arg-type]  # a list of words
    return output | files_below(desk.home, allowed="secrets")


def test_no_secret_appears_in_any_output_or_file(guarded: Desk, canaries: dict[str, Canary], tmp_path: Path) -> None:
    texts = collect(guarded, tmp_path / "run")
    assert hits(canaries, texts) == set()
    everything = b"".join(texts.values())
    assert b"Traceback" in everything and b"***" in everything
    assert b"greenbot.db" in b"".join(name.encode() for name in texts)
    assert len(guarded.executed()) > len(KINDS) / 3


def test_the_same_search_finds_them_when_redaction_is_off(
    guarded: Desk, canaries: dict[str, Canary], tmp_path: Path
) -> None:
    found = hits(canaries, collect(guarded, tmp_path / "run", "--naked"))
    assert {kind for kind, disguise, _ in found if disguise == "window"} == set(canaries)
    assert len(found) > 100


def test_no_secret_appears_on_a_command_line(guarded: Desk, canaries: dict[str, Canary], tmp_path: Path) -> None:
    """Looked at from outside, as any other user of the machine could, while real commands run."""
    token = tmp_path / "token"
    token.write_text(canaries["api token"].value)
    seen: set[bytes] = set()
    guarded.fault("slow@0.2 count=3")
    for words in (["send", "text", NUMBER, "hi"], ["api", "getSettings"], ["instances", "state", "kyiv"]):
        with running(guarded.start(*words)) as process:
            while process.poll() is None:
                seen |= command_lines()
    script = f"greenbot instances add coast --id 7 --token-stdin < {token}"
    guarded.shell(script).ok()
    with running(guarded.start("send", "text", NUMBER, "hi", "-i", "kyiv")) as process:
        while process.poll() is None:
            seen |= command_lines()
    assert any(b"getSettings" in line for line in seen), "the watcher saw nothing"
    assert hits(canaries, {"cmdline": b"\n".join(seen)}) == set()


def command_lines() -> set[bytes]:
    lines = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.add(path.read_bytes())
        except OSError:
            continue  # it ended while we looked
    return lines


def test_no_option_takes_a_secret() -> None:
    from greenbot.cli.app import ENTRIES
    from tests.cli.commands import every_command

    options = {option for _, command in every_command() for param in command.params for option in param.opts}
    assert len(ENTRIES) > 5
    assert {"--token-stdin", "--token-file"} <= options
    assert {"--token", "--password", "--secret", "--webhook-token", "--partner-token"} & options == set()
