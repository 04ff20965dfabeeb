"""What goes through a proxy, and what the proxy gets to see; how certificates are checked."""

import ssl

import pytest

from greenbot.api.outcome import OutcomeClass
from greenbot.api.proxy import proxy_for
from greenbot.api.tls import no_tls, tls_context
from tests.api.conftest import TOKEN, Try
from tests.api.peer import Talk, peer

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("scheme", "host", "environ", "proxy"),
    [
        ("https", "api.green-api.com", {}, None),
        ("https", "api.green-api.com", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https", "api.green-api.com", {"https_proxy": PROXY}, PROXY),
        ("https", "api.green-api.com", {"HTTPS_PROXY": "proxy.example:3128"}, PROXY),
        ("https", "api.green-api.com", {"HTTP_PROXY": PROXY}, None),
        ("https", "api.green-api.com", {"HTTPS_PROXY": PROXY, "NO_PROXY": ".green-api.com"}, None),
        ("https", "green-api.com", {"HTTPS_PROXY": PROXY, "no_proxy": "other, green-api.com"}, None),
        ("https", "notgreen-api.com", {"HTTPS_PROXY": PROXY, "NO_PROXY": "green-api.com"}, PROXY),
        ("https", "x", {"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, None),
        # The token is in the path, and a proxy of plain http would read it.
        ("http", "127.0.0.1", {"HTTPS_PROXY": PROXY, "HTTP_PROXY": PROXY}, None),
    ],
)
def test_which_proxy(scheme: str, host: str, environ: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(scheme, host, environ) == proxy


@pytest.mark.parametrize(
    "proxy",
    [
        "http://clerk:secret@127.0.0.1:port",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://",
        "socks5://127.0.0.1:1080",
    ],
)
def test_a_proxy_with_an_unusable_address_has_sent_nothing(proxy: str, attempt: Try) -> None:
    outcome = attempt("https://api.example.invalid", environ={"HTTPS_PROXY": proxy})
    assert (outcome.cls, outcome.reason) == (OutcomeClass.NOT_SENT, "proxy_refused")
    assert "secret" not in repr(outcome)


def test_a_proxy_that_refuses_has_sent_nothing_and_seen_no_token(attempt: Try) -> None:
    def refuses(talk: Talk) -> None:
        talk.read_request()
        talk.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with peer(refuses) as proxy:
        environ = {"HTTPS_PROXY": proxy.url.replace("http://", "http://clerk:pa%40ss@")}
        outcome = attempt("https://api.example.invalid", environ=environ)
    assert (outcome.cls, outcome.reason) == (OutcomeClass.NOT_SENT, "proxy_refused")
    (seen,) = proxy.requests
    assert seen.startswith(b"CONNECT api.example.invalid:443 HTTP/1.1\r\n")
    assert b"Basic Y2xlcms6cGFAc3M=" in seen
    assert TOKEN.encode() not in seen
    assert "clerk" not in repr(outcome)


def test_a_dead_proxy_has_sent_nothing(attempt: Try) -> None:
    with peer(lambda talk: None) as proxy:
        url = proxy.url
    outcome = attempt("https://api.example.invalid", environ={"HTTPS_PROXY": url})
    assert outcome.cls is OutcomeClass.NOT_SENT


def test_a_tunnel_to_something_that_speaks_no_tls_has_sent_nothing(attempt: Try) -> None:
    seen: list[bytes] = []

    def tunnels(talk: Talk) -> None:
        talk.read_request()
        talk.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        seen.append(talk.socket.recv(65536))
        talk.send(b"HTTP/1.1 200 OK\r\n\r\n")

    with peer(tunnels) as proxy:
        outcome = attempt("https://api.example.invalid", environ={"HTTPS_PROXY": proxy.url})
    assert (outcome.cls, outcome.reason) == (OutcomeClass.NOT_SENT, "tls_failed")
    assert TOKEN.encode() not in seen[0]


def test_certificates_and_names_are_always_checked() -> None:
    for context in (tls_context(), no_tls()):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
    assert tls_context().minimum_version >= ssl.TLSVersion.TLSv1_2
    assert no_tls().get_ca_certs() == []
