"""The forms of our own pages, read as strictly as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from idp.errors import CONTENT_TYPE_WRONG, INVALID_REQUEST, PARAMETER_REPEATED, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 100


def require_form(request: Request) -> None:
    """Let only a form in (RFC 6749 appendix B); a charset, if named, is UTF-8.

    Raises:
        Refused: CONTENT_TYPE_WRONG.
    """
    kind, _, rest = request.environ.get("CONTENT_TYPE", "").partition(";")
    extra = rest.strip().lower().replace('"', "")
    if kind.strip().lower() != FORM or extra not in {"", "charset=utf-8"}:
        raise Refused(CONTENT_TYPE_WRONG, "not a form")


def read_form(request: Request) -> Mapping[str, str]:
    """Give the fields of a form of ours, each once.

    Raises:
        Refused: another content type, a field twice, bytes that no form of ours sends.
    """
    require_form(request)
    try:
        pairs = parse_qsl(
            request.get_data().decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            max_num_fields=_MOST_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        # The cause would hold the body.
        del error
        raise Refused(INVALID_REQUEST, "the form does not parse") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refused(PARAMETER_REPEATED, "a field twice")
    if any("\x00" in text for pair in pairs for text in pair):
        raise Refused(INVALID_REQUEST, "a NUL in the form")
    return fields
