"""`--debug`: what the libraries do, on stderr, with every secret masked."""

import logging
from typing import Protocol, TextIO

from greenbot.redact import redact
from greenbot.safe_text import safe_text


class RedactingFormatter(logging.Formatter):
    """One harmless line per record: formatted first, then masked, so nothing in arguments or tracebacks escapes."""

    def format(self, record: logging.LogRecord) -> str:
        return safe_text(redact(super().format(record)), keep_lines=True)


def show_debug(stream: TextIO) -> None:
    """Send all log records of this process to `stream`.

    The HTTP libraries stay at WARNING: they would write whole URLs, and the token is in the path.
    greenbot logs its own calls instead.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.DEBUG, handlers=[handler], force=True)
    for library in ("httpx", "httpcore", "aiohttp", "asyncio"):
        logging.getLogger(library).setLevel(logging.WARNING)


class CallOutcome(Protocol):
    """What a call led to, in words that hold no secret and no guest's text."""

    @property
    def cls(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def status(self) -> int | None: ...
    @property
    def elapsed_ms(self) -> int: ...


class Call(Protocol):
    """What is shown of one call of the API; the client's own record has it."""

    @property
    def instance(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def request_bytes(self) -> int: ...
    @property
    def reply_bytes(self) -> int: ...
    @property
    def outcome(self) -> CallOutcome: ...


def log_call(call: Call) -> None:
    """One line about a finished call: where to, how much, how long and what it led to."""
    logging.getLogger("greenbot.calls").debug(
        "%s of %s at %s: %d bytes out, %d bytes in, %d ms, HTTP %s, %s (%s)",
        call.method,
        call.instance,
        call.host,
        call.request_bytes,
        call.reply_bytes,
        call.outcome.elapsed_ms,
        call.outcome.status or "-",
        call.outcome.cls,
        call.outcome.reason,
    )
