"""The Web eID authentication token as text, parsed but unverified, and the origin it signs.

Nothing here proves anything: what comes out of `parse` is well formed, and named unverified.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal
from urllib.parse import SplitResult, urlsplit

from cardreader.errors import CardError, TokenMalformed

Algorithm = Literal["RS256", "PS256", "ES256", "ES384", "ES512"]

ALGORITHMS: Final[frozenset[str]] = frozenset({"RS256", "PS256", "ES256", "ES384", "ES512"})
SHORTEST: Final = 100
LONGEST: Final = 10_000
_FORMAT: Final = re.compile(r"web-eid:1(?:\.(0|[1-9][0-9]{0,3}))?", re.ASCII)
_LATER_MEMBER: Final = "unverifiedSigningCertificates"
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*|\[[0-9a-f:.]{2,45}\]",
    re.ASCII,
)
_DEFAULT_PORT: Final = {"https": 443, "http": 80}
_PORTS: Final = range(1, 65536)


class OriginRefused(CardError):
    """No origin that a card may sign for can be read from this URL."""

    code: ClassVar[str] = "origin_refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class UnverifiedToken:
    """A well-formed token; ``certificate`` is DER, ``signature`` raw bytes as the card gave them.

    Attributes:
        minor: the minor version of the format; ``web-eid:1`` and ``web-eid:1.0`` are both 0.
    """

    certificate: bytes = field(repr=False)
    algorithm: Algorithm
    signature: bytes = field(repr=False)
    minor: int


def parse(text: str) -> UnverifiedToken:
    """Read a token of the ``web-eid:1`` family; unknown members are ignored.

    Args:
        text: the JSON text, 100 to 10 000 characters.

    Raises:
        TokenMalformed: anything else than such a token.
    """
    if not SHORTEST <= len(text) <= LONGEST:
        raise TokenMalformed("size")
    try:
        members = _JSON.decode(text)
    except (ValueError, RecursionError) as error:
        raise TokenMalformed("not JSON") from error
    if not isinstance(members, dict):
        raise TokenMalformed("not an object")
    minor = _minor(_text(members, "format"))
    if minor == 0 and _LATER_MEMBER in members:
        raise TokenMalformed("a member of a later format")
    algorithm = _text(members, "algorithm")
    if algorithm not in ALGORITHMS:
        raise TokenMalformed("algorithm")
    return UnverifiedToken(
        certificate=_binary(members, "unverifiedCertificate"),
        algorithm=algorithm,  # type: ignore[arg-type] # narrowed by the set above
        signature=_binary(members, "signature"),
        minor=minor,
    )


def signed_origin(url: str, *, allow_http_localhost: bool) -> str:
    """The origin as the card signs it: ``https://host[:port]``, ASCII, lower case, no slash.

    The agent gives the browser's ``Origin``, the provider its own configured URL; path and query
    are dropped, a default port is omitted, an international name must come in its ``xn--`` form.

    Args:
        url: an absolute URL.
        allow_http_localhost: let ``http://localhost[:port]`` count as ``https://localhost[:port]``
            (what the browser extension does in its development setting). Never in production.

    Raises:
        OriginRefused: another scheme or host, user-info, a port out of range, stray characters.
    """
    parts = _split(url)
    host, port = _authority(parts)
    if parts.scheme == "http":
        if not (allow_http_localhost and host == "localhost"):
            raise OriginRefused("not https")
    elif parts.scheme != "https":
        raise OriginRefused("not https")
    if port is None or port == _DEFAULT_PORT[parts.scheme]:
        return f"https://{host}"
    return f"https://{host}:{port}"


def _split(url: str) -> SplitResult:
    # urlsplit strips or forgives these; a browser reads some of them differently.
    if not url.isascii() or any(character <= " " or character in "\\\x7f" for character in url):
        raise OriginRefused("stray characters")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise OriginRefused("not a URL") from error


def _authority(parts: SplitResult) -> tuple[str, int | None]:
    name, colon, digits = parts.netloc.lower().rpartition(":")
    if not colon or digits.endswith("]"):
        name, colon, digits = parts.netloc.lower(), "", ""
    if _HOST.fullmatch(name) is None:
        raise OriginRefused("host")
    if not colon:
        return name, None
    if re.fullmatch(r"[1-9][0-9]{0,4}", digits, re.ASCII) is None or int(digits) not in _PORTS:
        raise OriginRefused("port")
    return name, int(digits)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members


def _no_constant(name: str) -> float:
    raise ValueError(name)


_JSON: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise TokenMalformed(name)
    return value


def _binary(members: dict[str, Any], name: str) -> bytes:
    text = _text(members, name)
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise TokenMalformed(name) from error
    if not value or base64.b64encode(value).decode() != text:
        raise TokenMalformed(name)
    return value


def _minor(value: str) -> int:
    match = _FORMAT.fullmatch(value)
    if match is None:
        raise TokenMalformed("format")
    return int(match[1] or 0)
