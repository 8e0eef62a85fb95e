"""Which addresses we may call: public ones, and the few that the operator named.

The name is resolved once, every address it gives is judged, and the connection is made to that
very address: a second look-up, which an attacker's DNS could answer differently, never happens.
"""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

_PRINTABLE: Final = range(0x21, 0x7F)
_PORTS: Final = {"http": 80, "https": 443}

# What ``ipaddress`` calls global although it reaches inside, or is no single host on the internet.
_ALSO_SPECIAL: Final = tuple(
    ip_network(block)
    for block in (
        "64:ff9b::/96",  # NAT64: an IPv4 address in disguise (RFC 6052)
        "64:ff9b:1::/48",  # local-use NAT64 (RFC 8215)
        "2002::/16",  # 6to4: idem (RFC 3056)
        "2001::/32",  # Teredo (RFC 4380)
        "::/96",  # IPv4-compatible (RFC 4291)
        "192.0.0.0/24",  # IETF protocol assignments (RFC 6890)
        "192.88.99.0/24",  # 6to4 relay anycast (RFC 7526)
    )
)


class TargetRefused(Exception):
    """The URL or an address behind it is not one we call. The message is for logs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A URL taken apart in its canonical form; anything else was refused."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Give the ``Host`` header's value."""
        default = _PORTS[self.scheme]
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == default else f"{name}:{self.port}"


def parse(url: str) -> Target:
    """Take ``url`` apart.

    Raises:
        TargetRefused: not http(s), credentials, fragment, or any character that two parsers
            could read differently.
    """
    if not all(ord(letter) in _PRINTABLE and letter not in '\\"<>^`{|}' for letter in url):
        raise TargetRefused("characters outside the canonical form")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise TargetRefused("malformed") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise TargetRefused("not an http or https URL")
    if "@" in parts.netloc or "#" in url:
        raise TargetRefused("credentials or fragment")
    if parts.hostname.endswith(".") or "%" in parts.netloc:
        raise TargetRefused("host is not canonical")
    query = f"?{parts.query}" if parts.query else ""
    return Target(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port if port is not None else _PORTS[parts.scheme],
        path=(parts.path or "/") + query,
    )


def is_special(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is private, loopback, link-local, multicast or otherwise special."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return is_special(address.ipv4_mapped)
    return (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or any(address.version == block.version and address in block for block in _ALSO_SPECIAL)
    )


class Resolver:
    """Turns names into addresses, within a deadline that covers a dead or slow DNS."""

    def __init__(self, workers: int = 4) -> None:
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="resolver")

    def resolve(self, host: str, port: int, *, seconds: float) -> tuple[str, ...]:
        """Give the addresses of ``host`` as texts, at least one.

        Raises:
            TargetRefused: the name has no address, or none in time.
        """
        future = self._pool.submit(
            socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
        try:
            found = future.result(timeout=seconds)
        except (OSError, UnicodeError, FutureTimeoutError) as error:
            future.cancel()
            raise TargetRefused("the name cannot be resolved") from error
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def admit(target: Target, addresses: tuple[str, ...], *, allow: frozenset[str]) -> str:
    """Choose the address to connect to.

    ``allow`` holds ``host:port`` texts that the operator exempts; for them any address is fine.

    Raises:
        TargetRefused: one of the addresses is special and the target is not exempt. One bad
            address condemns the name: a mixed answer is an attack or a mistake.
    """
    if not addresses:
        raise TargetRefused("no address")
    if f"{target.host}:{target.port}" not in allow:
        for text in addresses:
            if is_special(ip_address(text.partition("%")[0])):
                raise TargetRefused("a special-use address")
    return addresses[0]
