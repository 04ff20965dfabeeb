"""Where the signing secrets of hooks are kept: files that only their owner can read, beside the tokens."""

import os
from collections.abc import Sequence
from pathlib import Path

from greenbot.clock import Clock
from greenbot.config.secrets import read_secret_file, write_secret
from greenbot.hooks.signature import checked_secret, new_secret
from greenbot.redact import Secret

#: After a change, deliveries are signed with the old secret too for so long.
OVERLAP_MS = 24 * 3_600_000
_SECRET_BYTES = 32


class KeyFiles:
    """The secrets of all hooks, read anew each time: another process may have changed one."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def path(self, name: str) -> Path:
        """The file that holds the secret of a hook."""
        return self._folder / f"hook-{name}.secret"

    def of(self, name: str) -> Sequence[Secret]:
        """The secrets to sign with: the present one, and for a day the one before. Raises `UnsafePermissions`."""
        found = [_read(self.path(name))]
        if self._is_recent(self._previous(name)):
            found.append(_read(self._previous(name)))
        return tuple(secret for secret in found if secret is not None)

    def store(self, name: str, secret: Secret | None = None) -> Path:
        """Keep a secret, or a new one; what was there before still signs for a day. The file.

        Raises `UsageError` when it is not a secret of Standard Webhooks, `ConfigError` when it cannot be written.
        """
        chosen = new_secret(os.urandom(_SECRET_BYTES)) if secret is None else checked_secret(secret)
        before = _read(self.path(name))
        if before is not None:
            write_secret(self._previous(name), before)
        write_secret(self.path(name), chosen)
        return self.path(name)

    def forget(self, name: str) -> None:
        """Remove the files of a hook."""
        for path in (self.path(name), self._previous(name)):
            path.unlink(missing_ok=True)

    def _previous(self, name: str) -> Path:
        return self._folder / f"hook-{name}.secret-previous"

    def _is_recent(self, path: Path) -> bool:
        try:
            return path.stat().st_mtime * 1000 + OVERLAP_MS > self._clock.now_ms()
        except OSError:
            return False


def _read(path: Path) -> Secret | None:
    text = read_secret_file(path)
    return None if text is None or not text.strip() else Secret(text.strip())
