"""The only HTTP client: no redirects, no credentials, small answers, one hard deadline.

A watchdog shuts the socket at the deadline, so neither endless headers nor a byte a second can
hold the thread. Every failure is the same small error: what was behind a closed port, an open one
or a refused address is nobody's business but the log's.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, Self

from idp import log
from idp.outbound.guard import Resolver, TargetRefused, admit, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.outbound.guard import Target

_CHUNK: Final = 16 * 1024


class Sink(Protocol):
    """Where a long body goes, piece by piece."""

    def write(self, piece: bytes, /) -> object:
        """Take the next bytes."""
        ...


class OutboundFailed(Exception):
    """The call gave no answer that we take; ``reason`` is one of a few constant words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboundAnswer:
    """What came back: any status, the media type without parameters, at most ``limit`` bytes."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    method: str
    body: bytes | None
    headers: Mapping[str, str]
    limit: int
    into: Sink | None


class OutboundClient:
    """Makes guarded calls; one is shared by a process and is safe in threads."""

    def __init__(
        self,
        *,
        allow: frozenset[str],
        monotonic: Callable[[], float],
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow = allow
        self._monotonic = monotonic
        self._resolver = resolver or Resolver()
        self._tls = tls or ssl.create_default_context()

    def call(  # noqa: PLR0913 - one argument for each part of a call
        self,
        method: str,
        url: str,
        *,
        seconds: float,
        limit: int,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        into: Sink | None = None,
    ) -> OutboundAnswer:
        """Make one call.

        Args:
            method: ``GET`` or ``POST``.
            url: in canonical form.
            seconds: total deadline: name, connection, TLS, request and answer together.
            limit: largest body in bytes.
            body: request body.
            headers: beside those that the client sets itself; what authorises a message, no more.
            into: takes the body piece by piece as it comes; the answer's own is then empty.

        Raises:
            OutboundFailed: refused target, no connection, too slow, too large, a redirect.
        """
        end = self._monotonic() + seconds
        try:
            target = parse(url)
            addresses = self._resolver.resolve(target.host, target.port, seconds=seconds)
            address = admit(target, addresses, allow=self._allow)
        except TargetRefused as error:
            log.write("outbound.refused", detail=str(error))
            raise OutboundFailed("refused") from error
        left = end - self._monotonic()
        if left <= 0:
            raise OutboundFailed("timeout")
        call = _Call(method=method, body=body, headers=headers or {}, limit=limit, into=into)
        try:
            return self._exchange(target, address, call, seconds=left)
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = self._monotonic() >= end
            log.write(
                "outbound.failed",
                destination=target.authority,
                detail="timeout" if late else type(error).__name__,
            )
            raise OutboundFailed("timeout" if late else "unreachable") from error

    def _exchange(
        self, target: Target, address: str, call: _Call, *, seconds: float
    ) -> OutboundAnswer:
        with _Wire((address, target.port), seconds) as wire:
            if target.scheme == "https":
                wire.encrypt(self._tls, target.host)
            connection = http.client.HTTPConnection(target.host, target.port, timeout=seconds)
            connection.sock = wire.socket
            connection.request(
                call.method,
                target.path,
                body=call.body,
                headers={
                    "Host": target.authority,
                    "Accept-Encoding": "identity",
                    "Connection": "close",
                    **call.headers,
                },
            )
            with connection.getresponse() as response:
                answer = _read(response, call.limit, call.into)
            if wire.expired:
                # A shut socket looks like an ordinary end: what was cut short is no answer.
                raise OutboundFailed("timeout")
            return answer


class _Wire:
    """A connected socket that a watchdog shuts at the deadline, whatever it is waiting for."""

    def __init__(self, address: tuple[str, int], seconds: float) -> None:
        self.expired = False
        self.socket: socket.socket = socket.create_connection(address, timeout=seconds)
        self._watchdog = threading.Timer(seconds, self._shut)
        self._watchdog.daemon = True
        self._watchdog.start()

    def encrypt(self, tls: ssl.SSLContext, host: str) -> None:
        # The handshake comes after the swap, so that the watchdog can end it too.
        self.socket = wrapped = tls.wrap_socket(
            self.socket, server_hostname=host, do_handshake_on_connect=False
        )
        wrapped.do_handshake()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.cancel()
        self.socket.close()

    def _shut(self) -> None:
        self.expired = True
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


def _read(response: http.client.HTTPResponse, limit: int, into: Sink | None) -> OutboundAnswer:
    if 300 <= response.status < 400:  # noqa: PLR2004 - the redirection class of status codes
        raise OutboundFailed("redirect")
    body, came = bytearray(), 0
    take = body.extend if into is None else into.write
    while chunk := response.read1(_CHUNK):
        came += len(chunk)
        if came > limit:
            raise OutboundFailed("too_large")
        take(chunk)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    media_type = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
    return OutboundAnswer(status=response.status, media_type=media_type, body=bytes(body))
