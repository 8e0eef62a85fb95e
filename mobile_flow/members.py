"""The members of a JSON call and of its answer: read strictly, written in one way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from mobile_flow.errors import CallMalformed
from mobile_flow.reading import json_object

if TYPE_CHECKING:
    from mobile_flow.model import Shown

LONGEST_BODY: Final = 64 * 1024
_LONGEST_TEXT: Final = 300

Members = Mapping[str, object]


def members(body: bytes) -> Members:
    """Read the members of a body; none where it is empty. Raises: CallMalformed."""
    if not body:
        return {}
    if len(body) > LONGEST_BODY:
        raise CallMalformed("too long")
    try:
        return json_object(body)
    except ValueError:
        raise CallMalformed("not one JSON object") from None


def text(given: Members, name: str) -> str:
    """Give a short text. Raises: CallMalformed."""
    value = given.get(name)
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise CallMalformed(f"{name} is no short text")
    return value


def mapping(given: Members, name: str) -> dict[str, object]:
    """Give an object. Raises: CallMalformed."""
    value = given.get(name)
    if not isinstance(value, dict):
        raise CallMalformed(f"{name} is no object")
    return value


def moment(at: datetime) -> str:
    """Write a time as the app reads it: UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def of_shown(shown: Shown) -> dict[str, object]:
    """Give what a phone shows, member by member; ``asdict`` would copy each value it meets."""
    return {
        "verb": shown.verb.value,
        "client_id": shown.client_id,
        "client_name": shown.client_name,
        "client_domain": shown.client_domain,
        "purpose": shown.purpose,
        "claims": [{"name": one.name, "reason": one.reason} for one in shown.claims],
        "details": [{"label": one.label, "value": one.value} for one in shown.details],
        "message": shown.message,
        "where": shown.where,
        "acr": shown.acr,
        "language": shown.language,
    }
