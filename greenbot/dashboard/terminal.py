"""The terminal while the dashboard has it, given back whatever happens.

Keys come one by one and unseen, the screen is the alternate one. Signals only write a byte into a pipe, so that the
loop hears of them where it waits; the handlers do nothing else.
"""

import errno
import os
import select
import signal
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Self

from greenbot.dashboard.keys import Reader

#: Alternate screen, hidden cursor, no wrapping at the edge (a letter wider than thought must not push the next row),
#: and pastes marked as such.
ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[2J\x1b[H"
LEAVE = "\x1b[?2004l\x1b[?7h\x1b[0m\x1b[?25h\x1b[?1049l"
#: How long a lone Escape waits for the rest of a sequence.
ESCAPE_SECONDS = 0.05
Mode = list[int | list[bytes | int]]
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)
_HEARD = (*_ENDING, signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT)


@dataclass(slots=True)
class Heard:
    """What came while the loop waited: keys, a new size, a wish to end."""

    keys: list[str] = field(default_factory=list)
    must_redraw: bool = False
    must_end: bool = False


class Terminal:
    """`keyboard` is a descriptor to read keys from, None for no keys; `screen` one to draw on."""

    def __init__(self, *, keyboard: int | None, screen: int) -> None:
        self._keyboard = keyboard
        self._screen = screen
        self._reader = Reader()
        self._before: Mode = []
        self._handlers: dict[int, object] = {}
        self._wake: tuple[int, int] = (-1, -1)
        self._wake_before = -1
        self._is_in = False

    def __enter__(self) -> Self:
        self._wake = os.pipe()
        for end in self._wake:
            os.set_blocking(end, False)
        self._wake_before = signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        self._handlers = {number: signal.signal(number, _heard) for number in _HEARD}
        try:
            if self._keyboard is not None:
                self._before = termios.tcgetattr(self._keyboard)
            self._take()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _no_signals():
            # The terminal may be gone, and that must not hide why we leave.
            with suppress(OSError, termios.error):
                self._give_back()
            signal.set_wakeup_fd(self._wake_before)
            for number, handler in self._handlers.items():
                signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal returned before
            for end in self._wake:
                os.close(end)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows; 80 x 24 where the terminal does not say."""
        try:
            columns, rows = os.get_terminal_size(self._screen)
        except OSError:
            columns, rows = 0, 0
        return columns or 80, rows or 24

    def write(self, text: str) -> None:
        """All of it, however slowly the terminal takes it. Raises `OSError` when it is gone."""
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        while data:
            try:
                data = data[os.write(self._screen, data) :]
            except BlockingIOError:
                select.select([], [self._screen], [])

    def wait(self, seconds: float) -> Heard:
        """Until something is heard, or so long."""
        sources = [self._wake[0]] if self._keyboard is None else [self._wake[0], self._keyboard]
        timeout = min(seconds, ESCAPE_SECONDS) if self._reader.is_waiting else seconds
        ready, _, _ = select.select(sources, [], [], max(0.0, timeout))
        heard = Heard()
        if self._keyboard in ready:
            self._read_keys(heard)
        elif self._reader.is_waiting:
            heard.keys = self._reader.lapse()
        if self._wake[0] in ready:
            self._obey(os.read(self._wake[0], 4096), heard)
        return heard

    def _read_keys(self, heard: Heard) -> None:
        assert self._keyboard is not None
        try:
            data = os.read(self._keyboard, 1024)
        except OSError:
            data = b""
        if data:
            heard.keys = self._reader.feed(data)
        else:
            # The terminal was closed.
            heard.must_end = True

    def _obey(self, numbers: bytes, heard: Heard) -> None:
        for number in numbers:
            if number in _ENDING:
                heard.must_end = True
            elif number == signal.SIGTSTP:
                self._stop()
                heard.must_redraw = True
            elif number == signal.SIGCONT:
                # Somebody stopped us in a way that could not be heard; the shell changed the terminal meanwhile.
                self._take()
                heard.must_redraw = True
            elif number == signal.SIGWINCH:
                heard.must_redraw = True

    def _stop(self) -> None:
        """Ctrl-Z: give the terminal back, stop like every program, and take it again when told to go on."""
        self._give_back()
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, before)
        self._take()

    def _take(self) -> None:
        if self._keyboard is not None:
            keyboard = self._keyboard
            _patiently(lambda: tty.setcbreak(keyboard, termios.TCSADRAIN))
        self._is_in = True
        self.write(ENTER)

    def _give_back(self) -> None:
        if not self._is_in:
            return
        self._is_in = False
        try:
            self.write(LEAVE)
        finally:
            if self._keyboard is not None:
                keyboard = self._keyboard
                _patiently(lambda: termios.tcsetattr(keyboard, termios.TCSADRAIN, self._before))


def _patiently(change: Callable[[], object]) -> None:
    """Change the terminal's mode; a signal meanwhile is no reason to leave it half done."""
    while True:
        try:
            change()
        except termios.error as error:
            if error.args[0] != errno.EINTR:
                raise
        else:
            return


def _heard(number: int, frame: FrameType | None) -> None:
    """The byte in the wake-up pipe says it all."""


@contextmanager
def _no_signals() -> Iterator[None]:
    """Nothing interrupts while the terminal is given back; from the background, changing it must not stop us."""
    held = {*_HEARD, signal.SIGTTOU}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
