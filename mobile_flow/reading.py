"""Reading what strangers send so that no second reader could understand it differently.

Base64url and JSON are accepted in one form only: no padding, no stray bits, no byte order mark, no
name twice. Whatever is read here and then by a library means the same to both.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Final

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*")


def encoded(data: bytes) -> str:
    """Give base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decoded(text: str) -> bytes:
    """Undo ``encoded``. Raises: ValueError for any text that it would not have given."""
    if _BASE64URL.fullmatch(text) is None:
        raise ValueError("not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encoded(data) != text:
        raise ValueError("not the canonical base64url")
    return data


def json_object(data: bytes) -> dict[str, object]:
    """Read UTF-8 JSON that is one object. Raises: ValueError, also for a name twice or a BOM."""
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - of what was read, not of an argument
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(name)
