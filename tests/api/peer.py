"""A real TCP server on loopback that misbehaves exactly as told."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

GOOD_BODY = b'{"idMessage":"BAE5F4886F6F2D05"}'


def http_reply(
    body: bytes = GOOD_BODY, *, status: str = "200 OK", headers: str = "", length: int | None = None
) -> bytes:
    """A whole HTTP answer; `length` may lie."""
    size = len(body) if length is None else length
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n{headers}\r\n".encode()
        + body
    )


@dataclass
class Talk:
    """One connection, as the behaviour under test sees it."""

    socket: socket.socket
    leaving: threading.Event
    request: bytes = b""

    def read_request(self) -> bool:
        """Read one whole request; False if the client left first."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.socket.recv(65536)
            if not piece:
                return False
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
        )
        while len(body) < length:
            piece = self.socket.recv(65536)
            if not piece:
                return False
            body += piece
        self.request = head + b"\r\n\r\n" + body
        return True

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def drip(self, data: bytes, *, every_seconds: float) -> None:
        """One byte at a time until the client has enough."""
        for at in range(len(data)):
            self.socket.sendall(data[at : at + 1])
            if self.leaving.wait(every_seconds):
                return

    def wait_for_the_client_to_leave(self) -> None:
        while not self.leaving.is_set():
            self.socket.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                if not self.socket.recv(65536):
                    return

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Behaviour = Callable[[Talk], None]


@dataclass
class Peer:
    """The server's address, and what it has seen."""

    url: str
    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0


def answering(*replies: bytes) -> Behaviour:
    """Read a request, send a reply, for each reply in turn; then close."""

    def behave(talk: Talk) -> None:
        for reply in replies:
            if not talk.read_request():
                return
            talk.send(reply)

    return behave


@contextlib.contextmanager
def peer(behave: Behaviour) -> Iterator[Peer]:
    """Serve every connection with `behave` until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    leaving = threading.Event()
    port = listener.getsockname()[1]
    shown = Peer(url=f"http://127.0.0.1:{port}", port=port)
    workers: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        # No behaviour may hang a test run, whatever the client does.
        connection.settimeout(10.0)
        talk = Talk(socket=connection, leaving=leaving)
        with contextlib.suppress(OSError):
            behave(talk)
        if talk.request:
            shown.requests.append(talk.request)
        connection.close()

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            shown.connections += 1
            worker = threading.Thread(target=serve, args=(connection,))
            workers.append(worker)
            worker.start()

    accepting = threading.Thread(target=listen)
    accepting.start()
    try:
        yield shown
    finally:
        leaving.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for worker in workers:
            worker.join()
