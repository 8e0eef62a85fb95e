"""The provider's signature on receipts: by the key of now, with its public half beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keys.errors import NoSigningKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keys.ring import KeyRing


class ReceiptSeal:
    """``mobile_flow.receipts.Seal`` over the ring."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def __call__(self, claims: Mapping[str, object], *, typ: str) -> tuple[str, dict[str, str]]:
        """Sign; give the compact JWS and the JWK. Raises: KeysError, as the ring does."""
        signer = self._ring.signer()
        published = json.loads(self._ring.jwks().body)["keys"]
        for jwk in published:
            if jwk["kid"] == signer.kid:
                return signer.sign(claims, typ=typ), jwk
        raise NoSigningKey("the signing key is not published yet")
