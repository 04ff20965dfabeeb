"""Where greenbot may connect to for a stranger: rules against being sent into one's own house. Pure.

A target of a hook, a link to a guest's file: whoever wrote the address may not be a friend. Everything passes three
times: the address as text, every IP address its name leads to, and each socket just before it connects.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from urllib.parse import urlsplit

from greenbot.errors import ExitCode, Refused, UsageError
from greenbot.outbound.addresses import Address, Network, address_of, inner, is_guarded, is_public, plain

_DEFAULT_PORTS = {"https": 443, "http": 80}
_LONGEST_URL = 4096
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
#: `127.1`, `0x7f.1`, `2130706433`, `017700000001`: some programs read a name like these as an IPv4 address.
_NUMERIC_END = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^\[\]:@%]+)(?::(?P<port>[0-9]{1,5}))?")
_VISIBLE = re.compile(r"[!-~]+")


class ForbiddenTarget(Refused):
    """greenbot does not connect to this address."""

    exit_code = ExitCode.REFUSED
    hint = "If it is meant, allow it: greenbot config set outbound.allow HOST:PORT (a list, separated by commas)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """One entry of `outbound.allow`: a name (`*.crm.internal` for all below), an address or a network; maybe a port."""

    name: str | None = None
    network: Network | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may be reached. Without any entry: https to public addresses on port 443.

    What is on the list may also be plain http, have any port (or the one of its entry) and be an address of this
    machine or network. `hosts` narrows everything to these names (`*.green-api.com` for all below).
    """

    allow: tuple[Allowed, ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address that passed the first look. `address` is set when the host is one already."""

    url: str
    scheme: str
    host: str
    port: int
    address: Address | None

    @property
    def shown(self) -> str:
        """The part of the URL that may be shown: paths and queries can hold secrets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def parse_allowed(text: str) -> Allowed:
    """An entry such as `127.0.0.1:9000`, `10.0.0.0/8`, `[fd00::1]:443`, `crm.internal`, `*.internal:8443`.

    Raises `UsageError` for anything else.
    """
    given = text.strip().lower()
    if "/" in given:
        return Allowed(network=_network(given, text))
    bare = address_of(given)
    if bare is not None:
        return Allowed(network=ip_network(plain(bare)))
    found = _AUTHORITY.fullmatch(given)
    if found is None:
        raise _not_an_entry(text)
    host = found["host"].strip("[]")
    port = None if found["port"] is None else _port(found["port"])
    address = address_of(host)
    if address is not None:
        return Allowed(network=ip_network(plain(address)), port=port)
    if ":" in host or not _is_name(host.removeprefix("*.")):
        raise _not_an_entry(text)
    return Allowed(name=host, port=port)


def typed(url: str) -> Allowed:
    """The entry for a URL that a person has just typed for use at once: its own host and port, nothing else.

    Raises `ForbiddenTarget` for one that cannot be understood in one way, or that leads to a machine's own secrets.
    """
    target = _parsed(url)
    if target.address is None:
        return Allowed(name=target.host, port=target.port)
    if is_guarded(target.address) or inner(plain(target.address)) is not None:
        raise ForbiddenTarget(f"{target.shown} is never called.", hint=None)
    return Allowed(network=ip_network(plain(target.address)), port=target.port)


def _network(given: str, text: str) -> Network:
    try:
        return ip_network(given)
    except ValueError:
        raise _not_an_entry(text) from None


def _not_an_entry(text: str) -> UsageError:
    return UsageError(
        f"'{text}' is not a host, an address or a network.", hint="Write it like 127.0.0.1:9000, 10.0.0.0/8 or a name."
    )


def check_url(url: str, policy: Policy) -> Target:
    """The target of a URL, as far as the text tells. Raises `ForbiddenTarget`, whose words do not repeat the URL."""
    target = _parsed(url)
    if policy.hosts and not any(_matches(target.host, pattern.lower()) for pattern in policy.hosts):
        raise ForbiddenTarget("The host is not one of those that are expected here.", hint=_NOT_EXPECTED)
    if target.address is not None:
        check_addresses(target, [target.address], policy)
    elif not policy.allow:
        _check_plain(target)
    return target


_NOT_EXPECTED = "Only hosts of GREEN-API and its storage are asked for files."


def check_addresses(target: Target, addresses: Sequence[Address], policy: Policy) -> list[Address]:
    """The addresses of these that may be connected to: those that are allowed by name, else all, if all are public.

    One that is not public among others is refused as a whole: a name that leads to both is a trap.
    Raises `ForbiddenTarget`.
    """
    listed = [address for address in addresses if _is_listed(target, address, policy)]
    if listed:
        return listed
    if not addresses:
        raise ForbiddenTarget(f"{target.host} leads to no address.", hint=None)
    for address in addresses:
        if not is_public(address):
            raise ForbiddenTarget(f"{target.shown} leads to {address}, which is not an address of the public Internet.")
    _check_plain(target)
    return list(addresses)


def _check_plain(target: Target) -> None:
    """What is not on the list has to be ordinary https."""
    if target.scheme != "https":
        raise ForbiddenTarget(f"{target.shown} is not https: anybody on the way could read what guests write.")
    if target.port != _DEFAULT_PORTS["https"]:
        raise ForbiddenTarget(f"{target.shown} has port {target.port}; only 443 is open without being allowed.")
    if target.address is None and "." not in target.host:
        raise ForbiddenTarget(f"{target.host} is a name of this machine or its network.")


def _is_listed(target: Target, address: Address, policy: Policy) -> bool:
    if not any(_fits(entry, target, address) for entry in policy.allow):
        return False
    behind = inner(plain(address))
    # A way of translation is allowed for what lies behind it, not as a tunnel to everything.
    return behind is None or is_public(behind) or _is_listed(target, behind, policy)


def _fits(entry: Allowed, target: Target, address: Address) -> bool:
    if entry.port is not None and entry.port != target.port:
        return False
    address = plain(address)
    if entry.network is not None:
        return address.version == entry.network.version and address in entry.network
    # A name is in the hands of whoever answers for it: it opens no tunnel and no way to a machine's own secrets.
    closed = is_guarded(address) or inner(address) is not None
    return target.address is None and not closed and _matches(target.host, entry.name or "")


def _matches(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return host == pattern


def _parsed(url: str) -> Target:
    if len(url) > _LONGEST_URL:
        raise ForbiddenTarget("The address is too long.", hint=None)
    if not _VISIBLE.fullmatch(url) or "\\" in url:
        raise ForbiddenTarget(
            "The address has a character that does not belong there.",
            hint="Letters beyond ASCII are written as xn--…, spaces as %20.",
        )
    scheme, authority = _split(url)
    found = _AUTHORITY.fullmatch(authority.lower())
    if "@" in authority:
        raise ForbiddenTarget("The address has a name or password in it.", hint="Leave out what stands before the @.")
    if found is None:
        raise ForbiddenTarget("The address has no host that can be understood in one way only.", hint=None)
    host, bracketed = found["host"].strip("[]"), found["host"].startswith("[")
    address = address_of(host)
    if bracketed != (address is not None and address.version == 6) or (address is None and not _is_name(host)):
        raise ForbiddenTarget("The host is neither a plain name nor an ordinary IP address.", hint=None)
    port = _DEFAULT_PORTS[scheme] if found["port"] is None else _port(found["port"])
    return Target(url=url, scheme=scheme, host=host, port=port, address=address)


def _split(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ForbiddenTarget("This is not an address.", hint=None) from None
    if parts.scheme not in _DEFAULT_PORTS or not url.lower().startswith(f"{parts.scheme}://"):
        raise ForbiddenTarget("Only addresses that begin with https:// are called.", hint=None)
    return parts.scheme, parts.netloc


def _is_name(host: str) -> bool:
    return len(host) <= 253 and bool(_NAME.fullmatch(host)) and not _NUMERIC_END.search(host)


def _port(digits: str) -> int:
    port = int(digits)
    if not 0 < port < 65536:
        raise ForbiddenTarget(f"There is no port {digits}.", hint=None)
    return port
