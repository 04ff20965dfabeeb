"""A small HTTP server that notes every send it carried out: the judge of the kill tests.

It shares nothing with the client: what it executed is what a guest would have got.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class LedgerServer:
    """Runs on a free loopback port for the length of a `with` block."""

    def __init__(self) -> None:
        self.executed: list[tuple[str, str]] = []  # (remote id, text)
        self._mutex = threading.Lock()
        ledger = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if len(body) < int(self.headers["Content-Length"]):
                    self.close_connection = True
                    return  # the client died while it was speaking: nothing is carried out
                answer = json.dumps({"idMessage": ledger.execute(body)}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in the base class
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """A client killed while we answer is what these tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def execute(self, body: bytes) -> str:
        """Do what one complete request asks for; its remote id."""
        with self._mutex:
            remote_id = f"BAE5{len(self.executed):04X}"
            self.executed.append((remote_id, json.loads(body)["message"]))
            return remote_id

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
