"""Fetching one file of a guest: from hosts on a list alone, within a size and a day's quota.

A link of GREEN-API expires; downloadFile gives a fresh one (GREEN-API docs: DownloadFile), which is asked once.
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.chats.media import keep, table
from greenbot.clock import Clock
from greenbot.digests import sha256
from greenbot.errors import GreenbotError, NotFound, NotSent, QuotaExceeded, Refused
from greenbot.outbound.guard import Allowed, Policy, parse_allowed
from greenbot.outbound.request import Downloaded, Limits, OutboundFailure, download

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: A link that may simply be too old.
_EXPIRED = (401, 403, 404, 410)
_LIMITS = Limits(total_seconds=180.0)
MB = 1_000_000

#: Asks GREEN-API for a fresh link to the file of a message (chat id, message id); old instances send the bytes.
Renew = Callable[[str, str], Awaitable[str | bytes]]


class NotFetched(NotSent):
    """The file could not be fetched; nothing was kept."""

    hint = "Run it again later; GREEN-API keeps files for a limited time."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What may be fetched from where, and how much."""

    policy: Policy
    file_bytes: int
    daily_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What became of one file: its name in our folder. `is_new`: it was not there before."""

    wanted: table.Wanted
    name: str
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Fetches files of one instance into our folder."""

    db: "Db"
    media_dir: Path
    rules: Rules
    renew: Renew
    clock: Clock

    async def fetch(self, wanted: table.Wanted) -> Fetched:
        """Fetch one file, unless it is here already.

        Raises `NotFetched`, `QuotaExceeded`, `Refused` for an address that is not on the list, Busy, StoreError.
        """
        if wanted.stored_name is not None and (self.media_dir / wanted.stored_name).is_file():
            return Fetched(wanted=wanted, name=wanted.stored_name, is_new=False)
        most_bytes = self._room(wanted.instance)
        with keep.folder(self.media_dir) as where:
            partial, descriptor = keep.begin(where, os.urandom(8))
            try:
                arrived = await self._arrived(wanted, partial, descriptor, most_bytes)
                name = keep.finish(self.db, where, arrived, wanted, self.clock)
            finally:
                os.close(descriptor)
                keep.discard(where, partial)
        return Fetched(wanted=wanted, name=name, is_new=True)

    def _room(self, instance: str) -> int:
        """How large the next file may be."""
        left = self.rules.daily_bytes - table.fetched_bytes(self.db, instance, now_ms=self.clock.now_ms())
        if left <= 0:
            raise QuotaExceeded(
                f"{instance} has fetched as much as media.daily_mb allows in 24 hours.",
                hint="Wait, or allow more: greenbot config set media.daily_mb 2000",
                instance=instance,
            )
        return min(left, self.rules.file_bytes)

    async def _arrived(self, wanted: table.Wanted, partial: str, to: int, most_bytes: int) -> keep.Arrived:
        found: Downloaded | OutboundFailure | bytes | None = None
        if wanted.url.startswith(("https://", "http://")):
            found = await self._download(wanted.url, to, most_bytes)
        if found is None or (isinstance(found, OutboundFailure) and found.status in _EXPIRED):
            found = await self._renewed(wanted, to, most_bytes)
        if isinstance(found, OutboundFailure):
            raise _error_of(found)
        if isinstance(found, bytes):
            return _written(found, partial, to, most_bytes)
        os.fsync(to)
        return keep.Arrived(partial=partial, sha256=found.sha256, size_bytes=found.size_bytes)

    async def _renewed(self, wanted: table.Wanted, to: int, most_bytes: int) -> Downloaded | OutboundFailure | bytes:
        fresh = await self.renew(wanted.wire_chat_id, wanted.remote_id)
        if isinstance(fresh, bytes):
            return fresh
        if not fresh.startswith(("https://", "http://")):
            # GREEN-API docs: {{SWE002}} stands for a file of more than 100 MB.
            raise NotFound("GREEN-API does not have this file; it can be seen on the phone alone.", hint=None)
        return await self._download(fresh, to, most_bytes)

    async def _download(self, url: str, to: int, most_bytes: int) -> Downloaded | OutboundFailure:
        os.ftruncate(to, 0)
        os.lseek(to, 0, os.SEEK_SET)
        return await download(url, to, policy=self.rules.policy, most_bytes=most_bytes, limits=_LIMITS)


def policy_for(hosts: tuple[str, ...], own_addresses: tuple[str, ...]) -> Policy:
    """Where files may come from: the hosts on the list over https; for an instance on this machine, itself besides.

    `own_addresses` are the addresses of the instance's API and media host.
    """
    from urllib.parse import urlsplit

    allow: list[Allowed] = []
    near: list[str] = []
    for address in own_addresses:
        parts = urlsplit(address)
        if parts.hostname in ("127.0.0.1", "::1") and parts.port is not None:
            host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
            allow.append(parse_allowed(f"{host}:{parts.port}"))
            near.append(parts.hostname)
    return Policy(allow=tuple(allow), hosts=(*hosts, *near))


def _written(content: bytes, partial: str, to: int, most_bytes: int) -> keep.Arrived:
    if len(content) > most_bytes:
        raise Refused(f"The file has {len(content)} bytes, more than may be fetched.", hint=None)
    os.ftruncate(to, 0)
    os.lseek(to, 0, os.SEEK_SET)
    with os.fdopen(os.dup(to), "wb") as target:
        target.write(content)
    os.fsync(to)
    return keep.Arrived(partial=partial, sha256=sha256(content).hexdigest(), size_bytes=len(content))


def _error_of(failure: OutboundFailure) -> GreenbotError:
    if failure.kind == "forbidden":
        return Refused(
            f"The file was not fetched: {failure.words}",
            hint="Hosts that files may come from: greenbot config get media.hosts",
        )
    if failure.kind == "too_large":
        return Refused(f"The file was not fetched: {failure.words}.", hint="See media.file_mb and media.daily_mb.")
    return NotFetched(f"The file was not fetched: {failure.words}.")
