"""Where tokens are kept, and how they are read and written.

A secret is read when it is first needed: from a file only its owner can read, an environment
variable, a program, or the system's keyring. It never stands in a configuration file, on a
command line or in the store.
"""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from greenbot.errors import ConfigError, TokenMissing, UnsafePermissions
from greenbot.redact import Secret

COMMAND_TIMEOUT_SECONDS = 10.0
_LONGEST = 4096


class TokenSource:
    """A place a secret can be read from. Call it to get the secret; the value is read once."""

    __slots__ = ("_found", "_missing_hint", "_read", "label", "place")

    def __init__(self, *, label: str, place: str, read: Callable[[], str | None], missing_hint: str) -> None:
        #: Whose secret this is, such as `token of grand-kyiv`.
        self.label = label
        #: Where it is kept, without the secret: `file /home/ira/.config/greenbot/secrets/grand-kyiv.token`.
        self.place = place
        self._read = read
        self._missing_hint = missing_hint
        self._found: Secret | None = None

    def __call__(self) -> Secret:
        """The secret. Raises `TokenMissing`, or `UnsafePermissions` when others could read its file."""
        found = self.find()
        if found is None:
            raise TokenMissing(f"There is no {self.label}: nothing in {self.place}.", hint=self._missing_hint)
        return found

    def find(self) -> Secret | None:
        """The secret, or None when there is none. Raises like a call otherwise."""
        if self._found is None:
            value = self._read()
            self._found = Secret(self._checked(value)) if value is not None else None
        return self._found

    def _checked(self, value: str) -> str:
        return _single_word(value, self.label, self.place, hint=self._missing_hint)

    def __repr__(self) -> str:
        return f"TokenSource({self.label}: {self.place})"


def secret_file(folder: Path, instance: str, leaf: str) -> Path:
    """Where the secret of an instance is kept unless its settings say otherwise; `leaf` such as `webhook_token`."""
    return folder / f"{instance}.{leaf.replace('_', '-')}"


def from_value(value: str, *, label: str, place: str) -> TokenSource:
    """A secret the environment already holds; it is masked in every output from now on."""
    secret = Secret(value)
    return TokenSource(label=label, place=place, read=secret.reveal, missing_hint=f"Set {place}.")


def from_env(name: str, environ: Mapping[str, str], *, label: str) -> TokenSource:
    """A secret in the environment variable `name`."""
    value = environ.get(name)
    if value:
        return from_value(value, label=label, place=f"environment {name}")
    return TokenSource(label=label, place=f"environment {name}", read=lambda: None, missing_hint=f"Set {name}.")


def from_files(paths: Sequence[Path], *, label: str, missing_hint: str) -> TokenSource:
    """A secret in the first of these files that exists."""

    def read() -> str | None:
        return next((text for text in map(read_secret_file, paths) if text is not None), None)

    return TokenSource(label=label, place=f"file {paths[-1]}", read=read, missing_hint=missing_hint)


def from_command(
    argv: Sequence[str], environ: Mapping[str, str], *, label: str, timeout_seconds: float = COMMAND_TIMEOUT_SECONDS
) -> TokenSource:
    """A secret that a program prints: run without a shell, for ten seconds at most; its stderr is not shown."""
    return TokenSource(
        label=label,
        place=f"command {argv[0]}",
        read=lambda: _run(argv, environ, timeout_seconds),
        missing_hint="Run the command by hand and see what it prints.",
    )


def from_keyring(service: str, user: str, *, label: str) -> TokenSource:
    """A secret in the system's keyring under (`service`, `user`)."""
    return TokenSource(
        label=label,
        place=f"keyring {service}/{user}",
        read=lambda: _ask_keyring(service, user),
        missing_hint=f"Store it with: keyring set {service} {user}",
    )


def read_secret_file(path: Path) -> str | None:
    """The content of a secret file, None when there is none.

    The file is opened once, without following a link, and judged by what was opened: it must be
    a plain file of this user (or root) that no group and nobody else can read or write. Raises
    `UnsafePermissions` otherwise, `ConfigError` when it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if path.is_symlink():
            raise UnsafePermissions(
                f"The secret file {path} is a symbolic link.", hint="Put the file itself there."
            ) from None
        raise ConfigError(
            f"The secret file {path} cannot be read: {error.strerror}.", hint=f"Look at it with: ls -l {path}"
        ) from error
    try:
        _refuse_readable(path, os.fstat(descriptor))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(_LONGEST + 1)
    finally:
        os.close(descriptor)
    return content.decode("utf-8", "replace")


def write_secret(path: Path, secret: Secret) -> None:
    """Store a secret so that only its owner can read it (0600), replacing the file in one step.

    Raises `ConfigError` when the folder cannot be written, `TokenMissing` when the secret is empty.
    """
    from greenbot.config.atomic import locked, replace_file

    word = _single_word(secret.reveal(), "secret", "what was given")
    with locked(path.parent):
        replace_file(path, word.encode() + b"\n")


def _refuse_readable(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise UnsafePermissions(f"The secret file {path} is not a plain file.", hint="Put the file itself there.")
    if facts.st_uid not in (0, os.geteuid()):
        raise UnsafePermissions(f"The secret file {path} belongs to somebody else.", hint=f"Run: chown $(id -u) {path}")
    if facts.st_mode & _forbidden_bits(path):
        raise UnsafePermissions(
            f"Others can read the secret file {path} (mode {stat.S_IMODE(facts.st_mode):04o}).",
            hint=f"Run: chmod 600 {path}",
        )


def _forbidden_bits(path: Path) -> int:
    # systemd shows the access it grants to the service's user as a group bit (0440 plus an ACL).
    return 0o037 if str(path).startswith("/run/credentials/") else 0o077


def _single_word(value: str, label: str, place: str, *, hint: str | None = None) -> str:
    word = value.strip()
    if not word:
        raise TokenMissing(f"The {label} is empty: nothing in {place}.", hint=hint)
    if len(word) > _LONGEST or not word.isascii() or not word.isprintable() or " " in word:
        # Whatever it is, it may contain a token: mask it, and never show it.
        Secret(word)
        raise ConfigError(
            f"The {label} in {place} is not one word of letters, digits and signs.",
            hint="Store nothing but the token, on one line.",
        )
    return word


def _run(argv: Sequence[str], environ: Mapping[str, str], timeout_seconds: float) -> str:
    import subprocess

    scrubbed = {name: value for name, value in environ.items() if not name.startswith("GREEN_API_")}
    try:
        done = subprocess.run(  # noqa: S603 - the person's own program, as a list, without a shell
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=scrubbed,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _command_failed(argv[0], f"did not finish within {timeout_seconds:g} seconds") from None
    except OSError as error:
        raise _command_failed(argv[0], f"cannot be started: {error.strerror}") from None
    if done.returncode != 0:
        raise _command_failed(argv[0], f"ended with status {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


def _command_failed(program: str, what: str) -> TokenMissing:
    return TokenMissing(f"The token command {program} {what}.", hint="Run the command by hand and see what it says.")


def _ask_keyring(service: str, user: str) -> str | None:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise ConfigError(
            "The keyring extra is not installed.", hint="Install it with: pip install 'greenbot[keyring]'"
        ) from None
    try:
        value: str | None = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise ConfigError(
            f"The keyring cannot be opened ({type(error).__name__}).",
            hint="On a machine without a desktop use a token file or token_command.",
        ) from error
    return value
