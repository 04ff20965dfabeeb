"""What a person typed: bytes of a terminal become keys, split anywhere, and a paste types nothing."""

from dataclasses import dataclass, field

#: What the dashboard understands; any other key is None and does nothing.
_NAMED = {
    b"\t": "tab",
    b"\r": "enter",
    b"\n": "enter",
    b" ": "space",
    b"\x0c": "redraw",
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1b[C": "right",
    b"\x1b[D": "left",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
    b"\x1bOC": "right",
    b"\x1bOD": "left",
    b"\x1b[5~": "pgup",
    b"\x1b[6~": "pgdn",
    b"\x1b[H": "home",
    b"\x1b[F": "end",
    b"\x1bOH": "home",
    b"\x1bOF": "end",
    b"\x1b[1~": "home",
    b"\x1b[4~": "end",
    b"\x1b[7~": "home",
    b"\x1b[8~": "end",
    b"\x1b[Z": "backtab",
}
_ESCAPE = 0x1B
_PASTE, _PASTED = b"\x1b[200~", b"\x1b[201~"
#: No escape sequence of a keyboard is longer.
_LONGEST = 32


@dataclass(slots=True)
class Reader:
    """Feed it what was read; a lone Escape is only known to be one after a moment without more."""

    _held: bytearray = field(default_factory=bytearray)
    _pasting: bool = False

    @property
    def is_waiting(self) -> bool:
        """The beginning of a sequence was read, and not yet its end."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[str]:
        """The keys that are complete now."""
        self._held += data
        keys: list[str] = []
        while self._held:
            if self._pasting and not self._skip_paste():
                break
            if not self._held or (length := _length(self._held)) is None:
                break
            piece = bytes(self._held[:length])
            del self._held[:length]
            if piece == _PASTE:
                self._pasting = True
            elif key := _key(piece):
                keys.append(key)
        return keys

    def lapse(self) -> list[str]:
        """Nothing followed: what was begun is Escape itself, or nothing."""
        was_escape = self._held == b"\x1b"
        if not self._pasting:
            self._held.clear()
        return ["escape"] if was_escape and not self._pasting else []

    def _skip_paste(self) -> bool:
        """Drop what was pasted; whether its end came."""
        end = self._held.find(_PASTED)
        if end < 0:
            # The end mark itself may be split.
            del self._held[: max(0, len(self._held) - len(_PASTED) + 1)]
            return False
        del self._held[: end + len(_PASTED)]
        self._pasting = False
        return True


def _key(piece: bytes) -> str | None:
    if piece in _NAMED:
        return _NAMED[piece]
    return piece.decode("ascii") if len(piece) == 1 and 0x21 <= piece[0] <= 0x7E else None


def _length(data: bytearray) -> int | None:
    """How many bytes the first key takes; None while its end is missing."""
    if data[0] != _ESCAPE:
        return 1
    if len(data) == 1:
        return None
    if data[1] == _ESCAPE:
        return 1
    if data[1] not in b"[O":
        return 2
    for place in range(2, min(len(data), _LONGEST)):
        if 0x40 <= data[place] <= 0x7E:
            return place + 1
    return _LONGEST if len(data) >= _LONGEST else None
