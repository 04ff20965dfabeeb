"""Where the secrets of receivers are read from: a file, a variable, a program. They never stand in the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from greenbot.config.secrets import TokenSource, from_command, from_env, from_files
from greenbot.redact import Secret

#: `token_file`, `token_env`, `token_command`.
WAYS = ("file", "env", "command")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Reads the secrets of receivers, anew each time: somebody may have changed one. Relative files lie in `folder`."""

    environ: Mapping[str, str]
    folder: Path

    def find(self, settings: Mapping[str, object], name: str) -> Secret | None:
        """The secret, or None when none is named or found. Raises UnsafePermissions, TokenMissing, ConfigError."""
        source = self._source(settings, name)
        return None if source is None else source.find()

    def need(self, settings: Mapping[str, object], name: str) -> Secret:
        """The secret. Raises TokenMissing when there is none, and like `find`."""
        source = self._source(settings, name)
        return self._nothing(name)() if source is None else source()

    def _source(self, settings: Mapping[str, object], name: str) -> TokenSource | None:
        for way in WAYS:
            given = settings.get(f"{name}_{way}")
            if given is not None:
                return self._made(name, way, given)
        return None

    def _made(self, name: str, way: str, given: object) -> TokenSource:
        if way == "env":
            return from_env(str(given), self.environ, label=name)
        if way == "command":
            argv = [str(word) for word in given] if isinstance(given, list | tuple) else [str(given)]
            return from_command(argv, self.environ, label=name)
        path = self.folder / Path(str(given)).expanduser()
        return from_files([path], label=name, missing_hint=f"Write it into {path}, readable by you alone (chmod 600).")

    def _nothing(self, name: str) -> TokenSource:
        return TokenSource(
            label=name, place="this receiver", read=lambda: None,
            missing_hint=f"Say where it is kept: {name}_file, {name}_env or {name}_command.",
        )  # fmt: skip
