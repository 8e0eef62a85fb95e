"""Signed heads: statements of where the chain stood, to be kept by somebody else.

A head is a compact JWS (RFC 7515) of type ``sesame-audit-head+jwt`` under the audit key, which
signs nothing else. A copy held elsewhere shows a cut tail or a rewritten past.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from idp.store.upkeep import AuditHead

_TYPE: Final = "sesame-audit-head+jwt"
_ALGORITHM: Final = "Ed25519"


class HeadRefused(Exception):
    """The head's signature or form is wrong: it says nothing about the chain."""


class HeadSigner:
    """Signs and checks heads with one Ed25519 key."""

    def __init__(self, seed: bytes) -> None:
        """Take the 32-byte private ``seed``, derived from the audit purpose key."""
        self._key = OKPKey.import_key(
            Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            )
        )

    def public_jwk(self) -> dict[str, object]:
        """Give the public key, for whoever keeps heads outside."""
        return dict(self._key.as_dict(private=False))

    def sign(self, *, sequence: int, link: bytes, at: datetime) -> AuditHead:
        """State that the chain stood at ``sequence`` with ``link``."""
        payload = json.dumps(
            {"sequence": sequence, "link": link.hex(), "at": at.astimezone(UTC).isoformat()},
            separators=(",", ":"),
        )
        statement = jws.serialize_compact(
            {"alg": _ALGORITHM, "typ": _TYPE, "kid": self._key.thumbprint()},
            payload,
            self._key,
            algorithms=[_ALGORITHM],
        )
        return AuditHead(sequence=sequence, link=link, at=at, statement=statement)

    def read(self, statement: str) -> AuditHead:
        """Verify a statement and give what it says.

        Raises:
            HeadRefused: another key, another type, or not a head at all.
        """
        try:
            opened = jws.deserialize_compact(statement.strip(), self._key, algorithms=[_ALGORITHM])
            if opened.headers().get("typ") != _TYPE:
                raise HeadRefused("not a head")
            content = json.loads(opened.payload)
            return AuditHead(
                sequence=int(content["sequence"]),
                link=bytes.fromhex(content["link"]),
                at=datetime.fromisoformat(content["at"]),
                statement=statement.strip(),
            )
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise HeadRefused(type(error).__name__) from error
