"""A real QR code as a PNG, as the `qr` method answers it: version 3, level L, mask 0, up to 53 bytes.

Drawn here because a picture that no phone can read would let a broken terminal QR code pass unseen.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIZE = 29
DATA_CODEWORDS, CHECK_CODEWORDS = 55, 15
MAX_BYTES = DATA_CODEWORDS - 2
ALIGNMENT_CENTRE = 22
PIXELS_PER_MODULE, QUIET_MODULES = 8, 4
_FORMAT_BITS = 0b01000  # level L, mask 0
_FORMAT_GENERATOR, _FORMAT_MASK = 0b10100110111, 0b101010000010010
_FIELD_POLYNOMIAL = 0x11D

Grid = list[list[bool | None]]


def qr_png(text: str) -> bytes:
    """A black and white PNG of the QR code of `text`; raises ValueError above 53 bytes."""
    return _png(qr_modules(text))


def qr_modules(text: str) -> list[list[bool]]:
    """The modules of the QR code, row by row, True for dark; without the quiet zone."""
    data = text.encode()
    if len(data) > MAX_BYTES:
        raise ValueError(f"{len(data)} bytes do not fit into this QR code (at most {MAX_BYTES})")
    grid: Grid = [[None] * SIZE for _ in range(SIZE)]
    _draw_patterns(grid)
    codewords = _data_codewords(data)
    _draw_codewords(grid, codewords + _check_codewords(codewords))
    return [[bool(module) for module in row] for row in grid]


def _data_codewords(data: bytes) -> bytes:
    bits = f"0100{len(data):08b}" + "".join(f"{byte:08b}" for byte in data) + "0000"
    words = [int(bits[start : start + 8].ljust(8, "0"), 2) for start in range(0, len(bits), 8)]
    padding = (0xEC, 0x11)
    words += [padding[index % 2] for index in range(DATA_CODEWORDS - len(words))]
    return bytes(words[:DATA_CODEWORDS])


def _multiply(left: int, right: int) -> int:
    """Multiplication in the Galois field of 256 elements."""
    product = 0
    for bit in range(7, -1, -1):
        product = (product << 1) ^ ((product >> 7) * _FIELD_POLYNOMIAL)
        product ^= ((right >> bit) & 1) * left
    return product


def _generator(degree: int) -> list[int]:
    """Coefficients of the product of (x - 2^i), highest first, without the leading one."""
    result = [0] * (degree - 1) + [1]
    root = 1
    for _ in range(degree):
        for index in range(degree):
            result[index] = _multiply(result[index], root)
            if index + 1 < degree:
                result[index] ^= result[index + 1]
        root = _multiply(root, 2)
    return result


def _check_codewords(data: bytes) -> bytes:
    generator = _generator(CHECK_CODEWORDS)
    rest = [0] * CHECK_CODEWORDS
    for byte in data:
        factor = byte ^ rest.pop(0)
        rest.append(0)
        rest = [value ^ _multiply(part, factor) for value, part in zip(rest, generator, strict=True)]
    return bytes(rest)


def _draw_patterns(grid: Grid) -> None:
    for index in range(SIZE):
        grid[6][index] = grid[index][6] = index % 2 == 0
    for row, column in ((3, 3), (3, SIZE - 4), (SIZE - 4, 3)):
        _draw_rings(grid, row, column, reach=4, light=(2, 4))
    _draw_rings(grid, ALIGNMENT_CENTRE, ALIGNMENT_CENTRE, reach=2, light=(1,))
    _draw_format(grid)


def _draw_rings(grid: Grid, row: int, column: int, *, reach: int, light: tuple[int, ...]) -> None:
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            y, x = row + down, column + right
            if 0 <= y < SIZE and 0 <= x < SIZE:
                grid[y][x] = max(abs(down), abs(right)) not in light


def _draw_format(grid: Grid) -> None:
    rest = _FORMAT_BITS
    for _ in range(10):
        rest = (rest << 1) ^ ((rest >> 9) * _FORMAT_GENERATOR)
    bits = ((_FORMAT_BITS << 10) | rest) ^ _FORMAT_MASK
    last = SIZE - 1
    beside_first = [(y, 8) for y in (0, 1, 2, 3, 4, 5, 7, 8)] + [(8, x) for x in (7, 5, 4, 3, 2, 1, 0)]
    beside_others = [(8, last - index) for index in range(8)]
    beside_others += [(SIZE - 7 + index, 8) for index in range(7)]
    for places in (beside_first, beside_others):
        for index, (y, x) in enumerate(places):
            grid[y][x] = bool((bits >> index) & 1)
    grid[SIZE - 8][8] = True


def _draw_codewords(grid: Grid, codewords: bytes) -> None:
    bits = [bool((byte >> bit) & 1) for byte in codewords for bit in range(7, -1, -1)]
    for index, (y, x) in enumerate(list(free_places(grid))):
        dark = index < len(bits) and bits[index]
        grid[y][x] = dark ^ ((y + x) % 2 == 0)


def free_places(grid: Grid) -> Iterator[tuple[int, int]]:
    """Undrawn places in the order of the data bits: two columns at a time, up and down from the right."""
    upward = True
    for right in (*range(SIZE - 1, 6, -2), 5, 3, 1):
        rows = range(SIZE - 1, -1, -1) if upward else range(SIZE)
        for y in rows:
            for x in (right, right - 1):
                if grid[y][x] is None:
                    yield y, x
        upward = not upward


def _png(modules: list[list[bool]]) -> bytes:
    side = (SIZE + 2 * QUIET_MODULES) * PIXELS_PER_MODULE
    blank = b"\xff" * (QUIET_MODULES * PIXELS_PER_MODULE)
    lines = [b"\x00" + b"\xff" * side] * (QUIET_MODULES * PIXELS_PER_MODULE)
    picture = [*lines]
    for row in modules:
        pixels = b"".join((b"\x00" if dark else b"\xff") * PIXELS_PER_MODULE for dark in row)
        picture += [b"\x00" + blank + pixels + blank] * PIXELS_PER_MODULE
    picture += lines
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(picture), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
