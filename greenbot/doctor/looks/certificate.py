"""When a certificate ends, read from its own bytes: the standard library tells it only of a connection's other side."""

import ssl
from datetime import UTC, datetime

_SEQUENCE, _UTC_TIME, _CONTEXT_0 = 0x30, 0x17, 0xA0
_BEGIN = "-----BEGIN CERTIFICATE-----"
_END = "-----END CERTIFICATE-----"


def expiry_ms(pem: str) -> int:
    """`notAfter` of the first certificate in a PEM file. Raises ValueError."""
    start = pem.index(_BEGIN)
    der = ssl.PEM_cert_to_DER_cert(pem[start : pem.index(_END, start) + len(_END)] + "\n")
    try:
        return _expiry_of(der)
    except IndexError:
        raise ValueError("the certificate ends early") from None


def _expiry_of(der: bytes) -> int:
    certificate = _content(der, 0, _SEQUENCE)
    body = _content(certificate, 0, _SEQUENCE)
    at = _after(body, 0) if body[0] == _CONTEXT_0 else 0  # the version, which old ones have not
    for _ in ("serial number", "signature algorithm", "issuer"):
        at = _after(body, at)
    validity = _content(body, at, _SEQUENCE)
    end_at = _after(validity, 0)
    return _moment_ms(validity[end_at], _content(validity, end_at, validity[end_at]).decode("ascii"))


def _moment_ms(tag: int, text: str) -> int:
    """A time of X.509 (RFC 5280, 4.1.2.5): two digits of the year mean 1950 to 2049."""
    if tag == _UTC_TIME:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    moment = datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _measure(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at `at` begins, and its length (X.690, 8.1.3)."""
    length = data[at + 1]
    if length < 0x80:
        return at + 2, length
    count = length & 0x7F
    return at + 2 + count, int.from_bytes(data[at + 2 : at + 2 + count], "big")


def _content(data: bytes, at: int, tag: int) -> bytes:
    if data[at] != tag:
        raise ValueError("this is no certificate")
    begin, length = _measure(data, at)
    return data[begin : begin + length]


def _after(data: bytes, at: int) -> int:
    begin, length = _measure(data, at)
    return begin + length
