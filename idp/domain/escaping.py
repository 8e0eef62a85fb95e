"""A query is written for every answer: what needs no escape, as most of it, is written as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]*")
"""RFC 3986 section 2.3."""


def urlencode(pairs: Iterable[tuple[str, str]]) -> str:
    """Give ``application/x-www-form-urlencoded`` text, as ``urllib.parse.urlencode`` gives it."""
    return "&".join([f"{_escaped(name)}={_escaped(value)}" for name, value in pairs])


def _escaped(text: str) -> str:
    return text if _UNRESERVED.fullmatch(text) else quote_plus(text)
