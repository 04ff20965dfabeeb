"""Ways to break a hotel that is in order, each with its way back."""

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from greenbot.clock import SystemClock
from greenbot.db.connect import connect
from tests.cli.test_serve import PATH
from tests.doctor.conftest import WEBHOOK_TOKEN, Hotel, secret

CLOCK = SystemClock()
DAY_MS = 86_400_000
Plant = Callable[[Hotel], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A fault: how it comes into being, and what doctor has to say of it."""

    name: str
    plant: Plant
    check: str
    state: str
    fix: str
    words: tuple[str, ...] = ()
    what: str = ""


def mode(name: str, bits: int) -> Plant:
    @contextmanager
    def plant(hotel: Hotel) -> Iterator[None]:
        path = next(hotel.desk.home.glob(name))
        before = path.stat().st_mode & 0o777
        path.chmod(bits)
        yield
        path.chmod(before)

    return plant


def without(name: str) -> Plant:
    @contextmanager
    def plant(hotel: Hotel) -> Iterator[None]:
        path = hotel.desk.home / name
        aside = path.with_name(f".{path.name}.aside")
        path.rename(aside)
        yield
        aside.rename(path)

    return plant


def instead(name: str, text: str) -> Plant:
    @contextmanager
    def plant(hotel: Hotel) -> Iterator[None]:
        path = secret(hotel.desk, name, (before := (hotel.desk.home / "secrets" / name).read_text()) and text)
        yield
        path.write_text(before)

    return plant


def configured(*lines: str) -> Plant:
    """More lines at the top, or in the sections they name."""

    @contextmanager
    def plant(hotel: Hotel) -> Iterator[None]:
        before = hotel.desk.config.read_text()
        hotel.desk.config.write_text("\n".join(lines) + "\n\n" + before)
        yield
        hotel.desk.config.write_text(before)

    return plant


def in_instance(line: str) -> Plant:
    @contextmanager
    def plant(hotel: Hotel) -> Iterator[None]:
        before = hotel.desk.config.read_text()
        hotel.desk.config.write_text(before.replace("[instances.kyiv]\n", f"[instances.kyiv]\n{line}\n"))
        yield
        hotel.desk.config.write_text(before)

    return plant


def remotely(**settings: object) -> Plant:
    @contextmanager
    def plant(hotel: Hotel) -> Iterator[None]:
        before = dict(hotel.desk.instance.settings)
        hotel.set_remotely(**settings)
        yield
        hotel.set_remotely(**before)

    return plant


def account(state: str) -> Plant:
    @contextmanager
    def plant(hotel: Hotel) -> Iterator[None]:
        hotel.desk.state(state)
        yield
        hotel.desk.state("authorized")

    return plant


def sql(change: str, undo: str) -> Plant:
    """Rows as some mishap would have left them; `:old` is long ago."""

    @contextmanager
    def plant(hotel: Hotel) -> Iterator[None]:
        _run(hotel, change)
        yield
        _run(hotel, undo)

    return plant


def _run(hotel: Hotel, statements: str) -> None:
    db = connect(hotel.desk.store, clock=CLOCK)
    try:
        with db.write() as tx:
            for statement in filter(None, map(str.strip, statements.split(";;"))):
                tx.run(
                    statement.replace(":old", str(CLOCK.now_ms() - 30 * DAY_MS)).replace(":now", str(CLOCK.now_ms()))
                )
    finally:
        db.close()


@contextmanager
def answering(status: int, headers: Mapping[str, str], body: bytes = b"{}") -> Iterator[str]:
    """A server on loopback that answers everything alike."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - names of the standard library

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def api_at(status: int, headers: Mapping[str, str], body: bytes) -> Plant:
    """Something else where GREEN-API should be."""

    @contextmanager
    def plant(hotel: Hotel) -> Iterator[None]:
        before = hotel.desk.config.read_text()
        with answering(status, headers, body) as url:
            hotel.desk.config.write_text(before.replace(hotel.desk.simulator.api_url, url))
            yield
        hotel.desk.config.write_text(before)

    return plant


@contextmanager
def api_gone(hotel: Hotel) -> Iterator[None]:
    before = hotel.desk.config.read_text()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        hotel.desk.config.write_text(before.replace(hotel.desk.simulator.api_url, local(free.getsockname()[1])))
        yield
    hotel.desk.config.write_text(before)


def local(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def webhook_at(url: Callable[[Hotel], str]) -> Plant:
    @contextmanager
    def plant(hotel: Hotel) -> Iterator[None]:
        with remotely(webhookUrl=url(hotel))(hotel):
            yield

    return plant


def webhook_answers(status: int, headers: Mapping[str, str]) -> Plant:
    @contextmanager
    def plant(hotel: Hotel) -> Iterator[None]:
        with answering(status, headers) as url, remotely(webhookUrl=url + PATH)(hotel):
            yield

    return plant


@contextmanager
def webhook_with_a_bad_certificate(hotel: Hotel) -> Iterator[None]:
    cert, key = certificate(hotel.desk.folder, days=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda request, address: None  # type: ignore[method-assign, assignment]  # refused on purpose
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with remotely(webhookUrl=f"https://127.0.0.1:{server.server_address[1]}{PATH}")(hotel):
            yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def a_proxy_that_adds_the_token(hotel: Hotel) -> Iterator[None]:
    """The usual mistake: the proxy was given the token instead of GREEN-API."""
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    behind = urlsplit(hotel.url).netloc

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            inner = HTTPConnection(behind, timeout=20)
            headers = {"Authorization": f"Bearer {WEBHOOK_TOKEN}", "Content-Encoding": self.headers["Content-Encoding"]}
            inner.request("POST", self.path, body, headers)
            answer = inner.getresponse()
            text = answer.read()
            self.send_response_only(answer.status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
            inner.close()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with remotely(webhookUrl=local(server.server_address[1]) + PATH)(hotel):
            yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def certificate(folder: Path, *, days: int) -> tuple[Path, Path]:
    """A certificate of its own making; a negative number of days is over."""
    cert, key = folder / f"cert{days}.pem", folder / f"key{days}.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-newkey", "rsa:2048", "-nodes"]
    span = ["-not_before", "20200101000000Z", "-not_after", "20200201000000Z"] if days < 0 else ["-days", str(days)]
    words = ["openssl", "req", "-x509", *subject, *span, "-keyout", str(key), "-out", str(cert)]
    done = subprocess.run(words, capture_output=True)
    if done.returncode:  # an openssl that cannot make one of the past
        _ended(folder, cert, key)
    key.chmod(0o600)
    return cert, key


def _ended(folder: Path, cert: Path, key: Path) -> None:
    """The same by way of a small authority, as older programs want it."""
    request, conf = folder / "request.pem", folder / "ca.cnf"
    subprocess.run(
        [
            *("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"),
            *("-keyout", str(key), "-out", str(request)),
        ],
        check=True,
        capture_output=True,
    )
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("01\n")
    conf.write_text(
        f"[ca]\ndefault_ca=x\n[x]\ndatabase={folder}/index.txt\nserial={folder}/serial\nnew_certs_dir={folder}\n"
        "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
    )
    subprocess.run(
        [
            *("openssl", "ca", "-batch", "-selfsign", "-config", str(conf), "-keyfile", str(key), "-in", str(request)),
            *("-out", str(cert), "-startdate", "20200101000000Z", "-enddate", "20200201000000Z"),
        ],
        check=True,
        capture_output=True,
    )


def shows_certificate(days: int) -> Plant:
    @contextmanager
    def plant(hotel: Hotel) -> Iterator[None]:
        cert, key = certificate(hotel.desk.folder, days=days)
        with configured("[server]", f'tls_cert = "{cert}"', f'tls_key = "{key}"')(hotel):
            yield

    return plant


@contextmanager
def log_without_rotation(hotel: Hotel) -> Iterator[None]:
    path = hotel.desk.home / "logs" / "greenbot.log"
    before = path.stat().st_size
    with configured("[log]", "max_mb = 1")(hotel):
        os.truncate(path, 3 * 1024 * 1024)
        yield
        os.truncate(path, before)


@contextmanager
def redactor_that_lets_through(hotel: Hotel) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("greenbot.redact.redact", lambda text: text)
        yield


@contextmanager
def service_not_installed(hotel: Hotel) -> Iterator[None]:
    unit = hotel.desk.home.parent / ".config" / "systemd" / "user" / "greenbot.service"
    unit.rename(unit.with_suffix(".aside"))
    yield
    unit.with_suffix(".aside").rename(unit)


@contextmanager
def network_disk(hotel: Hotel) -> Iterator[None]:
    table = hotel.root / "mountinfo"
    before = table.read_text()
    table.write_text(before + f"99 36 0:50 / {hotel.desk.home} rw shared:2 - nfs4 nas:/greenbot rw\n")
    yield
    table.write_text(before)
