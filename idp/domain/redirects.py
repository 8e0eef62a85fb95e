"""Whether an address is a registered one: byte for byte (RFC 9700 section 2.1).

Only the port of a loopback IP literal may differ (RFC 8252 section 7.3). No parser is asked: two
parsers may see two hosts in one text, one text compared with another has no such room.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOOPBACK: Final = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([1-9][0-9]{0,4}))?(/.*)")
_HIGHEST_PORT: Final = 65535


def registered(sent: str, uris: Iterable[str]) -> str | None:
    """Give ``sent`` if it is one of ``uris``, else ``None``."""
    known = tuple(uris)
    if sent in known:
        return sent
    split = _loopback(sent)
    if split is not None and any(_loopback(uri) == split for uri in known):
        return sent
    return None


def _loopback(uri: str) -> tuple[str, str] | None:
    """Give the two parts on either side of the port."""
    found = _LOOPBACK.fullmatch(uri)
    if found is None or int(found[2] or 1) > _HIGHEST_PORT:
        return None
    return found[1], found[3]
