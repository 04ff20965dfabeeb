"""Which IP addresses the public Internet is made of, and which are doors into this machine or its network. Pure."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: IPv6 addresses that carry an IPv4 address: whoever connects to one may reach the other.
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ip_network("::/96")
#: Not among what `is_global` refuses in every version of Python, or global only for routers.
_NEVER_PUBLIC = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "100.64.0.0/10",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "::/8",
            "100::/64",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "3fff::/20",
            "5f00::/16",
            "fc00::/7",
            "fe80::/10",
            "fec0::/10",
            "ff00::/8",
        ),
    )
)
#: Where clouds tell a machine its own secrets. A name can never lead there, not even one that is allowed.
_METADATA = tuple(
    map(
        ip_network,
        ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "fd20:ce::/32", "100.100.100.200/32", "168.63.129.16/32"),
    )
)


def plain(address: Address) -> Address:
    """`::ffff:127.0.0.1` is 127.0.0.1: the operating system connects there. Anything else is what it is."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def inner(address: Address) -> Address | None:
    """The IPv4 address that NAT64, 6to4, Teredo or an IPv4-compatible address leads to; None for any other."""
    if not isinstance(address, IPv6Address):
        return None
    if any(address in network for network in (*_NAT64, _COMPATIBLE)) and int(address) > 1:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.sixtofour is not None:
        return address.sixtofour
    return address.teredo[1] if address.teredo is not None else None


def is_public(address: Address) -> bool:
    """A unicast address of the public Internet, without any way of translation to another one."""
    address = plain(address)
    if inner(address) is not None or any(address in network for network in _NEVER_PUBLIC):
        return False
    if is_guarded(address) or not address.is_global or address.is_multicast:
        return False
    return isinstance(address, IPv4Address) or address in _UNICAST_V6


_UNICAST_V6 = ip_network("2000::/3")


def is_guarded(address: Address) -> bool:
    """Reachable only by naming the address itself in the list of what is allowed: metadata, link-local, nowhere."""
    address = plain(address)
    return (
        any(address in network for network in _METADATA)
        or address.is_unspecified
        or address.is_multicast
        or (isinstance(address, IPv4Address) and address in _NEVER_PUBLIC[0])
        or address == IPv4Address("255.255.255.255")
    )


def address_of(text: str) -> Address | None:
    """The address that is written in full and in the one usual way; None for anything else.

    No octal, hexadecimal or shortened IPv4 address and no zone: programs do not agree on what those mean.
    """
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return None if isinstance(found, IPv6Address) and found.scope_id is not None else found
