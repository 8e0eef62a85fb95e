"""The key that a phone's app keeps to itself, and the proofs that it writes with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from joserfc import jws
from joserfc.jwk import ECKey
from joserfc.registry import HeaderParameter

from mobile_flow import proof
from mobile_flow.reading import encoded

if TYPE_CHECKING:
    from collections.abc import Callable

_JTI_BYTES: Final = 16


class _Rules(jws.JWSRegistry):
    """joserfc's rules, with room for a key in the header."""

    max_header_length = 512


_RULES: Final = _Rules(
    header_registry={"jwk": HeaderParameter("JSON Web Key", "jwk")}, algorithms=[proof.ALGORITHM]
)


class DeviceKey:
    """A P-256 key that stays here.

    Attributes:
        device: the identifier that the provider gave; until then proofs carry the key itself.
    """

    def __init__(self, *, entropy: Callable[[int], bytes]) -> None:
        self.device: str | None = None
        self._entropy = entropy
        self._key = ECKey.generate_key("P-256", private=True)

    def sign(self, method: str, path: str, body: bytes, *, nonce: str) -> str:
        """Write the header ``Sesame-Device`` of one request."""
        header: dict[str, object] = {"alg": proof.ALGORITHM, "typ": proof.TYPE}
        if self.device is None:
            header["jwk"] = self._key.as_dict(private=False)
        else:
            header["kid"] = self.device
        public = header.get("jwk")
        if isinstance(public, dict):
            header["jwk"] = {name: public[name] for name in ("kty", "crv", "x", "y")}
        claims = {
            "htm": method,
            "htu": path,
            "nonce": nonce,
            "jti": encoded(self._entropy(_JTI_BYTES)),
            "bh": proof.body_hash(body),
        }
        payload = json.dumps(claims).encode()
        return jws.serialize_compact(
            header, payload, self._key, algorithms=[proof.ALGORITHM], registry=_RULES
        )
