"""An invisible mark at the end of a text that makes it unlike every other text.

A guest sees nothing of it; who copies the text copies it along. It is a choice of the sender
(`--reconcile-marker`), for numbers that another program writes through as well.
"""

import hashlib
import re

#: Characters without a width, a shape or a meaning at the end of a text; each stands for two bits.
_DIGITS = "\u200b\u200c\u2060\u2062"
_START = "\u2063"
_LENGTH = 20
_MARK = re.compile(f"{_START}([{_DIGITS}]{{{_LENGTH}}})\\s*\\Z")


def marked(text: str, seed: str) -> str:
    """The text with the mark that belongs to `seed`; the same seed gives the same mark, so a key keeps its meaning."""
    bits = int.from_bytes(hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=5).digest())
    mark = "".join(_DIGITS[bits >> 2 * place & 3] for place in range(_LENGTH))
    return unmarked(text)[0] + _START + mark


def unmarked(text: str) -> tuple[str, str]:
    """The text as a guest sees it, and its mark; the mark is empty where there is none."""
    found = _MARK.search(text)
    return (text, "") if found is None else (text[: found.start()], found[1])
