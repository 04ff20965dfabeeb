import pytest

from greenbot.server.origin import client_of, is_loopback, is_trusted, networks_of

PROXIES = networks_of(["10.0.0.2", "10.1.0.0/16", "2001:db8::/32"])


@pytest.mark.parametrize(
    "peer, header, client",
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", b"192.0.2.1", "203.0.113.9"),
        ("10.0.0.2", None, "10.0.0.2"),
        ("10.0.0.2", b"192.0.2.1", "192.0.2.1"),
        ("10.0.0.2", b"1.2.3.4, 192.0.2.1", "192.0.2.1"),
        ("10.0.0.2", b"1.2.3.4, 192.0.2.1, 10.1.9.9", "192.0.2.1"),
        ("10.0.0.2", b"10.1.0.1, 10.1.0.2", "10.1.0.1"),
        ("10.0.0.2", b"nonsense", "10.0.0.2"),
        ("10.0.0.2", b"192.0.2.1, nonsense", "10.0.0.2"),
        ("10.0.0.2", b"\xff", "10.0.0.2"),
        ("10.0.0.2", b"", "10.0.0.2"),
        ("2001:db8::1", b"192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", b"192.0.2.1", "127.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_names_its_client(peer: str, header: bytes | None, client: str) -> None:
    assert client_of(peer, header, PROXIES) == client


@pytest.mark.parametrize(
    "address, loopback",
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("::", False), ("localhost", False)],
)
def test_an_address_of_this_machine_is_recognised(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback
    assert is_trusted(address, ()) is loopback
