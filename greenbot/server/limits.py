"""What one client may cost the server, as numbers."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes and deadlines; the defaults are the ones the guide states."""

    header_bytes: int = 8 * KIB
    header_lines: int = 100
    #: GREEN-API's largest known bodies carry a thumbnail of some hundred KiB.
    webhook_bytes: int = 16 * MIB
    page_bytes: int = 64 * KIB
    #: Bodies above `small_bytes` share this much memory, over all connections.
    large_bodies_bytes: int = 64 * MIB
    small_bytes: int = 64 * KIB
    connections: int = 512
    #: Connections of one address that never showed a credential.
    strangers_of_one_address: int = 32

    header_seconds: float = 10.0
    body_seconds: float = 30.0
    write_seconds: float = 10.0
    #: How long a connection may wait between two requests.
    idle_seconds: float = 75.0
    #: How long a refused client may go on sending before it is cut off, so that it can read its answer.
    linger_seconds: float = 2.0
    linger_bytes: int = 256 * KIB


DEFAULT_LIMITS = Limits()
