"""What is asked the same way inside a write transaction and outside of one."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from greenbot.db.connect import Row, Value


class Reader(Protocol):
    """A `Db` or a `Tx`."""

    def one(self, sql: str, /, **params: "Value") -> "Row | None":
        """The first row of the answer."""
        ...

    def all(self, sql: str, /, **params: "Value") -> "list[Row]":
        """Every row of the answer."""
        ...
