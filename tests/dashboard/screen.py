"""A terminal that knows only what the dashboard may send; anything else is an error."""

import re

#: What may come: places, clearing, colours, and the switches for entering and leaving.
_SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")
_SWITCHES = {"1049", "25", "7", "2004", "2026"}


class Unknown(AssertionError):
    """A byte came that a terminal would act upon, and that is not ours."""


class Screen:
    """Rows of text as a person would see them."""

    def __init__(self) -> None:
        self.rows: dict[int, str] = {}
        self.is_alternate = False
        self.has_cursor = True
        self.wraps = True
        self.frames = 0
        self._row = 1

    @property
    def lines(self) -> list[str]:
        """From the top to the lowest row with text."""
        return [self.rows.get(row, "").rstrip() for row in range(1, max(self.rows, default=0) + 1)]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def feed(self, text: str) -> None:
        """Show it. Raises Unknown."""
        place = 0
        for match in _SEQUENCE.finditer(text):
            self._print(text[place : match.start()])
            self._obey(match)
            place = match.end()
        self._print(text[place:])

    def _print(self, text: str) -> None:
        if not text.isprintable():
            raise Unknown(repr(text))
        if text:
            self.rows[self._row] = self.rows.get(self._row, "") + text

    def _obey(self, match: re.Match[str]) -> None:
        private, given, letter = match.groups()
        if private:
            self._switch(given, on=letter == "h")
        elif letter == "H":
            self._row = int((given or "1").partition(";")[0])
        elif letter == "J" and given == "2":
            self.rows.clear()
        elif letter == "K" and given == "2":
            self.rows[self._row] = ""
        elif letter != "m":
            raise Unknown(repr(match[0]))

    def _switch(self, number: str, *, on: bool) -> None:
        if number not in _SWITCHES:
            raise Unknown(f"switch {number}")
        match number:
            case "1049":
                self.is_alternate = on
            case "25":
                self.has_cursor = on
            case "7":
                self.wraps = on
            case "2026":
                self.frames += on
