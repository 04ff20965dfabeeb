"""A program of a hotel that takes events: a server on loopback in a thread of its own."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Receiver:
    """What was posted: headers with small letters, and the body. It answers `status` with `text`."""

    status: int = 200
    text: bytes = b"thanks"
    port: int = 0
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in"

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in self.taken]


@contextmanager
def receiving() -> Iterator[Receiver]:
    opened = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            opened.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(opened.status)
            self.send_header("Content-Length", str(len(opened.text)))
            self.end_headers()
            self.wfile.write(opened.text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the standard library
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    opened.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield opened
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
