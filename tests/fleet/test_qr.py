"""A picture of a QR code becomes the same code in a terminal: module by module."""

import base64
import struct
import zlib
from collections.abc import Callable, Sequence

import pytest

from greenbot.fleet.png import SIGNATURE, BadPicture, read_png
from greenbot.fleet.qr import QUIET, UnreadableQr, drawn, modules_of, picture_of
from greenbot.simulator.qrpicture import qr_modules, qr_png

TEXT = "2@SIMULATED-1101000001-88"
MODULES = qr_modules(TEXT)
INK = {" ": (False, False), "▀": (True, False), "▄": (False, True), "█": (True, True)}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(header: tuple[int, ...], lines: Sequence[bytes], more: bytes = b"", interlace: int = 0) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, interlace))
    return SIGNATURE + head + more + chunk(b"IDAT", zlib.compress(b"".join(lines))) + chunk(b"IEND", b"")


def scaled(modules: Sequence[Sequence[bool]], scale: int, border: int) -> list[list[bool]]:
    side = [False] * (border * scale)
    rows = [[*side, *(dark for dark in row for _ in range(scale)), *side] for row in modules for _ in range(scale)]
    blank = [[False] * len(rows[0])] * (border * scale)
    return [*blank, *rows, *blank]


def packed(row: Sequence[bool], depth: int) -> bytes:
    """Light is the largest sample."""
    bits = "".join(("0" if dark else "1") * depth for dark in row)
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8))


Encode = Callable[[Sequence[bool]], bytes]
KINDS: dict[str, tuple[int, int, Encode, bytes]] = {
    "grey of 1 bit": (1, 0, lambda row: packed(row, 1), b""),
    "grey of 2 bits": (2, 0, lambda row: packed(row, 2), b""),
    "grey of 4 bits": (4, 0, lambda row: packed(row, 4), b""),
    "grey of 8 bits": (8, 0, lambda row: packed(row, 8), b""),
    "grey of 16 bits": (16, 0, lambda row: packed(row, 16), b""),
    "colour": (8, 2, lambda row: b"".join(b"\x10\x20\x40" if dark else b"\xf0\xff\xe0" for dark in row), b""),
    "deep colour": (16, 2, lambda row: b"".join((b"\0" if dark else b"\xff") * 6 for dark in row), b""),
    "palette of 1 bit": (1, 3, lambda row: packed(row, 1), chunk(b"PLTE", b"\0\0\x30\xff\xff\xff")),
    "palette of 8 bits": (
        8, 3, lambda row: bytes(1 if dark else 2 for dark in row), chunk(b"PLTE", b"\xff\0\0\0\0\0\xff\xff\xff"),
    ),
    "grey with alpha": (8, 4, lambda row: b"".join(b"\0\xff" if dark else b"\0\0" for dark in row), b""),
    "colour with alpha": (8, 6, lambda row: b"".join(b"\0\0\0\xff" if dark else b"\xff" * 4 for dark in row), b""),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("scale", "border"), [(1, 4), (3, 0), (7, 2)])
def test_every_kind_of_picture_gives_the_same_modules(kind: str, scale: int, border: int) -> None:
    depth, colour, encode, more = KINDS[kind]
    rows = scaled(MODULES, scale, border)
    lines = [b"\0" + encode(row) for row in rows]
    assert modules_of(png((len(rows[0]), len(rows), depth, colour), lines, more)) == MODULES


