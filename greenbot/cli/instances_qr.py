"""Where a QR code is shown: on the terminal, drawn anew in its place, or in a file."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.cli.run import Run
from greenbot.errors import BadFile

if TYPE_CHECKING:
    from greenbot.fleet.qr import Modules


class Screen:
    """Shows each new code once. `png`: a file that only its owner may read, instead of the terminal."""

    def __init__(self, run: Run, *, png: Path | None, invert: bool) -> None:
        self._run = run
        self._png = png
        self._invert = invert
        self._shown = ""
        self._height = 0

    def show(self, message: str) -> None:
        """Show the picture in an answer of `qr`, unless it is there already. Raises `UnreadableQr`, `BadFile`."""
        if message == self._shown:
            return
        if self._png is not None:
            self._keep(message, self._png)
        elif self._run.flags.json:
            self._run.out.record({"type": "qrCode", "png": message})
        else:
            self._draw(message)
        self._shown = message
        self._run.out.stdout.flush()

    def _keep(self, message: str, file: Path) -> None:
        from greenbot.fleet.qr import picture_of

        picture = picture_of(message)
        try:
            _write(file, picture)
        except OSError as error:
            raise BadFile(f"'{file.name}' cannot be written: {error.strerror}.", hint="Check the folder.") from error
        if not self._shown:
            self._run.out.say(f"The QR code is in {file}, and is renewed there. Open it and scan it.")

    def _draw(self, message: str) -> None:
        from greenbot.fleet.qr import drawn, modules_of, picture_of

        out = self._run.out
        modules = modules_of(picture_of(message))
        colours = out.for_person and not out.no_color
        lines = drawn(modules, colours=colours, blocks=out.sign("█", "#") == "█", dark_ink=self._invert)
        if out.for_person and not self._fits(modules, lines):
            return
        if not self._shown:
            out.say(_words(colours))
        if self._height and colours:
            out.stdout.write(f"\x1b[{self._height}A\r\x1b[J")
        for line in lines:
            out.line(line)
        self._height = len(lines)

    def interrupted(self) -> None:
        """Something was said below the code: the next one is drawn below that."""
        self._height = 0

    def _fits(self, modules: "Modules", lines: list[str]) -> bool:
        """A code whose lines are broken by the terminal is no code; one that is too high can be scrolled to."""
        width, height = shutil.get_terminal_size()
        needed = (len(modules) + 4) * (1 if len(lines) <= len(modules) else 2)
        if width < needed:
            self._run.out.warn(f"The code needs {needed} columns, and there are {width}: make it wider, or use --png.")
            return False
        if height <= len(lines) and not self._shown:
            self._run.out.warn(f"The code needs {len(lines) + 1} lines, and there are {height}: make it higher.")
        if height <= len(lines):
            self._height = 0
        return True


def _write(file: Path, picture: bytes) -> None:
    """Whole or not at all, and for its owner alone from the first moment."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as kept:
        kept.write(picture)
    draft.replace(file)


def _words(colours: bool) -> str:
    how = "Scan it on the phone: WhatsApp, Linked devices, Link a device. A new one comes every 20 seconds."
    return how if colours else f"{how} On light ground use --invert."
