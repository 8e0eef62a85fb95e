"""Faults that were put there, one of each kind: a fuzzer that misses them finds nothing.

The first stands behind five bytes that chance alone would not hit in a year: the way there is found
only by following what each of them opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cardreader.beid import tlv
from cardreader.errors import CardDataMalformed
from tests.fuzz.pieces import split

Sign = Literal["exception", "hang", "memory"]


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One planted fault.

    Attributes:
        sign: how it shows.
        run: the careless code.
        seeds: what the fuzzer begins with, far from the finding.
        finding: bytes that show it.
    """

    sign: Sign
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    finding: bytes


def careless_field(data: bytes) -> None:
    """One field of the identity file taken as it comes: its length was promised, not checked."""
    try:
        found = tlv.split(data)
    except CardDataMalformed:
        return
    for field in found:
        if field.tag == 0x12 and field.value[:4] == b"07.9":
            field.value[len(field.value)]


def endless_answer(data: bytes) -> None:
    """GET RESPONSE for as long as the card says that there is more."""
    answers = split(data)
    at = 0
    while answers and answers[at % len(answers)][:2] == b"\x61\x10":
        at += 1


def believed_length(data: bytes) -> None:
    """A buffer as large as the card said, before a byte of it came."""
    if data[:2] != b"\x84\0" or len(data) < 5 or data[2] < 0x90:
        return
    _taken = b"x" * int.from_bytes(data[1:5]) * 64


PLANTED: tuple[Planted, ...] = (
    Planted(
        sign="exception",
        run=careless_field,
        seeds=(b"\x01\x04abcd",),
        finding=b"\x12\x0407.9",
    ),
    Planted(
        sign="hang",
        run=endless_answer,
        seeds=(b"\0\2\x90\0",),
        finding=b"\0\2\x61\x10",
    ),
    Planted(
        sign="memory",
        run=believed_length,
        seeds=(b"\x04\1a",),
        finding=b"\x84\0\x90\0\0",
    ),
)
