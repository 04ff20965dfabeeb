"""The clients of a worker, made when they are needed and shared by all that work for the same instance."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from greenbot.errors import GreenbotError

T = TypeVar("T")


class Clients(Mapping[str, T]):
    """A client for each instance that can have one now.

    `make` raises GreenbotError where there is no token; such an instance is left out until there is one.
    """

    def __init__(self, make: Callable[[str], T], *, names: Callable[[], Iterable[str]]) -> None:
        self._make = make
        self._names = names
        self._made: dict[str, T] = {}

    def renewed(self, name: str) -> T:
        """A new client, with the token as it is now. Raises GreenbotError."""
        self._made.pop(name, None)
        self._made[name] = self._make(name)
        return self._made[name]

    def __getitem__(self, name: str) -> T:
        if name not in self._made:
            try:
                self._made[name] = self._make(name)
            except GreenbotError as error:
                raise KeyError(name) from error
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in list(self._names()) if name in self)

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, str) and self[name] is not None
        except KeyError:
            return False

    def __len__(self) -> int:
        return sum(1 for _ in self)
