"""Networks that an operator names, and whether an address is in one of them."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Network = IPv4Network | IPv6Network


def read_networks(names: Iterable[str]) -> tuple[Network, ...]:
    """Read networks such as ``192.0.2.0/24``; an address alone is a network of one.

    Raises:
        ValueError: one is none.
    """
    return tuple(ip_network(name) for name in names)


def within(address: str | None, networks: Iterable[Network]) -> bool:
    """Tell whether an address is in one of these; what is no address is in none."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return False
    return any(parsed.version == one.version and parsed in one for one in networks)
