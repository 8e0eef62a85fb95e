"""One name for a network address and for all that whoever has it usually has too."""

from __future__ import annotations

import hashlib
from ipaddress import IPv6Address, ip_address
from typing import Final

_SITE_BITS: Final = 64
"""Whoever has one IPv6 address usually has the 2^64 around it (RFC 6177)."""


def site(address: str) -> str:
    """Give the name: hexadecimal, and telling nothing of the address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        parsed = None
    if isinstance(parsed, IPv6Address):
        address = f"{int(parsed) >> _SITE_BITS:x}"
    return hashlib.sha256(address.encode()).hexdigest()
