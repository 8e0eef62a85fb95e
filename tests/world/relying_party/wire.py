"""One HTTP request to the provider: bounded in time and size, no redirect followed."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from pathlib import Path

SECONDS: Final = 10.0
LARGEST: Final = 256 * 1024
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_elsewhere: dict[str, tuple[str, int, ssl.SSLContext]] = {}


def reach(host: str, address: str, port: int, *, ca: Path) -> None:
    """Find a host of https at this address, with a certificate that this CA issued to it."""
    _elsewhere[host] = (address, port, ssl.create_default_context(cafile=str(ca)))


class Unreachable(Exception):
    """The provider did not answer, or not in time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A status and a JSON object; an empty one where the body was none."""

    status: int
    content: Mapping[str, Any] = field(repr=False)


def safe(url: str) -> str:
    """Give back an address that may be called: https, or http to this very machine.

    Raises:
        ValueError: any other.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return url
    raise ValueError(f"not a safe address: {parts.scheme}://{parts.hostname}")


def get(url: str, *, bearer: str | None = None) -> Reply:
    """Fetch a JSON object; raises `Unreachable`."""
    return _ask("GET", url, None, {} if bearer is None else {"Authorization": f"Bearer {bearer}"})


def post(url: str, form: Mapping[str, str]) -> Reply:
    """Send a form, read a JSON object; raises `Unreachable`."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return _ask("POST", url, urlencode(form).encode(), headers)


def _ask(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
    parts = urlsplit(safe(url))
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        line = _line(parts.scheme, parts.hostname or "", parts.port)
    except OSError as error:
        raise Unreachable(parts.netloc) from error
    try:
        line.request(method, target or "/", body, {"Accept": "application/json", **headers})
        response = line.getresponse()
        text = response.read(LARGEST + 1)
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(parts.netloc) from error
    finally:
        line.close()
    return Reply(status=response.status, content=_object(text))


def _line(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=SECONDS)
    if host not in _elsewhere:
        return http.client.HTTPSConnection(host, port, timeout=SECONDS)
    address, at, trust = _elsewhere[host]
    line = http.client.HTTPSConnection(host, port, timeout=SECONDS, context=trust)
    # The name stays the host's, for the certificate and for the request; only the way is another.
    line.sock = trust.wrap_socket(
        socket.create_connection((address, at), timeout=SECONDS), server_hostname=host
    )
    return line


def _object(text: bytes) -> Mapping[str, Any]:
    if len(text) > LARGEST:
        return {}
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
