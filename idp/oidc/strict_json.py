"""JSON of strangers, read in one way only: no name twice, no NaN and no infinity by name.

Whatever is read here and then by a library, or by whoever shows it, means the same to both.
"""

from __future__ import annotations

import json

from joserfc.util import urlsafe_b64decode


def read(text: str) -> object:
    """Read one value. Raises: ValueError, also where it nests too deeply."""
    try:
        value: object = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def read_segment(segment: bytes) -> dict[str, object]:
    """Read one segment of a JWS (RFC 7515 section 7.1): base64url of an object in UTF-8.

    Raises:
        ValueError: it is anything else.
    """
    try:
        value = read(urlsafe_b64decode(segment).decode())
    except TypeError as error:
        raise ValueError("not base64url") from error
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - of what was read, not of an argument
    return value


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(name)
