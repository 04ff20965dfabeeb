"""The QR picture is read back by an independent reader: PNG, format, mask, check words, text."""

from __future__ import annotations

import struct
import zlib

import pytest

from greenbot.simulator.qrpicture import MAX_BYTES, qr_modules, qr_png

SIZE = 29
# GREEN-API's qr is level L with mask 0 here; the 15 format bits of that pair are a constant of the standard.
FORMAT_L_MASK_0 = 0b111011111000100


def function_place(row: int, column: int) -> bool:
    """True where the standard puts something else than data (version 3)."""
    corner = (row < 9 and column < 9) or (row < 9 and column >= SIZE - 8) or (row >= SIZE - 8 and column < 9)
    alignment = 20 <= row <= 24 and 20 <= column <= 24
    return corner or alignment or row == 6 or column == 6


def read_codewords(modules: list[list[bool]]) -> bytes:
    bits = []
    column, upward = SIZE - 1, True
    while column > 0:
        if column == 6:
            column -= 1
        for step in range(SIZE):
            row = SIZE - 1 - step if upward else step
            bits += [modules[row][x] ^ ((row + x) % 2 == 0) for x in (column, column - 1) if not function_place(row, x)]
        column, upward = column - 2, not upward
    return bytes(sum(bit << (7 - place) for place, bit in enumerate(bits[at : at + 8])) for at in range(0, 560, 8))


def decode(modules: list[list[bool]]) -> str:
    words = read_codewords(modules)
    as_number = int.from_bytes(words[:55], "big")
    mode, length = as_number >> (55 * 8 - 4), (as_number >> (55 * 8 - 12)) & 0xFF
    assert mode == 0b0100
    text = (as_number >> (55 * 8 - 12 - 8 * length)) & ((1 << (8 * length)) - 1)
    return text.to_bytes(length, "big").decode()


def syndromes(words: bytes) -> list[int]:
    """All zero for an undamaged block: the codewords as a polynomial vanish at 2^0 … 2^14."""
    powers = [1]
    for _ in range(254):
        doubled = powers[-1] << 1
        powers.append(doubled ^ 0x11D if doubled & 0x100 else doubled)
    logs = {value: index for index, value in enumerate(powers)}
    result = []
    for root in range(15):
        total = 0
        for word in words:
            total = (powers[(logs[total] + root) % 255] if total else 0) ^ word
        result.append(total)
    return result


@pytest.mark.parametrize("text", ["", "2@SIMULATED-1101000001-85000000", "Grüße", "x" * MAX_BYTES])
def test_the_picture_decodes_to_its_text(text: str) -> None:
    modules = qr_modules(text)
    assert decode(modules) == text
    assert syndromes(read_codewords(modules)) == [0] * 15


def test_a_damaged_code_word_is_noticed_by_the_reader() -> None:
    modules = qr_modules("hello")
    modules[SIZE - 1][SIZE - 1] ^= True
    assert any(syndromes(read_codewords(modules)))


def test_both_copies_of_the_format_say_level_l_and_mask_0() -> None:
    modules = qr_modules("hello")
    first = [modules[8][x] for x in (0, 1, 2, 3, 4, 5, 7, 8)] + [modules[y][8] for y in (7, 5, 4, 3, 2, 1, 0)]
    second = [modules[SIZE - 1 - n][8] for n in range(7)] + [modules[8][SIZE - 8 + n] for n in range(8)]
    for bits in (first, second):
        assert sum(bit << (14 - place) for place, bit in enumerate(bits)) == FORMAT_L_MASK_0
    assert modules[SIZE - 8][8] is True


def test_the_png_is_complete_and_has_a_quiet_zone() -> None:
    png = qr_png("hello")
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (png[:8], width, height, depth, colour) == (b"\x89PNG\r\n\x1a\n", 296, 296, 8, 0)
    at = 33
    length = struct.unpack(">I", png[at : at + 4])[0]
    pixels = zlib.decompress(png[at + 8 : at + 8 + length])
    assert len(pixels) == 297 * 296
    modules = qr_modules("hello")
    for row in range(-4, SIZE + 4):
        for column in range(-4, SIZE + 4):
            dark = pixels[(row + 4) * 8 * 297 + 1 + (column + 4) * 8] == 0
            inside = 0 <= row < SIZE and 0 <= column < SIZE
            assert dark == (inside and modules[row][column])


def test_a_text_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="54 bytes do not fit"):
        qr_modules("x" * 54)
