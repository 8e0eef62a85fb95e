"""One HTTP request as anybody could send it, with nothing added that was not asked for."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORM = "application/x-www-form-urlencoded"
PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer."""

    status: int
    headers: http.client.HTTPMessage = field(repr=False)
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8")

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        found = json.loads(self.body)
        assert isinstance(found, dict), found
        return found

    @property
    def error(self) -> tuple[int, str]:
        """Status and OAuth error code of a refusal in JSON."""
        return self.status, self.json["error"]


class Line:
    """One kept connection; connect first, and all that a later request costs is the request."""

    def __init__(self, base: str, *, timeout: float = PATIENCE) -> None:
        parts = urlsplit(base)
        self._line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        self._line.connect()

    def ask(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | Sequence[tuple[str, str]] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request; a form, also one already encoded, gets its content type."""
        body = form if form is None or isinstance(form, bytes) else urlencode(form).encode()
        kind = {} if body is None else {"Content-Type": FORM}
        self._line.request(method, path, body, {**kind, **(headers or {})})
        answer = self._line.getresponse()
        return Reply(status=answer.status, headers=answer.headers, body=answer.read())

    def close(self) -> None:
        """Hang up."""
        self._line.close()


def ask(
    base: str,
    method: str,
    path: str,
    form: Mapping[str, str] | Sequence[tuple[str, str]] | bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send one request over a connection of its own."""
    line = Line(base)
    try:
        return line.ask(method, path, form, headers)
    finally:
        line.close()


def raw(base: str, request: bytes, *, finished: bool = False) -> Reply | None:
    """Send exactly these bytes; ``None`` where the server hangs up without an answer.

    Args:
        base: whose host and port to call.
        request: the bytes.
        finished: say that no more will come (TCP half close), once they are sent.
    """
    parts = urlsplit(base)
    with socket.create_connection((parts.hostname or "", parts.port or 80), PATIENCE) as line:
        try:
            line.sendall(request)
            if finished:
                line.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it hung up while we spoke; what it said may still be read
        answer = http.client.HTTPResponse(line)
        try:
            answer.begin()
            return Reply(status=answer.status, headers=answer.headers, body=answer.read())
        except (http.client.HTTPException, OSError):
            return None
        finally:
            answer.close()