def filtered(line: bytes, above: bytes, kind: int, step: int) -> bytes:
    """What an encoder does (PNG specification, chapter 9)."""
    made = bytearray([kind])
    for place, byte in enumerate(line):
        left = line[place - step] if place >= step else 0
        corner = above[place - step] if place >= step else 0
        up = above[place]
        far = {one: abs(left + up - corner - one) for one in (corner, up, left)}
        nearest = min((left, up, corner), key=far.__getitem__)
        made.append((byte - (0, left, up, (left + up) // 2, nearest)[kind]) & 0xFF)
    return bytes(made)


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("colour", ["grey of 1 bit", "grey of 8 bits", "colour with alpha"])
def test_every_filter_is_taken_off(kind: int, colour: str) -> None:
    depth, type_, encode, more = KINDS[colour]
    rows = scaled(MODULES, 2, 1)
    plain = [encode(row) for row in rows]
    step = max(1, {0: 1, 6: 4}[type_] * depth // 8)
    above = [bytes(len(plain[0])), *plain[:-1]]
    lines = [filtered(line, up, kind, step) for line, up in zip(plain, above, strict=True)]
    assert modules_of(png((len(rows[0]), len(rows), depth, type_), lines, more)) == MODULES


GOOD = qr_png(TEXT)
BAD = {
    "nothing": b"",
    "a JPEG": b"\xff\xd8\xff" + GOOD,
    "half of it": GOOD[: len(GOOD) // 2],
    "a flipped bit": GOOD[:60] + bytes([GOOD[60] ^ 1]) + GOOD[61:],
    "no header": SIGNATURE + chunk(b"IDAT", zlib.compress(b"\0")),
    "an empty picture": png((8, 8, 1, 0), [b"\0\xff"] * 8),
    "no QR code": png((8, 8, 1, 0), [b"\0\x00"] * 8),
    "a line": png((80, 8, 1, 0), [b"\0" + b"\xaa" * 10] * 8),
    "interlaced": png((8, 8, 1, 0), [b"\0\xff"] * 8, interlace=1),
    "an unknown depth": png((8, 8, 3, 0), [b"\0\xff"] * 8),
    "an unknown filter": png((8, 8, 1, 0), [b"\x09\xff"] * 8),
    "too few lines": png((8, 9, 1, 0), [b"\0\xff"] * 8),
    "a picture as large as a wall": png((5000, 5000, 1, 0), [b"\0"]),
    "a palette without colours": png((8, 8, 1, 3), [b"\0\x0f"] * 8),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_read_is_said_and_the_way_out_with_it(what: str) -> None:
    with pytest.raises(UnreadableQr) as caught:
        modules_of(BAD[what])
    assert "--png" in str(caught.value.hint)


def test_a_picture_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    bomb = png((8, 8, 1, 0), [b"\0\xff" * 50_000_000])
    with pytest.raises(BadPicture):
        read_png(png((8, 8, 1, 0), [b"\0\xff"] * 7))
    assert len(read_png(bomb)) == 8


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_the_answer_of_qr_is_base64(prefix: str) -> None:
    assert picture_of(prefix + base64.b64encode(GOOD).decode()) == GOOD
    with pytest.raises(UnreadableQr):
        picture_of(prefix + "no base64 at all!")


def read_back(lines: Sequence[str], *, blocks: bool) -> list[list[bool]]:
    """What is inked on the terminal, as modules."""
    plain = [line.removeprefix("\x1b[38;5;16;48;5;231m").removesuffix("\x1b[0m") for line in lines]
    if not blocks:
        return [[line[place] == "#" for place in range(0, len(line), 2)] for line in plain]
    return [[INK[sign][half] for sign in line] for line in plain for half in (0, 1)]


def inner(rows: Sequence[Sequence[bool]]) -> list[list[bool]]:
    return [list(row[QUIET : QUIET + len(MODULES)]) for row in rows[QUIET : QUIET + len(MODULES)]]


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize(("colours", "dark_ink"), [(True, False), (False, True), (False, False)])
def test_what_the_terminal_shows_is_the_code_with_its_border(blocks: bool, colours: bool, dark_ink: bool) -> None:
    lines = drawn(MODULES, colours=colours, blocks=blocks, dark_ink=dark_ink)
    shown = read_back(lines, blocks=blocks)
    ink_is_dark = colours or dark_ink
    assert inner(shown) == [[dark is ink_is_dark for dark in row] for row in MODULES]
    border = (
        [row[:QUIET] + row[QUIET + len(MODULES) :] for row in shown] + shown[:QUIET] + shown[QUIET + len(MODULES) :]
    )
    assert {cell for row in border for cell in row} == {not ink_is_dark}
    # Black on white on any terminal, and the terminal's own colours after every line.
    assert all(line.startswith("\x1b[38;5;16;48;5;231m") and line.endswith("\x1b[0m") for line in lines) is colours
