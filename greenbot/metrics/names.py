"""Instances and labels as small numbers, so that a cell takes a few bytes."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from greenbot.metrics.histogram import pack, unpack

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

#: What stands for all instances together.
FLEET = "*"
FLEET_ID = 0
#: Guests and strangers choose some labels (types of events), so there is an end to how many are told apart.
MOST_NAMES = 5000
MOST_LETTERS = 80
OTHER = "other"


class Names:
    """The names of a store, remembered by one process. Numbers are given once and never change."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {FLEET: FLEET_ID}
        self._names: dict[int, str] = {FLEET_ID: FLEET}

    def number(self, tx: "Tx", name: str) -> int:
        """The number of a name, given now if it is new."""
        name = name[:MOST_LETTERS]
        if name not in self._ids:
            self._learn(tx)
        if name not in self._ids:
            if len(self._ids) >= MOST_NAMES and name != OTHER:
                return self.number(tx, OTHER)
            tx.run("insert into metric_names (name) values (:name)", name=name)
            self._learn(tx)
        return self._ids[name]

    def find(self, reader: "Db | Tx", name: str) -> int | None:
        """The number of a name, None when nothing was ever counted under it."""
        if name not in self._ids:
            self._learn(reader)
        return self._ids.get(name)

    def name(self, reader: "Db | Tx", number: int) -> str:
        """The name behind a number."""
        if number not in self._names:
            self._learn(reader)
        return self._names.get(number, OTHER)

    def pack(self, tx: "Tx", labels: Mapping[str, int]) -> bytes | None:
        """Counts of labels as a cell keeps them."""
        numbered: dict[int, int] = {}
        for label, count in labels.items():
            number = self.number(tx, label)
            numbered[number] = numbered.get(number, 0) + count
        return pack(numbered)

    def unpack(self, reader: "Db | Tx", packed: bytes | None) -> dict[str, int]:
        """Counts of labels as they were."""
        return {self.name(reader, number): count for number, count in unpack(packed).items()} if packed else {}

    def _learn(self, reader: "Db | Tx") -> None:
        most = max(self._names)
        rows: Iterable[tuple[int, str]] = (
            (int(row["id"]), str(row["name"]))
            for row in reader.all("select id, name from metric_names where id > :most", most=most)
        )
        for number, name in rows:
            self._ids[name] = number
            self._names[number] = name
