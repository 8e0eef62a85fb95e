"""A photo for every card: a small grey mosaic of a head, drawn from a seed, nobody's face.

Each block of eight pixels has one shade, so the JPEG (ITU-T T.81, baseline, one component) needs no
transform: only the first coefficient of each block is written. Real photos are grey as well.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

WIDTH: Final = 150  # pixels, as on cards since 2021
HEIGHT: Final = 195
_COLUMNS: Final = (WIDTH + 7) // 8
_ROWS: Final = (HEIGHT + 7) // 8
_HEAD: Final = (_COLUMNS / 2, _ROWS * 0.42, _COLUMNS * 0.27, _ROWS * 0.26)
_SHOULDERS: Final = (_COLUMNS / 2, _ROWS * 1.02, _COLUMNS * 0.46, _ROWS * 0.32)
_MIDDLE_GREY: Final = 128
# Code lengths of the first coefficients' sizes, 0 to 11: the usual table of T.81, annex K.
_SIZES: Final = bytes.fromhex("00010501010101010100000000000000") + bytes(range(12))
_CODES: Final = (
    *("00", "010", "011", "100", "101", "110"),
    *("1110", "11110", "111110", "1111110", "11111110", "111111110"),
)
_END_OF_BLOCK: Final = "0"  # the only code of the other coefficients


def portrait(seed: str) -> bytes:
    """Draw a JPEG of 150 by 195 pixels; the same one for the same seed."""
    noise = sha256(seed.encode()).digest()
    shades = [
        _shade(column, row, noise) - _MIDDLE_GREY
        for row in range(_ROWS)
        for column in range(_COLUMNS)
    ]
    return (
        b"\xff\xd8"
        + _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
        + _segment(0xDB, b"\x00" + b"\x08" * 64)
        + _segment(
            0xC0, b"\x08" + HEIGHT.to_bytes(2) + WIDTH.to_bytes(2) + bytes.fromhex("01011100")
        )
        + _segment(0xC4, b"\x00" + _SIZES)
        + _segment(0xC4, b"\x10\x01" + bytes(15) + b"\x00")
        + _segment(0xDA, bytes.fromhex("010100003F00"))
        + _scan(shades)
        + b"\xff\xd9"
    )


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2) + content


def _shade(column: int, row: int, noise: bytes) -> int:
    """The grey of a block, 0 black to 255 white; left and right alike, as faces are."""
    mirrored = min(column, _COLUMNS - 1 - column)
    grain = noise[(mirrored * 7 + row * 3) % len(noise)]
    if _inside(_HEAD, column, row):
        return 120 + grain // 3
    if _inside(_SHOULDERS, column, row):
        return 40 + grain // 6
    return 215 + noise[0] // 16


def _inside(ellipse: tuple[float, float, float, float], column: int, row: int) -> bool:
    x, y, width, height = ellipse
    return ((column + 0.5 - x) / width) ** 2 + ((row + 0.5 - y) / height) ** 2 <= 1


def _scan(shades: list[int]) -> bytes:
    """The entropy-coded differences from block to block (T.81, annex F)."""
    bits = []
    before = 0
    for shade in shades:
        difference, before = shade - before, shade
        size = abs(difference).bit_length()
        bits.append(_CODES[size])
        if size:
            positive = difference if difference > 0 else difference + (1 << size) - 1
            bits.append(f"{positive:0{size}b}")
        bits.append(_END_OF_BLOCK)
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    packed = int(text, 2).to_bytes(len(text) // 8)
    return packed.replace(b"\xff", b"\xff\x00")
