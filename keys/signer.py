"""One key at work: a ``Signer`` makes our tokens, a ``Verifier`` knows them again.

Our tokens have one form: a compact JWS (RFC 7515 section 7.1) whose protected header is exactly
``alg``, ``kid``, ``typ`` in this order, or without ``typ`` where it is never to come back to us: no
verifier opens such a one. The header is prepared once a type, so signing only signs;
and a token is recognised by comparing its header's bytes with a prepared one, so nothing that a
stranger wrote in a header is ever interpreted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import json_b64encode, urlsafe_b64encode

from keys.algorithms import OneAlgorithm, jose_key, thumbprint
from keys.errors import TokenForged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keys.algorithms import PrivateKey, PublicKey


def header_segment(algorithm: str, kid: str, typ: str | None) -> bytes:
    """Give the first segment of our tokens; part of their format, so never to be reordered."""
    header = {"alg": algorithm, "kid": kid}
    return json_b64encode(header if typ is None else {**header, "typ": typ})


class Signer:
    """Signs with one key; never gives it away, not even to a debugger's print or a pickle.

    Attributes:
        kid: the thumbprint that JWKS publishes the public half under.
        algorithm: the registered name.
    """

    __slots__ = ("_headers", "_key", "_model", "algorithm", "kid")

    def __init__(self, algorithm: str, key: PrivateKey) -> None:
        self.algorithm = algorithm
        self.kid = thumbprint(key.public_key())
        self._key = jose_key(key)
        self._model = OneAlgorithm(algorithm).get_alg(algorithm)
        self._model.check_key(self._key)
        self._headers: dict[str | None, bytes] = {}

    def sign(self, claims: Mapping[str, object], *, typ: str | None = "JWT") -> str:
        """Give the compact JWS over ``claims`` as JSON.

        Args:
            claims: what JSON can say; not-a-number is refused.
            typ: the ``typ`` header (RFC 8725 section 3.11), a constant of ours; ``None`` for what
                only others read.
        """
        header = self._headers.get(typ)
        if header is None:
            header = self._headers[typ] = header_segment(self.algorithm, self.kid, typ)
        payload = json.dumps(claims, separators=(",", ":"), allow_nan=False).encode("ascii")
        signed = header + b"." + urlsafe_b64encode(payload)
        signature: bytes = self._model.sign(signed, self._key)
        return (signed + b"." + urlsafe_b64encode(signature)).decode("ascii")

    def __repr__(self) -> str:
        return f"Signer({self.algorithm}, {self.kid})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer does not leave its process")


class Verifier:
    """Knows again what one key signed.

    Attributes:
        kid: the thumbprint of the key.
        algorithm: the only algorithm that the key is good for.
    """

    __slots__ = ("_key", "_registry", "algorithm", "kid")

    def __init__(self, algorithm: str, key: PublicKey) -> None:
        self.algorithm = algorithm
        self.kid = thumbprint(key)
        self._key = jose_key(key)
        self._registry = OneAlgorithm(algorithm)

    def open(self, compact: str) -> dict[str, object]:
        """Give the claims of a token whose header was found to be this key's.

        Raises:
            TokenForged: the signature is not this key's, or the payload no JSON object.
        """
        try:
            opened = jws.deserialize_compact(
                compact, self._key, algorithms=[self.algorithm], registry=self._registry
            )
            claims = json.loads(opened.payload)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise TokenForged(type(error).__name__) from None
        if not isinstance(claims, dict):
            raise TokenForged("the payload is not an object")
        return claims
