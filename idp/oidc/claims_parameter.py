"""The ``claims`` parameter (OpenID Connect Core 5.5): JSON of a small, bounded form.

``verified_claims`` in it is no claim but asks for several (OpenID Connect for Identity Assurance
1.0, 5.3): an element, or a list of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from idp.domain.claims import canonical_json
from idp.domain.request import ClaimRequest, VerifiedRequest
from idp.domain.verified_claims import CLAIM
from idp.errors import INVALID_REQUEST, Refused
from idp.oidc import strict_json

LONGEST: Final = 4096
DEEPEST: Final = 12
MOST_CLAIMS: Final = 64
MOST_VALUES: Final = 16
MOST_BLOCKS: Final = 8
_NAME: Final = re.compile(r"[!-~]{1,128}")
"""No claim of ours has another name, so other names are unknown and left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimsParameter:
    """What was asked for, by place. Members that we do not know were left out."""

    id_token: tuple[ClaimRequest, ...] = ()
    userinfo: tuple[ClaimRequest, ...] = ()
    id_token_verified: tuple[VerifiedRequest, ...] = ()
    userinfo_verified: tuple[VerifiedRequest, ...] = ()


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
    id_token, userinfo = members.get("id_token"), members.get("userinfo")
    return ClaimsParameter(
        id_token=_requests(id_token),
        userinfo=_requests(userinfo),
        id_token_verified=_blocks(id_token),
        userinfo_verified=_blocks(userinfo),
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
    return tuple(
        _request(name, entry)
        for name, entry in entries.items()
        if name != CLAIM and _NAME.fullmatch(name)
    )


def _blocks(member: object) -> tuple[VerifiedRequest, ...]:
    """Read ``verified_claims``; an element that asks for no claim asks for nothing."""
    asked = None if member is None else _object(member).get(CLAIM)
    blocks = asked if isinstance(asked, list) else [asked]
    if len(blocks) > MOST_BLOCKS:
        raise Refused(INVALID_REQUEST, "too many elements of verified_claims")
    found = (_block(_object(block)) for block in blocks if block is not None)
    return tuple(block for block in found if block.claims)


def _block(element: dict[str, object]) -> VerifiedRequest:
    verification = element.get("verification")
    verification = {} if verification is None else _object(verification)
    _hold_to_form(verification)
    return VerifiedRequest(
        claims=_requests(element.get("claims")), verification=canonical_json(verification)
    )


def _hold_to_form(template: object) -> None:
    """Refuse what is no question about an element: null, or members that are, or a list of such."""
    if isinstance(template, list):
        if len(template) > MOST_VALUES:
            raise Refused(INVALID_REQUEST, "too many entries in a verification")
        for entry in template:
            _hold_to_form(_object(entry))
        return
    for name, wanted in ({} if template is None else _object(template)).items():
        if name == "values":
            fits = isinstance(wanted, list) and 0 < len(wanted) <= MOST_VALUES
        elif name == "max_age":
            fits = isinstance(wanted, (int, float)) and not isinstance(wanted, bool) and wanted >= 0
        elif name == "essential":
            fits = isinstance(wanted, bool)
        else:
            fits = name == "value"
            if not fits:
                _hold_to_form(wanted)
                continue
        if not fits:
            raise Refused(INVALID_REQUEST, "a verification is asked in the wrong form")


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
