"""Bodies that have broken servers before, and what makes more of them."""

import gzip
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "webhooks"

#: Each must be stored as it is when its sender is who he says.
MALFORMED: Mapping[str, bytes] = {
    "nothing": b"",
    "a NUL": b"\0",
    "not JSON": b"hello",
    "a list": b"[1, 2]",
    "a number": b"7",
    "null": b"null",
    "an object that ends early": b'{"typeWebhook": "incomingMessageReceived"',
    "a number of 5,000 digits": b'{"typeWebhook": "x", "timestamp": ' + b"9" * 5000 + b"}",
    "a name of 5,000 digits": b'{"typeWebhook": ' + b"9" * 5000 + b"}",
    "brackets 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "objects 100,000 deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "brackets that never close": b"[" * 100_000,
    "a lone surrogate": b'{"typeWebhook": "\\ud800", "idMessage": "\\udfff"}',
    "a surrogate in bytes": b'{"typeWebhook": "\xed\xa0\x80"}',
    "NaN": b'{"typeWebhook": "x", "timestamp": NaN}',
    "infinity": b'{"typeWebhook": "x", "timestamp": -Infinity}',
    "1e999": b'{"typeWebhook": "x", "timestamp": 1e999}',
    "2 to the 63rd": b'{"typeWebhook": "x", "timestamp": 9223372036854775808, "instanceData": {"idInstance": -1}}',
    "UTF-16": '{"typeWebhook": "x"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"typeWebhook": "x"}',
    "bytes that are no UTF-8": b'{"typeWebhook": "\xff\xfe"}',
    "the same key twice": b'{"typeWebhook": "a", "typeWebhook": "b", "timestamp": 1, "timestamp": "2"}',
    "an empty key": b'{"": 1}',
    "wrong types everywhere": b'{"typeWebhook": 1, "instanceData": [], "timestamp": {}, "idMessage": null}',
    "NUL inside": b'{"typeWebhook": "a\\u0000b\0c"}',
    "terminal controls": b'{"typeWebhook": "\\u001b]0;x\\u0007", "idMessage": "\\u202e"}',
    "SQL": b'{"typeWebhook": "\'); drop table events; --"}',
    "gzip": gzip.compress(b'{"typeWebhook": "x"}', mtime=0),
    "another request": b"POST /api/v1/webhooks/green-api HTTP/1.1\r\nHost: h\r\n\r\n",
    "the end of chunks": b"0\r\n\r\n",
    "a type of 1 MiB": b'{"typeWebhook": "' + b"x" * 1_048_576 + b'"}',
}


def samples() -> list[bytes]:
    """One body of every type of webhook that is known."""
    return [path.read_bytes() for path in sorted(SAMPLES.glob("*.json"))]


def mutated(body: bytes, rng: random.Random) -> bytes:
    """The body after one to four accidents."""
    for _ in range(rng.randint(1, 4)):
        body = rng.choice(_ACCIDENTS)(body, rng)
    return body


def _flip(body: bytes, rng: random.Random) -> bytes:
    if not body:
        return b"\xff"
    at = rng.randrange(len(body))
    return body[:at] + bytes([rng.randrange(256)]) + body[at + 1 :]


def _cut(body: bytes, rng: random.Random) -> bytes:
    return body[: rng.randrange(len(body) + 1)]


def _drop(body: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + body[at + rng.randint(1, 40) :]


def _repeat(body: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + body[max(0, at - 30) : at] * rng.randint(1, 20) + body[at:]


def _insert(body: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + rng.choice(_WORDS) + body[at:]


def _swap_value(body: bytes, rng: random.Random) -> bytes:
    """Another value in the place of some value of the object."""
    colon = body.find(b":", rng.randrange(len(body) + 1))
    comma = body.find(b",", colon)
    return body if colon < 0 or comma < 0 else body[: colon + 1] + rng.choice(_VALUES) + body[comma:]


_WORDS: Sequence[bytes] = (
    *(b"\0", b"\r\n\r\n", b"\xff", b"\\ud800", b"\\u0000", b"{", b"}", b"[" * 70, b'"', b"\\", b",", b":"),
    *(b"\xed\xa0\x80", b"\xef\xbb\xbf", b"NaN", b"9" * 400, b"\x1b[2J", "\u202e".encode(), b"'; --"),
)
_VALUES: Sequence[bytes] = (
    *(b"null", b"true", b"-1", b"1e999", b"NaN", b"9" * 30, b'""', b'"\\ud83d"', b"[]", b"{}", b"[[[[[]]]]]"),
    *(b'{"typeWebhook":1}', b'"x' + b"y" * 300 + b'"'),
)
_ACCIDENTS: Sequence[Callable[[bytes, random.Random], bytes]] = (_flip, _cut, _drop, _repeat, _insert, _swap_value)


def mutated_head(token: str, path: str, length: int, rng: random.Random) -> bytes:
    """The head of a request with one to three things wrong with it, or none."""
    lines = [
        f"POST {path} HTTP/1.1".encode(),
        b"Host: hotel.example",
        f"Authorization: Bearer {token}".encode(),
        b"Content-Type: application/json; charset=utf-8",
        b"Content-Length: %d" % length,
    ]
    for _ in range(rng.randint(0, 3)):
        at = rng.randrange(len(lines))
        lines[at] = rng.choice(_HEAD_ACCIDENTS)(lines[at], rng)
    if rng.random() < 0.5:
        lines.insert(rng.randrange(1, len(lines) + 1), rng.choice(_HEAD_LINES))
    return rng.choice((b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r")).join([*lines, b"", b""])


def _double(line: bytes, rng: random.Random) -> bytes:
    return line + b"\r\n" + line


_HEAD_ACCIDENTS = (_flip, _cut, _drop, _insert, _double)
_HEAD_LINES: Sequence[bytes] = (
    b"Authorization: Bearer x",
    "Authorization: Bearer \u043a\u043b\u044e\u0447".encode(),
    b"Authorization: " + b"x" * 7000,
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding : chunked",
    b"Content-Length: 0",
    b"Content-Length: 99999999999999",
    b"Content-Encoding: gzip",
    b"Expect: 100-continue",
    b"Expect: nothing",
    b"Connection: close",
    b"Connection: upgrade\r\nUpgrade: h2c",
    b"X-Green-API-Signature: sha256=" + b"0" * 64,
    b"webhook-id: 1\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,AAAA",
    b"X-Forwarded-For: 1.1.1.1, \xff",
    b" folded: yes",
    b"X: " + b"y" * 9000,
    b"\0: \0",
)
