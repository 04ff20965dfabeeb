"""Where a request comes from and what name it was sent to: addresses, proxies, hosts."""

import ipaddress
from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


def networks_of(written: Iterable[str]) -> tuple[Network, ...]:
    """`10.0.0.1` and `10.0.0.0/8` as networks. Raises ValueError."""
    return tuple(ipaddress.ip_network(each, strict=False) for each in written)


def is_loopback(address: str) -> bool:
    """Whether this numeric address is this machine's own; a name is not."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def client_of(peer: str, forwarded_for: bytes | None, trusted: tuple[Network, ...]) -> str:
    """The client's address: the peer's own, or behind trusted proxies the last one they did not add themselves.

    X-Forwarded-For of anybody else is what that somebody wants us to believe.
    """
    if not trusted or forwarded_for is None or not _is_in(peer, trusted):
        return peer
    client = peer
    for hop in reversed(forwarded_for.decode("latin-1").split(",")):
        address = hop.strip()
        try:
            ipaddress.ip_address(address)
        except ValueError:
            return client
        client = address
        if not _is_in(address, trusted):
            return client
    return client


def is_trusted(peer: str, trusted: tuple[Network, ...]) -> bool:
    """Whether the peer is a proxy we put there, or this machine itself, where ours usually stands."""
    return is_loopback(peer) or _is_in(peer, trusted)


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)


class Hosts:
    """The names this server goes by. A browser that was led here under another name gets nothing."""

    def __init__(self, names: Iterable[str], *, bound_to: str) -> None:
        bound = f"[{bound_to}]" if ":" in bound_to else bound_to
        self._names = _LOCAL_HOSTS | {name.lower() for name in names} | {bound.lower()}

    def knows(self, host: bytes | None) -> bool:
        """Whether a Host header names this server; its port does not matter."""
        if host is None:
            return False
        name = host.decode("latin-1").lower()
        if name.endswith("]"):
            return name in self._names
        without_port, colon, port = name.rpartition(":")
        return (without_port if colon and port.isdigit() else name) in self._names
