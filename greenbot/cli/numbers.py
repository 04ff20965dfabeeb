"""Numbers of messages or events as people give them: as arguments, or piped in from a list."""

import sys
from collections.abc import Iterable, Iterator

from greenbot.errors import UsageError

LAST_ID = 2**63 - 1


def numbers(ids: Iterable[str], *, of: str, listing: str, piped: str) -> Iterator[int]:
    """Each number once it is asked for; `-` stands for those on stdin, one per line, `#` begins a comment.

    `of` says what they number, such as "a message", `listing` the command that shows them, `piped` a line that pipes
    them in. Raises `UsageError` for what is no number, and where stdin is a terminal.
    """
    for given in ids:
        if given != "-":
            yield _number(given, of, listing)
            continue
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("The numbers are read from stdin, but nothing is piped in.", hint=f"Try: {piped}")
        for line in sys.stdin:
            if words := line.partition("#")[0].split():
                yield _number(words[0], of, listing)


def _number(word: str, of: str, listing: str) -> int:
    if not (word.isascii() and word.isdigit() and 1 <= int(word) <= LAST_ID):
        raise UsageError(f"'{word}' is not the number of {of}.", hint=f"See them with: {listing}")
    return int(word)
