"""Reading a foreign JSON object field by field, without ever refusing it: what does not fit is noted and left out."""

import re
from collections.abc import Mapping
from typing import Final

_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_SWITCH: Final[Mapping[object, bool]] = {"yes": True, "no": False, "true": True, "false": False, 1: True, 0: False}
#: No event has more documented fields; a list of a million wrong items needs not be told in full.
MAX_PROBLEMS: Final = 50
#: WhatsApp's largest lists, the members of a group, are ten times shorter.
MAX_ITEMS: Final = 10_000


class Fields:
    """One object of the wire. `null` counts as absent; a value of a wrong type as absent too, and as a problem.

    Numbers and switches written as text, and numbers where text is documented, are understood: GREEN-API mixes them.
    """

    __slots__ = ("_path", "_problems", "_values")

    def __init__(self, values: Mapping[str, object], problems: list[str], path: str = "") -> None:
        self._values = values
        self._problems = problems
        self._path = path

    @property
    def values(self) -> Mapping[str, object]:
        """The object as it came."""
        return self._values

    @property
    def problems(self) -> tuple[str, ...]:
        """The paths of all fields so far, of this object and those around it, whose value did not fit."""
        return tuple(self._problems)

    def has(self, *names: str) -> bool:
        """True when one of the fields is there with a value."""
        return any(self._values.get(name) is not None for name in names)

    def note(self, name: str) -> None:
        """Name a field whose value does not fit."""
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(self._path + name)

    def text(self, name: str) -> str:
        """A text, "" when there is none."""
        value = self._values.get(name)
        if isinstance(value, str):
            return value
        if value is None:
            return ""
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        self.note(name)
        return ""

    def first_text(self, *names: str) -> str:
        """The first of several spellings that holds a text."""
        return next((found for name in names if (found := self.text(name))), "")

    def whole(self, name: str) -> int | None:
        """An integer of 64 bits."""
        value = self._values.get(name)
        if value is None:
            return None
        number = _whole(value)
        if number is None:
            self.note(name)
        return number

    def decimal(self, name: str, *, most: float) -> float | None:
        """A number from -most to most."""
        value = self._values.get(name)
        if value is None:
            return None
        number = _decimal(value)
        if number is None or not -most <= number <= most:
            self.note(name)
            return None
        return number

    def switch(self, name: str) -> bool | None:
        """A truth value; None when there is none."""
        value = self._values.get(name)
        if value is None or isinstance(value, bool):
            return value
        known = _SWITCH.get(value) if isinstance(value, int | str) else None
        if known is None:
            self.note(name)
        return known

    def is_on(self, name: str) -> bool:
        """A truth value that is false unless the wire says otherwise."""
        return self.switch(name) or False

    def block(self, name: str) -> "Fields":
        """The object below `name`; an empty one when there is none."""
        value = self._values.get(name)
        if isinstance(value, dict):
            return Fields(value, self._problems, f"{self._path}{name}.")
        if value is not None:
            self.note(name)
        return Fields({}, self._problems, f"{self._path}{name}.")

    def items(self, name: str) -> list[object]:
        """The items below `name`; of an impossibly long list the first ones."""
        value = self._values.get(name)
        if isinstance(value, list):
            if len(value) > MAX_ITEMS:
                self.note(name)
            return value[:MAX_ITEMS]
        if value is not None:
            self.note(name)
        return []

    def objects(self, name: str) -> "list[Fields]":
        """The objects of a list; other items are noted and left out."""
        found = []
        for index, item in enumerate(self.items(name)):
            if isinstance(item, dict):
                found.append(Fields(item, self._problems, f"{self._path}{name}.{index}."))
            else:
                self.note(f"{name}.{index}")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts of a list; other items are noted and left out."""
        items = self.items(name)
        for index, item in enumerate(items):
            if not isinstance(item, str):
                self.note(f"{name}.{index}")
        return tuple(item for item in items if isinstance(item, str))


def _whole(value: object) -> int | None:
    match value:
        case bool():
            return None
        case int():
            return value if -(2**63) <= value < 2**63 else None
        case float():
            return int(value) if value.is_integer() and abs(value) < 2**63 else None
        case str():
            return int(value) if _WHOLE.fullmatch(value) else None
        case _:
            return None


def _decimal(value: object) -> float | None:
    match value:
        case bool():
            return None
        case float():
            return value
        case int():
            return float(value) if abs(value) < 2**63 else None
        case str():
            return float(value) if _DECIMAL.fullmatch(value) else None
        case _:
            return None
