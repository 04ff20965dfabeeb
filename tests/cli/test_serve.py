"""`greenbot serve` as a process: how it starts, refuses to start, is told things, and ends."""

import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

import pytest

from tests.cli.harness import SECONDS, Desk, program, until

pytestmark = [pytest.mark.integration, pytest.mark.webhook]

TOKEN = "0123456789abcdef0123456789abcdef"
PATH = "/api/v1/webhooks/green-api"


@dataclass(kw_only=True)
class Serving:
    """A running service and what it writes to its terminal."""

    process: "subprocess.Popen[bytes]"
    url: str
    log: Path
    tls: ssl.SSLContext | None = None
    connections: list[HTTPConnection] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        host = "127.0.0.1"
        connection = (
            HTTPSConnection(host, self.port, timeout=SECONDS, context=self.tls)
            if self.tls
            else HTTPConnection(host, self.port, timeout=SECONDS)
        )
        try:
            connection.request(method, path, body=body or None, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def webhook(self, body: bytes, token: str = TOKEN, path: str = PATH) -> int:
        return self.ask("POST", path, body, Authorization=f"Bearer {token}")[0]

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def said(self) -> str:
        return self.log.read_text()


@contextmanager
def serving(desk: Desk, *words: str, env: Mapping[str, str] | None = None, wait: bool = True) -> Iterator[Serving]:
    """The service on a free port, ready when this begins."""
    read, write = os.pipe()
    log = desk.folder / f"serve-{os.urandom(4).hex()}.log"
    environ = desk.environ | {"GREEN_API_WEBHOOK_TOKEN": TOKEN} | dict(env or {})
    with log.open("wb") as output:
        process = subprocess.Popen(
            program("serve", "--port", "0", "--ready-fd", str(write), *words),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environ,
            cwd=desk.folder,
            pass_fds=[write],
        )
    os.close(write)
    try:
        with os.fdopen(read) as ready:
            url = ready.readline().strip() if wait else ""
        assert url or not wait, log.read_text()
        yield Serving(process=process, url=url, log=log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def stored(desk: Desk) -> list[bytes]:
    from greenbot.clock import SystemClock
    from greenbot.db.connect import connect

    db = connect(desk.store, clock=SystemClock())
    try:
        return [bytes(row["raw"]) for row in db.all("select raw from events order by id")]
    finally:
        db.close()


def test_it_says_where_it_listens_and_what_to_put_into_green_api(desk: Desk) -> None:
    with serving(desk) as service:
        assert service.ask("GET", "/healthz") == (200, b"ok\n")
        assert service.ask("GET", "/readyz") == (200, b"ok\n")
        until(lambda: "Stop with Ctrl-C" in service.said())
        said = service.said()
        assert service.end() == 0
    assert service.url in said
    assert "Receiving events for default" in said
    assert "webhookUrl" in said and PATH in said
    assert TOKEN not in said


def test_an_instance_without_a_token_is_named_and_its_events_are_refused(desk: Desk) -> None:
    with serving(desk, env={"GREEN_API_WEBHOOK_TOKEN": ""}) as service:
        until(lambda: "has no webhook token" in service.said())
        assert service.webhook(b"{}") == 401
        assert service.ask("POST", PATH, b"{}")[0] == 401


def test_verbose_shows_each_event_without_the_guests_number(desk: Desk) -> None:
    body = b'{"typeWebhook":"incomingMessageReceived","senderData":{"chatId":"380441234567@c.us"},"idMessage":"A"}'
    with serving(desk, "-v", "--no-process") as service:
        assert service.webhook(body) == 200
        assert service.webhook(body) == 200
        assert service.webhook(b"\x1b]0;title\x07") == 200
        until(lambda: "unreadable" in service.said())
        said = service.said()
    assert "default  incomingMessageReceived  38***4567@c.us  stored as 1" in said
    assert "repeated as 1" in said
    assert "380441234567" not in said and "\x1b" not in said


def test_every_accepted_body_is_stored_byte_for_byte(desk: Desk) -> None:
    bodies = [b"", b"{}", b"\xff\xfe{", b'{"typeWebhook":"unknownThing"}', bytes(range(256)) * 100]
    with serving(desk, "--no-worker") as service:
        assert [service.webhook(body) for body in bodies] == [200] * len(bodies)
        assert service.end() == 0
    assert stored(desk) == bodies


@pytest.mark.parametrize("point, kept", [("web.after_read", 0), ("web.before_commit", 0), ("web.after_commit", 1)])
def test_a_kill_anywhere_loses_nothing_that_was_answered(desk: Desk, point: str, kept: int) -> None:
    env = {"GREENBOT_TESTING": "1", "GREENBOT_FAILPOINTS": f"{point}=kill"}
    with serving(desk, "--no-worker", "--no-process", env=env) as service:
        with pytest.raises(OSError):
            service.webhook(b"an event")
        assert service.process.wait(SECONDS) == -signal.SIGKILL
    assert stored(desk) == [b"an event"] * kept
    with serving(desk, "--no-worker", "--no-process") as service:
        assert service.webhook(b"an event") == 200
    assert stored(desk) == [b"an event"]


def test_a_port_that_is_taken_is_said_in_plain_words(desk: Desk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = desk.here("serve", "--port", str(port))
    assert refused.exit_code == 2
    assert f"cannot listen on 127.0.0.1, port {port}" in refused.stderr
    assert "ss -ltnp" in refused.stderr


@pytest.mark.parametrize("token", ["", "tooshort"])
def test_an_exposed_address_without_a_proper_token_is_refused_before_it_listens(desk: Desk, token: str) -> None:
    refused = desk.here("serve", "--host", "0.0.0.0", "--port", "0", env={"GREEN_API_WEBHOOK_TOKEN": token})
    assert refused.exit_code == 13
    assert "can be reached from other machines" in refused.stderr
    assert "openssl rand -hex 32" in refused.stderr
    assert not token or token not in refused.stderr


def test_an_exposed_address_with_proper_tokens_works(desk: Desk) -> None:
    with serving(desk, "--host", "0.0.0.0", "--no-dashboard") as service:
        assert service.webhook(b"{}") == 200
        assert service.ask("GET", "/metrics")[0] == 404


def test_an_exposed_address_with_pages_needs_their_tokens(desk: Desk) -> None:
    refused = desk.here("serve", "--host", "0.0.0.0", "--port", "0")
    assert refused.exit_code == 13
    assert "viewer token" in refused.stderr
    assert "--no-dashboard" in refused.stderr


def test_read_only_forbids_to_serve(desk: Desk) -> None:
    assert desk.here("serve", "--read-only").exit_code == 10


def test_a_closed_ready_file_is_a_mistake_of_the_caller(desk: Desk) -> None:
    # In a process of its own: in this one the number may belong to something.
    assert desk("serve", "--port", "0", "--ready-fd", "99").exit_code == 2


def test_sighup_takes_a_new_token_and_keeps_the_old_one_when_the_new_one_is_unusable(desk: Desk) -> None:
    config = '[instances.kyiv]\nid = "1101000001"\nwebhook_token_file = "token"\n'
    desk.configure(config)
    file = desk.home / "token"
    file.write_text("first-token-of-kyiv")
    file.chmod(0o600)
    env = {"GREEN_API_INSTANCE_ID": "", "GREEN_API_WEBHOOK_TOKEN": ""}
    with serving(desk, "--no-worker", env=env) as service:
        assert service.webhook(b"1", "first-token-of-kyiv") == 200
        file.write_text("second-token-of-kyiv")
        service.process.send_signal(signal.SIGHUP)
        until(lambda: "were read again" in service.said())
        assert service.webhook(b"2", "second-token-of-kyiv") == 200
        assert service.webhook(b"3", "first-token-of-kyiv") == 401
        desk.configure("nonsense = [")
        service.process.send_signal(signal.SIGHUP)
        until(lambda: "stays as it was" in service.said())
        assert service.webhook(b"4", "second-token-of-kyiv") == 200
        desk.configure(config)
        file.chmod(0o644)
        service.process.send_signal(signal.SIGHUP)
        until(lambda: service.said().count("stays as it was") == 2)
        assert service.webhook(b"5", "second-token-of-kyiv", f"{PATH}/kyiv") == 200
        assert "second-token" not in service.said()


def test_a_new_webhook_token_is_stored_by_a_command_and_the_old_one_stays_valid(desk: Desk) -> None:
    desk.configure('[instances.kyiv]\nid = "1101000001"\n')
    env = {"GREEN_API_INSTANCE_ID": "", "GREEN_API_WEBHOOK_TOKEN": ""}
    for token in ("first-token-of-kyiv", "second-token-of-kyiv"):
        desk.here("instances", "edit", "kyiv", "--webhook-token-stdin", stdin=token, env=env).ok()
    both = desk.here("instances", "edit", "kyiv", "--webhook-token-stdin", "--token-stdin", stdin="x", env=env)
    assert both.exit_code == 2
    with serving(desk, "--no-worker", env=env) as service:
        tokens = ("first-token-of-kyiv", "second-token-of-kyiv", "third-token-of-kyiv")
        assert [service.webhook(b"{}", token) for token in tokens] == [200, 200, 401]


def test_a_store_that_was_replaced_ends_the_service_before_anything_more_is_answered(desk: Desk) -> None:
    with serving(desk, "--no-worker", "--no-process", "--no-hooks") as service:
        assert service.webhook(b"1") == 200
        desk.store.rename(desk.store.with_name("moved.db"))
        # Whoever of its parts sees it first ends the service, so there may be no answer at all any more.
        with suppress(ConnectionError):
            assert service.webhook(b"2") == 503
        assert service.process.wait(SECONDS) == 13
        assert "was replaced or removed" in service.said()


def test_without_a_writable_store_it_is_not_ready(desk: Desk) -> None:
    from greenbot.serving.inbox import can_write

    assert not can_write(desk.store)
    with serving(desk) as service:
        assert can_write(desk.store)
        assert service.end() == 0


def test_sigterm_lets_a_request_under_way_finish(desk: Desk) -> None:
    env = {"GREENBOT_TESTING": "1", "GREENBOT_FAILPOINTS": "web.before_commit=delay:700ms"}
    with serving(desk, "--no-worker", "--no-process", env=env) as service:
        with socket.create_connection(("127.0.0.1", service.port), SECONDS) as client:
            head = f"POST {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: {TOKEN}\r\nContent-Length: 4\r\n\r\n"
            client.sendall(head.encode() + b"late")
            until(lambda: _is_waiting(service))
            service.process.send_signal(signal.SIGTERM)
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")
        assert service.process.wait(SECONDS) == 0
    assert stored(desk) == [b"late"]


def _is_waiting(service: Serving) -> bool:
    """The request was read off the socket: nothing waits in it any more."""
    port = f":{service.port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in lines]
    return any(row[1].endswith(port) and row[3] == "01" and row[4].endswith(":00000000") for row in rows)


def test_a_service_manager_hears_when_it_is_ready_and_when_it_ends(desk: Desk) -> None:
    address = desk.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(SECONDS)
        with serving(desk, env={"NOTIFY_SOCKET": str(address)}) as service:
            assert manager.recv(100) == b"READY=1"
            assert service.end() == 0
            assert manager.recv(100) == b"STOPPING=1"


def test_it_leaves_no_core_dumps_with_tokens(desk: Desk) -> None:
    with serving(desk) as service:
        limits = Path(f"/proc/{service.process.pid}/limits").read_text()
    assert [line.split()[4:6] for line in limits.splitlines() if "core file" in line] == [["0", "0"]]


def make_certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(
        [*command, "-days", "2", *subject, "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    key.chmod(0o600)
    return certificate, key


def test_with_a_certificate_it_speaks_tls_and_refuses_a_key_others_can_read(desk: Desk) -> None:
    certificate, key = make_certificate(desk.folder)
    desk.configure(f'[server]\ntls_cert = "{certificate}"\ntls_key = "{key}"\n')
    with serving(desk, "--no-worker") as service:
        assert service.url.startswith("https://")
        service.tls = ssl.create_default_context(cafile=str(certificate))
        assert service.webhook(b"{}") == 200
        service.tls = None
        with pytest.raises((OSError, HTTPException)):
            service.webhook(b"{}")
    key.chmod(0o640)
    refused = desk.here("serve", "--port", "0")
    assert (refused.exit_code, "chmod 600" in refused.stderr) == (13, True)
    desk.configure(f'[server]\ntls_cert = "{certificate}"\n')
    assert desk.here("serve", "--port", "0").exit_code == 13


def test_json_says_where_it_listens_as_one_object(desk: Desk) -> None:
    with serving(desk, "--json") as service:
        until(lambda: "url" in service.said())
        first = service.said().splitlines()[0]
    assert f'"url": "{service.url}"' in first and '"v": 1' in first
