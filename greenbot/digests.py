"""The two digests of every shell command, without OpenSSL: `hashlib` loads all of it, which takes longer than a commit.

The interpreter's own modules for them have no public name, so where they are not found `hashlib` serves. The digests
are the same.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["blake2b", "sha256"]


def _first(name: str, *modules: str) -> Any:
    for module in modules:
        try:
            return getattr(import_module(module), name)
        except (ImportError, AttributeError):
            continue
    raise AssertionError("hashlib has it in any case")


if TYPE_CHECKING:
    from hashlib import blake2b, sha256
else:
    blake2b = _first("blake2b", "_blake2", "hashlib")
    sha256 = _first("sha256", "_sha2", "_sha256", "hashlib")
