"""Who is at the other end, and for which host they came: believed only from a trusted proxy.

Nothing here builds a URL: every address that leaves is made from the issuer in the settings. The
host is only compared with it, exactly, so that no other name reaches a page of ours.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from idp.errors import HOST_WRONG, Refused

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from ipaddress import IPv4Network, IPv6Network
    from typing import Any

    from idp.config import Settings

    Environ = MutableMapping[str, Any]

_SCHEMES: Final = frozenset({"http", "https"})
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
_FORWARDED_HOST: Final = re.compile(r'(?:^|[;,\s])host\s*=\s*"?([^";,\s]*)', re.IGNORECASE)
_MOST_HOPS: Final = 20
_REMEMBERED: Final = 4096


class Peer:
    """Resolves address, scheme and host of a request by the settings."""

    def __init__(self, settings: Settings, *, also: str | None = None) -> None:
        """Take, with ``also``, a URL beside the issuer whose host is ours."""
        self._hosts = set(_hosts(settings.issuer))
        if also is not None:
            self._hosts |= _hosts(also)
        self._networks = settings.proxy.networks()

    def resolve(self, environ: Environ) -> None:
        """Write the believed ``REMOTE_ADDR`` and ``wsgi.url_scheme`` into the environment.

        From a trusted proxy: the last address of X-Forwarded-For that is no trusted proxy itself,
        and X-Forwarded-Proto. From anybody else both are only somebody's words.
        """
        address = _plain(str(environ.get("REMOTE_ADDR", "")))
        environ["REMOTE_ADDR"] = address
        if not self.trusts(address):
            return
        hops = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")[-_MOST_HOPS:]
        for hop in reversed([_plain(hop) for hop in hops]):
            if not hop:
                break
            environ["REMOTE_ADDR"] = hop
            if not self.trusts(hop):
                break
        scheme = str(environ.get("HTTP_X_FORWARDED_PROTO", "")).strip().lower()
        if scheme in _SCHEMES:
            environ["wsgi.url_scheme"] = scheme

    def require_our_host(self, environ: Environ) -> None:
        """Let in what asks for the issuer's host and port, in every place that names a host.

        Raises:
            Refused: HOST_WRONG.
        """
        named = [str(environ.get("HTTP_HOST", ""))]
        if "HTTP_X_FORWARDED_HOST" in environ:
            named.append(str(environ["HTTP_X_FORWARDED_HOST"]))
        if "HTTP_FORWARDED" in environ:
            named += _FORWARDED_HOST.findall(str(environ["HTTP_FORWARDED"]))
        for host in named:
            if host.lower() not in self._hosts:
                raise Refused(HOST_WRONG, "a host that is not the issuer's")

    def trusts(self, address: str) -> bool:
        """Tell whether it is a proxy whose words are believed."""
        if not self._networks:
            return False
        parsed = _parsed(address)
        return parsed is not None and any(_within(parsed, network) for network in self._networks)


def _hosts(url: str) -> set[str]:
    parts = urlsplit(url)
    host = parts.netloc.lower()
    default = _DEFAULT_PORTS.get(parts.scheme, "")
    named = {host, host.removesuffix(default)} - {""}
    return named | {f"{host}{default}"} if parts.port is None else named


def _within(address: Any, network: IPv4Network | IPv6Network) -> bool:  # noqa: ANN401 - either kind
    return address.version == network.version and address in network


@lru_cache(_REMEMBERED)
def _parsed(word: str) -> Any:  # noqa: ANN401 - either kind of address, or None
    try:
        return ip_address(word)
    except ValueError:
        return None


@lru_cache(_REMEMBERED)
def _plain(text: str) -> str:
    """Give an address in its canonical text, without port; empty where it is none."""
    word = text.strip()
    if word.startswith("["):
        word = word[1:].partition("]")[0]
    elif word.count(":") == 1:
        word = word.partition(":")[0]
    parsed = _parsed(word)
    if parsed is None:
        return ""
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)
