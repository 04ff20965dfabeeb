"""Names become addresses once; what was checked is what is connected to."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence

from aiohttp.abc import AbstractResolver, ResolveResult

from greenbot.outbound.addresses import Address, address_of, plain

#: Asks for all addresses of a host. Raises OSError when there are none.
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


async def system_resolve(host: str, port: int) -> list[Address]:
    """What this machine's own resolver answers."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [address_of(str(entry[4][0]).partition("%")[0]) for entry in found]
    return list(dict.fromkeys(address for address in addresses if address is not None))


class PinnedResolver(AbstractResolver):
    """Answers for one host only, with the addresses that were checked: nobody is asked a second time."""

    def __init__(self, host: str, addresses: Sequence[Address]) -> None:
        self._host = host
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The pinned addresses. Raises OSError for another host."""
        if host != self._host:
            raise OSError("another host was asked for than the one that was checked")
        return [self._entry(address, port) for address in self._addresses]

    def _entry(self, address: Address, port: int) -> ResolveResult:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        return ResolveResult(
            hostname=self._host, host=str(address), port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
        )

    async def close(self) -> None:
        """There is nothing to close."""


def socket_for(addresses: Sequence[Address]) -> "Callable[[_AddressInfo], socket.socket]":
    """Makes sockets that may connect to these addresses; the last look before each connection."""
    checked = {plain(address) for address in addresses}

    def make(info: _AddressInfo) -> socket.socket:
        family, kind, protocol, _, place = info
        address = address_of(str(place[0]))
        if address is None or plain(address) not in checked:
            raise OSError("another address was about to be connected to than the one that was checked")
        return socket.socket(family, kind, protocol)

    return make


_AddressInfo = tuple[
    socket.AddressFamily | int, socket.SocketKind | int, int, str, tuple[str, int] | tuple[str, int, int, int]
]
