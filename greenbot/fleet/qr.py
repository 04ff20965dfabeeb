"""The QR code that links a phone: from GREEN-API's picture to something a terminal can show."""

import base64
import binascii
from collections.abc import Iterator, Sequence

from greenbot.errors import GreenbotError
from greenbot.fleet.png import BadPicture, read_png

#: Row by row, True for dark; without the light border.
Modules = Sequence[Sequence[bool]]

#: The light border a scanner needs around the code (ISO 18004 wants four modules; phones read two).
QUIET = 2
_SMALLEST, _LARGEST, _STEP = 21, 177, 4
_FINDER = 7
#: Two modules above each other as one character, by whether each is inked.
_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
#: Black on white whatever the terminal's own colours are.
_BLACK_ON_WHITE, _RESET = "\x1b[38;5;16;48;5;231m", "\x1b[0m"


class UnreadableQr(GreenbotError):
    """GREEN-API's picture of the QR code cannot be shown here."""

    hint = (
        "Save it and open it: greenbot instances qr NAME --png qr.png. Or: greenbot instances login NAME --phone NUMBER"
    )


def picture_of(message: str) -> bytes:
    """The PNG in an answer of `qr` (GREEN-API docs: base64, without a `data:` prefix). Raises `UnreadableQr`."""
    try:
        return base64.b64decode(message.partition("base64,")[2] or message, validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableQr from None


def modules_of(png: bytes) -> Modules:
    """The modules of the code in a picture. Raises `UnreadableQr`."""
    try:
        return _sampled(_cropped(read_png(png)))
    except BadPicture as error:
        raise UnreadableQr(f"GREEN-API's picture of the QR code cannot be read: {error}.") from None


def _cropped(pixels: list[list[bool]]) -> list[list[bool]]:
    """Without the border: three corners of a code are dark, so its edges are where the dark begins and ends."""
    rows = [place for place, row in enumerate(pixels) if any(row)]
    if not rows:
        raise BadPicture("it is empty")
    left = min(pixels[place].index(True) for place in rows)
    right = max(len(pixels[place]) - pixels[place][::-1].index(True) for place in rows)
    return [row[left:right] for row in pixels[rows[0] : rows[-1] + 1]]


def _sampled(pixels: list[list[bool]]) -> Modules:
    """One value for each module, from its middle. The first row begins with the seven dark modules of a finder."""
    height, width = len(pixels), len(pixels[0])
    finder = next((place for place, dark in enumerate(pixels[0]) if not dark), width)
    size = round(width * _FINDER / finder) if finder else 0
    if abs(height - width) * 50 > width or not _is_size(size):
        raise BadPicture("it shows no QR code")
    middles = [(2 * place + 1) * width // (2 * size) for place in range(size)]
    lines = [(2 * place + 1) * height // (2 * size) for place in range(size)]
    return [[pixels[line][middle] for middle in middles] for line in lines]


def _is_size(size: int) -> bool:
    return _SMALLEST <= size <= _LARGEST and (size - _SMALLEST) % _STEP == 0


def drawn(modules: Modules, *, colours: bool, blocks: bool = True, dark_ink: bool = False) -> list[str]:
    """The code for a terminal, line by line, with its light border.

    With `colours` it is black on white. Without, the light modules are inked, as a dark terminal needs it; `dark_ink`
    turns that round for a light one. Without `blocks` each module is two plain characters.
    """
    inked = _with_border(modules) if colours or dark_ink else _turned(_with_border(modules))
    lines = _in_blocks(inked) if blocks else _in_signs(inked)
    return [f"{_BLACK_ON_WHITE}{line}{_RESET}" if colours else line for line in lines]


def _with_border(modules: Modules) -> list[list[bool]]:
    side = [False] * QUIET
    blank = [[False] * (len(modules) + 2 * QUIET)] * QUIET
    return [*blank, *([*side, *row, *side] for row in modules), *blank]


def _turned(modules: Modules) -> list[list[bool]]:
    return [[not module for module in row] for row in modules]


def _in_blocks(inked: Modules) -> Iterator[str]:
    # What stands below the last row has the colour of the border.
    below = [inked[0][0]] * len(inked[0])
    rows = [*inked, below] if len(inked) % 2 else list(inked)
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        yield "".join(_BLOCKS[pair] for pair in zip(upper, lower, strict=True))


def _in_signs(inked: Modules) -> Iterator[str]:
    for row in inked:
        yield "".join("##" if module else "  " for module in row)
