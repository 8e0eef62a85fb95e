"""An authenticator's answer taken apart: one encoding of each part, each of a bounded size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mobile_flow import client_data
from mobile_flow.errors import CredentialRefused
from mobile_flow.reading import decoded, json_object

Response = str | bytes | Mapping[str, object]
"""RegistrationResponseJSON or AuthenticationResponseJSON (WebAuthn Level 3, 5.1.8), or its text."""

REGISTRATION: Final = {"attestationObject": 16 * 1024}
ASSERTION: Final = {"authenticatorData": 2048, "signature": 5 * 1024, "userHandle": 64}
"""The parts of each ceremony and how many bytes each may have; room for ML-DSA-87."""

_OPTIONAL: Final = frozenset({"userHandle"})
_LONGEST_TEXT: Final = 40_000
_IDENTIFIER: Final = range(16, 1024)
"""How long a credential id may be (WebAuthn Level 3, 4 and 7.1 step 26)."""
_TRANSPORTS: Final = frozenset({"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What an answer holds; nothing of it is true yet."""

    id: bytes
    id_text: str
    client_data: bytes
    parts: dict[str, bytes] = field(repr=False)
    transports: tuple[str, ...] = ()


def read(response: Response, parts: Mapping[str, int]) -> Answer:
    """Take an answer apart, each part bounded. Raises: CredentialRefused."""
    try:
        return _taken_apart(_object(response), parts)
    except (ValueError, TypeError):
        raise CredentialRefused("not an answer of an authenticator") from None


def _object(response: Response) -> Mapping[str, object]:
    if isinstance(response, Mapping):
        return response
    text = response.encode() if isinstance(response, str) else response
    if len(text) > _LONGEST_TEXT:
        raise ValueError("too long")
    return json_object(text)


def _taken_apart(answer: Mapping[str, object], parts: Mapping[str, int]) -> Answer:
    identifier = answer.get("rawId")
    if answer.get("id") != identifier or answer.get("type") != "public-key":
        raise ValueError("two identifiers, or another type")
    inner = answer.get("response")
    if not isinstance(inner, Mapping):
        raise TypeError("no response")
    credential_id = _bytes(identifier, most=_IDENTIFIER.stop - 1)
    if len(credential_id) not in _IDENTIFIER:
        raise ValueError("a short identifier")
    found = {
        name: _bytes(inner.get(name), most=most)
        for name, most in parts.items()
        if not (name in _OPTIONAL and inner.get(name) is None)
    }
    transports = inner.get("transports")
    return Answer(
        id=credential_id,
        id_text=str(identifier),
        client_data=_bytes(inner.get("clientDataJSON"), most=client_data.LONGEST),
        parts=found,
        transports=tuple(
            sorted(_TRANSPORTS.intersection(x for x in transports if isinstance(x, str)))
            if isinstance(transports, list)
            else ()
        ),
    )


def _bytes(value: object, *, most: int) -> bytes:
    if not isinstance(value, str) or len(value) > most * 4 // 3 + 4:
        raise ValueError("missing or too long")
    data = decoded(value)
    if len(data) > most:
        raise ValueError("too long")
    return data
