"""Small pictures in files that a test writes byte by byte, the honest and the other ones."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, content: bytes = b"") -> bytes:
    """One part of a PNG, with its length and checksum."""
    whole = name + content
    return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))


def header(width: int, height: int, *, depth: int = 8, kind: int = 6, interlaced: int = 0) -> bytes:
    """The header of a PNG: by default of eight bits a sample, with transparency."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))


def pixels(width: int = 32, height: int = 32, *, colour: bytes = b"\x1d\x4f\x91\xff") -> bytes:
    """The lines of a picture of one colour, as a PNG packs them."""
    return (b"\0" + colour * width) * height


def png(
    *extra: bytes, width: int = 32, height: int = 32, colour: bytes = b"\x1d\x4f\x91\xff"
) -> bytes:
    """A whole PNG of one colour, with ``extra`` parts before its pixels."""
    lines = zlib.compress(pixels(width, height, colour=colour))
    parts = (header(width, height), *extra, chunk(b"IDAT", lines), chunk(b"IEND"))
    return SIGNATURE + b"".join(parts)


def parts_of(body: bytes) -> list[tuple[bytes, bytes]]:
    """The parts of a PNG, each by its name."""
    found, at = [], len(SIGNATURE)
    while at < len(body):
        length = int.from_bytes(body[at : at + 4])
        found.append((body[at + 4 : at + 8], body[at + 8 : at + 8 + length]))
        at += 12 + length
    return found
