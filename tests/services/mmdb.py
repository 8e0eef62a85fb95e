"""Files in the MaxMind DB format 2.0, small and made up: no real network is in any of them.

The format is a binary tree over the bits of an IPv6 address (one of IPv4 hangs below ``::/96``),
sixteen zero bytes, the records, and after a marker the metadata. What is written is what its public
specification asks for, with records of 32 bits and without pointers.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MARKER: Final = b"\xab\xcd\xefMaxMind.com"
_GAP: Final = 16
_TEXT, _NUMBER, _MAP, _ARRAY = 2, 6, 7, 11


def write_mmdb(path: Path, networks: Mapping[str, Any], *, kind: str = "Test") -> Path:
    """Write what each network is, such as ``{"192.0.2.0/24": {"country": "BE"}}``."""
    nodes: list[list[int | bytes | None]] = [[None, None]]
    for name, record in networks.items():
        _plant(nodes, name, _encoded(record))
    data = bytearray()
    tree = bytearray()
    for node in nodes:
        for side in node:
            tree += _pointer(side, len(nodes), data).to_bytes(4)
    metadata = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1,
        "database_type": kind,
        "description": {"en": "made up"},
        "ip_version": 6,
        "languages": ["en"],
        "node_count": len(nodes),
        "record_size": 32,
    }
    path.write_bytes(bytes(tree) + bytes(_GAP) + bytes(data) + _MARKER + _encoded(metadata))
    return path


def _plant(nodes: list[list[int | bytes | None]], name: str, record: bytes) -> None:
    network = ip_network(name)
    shift = 128 - network.max_prefixlen
    bits = f"{int(network.network_address):0128b}"[: network.prefixlen + shift]
    here = 0
    for bit in map(int, bits[:-1]):
        below = nodes[here][bit]
        if not isinstance(below, int):
            nodes.append([below, below])
            below = nodes[here][bit] = len(nodes) - 1
        here = below
    nodes[here][int(bits[-1])] = record


def _pointer(side: int | bytes | None, count: int, data: bytearray) -> int:
    if side is None:
        return count
    if isinstance(side, int):
        return side
    at = len(data)
    data += side
    return count + _GAP + at


def _encoded(value: Any) -> bytes:
    if isinstance(value, str):
        text = value.encode()
        return _head(_TEXT, len(text)) + text
    if isinstance(value, int):
        number = value.to_bytes((value.bit_length() + 7) // 8)
        return _head(_NUMBER, len(number)) + number
    if isinstance(value, list):
        return _head(_ARRAY, len(value)) + b"".join(map(_encoded, value))
    pairs = (_encoded(name) + _encoded(one) for name, one in value.items())
    return _head(_MAP, len(value)) + b"".join(pairs)


def _head(kind: int, size: int) -> bytes:
    assert size < 29 + 256
    first, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    if kind < 8:
        return bytes([kind << 5 | first]) + more
    return bytes([first, kind - 7]) + more
