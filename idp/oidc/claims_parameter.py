"""The ``claims`` parameter (OpenID Connect Core 5.5): JSON of a small, bounded form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from idp.domain.claims import canonical_json
from idp.domain.request import ClaimRequest
from idp.errors import INVALID_REQUEST, Refused
from idp.oidc import strict_json

LONGEST: Final = 4096
DEEPEST: Final = 8
MOST_CLAIMS: Final = 64
MOST_VALUES: Final = 16
_NAME: Final = re.compile(r"[!-~]{1,128}")
"""No claim of ours has another name, so other names are unknown and left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimsParameter:
    """What was asked for, by place. Members that we do not know were left out."""

    id_token: tuple[ClaimRequest, ...] = ()
    userinfo: tuple[ClaimRequest, ...] = ()


def read_claims(text: str) -> ClaimsParameter:
    """Read the parameter.

    Raises:
        Refused: INVALID_REQUEST where it is not JSON of that form, names a member twice, or is too
            long, too deep or too wide.
    """
    if len(text) > LONGEST:
        raise Refused(INVALID_REQUEST, "claims too long")
    if _depth(text) > DEEPEST:
        raise Refused(INVALID_REQUEST, "claims too deep")
    try:
        content = strict_json.read(text)
    except ValueError:
        raise Refused(INVALID_REQUEST, "claims is not JSON") from None
    members = _object(content)
    return ClaimsParameter(
        id_token=_requests(members.get("id_token")), userinfo=_requests(members.get("userinfo"))
    )


def _depth(text: str) -> int:
    """Give how deep brackets nest, counting those inside strings too: an upper bound."""
    depth = deepest = 0
    for letter in text:
        if letter in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "}]":
            depth -= 1
    return deepest


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Refused(INVALID_REQUEST, "claims holds something other than an object")
    return value


def _requests(member: object) -> tuple[ClaimRequest, ...]:
    if member is None:
        return ()
    entries = _object(member)
    if len(entries) > MOST_CLAIMS:
        raise Refused(INVALID_REQUEST, "too many claims")
    return tuple(_request(name, entry) for name, entry in entries.items() if _NAME.fullmatch(name))


def _request(name: str, entry: object) -> ClaimRequest:
    """Read one entry (OpenID Connect Core 5.5.1): ``null`` or an object."""
    if entry is None:
        return ClaimRequest(name=name)
    members = _object(entry)
    essential = members.get("essential", False)
    values = members.get("values", [])
    if not isinstance(essential, bool) or not isinstance(values, list):
        raise Refused(INVALID_REQUEST, "a claim's members are of the wrong type")
    if len(values) > MOST_VALUES or ("value" in members and "values" in members):
        raise Refused(INVALID_REQUEST, "a claim's values are too many")
    wanted = [members["value"]] if "value" in members else values
    return ClaimRequest(
        name=name,
        essential=essential,
        values=tuple(canonical_json(value) for value in wanted),
    )
