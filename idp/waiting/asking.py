"""What a browser asks of this role: one GET of one path, read strictly and up to a small size.

Whatever a proxy and we could read differently is refused (RFC 9112): a line that ends otherwise
than in CRLF, a folded line, blanks before a colon, a body of any kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MOST_BYTES: Final = 8 * 1024
"""A whole head; browsers and proxies send less than half of it."""
_HEAD_ENDS: Final = b"\r\n\r\n"
_MOST_FIELDS: Final = 64
_LINE: Final = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,2000}) HTTP/1\.[01]")
_PATH: Final = re.compile(rb"/wait/([A-Za-z0-9_-]{8,128})")
# RFC 9110 section 5.6.2; an underscore is left out because gateways take it for a hyphen.
_FIELD: Final = re.compile(
    rb"([!#$%&'*+.^`|~0-9A-Za-z-]{1,100}):[ \t]*((?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)[ \t]*"
)
_ODD_FIELD: Final = re.compile(rb"[!#$%&'*+.^`|~0-9A-Za-z_-]{1,100}:[\t -~\x80-\xff]*")
_JOINED: Final[Mapping[str, str]] = {
    "cookie": "; ",
    "forwarded": ", ",
    "x-forwarded-for": ", ",
}
_ONCE: Final = frozenset({"host", "origin", "content-length", "x-forwarded-host"})

BAD_REQUEST: Final = 400
NOT_FOUND: Final = 404
NO_METHOD: Final = 405
TOO_LARGE: Final = 431


class Unanswerable(Exception):
    """The request is none that is answered here.

    Attributes:
        status: the HTTP status that says so.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request to be told when something changed.

    Attributes:
        login: the identifier in the path: well formed, and not known to be one of ours.
        fields: header fields by lower-case name.
    """

    login: str
    fields: Mapping[str, str] = field(repr=False)


def complete(sent: bytes) -> bytes | None:
    """Give the head without its empty line, ``None`` while it is not all there.

    Raises:
        Unanswerable: it is too long, or something follows it.
    """
    if len(sent) > MOST_BYTES:
        raise Unanswerable(TOO_LARGE)
    head, ended, more = sent.partition(_HEAD_ENDS)
    if more:
        raise Unanswerable(BAD_REQUEST)
    return head if ended else None


def read(head: bytes) -> Asked:
    """Read a head. Raises: Unanswerable."""
    first, *lines = head.split(b"\r\n")
    line = _LINE.fullmatch(first)
    if line is None:
        raise Unanswerable(BAD_REQUEST)
    fields = _fields(lines)
    if "host" not in fields or "transfer-encoding" in fields:
        raise Unanswerable(BAD_REQUEST)
    if fields.get("content-length", "0") != "0":
        raise Unanswerable(BAD_REQUEST)
    path = _PATH.fullmatch(line[2])
    if path is None:
        raise Unanswerable(NOT_FOUND)
    if line[1] != b"GET":
        raise Unanswerable(NO_METHOD)
    return Asked(login=path[1].decode("ascii"), fields=fields)


def _fields(lines: list[bytes]) -> dict[str, str]:
    if len(lines) > _MOST_FIELDS:
        raise Unanswerable(TOO_LARGE)
    fields: dict[str, str] = {}
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:
            if _ODD_FIELD.fullmatch(line) is None:
                raise Unanswerable(BAD_REQUEST)
            continue
        name, value = found[1].decode("ascii").lower(), found[2].decode("latin-1")
        if name in fields and name in _ONCE:
            raise Unanswerable(BAD_REQUEST)
        joined = fields.get(name)
        fields[name] = value if joined is None else f"{joined}{_JOINED.get(name, ', ')}{value}"
    return fields
