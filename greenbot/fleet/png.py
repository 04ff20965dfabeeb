"""Reads a PNG into light and dark: enough for the picture of a QR code, and no more.

Every depth and colour of the format is read, since nobody promises which one GREEN-API uses; interlaced pictures are
not.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_SIDE = 4096
#: Samples of one pixel, by colour type: grey, RGB, palette, grey + alpha, RGB + alpha.
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


class BadPicture(ValueError):
    """This is no PNG that can be read here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    width: int
    height: int
    depth: int
    colour: int

    @property
    def samples(self) -> int:
        return _SAMPLES[self.colour]

    @property
    def line_bytes(self) -> int:
        return (self.width * self.samples * self.depth + 7) // 8

    @property
    def step(self) -> int:
        """How far back the filters look for the pixel before, in bytes."""
        return max(1, self.samples * self.depth // 8)


def read_png(data: bytes) -> list[list[bool]]:
    """The picture row by row, True where it is dark. Raises `BadPicture`."""
    if not data.startswith(SIGNATURE):
        raise BadPicture("it does not begin like a PNG")
    header: _Header | None = None
    palette, body = b"", b""
    for kind, content in _chunks(data[len(SIGNATURE) :]):
        if kind == b"IHDR":
            header = _header(content)
        elif kind == b"PLTE":
            palette = content
        elif kind == b"IDAT":
            body += content
    if header is None or not body:
        raise BadPicture("it has no picture in it")
    return [_dark(line, header, palette) for line in _lines(_unpacked(body, header), header)]


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    while len(data) >= 12:
        (length,) = struct.unpack(">I", data[:4])
        kind, content, check = data[4:8], data[8 : 8 + length], data[8 + length : 12 + length]
        if len(check) < 4 or struct.unpack(">I", check)[0] != zlib.crc32(kind + content):
            raise BadPicture("it is damaged")
        yield kind, content
        data = data[12 + length :]


def _header(content: bytes) -> _Header:
    if len(content) != 13:
        raise BadPicture("its header is damaged")
    width, height, depth, colour, packing, filtering, interlace = struct.unpack(">IIBBBBB", content)
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE):
        raise BadPicture("it is too large")
    if depth not in _DEPTHS.get(colour, ()) or packing or filtering or interlace:
        raise BadPicture("it is of a kind that is not read here")
    return _Header(width=width, height=height, depth=depth, colour=colour)


def _unpacked(body: bytes, header: _Header) -> bytes:
    wanted = header.height * (header.line_bytes + 1)
    try:
        pixels = zlib.decompressobj().decompress(body, wanted)
    except zlib.error:
        raise BadPicture("it is damaged") from None
    if len(pixels) < wanted:
        raise BadPicture("it ends too soon")
    return pixels


def _lines(pixels: bytes, header: _Header) -> Iterator[bytes]:
    """The lines with their filters taken off."""
    before = bytes(header.line_bytes)
    for start in range(0, len(pixels), header.line_bytes + 1):
        line = pixels[start + 1 : start + 1 + header.line_bytes]
        before = _unfiltered(pixels[start], line, before, header.step)
        yield before


def _unfiltered(kind: int, line: bytes, above: bytes, step: int) -> bytes:
    """PNG specification, filter types 0 to 4: none, left, up, average, Paeth."""
    if kind == 0:
        return line
    if kind > 4:
        raise BadPicture("it is damaged")
    found = bytearray(line)
    for place, byte in enumerate(line):
        left = found[place - step] if place >= step else 0
        corner = above[place - step] if place >= step else 0
        guess = (0, left, above[place], (left + above[place]) // 2, _paeth(left, above[place], corner))[kind]
        found[place] = (byte + guess) & 0xFF
    return bytes(found)


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda one: abs(guess - one))


def _dark(line: bytes, header: _Header, palette: bytes) -> list[bool]:
    samples = _samples(line, header.depth)
    most = 255 if header.depth == 16 else (1 << header.depth) - 1
    if header.colour == 3:
        colours = [palette[place : place + 3] for place in range(0, len(palette), 3)]
        try:
            return [_is_dark(colours[index], 255) for index in samples[: header.width]]
        except (IndexError, ZeroDivisionError):
            raise BadPicture("its palette is damaged") from None
    pixels = [
        samples[place : place + header.samples] for place in range(0, header.width * header.samples, header.samples)
    ]
    has_alpha = header.colour in (4, 6)
    return [
        (not has_alpha or 2 * pixel[-1] >= most) and _is_dark(pixel[:-1] if has_alpha else pixel, most)
        for pixel in pixels
    ]


def _samples(line: bytes, depth: int) -> list[int]:
    if depth == 8:
        return list(line)
    if depth == 16:
        return list(line[::2])
    most = (1 << depth) - 1
    return [(byte >> shift) & most for byte in line for shift in range(8 - depth, -1, -depth)]


def _is_dark(pixel: "bytes | list[int]", most: int) -> bool:
    return 2 * sum(pixel) < most * len(pixel)
