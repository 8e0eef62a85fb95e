"""What the browser says it signed for: one reading of clientDataJSON, and the checks on it.

The library reads it again afterwards, more leniently: it takes the last of two challenges, a byte
order mark, padding, and any ``crossOrigin`` or ``topOrigin``. What passed here leaves it no choice.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from mobile_flow.errors import CredentialRefused
from mobile_flow.reading import encoded, json_object

LONGEST: Final = 4096


class Ceremony(StrEnum):
    """The ``type`` of client data (WebAuthn Level 3, 5.8.1)."""

    CREATE = "webauthn.create"
    GET = "webauthn.get"


def check(data: bytes, *, ceremony: Ceremony, challenge: bytes, origins: frozenset[str]) -> None:
    """Demand this ceremony, this challenge and one of these origins, in a page of its own.

    WebAuthn Level 3, 7.1 steps 7-11 and 7.2 steps 10-14. Members that we do not know are tolerated,
    as 5.8.1 asks; an origin is compared as the exact text.

    Raises:
        CredentialRefused: anything else.
    """
    if len(data) > LONGEST:
        raise CredentialRefused("client data are too long")
    try:
        said = json_object(data)
    except ValueError:
        raise CredentialRefused("client data are not one plain JSON object") from None
    if said.get("type") != ceremony.value:
        raise CredentialRefused("client data of another ceremony")
    if said.get("challenge") != encoded(challenge):
        raise CredentialRefused("another challenge")
    origin = said.get("origin")
    if not isinstance(origin, str) or origin not in origins:
        raise CredentialRefused("an origin that is not ours")
    if said.get("crossOrigin", False) is not False or "topOrigin" in said:
        raise CredentialRefused("inside a page of somebody else")
