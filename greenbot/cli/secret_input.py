"""Taking a secret from stdin: typed unseen at a terminal, or piped in."""

import sys

from greenbot.errors import UsageError
from greenbot.redact import Secret


def read_secret(prompt: str) -> Secret:
    """The secret. Raises `UsageError` when there is none, or it is more than one word."""
    if sys.stdin is None:
        raise UsageError("The token is read from stdin, which is closed.")
    if sys.stdin.isatty():
        import getpass

        try:
            value = getpass.getpass(prompt)
        except EOFError:
            value = ""
    else:
        value = sys.stdin.readline()
    value = value.strip()
    if not value:
        raise UsageError("The token is empty.", hint="Pipe it into the same command: … --token-stdin < token.txt")
    if any(character.isspace() or not character.isprintable() for character in value):
        raise UsageError("The token has a space or a control character in it.", hint="Copy it again from the console.")
    return Secret(value)
