"""Which lines are wanted, first as bytes that must stand in them: only a line that has them all is parsed."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from greenbot.logs.line import LEVELS, Level, time_of

#: Any one of these must stand in the line.
Needles = tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a line must have; None does not matter. Times are as `line.time_text` writes them, instances names or
    patterns."""

    level: Level | None = None
    instances: tuple[str, ...] | None = None
    method: str | None = None
    status: int | None = None
    outcome: str | None = None
    event: str | None = None
    message_id: int | None = None
    event_id: int | None = None
    remote_id: str | None = None
    since: str | None = None
    until: str | None = None
    match: re.Pattern[str] | None = None

    def needles(self) -> list[Needles]:
        """For each condition the bytes of which one must stand in the line."""
        groups: list[Needles] = []
        if self.level is not None and self.level != LEVELS[0]:
            groups.append(tuple(_field("level", level) for level in LEVELS[LEVELS.index(self.level) :]))
        if self.instances is not None and not any(_is_pattern(name) for name in self.instances):
            groups.append(tuple(_field("instance", name) for name in self.instances))
        for name in ("method", "status", "outcome", "event", "message_id", "event_id", "remote_id"):
            value = getattr(self, name)
            if value is not None:
                groups.append((_field(name, value),))
        return groups


def _is_pattern(name: str) -> bool:
    return any(sign in name for sign in "*?[")


#: What stands before a field in every line of ours, whatever else it has, and behind its value. Longer bytes are found
#: faster: the search may skip as far as they are long.
_BEFORE = {"level": 'Z",', "event": '",', "instance": '",', "method": '",', "message_id": '",'}
_BEHIND = {"level": ',"event":"'}


def _field(name: str, value: str | int) -> bytes:
    """`"level":"error"` with what surrounds it; `"status":429` also finds 4290, as whoever parses the line sees."""
    return f'{_BEFORE.get(name, ",")}"{name}":{json.dumps(value)}{_BEHIND.get(name, "")}'.encode()


def parsed(line: bytes) -> dict[str, object] | None:
    """The fields of a line; None for one that is not a JSON object."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


@dataclass(slots=True)
class Sieve:
    """Lets the wanted lines of a block through. Chooses once which needle to look for first: the rarest."""

    wanted: Wanted
    _groups: list[Needles] = field(init=False)
    _chosen: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._groups = self.wanted.needles()

    @property
    def is_choosy(self) -> bool:
        """Whether most lines can be passed over without being taken apart."""
        return bool(self._groups) or self.wanted.match is not None

    def lines(self, block: bytes | bytearray, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The wanted lines of a block of whole lines, or of that part of it, without their newlines."""
        end = len(block) if end is None else end
        if not self._groups:
            return (line for line in bytes(block[start:end]).split(b"\n") if line and self.passes(line))
        if not self._chosen:
            self._chosen = True
            self._groups.sort(key=lambda group: sum(block.count(needle, start, end) for needle in group))
        return self._hits(block, start, end)

    def _hits(self, block: bytes | bytearray, begin: int, size: int) -> Iterator[bytes]:
        first, *others = self._groups
        second = others.pop(0)[0] if others and len(others[0]) == 1 else b""
        find, rfind, find_first = block.find, block.rfind, _finder(block, size, first)
        position = find_first(begin)
        while position >= 0:
            end = find(b"\n", position, size)
            end = size if end < 0 else end
            # Most lines end here, so this is all that is done with them; what stands before is looked at last.
            if find(second, position, end) >= 0 or find(second, _start(rfind, begin, position), position) >= 0:
                line = bytes(block[_start(rfind, begin, position) : end])
                if all(any(needle in line for needle in group) for group in others) and self.passes(line):
                    yield line
            position = find_first(end)

    def passes(self, line: bytes) -> bool:
        """Whether a line that has all the bytes is really meant."""
        wanted = self.wanted
        if not _in_time(line, wanted):
            return False
        if self._groups or wanted.instances is not None:
            fields = parsed(line)
            if fields is None or not _suits(fields, wanted):
                return False
        return wanted.match is None or wanted.match.search(_readable(line)) is not None


def _start(rfind: Callable[[bytes, int, int], int], begin: int, position: int) -> int:
    found = rfind(b"\n", begin, position)
    return begin if found < 0 else found + 1


def _finder(block: bytes | bytearray, size: int, needles: Needles) -> Callable[[int], int]:
    if len(needles) == 1:
        needle, seek = needles[0], block.find
        return lambda start: seek(needle, start, size)
    search = re.compile(b"|".join(map(re.escape, needles))).search

    def find(start: int) -> int:
        found = search(block, start, size)
        return -1 if found is None else found.start()

    return find


def _in_time(line: bytes, wanted: Wanted) -> bool:
    if wanted.since is None and wanted.until is None:
        return True
    time = time_of(line).decode("ascii", "replace")
    return bool(time) and (wanted.since or "") <= time and (wanted.until is None or time < wanted.until)


def _suits(fields: dict[str, object], wanted: Wanted) -> bool:
    if wanted.level is not None:
        level = fields.get("level")
        if level not in LEVELS or LEVELS.index(level) < LEVELS.index(wanted.level):
            return False
    if wanted.instances is not None:
        name = str(fields.get("instance", ""))
        if not any(fnmatchcase(name, pattern) for pattern in wanted.instances):
            return False
    asked = ("method", "status", "outcome", "event", "message_id", "event_id", "remote_id")
    return all(value is None or fields.get(name) == value for name in asked for value in (getattr(wanted, name),))


def _readable(line: bytes) -> str:
    """The line as a person would search it: letters instead of their escapes."""
    if b"\\u" in line and (fields := parsed(line)) is not None:
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return line.decode("utf-8", "replace")
