"""The card's own tag-length-value form, used by its identity and address files.

One byte of tag; a length of one byte, each leading ``FF`` adding 255; no nesting. Tags rise, tag 00
may only come first, and zeros after the last field are padding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cardreader.errors import CardDataMalformed

_STEP: Final = 0xFF
_PADDING: Final = 0x00


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field; ``raw`` is the whole of it as stored, tag and length included."""

    tag: int
    value: bytes = field(repr=False)
    raw: bytes = field(repr=False)


def split(content: bytes) -> tuple[Field, ...]:
    """Cut a file into its fields, in the order they stand.

    Raises:
        CardDataMalformed: a field runs over the end, or a tag comes twice.
    """
    fields: list[Field] = []
    seen: set[int] = set()
    at = 0
    while at < len(content) and not (fields and content[at] == _PADDING):
        start, tag = at, content[at]
        at, length = _length(content, at + 1)
        end = at + length
        if end > len(content):
            raise CardDataMalformed(f"tag {tag:02X} runs over the end")
        if tag in seen:
            raise CardDataMalformed(f"tag {tag:02X} comes twice")
        seen.add(tag)
        fields.append(Field(tag=tag, value=content[at:end], raw=content[start:end]))
        at = end
    return tuple(fields)


def _length(content: bytes, at: int) -> tuple[int, int]:
    length = 0
    while at < len(content):
        byte = content[at]
        at += 1
        length += byte
        if byte != _STEP:
            return at, length
    raise CardDataMalformed("a length runs over the end")


def encode(tag: int, value: bytes) -> bytes:
    """Write one field."""
    steps, rest = divmod(len(value), _STEP)
    return bytes((tag, *([_STEP] * steps), rest)) + value
