"""The head of one HTTP/1 request, read strictly: what could be understood in two ways is refused.

Written for servers in front of which a proxy may stand: two readings of one head are how requests are
smuggled past it. So there is one spelling of everything here, and no repair of anything else.
"""

import re
from collections.abc import Mapping

END = b"\r\n\r\n"
_REQUEST_LINE = re.compile(rb"([A-Z]{3,16}) ([!-~]+) HTTP/1\.([01])")
_DIGITS = re.compile(rb"[0-9]{1,15}")
_TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: Every control character but tab, carriage return and line feed.
_CONTROLS = bytes(code for code in (*range(32), 127) if code not in b"\t\r\n")


class BadHead(ValueError):
    """This is not a request this server understands; `status` is what to answer."""

    def __init__(self, why: str, *, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


class Head:
    """A request without its body. Header names are in small letters; values are bytes as they came."""

    __slots__ = ("chunked", "content_length", "headers", "keep_alive", "method", "path", "query", "repeated")

    def __init__(self, method: str, target: str, headers: dict[bytes, bytes], repeated: frozenset[bytes]) -> None:
        self.method = method
        self.path, _, self.query = target.partition("?")
        self.headers: Mapping[bytes, bytes] = headers
        #: Names that came more than once; their values stand in `headers` with commas between.
        self.repeated = repeated
        self.content_length = 0
        self.chunked = False
        self.keep_alive = True

    def single(self, name: bytes) -> bytes | None:
        """The value of a header that came exactly once, else None."""
        return None if name in self.repeated else self.headers.get(name)


def parse_head(raw: bytes, *, most_lines: int) -> Head:
    """The head in `raw`, which ends before the empty line. Raises `BadHead`."""
    _refuse_odd_bytes(raw)
    lines = raw.split(b"\r\n")
    if len(lines) > most_lines + 1:
        raise BadHead("too many header lines", status=431)
    found = _REQUEST_LINE.fullmatch(lines[0])
    if found is None:
        raise BadHead("no request line")
    headers, repeated = _headers(lines)
    head = Head(found[1].decode(), found[2].decode(), headers, frozenset(repeated))
    _read_framing(head, is_old=found[3] == b"0")
    return head


def _refuse_odd_bytes(raw: bytes) -> None:
    ends = raw.count(b"\r\n")
    if ends != raw.count(b"\n") or ends != raw.count(b"\r"):
        raise BadHead("a line that ends in another way than CR LF")
    if len(raw.translate(None, _CONTROLS)) != len(raw):
        raise BadHead("a control character")


def _headers(lines: list[bytes]) -> tuple[dict[bytes, bytes], set[bytes]]:
    headers: dict[bytes, bytes] = {}
    repeated: set[bytes] = set()
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        # A folded line or a blank before the colon leaves something here, too.
        if not colon or not name or name.translate(None, _TOKEN):
            raise BadHead("a header line without a proper name")
        name, value = name.lower(), value.strip(b" \t")
        if name in headers:
            repeated.add(name)
            value = headers[name] + b", " + value
        headers[name] = value
    return headers, repeated


def _read_framing(head: Head, *, is_old: bool) -> None:
    """Where the body ends, said in exactly one way, and whether the connection stays."""
    headers, repeated = head.headers, head.repeated
    if b"host" in repeated or (b"host" not in headers and not is_old):
        raise BadHead("not exactly one Host")
    if b"transfer-encoding" in headers:
        if is_old or b"content-length" in headers or headers[b"transfer-encoding"].lower() != b"chunked":
            raise BadHead("no single way to find the end of the body")
        head.chunked = True
    elif b"content-length" in headers:
        if b"content-length" in repeated or not _DIGITS.fullmatch(headers[b"content-length"]):
            raise BadHead("no proper Content-Length")
        head.content_length = int(headers[b"content-length"])
    connection = headers.get(b"connection")
    if connection is not None or is_old:
        options = [option.strip() for option in (connection or b"").lower().split(b",")]
        head.keep_alive = b"close" not in options and (not is_old or b"keep-alive" in options)
