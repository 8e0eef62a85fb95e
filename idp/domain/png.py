"""A picture of somebody else's made anew: only its pixels stay, in a file that we wrote.

A PNG (W3C Portable Network Graphics, third edition) is the one form of picture that the standard
library can take apart and put together: its pixels are one zlib stream. Everything else in a file
is left behind, be it texts, colour profiles, animations or what hides behind its end. Nothing is
unpacked beyond the size that the header says, and the header may say little.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST: Final = 16
MOST: Final = 512
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_HEADER: Final = struct.Struct(">IIBBBBB")
_PALETTE: Final = 3
_MOST_COLOURS: Final = 256
_FILTERS: Final = 5
# Section 11.2.1: how many samples a pixel has, and of how many bits each may be.
_KINDS: Final = {
    0: (1, {1, 2, 4, 8, 16}),
    2: (3, {8, 16}),
    3: (1, {1, 2, 4, 8}),
    4: (2, {8, 16}),
    6: (4, {8, 16}),
}
_TRANSPARENT: Final = {0: 2, 2: 6}
"""How long a transparent colour is that is named by its samples (section 11.3.1.1)."""


class NotAPicture(Exception):
    """The bytes are no picture that we take; the text says why, in constant words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Png:
    """A picture in a file of our making; ``width`` and ``height`` in pixels."""

    body: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Header:
    width: int
    height: int
    depth: int
    kind: int

    @property
    def line(self) -> int:
        """Bytes of a line of pixels with its filter before it."""
        samples, _ = _KINDS[self.kind]
        return 1 + (self.width * samples * self.depth + 7) // 8


def remade(body: bytes) -> Png:
    """Give the picture in ``body`` as a PNG that holds nothing but its pixels.

    Raises:
        NotAPicture: it is no PNG, broken, interlaced, too large or too small.
    """
    parts = _parts(body)
    header = _header(parts.pop("IHDR"))
    lines = _lines(parts.pop("IDAT", b""), header)
    colours = _colours(parts, header)
    written = (
        _SIGNATURE,
        _part(
            b"IHDR",
            _HEADER.pack(header.width, header.height, header.depth, header.kind, 0, 0, 0),
        ),
        *colours,
        _part(b"IDAT", zlib.compress(lines, 9)),
        _part(b"IEND", b""),
    )
    return Png(body=b"".join(written), width=header.width, height=header.height)


def _parts(body: bytes) -> dict[str, bytes]:
    """Give what is kept of the parts of a file: those that pixels are made of."""
    kept: dict[str, bytes] = {}
    before = ""
    for name, content in _chunks(body):
        if (name == "IHDR") is not (not before):
            raise NotAPicture("the header is not at its beginning")
        if name == "IDAT" and before == "IDAT":
            kept[name] += content
        elif name in {"IHDR", "PLTE", "tRNS", "IDAT"}:
            if name in kept:
                raise NotAPicture("a part comes twice")
            kept[name] = content
        elif name[0].isupper() and name != "IEND":
            raise NotAPicture("it has a part that is not known")
        before = name
    return kept


def _chunks(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Take a file apart (section 5.3), to its very end."""
    if not body.startswith(_SIGNATURE):
        raise NotAPicture("it is not a PNG")
    at, name = len(_SIGNATURE), ""
    while name != "IEND":
        length = int.from_bytes(body[at : at + 4])
        tag, content = body[at + 4 : at + 8], body[at + 8 : at + 8 + length]
        told = body[at + 8 + length : at + 12 + length]
        if len(told) != 4 or int.from_bytes(told) != zlib.crc32(tag + content):  # noqa: PLR2004 - a CRC
            raise NotAPicture("it is broken")
        if not (tag.isalpha() and tag.isascii()):
            raise NotAPicture("it has a part that is not known")
        name = tag.decode("ascii")
        yield name, content
        at += 12 + length
    if at != len(body):
        raise NotAPicture("something follows after its end")


def _header(content: bytes) -> _Header:
    if len(content) != _HEADER.size:
        raise NotAPicture("it is broken")
    width, height, depth, kind, packing, filtering, interlaced = _HEADER.unpack(content)
    if kind not in _KINDS or depth not in _KINDS[kind][1] or packing or filtering:
        raise NotAPicture("it is broken")
    if interlaced:
        raise NotAPicture("it is interlaced; save it without that")
    if not (LEAST <= width <= MOST and LEAST <= height <= MOST):
        raise NotAPicture(f"its sides are not {LEAST} to {MOST} pixels")
    return _Header(width=width, height=height, depth=depth, kind=kind)


def _lines(packed: bytes, header: _Header) -> bytes:
    """Give the lines of pixels, exactly as many bytes as the header says."""
    size = header.line * header.height
    unpacking = zlib.decompressobj()
    try:
        lines = unpacking.decompress(packed, size + 1)
    except zlib.error:
        raise NotAPicture("it is broken") from None
    if len(lines) != size or not unpacking.eof or unpacking.unused_data:
        raise NotAPicture("it has more or fewer pixels than it says")
    if max(lines[:: header.line]) >= _FILTERS:
        raise NotAPicture("it is broken")
    return lines


def _colours(parts: dict[str, bytes], header: _Header) -> tuple[bytes, ...]:
    """Give the palette, whole so that no pixel points behind it, and what is transparent."""
    palette, clear = parts.get("PLTE", b""), parts.get("tRNS")
    count, rest = divmod(len(palette), 3)
    if rest or count > _MOST_COLOURS or (header.kind == _PALETTE and not count):
        raise NotAPicture("it is broken")
    written = []
    if header.kind == _PALETTE:
        written.append(_part(b"PLTE", palette[: 3 << header.depth].ljust(3 << header.depth, b"\0")))
    if clear is not None:
        most = min(count, 1 << header.depth)
        right = len(clear) <= most if header.kind == _PALETTE else _TRANSPARENT.get(header.kind)
        if right is None or (right is not True and right != len(clear)):
            raise NotAPicture("it is broken")
        written.append(_part(b"tRNS", clear))
    return tuple(written)


def _part(name: bytes, content: bytes) -> bytes:
    """Write one part (section 5.3)."""
    tagged = name + content
    return struct.pack(">I", len(content)) + tagged + struct.pack(">I", zlib.crc32(tagged))
