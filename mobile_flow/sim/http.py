"""The virtual phone's way to a real provider: one connection a call, no cookies, no redirects."""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mobile_flow.sim.phone import HttpAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT: Final = 15.0
_LONGEST: Final = 1024 * 1024


class PlainHttp:
    """``Http`` over the network."""

    def __init__(self, base: str, *, context: ssl.SSLContext | None = None) -> None:
        """Take the provider's address, as ``https://idp.example:8400``, and whom TLS trusts."""
        parts = urlsplit(base)
        if parts.scheme not in {"http", "https"} or parts.hostname is None:
            raise ValueError("an address begins with http:// or https://")
        self._host, self._port = parts.hostname, parts.port
        self._context = None
        if parts.scheme == "https":
            self._context = context or ssl.create_default_context()

    def __call__(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        """Send one request. Raises: OSError, http.client.HTTPException."""
        connection = self._connection()
        try:
            connection.request(method, path, body=body or None, headers=dict(headers))
            answer = connection.getresponse()
            return HttpAnswer(
                status=answer.status,
                headers=dict(answer.getheaders()),
                body=answer.read(_LONGEST),
            )
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=_TIMEOUT, context=self._context
        )
