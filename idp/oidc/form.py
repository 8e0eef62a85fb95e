"""The parameters of one request, read strictly from one source: a query or a form body.

Nothing is chosen silently: a repeated name, a broken escape or a control character refuses the
whole request (RFC 6749 sections 3.1 and 3.2). The parser touches each byte a fixed number of times.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from idp.errors import INVALID_REQUEST, PARAMETER_REPEATED, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES: Final = 32 * 1024
MOST_PARAMETERS: Final = 64
LONGEST_NAME: Final = 128
LONGEST_VALUE: Final = 8 * 1024

REPEATABLE: Final = frozenset({"resource", "audience"})
"""RFC 8707 section 2 and RFC 8693 section 2.1: these two may be sent several times."""

_ENCODED: Final = re.compile(rb"(?:[!-$&-~]++|%[0-9A-Fa-f]{2})*+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*")


class Parameters:
    """What was sent, each name once (``resource`` and ``audience`` apart).

    A parameter without a value counts as absent (RFC 6749 section 3.1), but its name counts as
    sent: it may not be repeated either.
    """

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, tuple[str, ...]]) -> None:
        """Take values that were checked; requests go through ``parse``."""
        self._values = values

    @classmethod
    def parse(cls, encoded: bytes) -> Parameters:
        """Read ``application/x-www-form-urlencoded`` bytes (URL Standard section 5).

        Raises:
            Refused: PARAMETER_REPEATED; INVALID_REQUEST for raw bytes that are not printable
                ASCII, a broken escape, bytes that are not UTF-8, control characters (line and
                paragraph separators included), a name that is empty, or anything too long or many.
        """
        if len(encoded) > MOST_BYTES:
            raise Refused(INVALID_REQUEST, "parameters too long in all")
        if _ENCODED.fullmatch(encoded) is None:
            raise Refused(INVALID_REQUEST, "parameters not form-encoded")
        if encoded.count(b"&") >= MOST_PARAMETERS:
            raise Refused(INVALID_REQUEST, "too many parameters")
        values: dict[str, tuple[str, ...]] = {}
        for pair in filter(None, encoded.decode("ascii").split("&")):
            name_part, _, value_part = pair.partition("=")
            name = _decode(name_part, longest=LONGEST_NAME)
            if not name:
                raise Refused(INVALID_REQUEST, "a parameter without a name")
            if name in values and name not in REPEATABLE:
                raise Refused(PARAMETER_REPEATED, "a parameter twice")
            value = _decode(value_part, longest=LONGEST_VALUE)
            values[name] = (*values.get(name, ()), *((value,) if value else ()))
        return cls(values)

    @classmethod
    def inside(cls, values: Mapping[str, tuple[str, ...]]) -> Parameters:
        """Take what stood inside a signed object, under the same bounds.

        Raises:
            Refused: INVALID_REQUEST for control characters, or anything too long or many.
        """
        if len(values) > MOST_PARAMETERS:
            raise Refused(INVALID_REQUEST, "too many parameters")
        for name, given in values.items():
            if not name or len(name) > LONGEST_NAME or _CONTROL.search(name):
                raise Refused(INVALID_REQUEST, "a parameter's name inside the object")
            if any(len(one.encode()) > LONGEST_VALUE or _CONTROL.search(one) for one in given):
                raise Refused(INVALID_REQUEST, "a parameter inside the object")
        return cls({name: tuple(filter(None, given)) for name, given in values.items()})

    def get(self, name: str) -> str | None:
        """Give the one value of a protocol parameter: printable ASCII (RFC 6749 appendix A).

        Raises:
            Refused: INVALID_REQUEST for other characters; PARAMETER_REPEATED for several values.
        """
        if name not in self._values:
            return None
        value = self.text(name)
        if value is not None and _PRINTABLE.fullmatch(value) is None:
            raise Refused(INVALID_REQUEST, f"{name} is not ASCII")
        return value

    def text(self, name: str) -> str | None:
        """Give the one value of a parameter that people write: any characters but controls.

        Raises:
            Refused: PARAMETER_REPEATED for several values.
        """
        values = self._values.get(name, ())
        if len(values) > 1:
            raise Refused(PARAMETER_REPEATED, f"{name} twice where one is wanted")
        return values[0] if values else None

    def all(self, name: str) -> tuple[str, ...]:
        """Give every value of a parameter, in the order sent.

        Raises:
            Refused: INVALID_REQUEST for a value that is not printable ASCII.
        """
        values = self._values.get(name, ())
        if not all(_PRINTABLE.fullmatch(value) for value in values):
            raise Refused(INVALID_REQUEST, f"{name} is not ASCII")
        return values

    def names(self) -> frozenset[str]:
        """Give the names that were sent with a value."""
        return frozenset(name for name, values in self._values.items() if values)

    def __repr__(self) -> str:
        return f"<Parameters: {len(self._values)} names>"


def _decode(encoded: str, *, longest: int) -> str:
    size = len(encoded)
    if size > 3 * longest:
        raise Refused(INVALID_REQUEST, "a parameter is too long")
    if size <= longest and "%" not in encoded and "+" not in encoded:
        return encoded  # most of them; printable, as the whole was found to be
    plain = unquote_to_bytes(encoded.replace("+", " "))
    if len(plain) > longest:
        raise Refused(INVALID_REQUEST, "a parameter is too long")
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        raise Refused(INVALID_REQUEST, "a parameter is not UTF-8") from None
    if _CONTROL.search(text):
        raise Refused(INVALID_REQUEST, "a control character in a parameter")
    return text
