"""Secrets that must not appear anywhere, and every disguise in which they could."""

import json
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

WINDOW = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """One secret of its own kind, never seen before this run."""

    kind: str
    value: str

    def disguises(self) -> Iterator[tuple[str, bytes]]:
        """The forms to look for, by name. Written without a look at greenbot's own list."""
        raw = self.value.encode()
        yield "raw", raw
        yield "reversed", raw[::-1]
        yield "hex", raw.hex().encode()
        yield "HEX", raw.hex().upper().encode()
        for encoder in (quote, quote_plus):
            yield "url", encoder(self.value, safe="").encode()
        yield "url, all of it", "".join(f"%{byte:02X}" for byte in raw).encode()
        yield "json", json.dumps(self.value)[1:-1].encode()
        yield "repr", repr(self.value)[1:-1].encode()
        for lead in range(3):
            for encode in (b64encode, urlsafe_b64encode):
                # Without the characters at both ends, which depend on the neighbours.
                yield f"base64 at {lead}", encode(b"\0" * lead + raw + b"\0\0")[4:-4]
        for start in range(len(raw) - WINDOW + 1):
            yield "window", raw[start : start + WINDOW]


def fresh() -> dict[str, Canary]:
    """One canary of each kind of credential."""
    values = {
        "api token": secrets.token_hex(22) + "c4n4ry",
        "webhook token": f'{secrets.token_hex(12)}/+"&={secrets.token_hex(12)}',
        "partner token": f"gac.{secrets.token_hex(20)}",
        "webhook secret": f"whsec-{secrets.token_urlsafe(30)}",
        "proxy password": f"pw-{secrets.token_hex(12)}",
        "instance proxy password": f"pi-{secrets.token_hex(12)}",
    }
    return {kind: Canary(kind=kind, value=value) for kind, value in values.items()}


def hits(canaries: dict[str, Canary], texts: dict[str, bytes]) -> set[tuple[str, str, str]]:
    """(kind, disguise, where) of everything that was found."""
    return {
        (canary.kind, disguise, where)
        for canary in canaries.values()
        for disguise, pattern in set(canary.disguises())
        for where, text in texts.items()
        if pattern in text
    }


def files_below(folder: Path, *, allowed: str) -> dict[str, bytes]:
    """Everything that was written, except where secrets belong."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and allowed not in path.relative_to(folder).parts
    }
