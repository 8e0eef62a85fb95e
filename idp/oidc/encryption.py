"""Encryption of a signed JWT to a client (RFC 7516): by a key that it registered for that alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from idp.domain.forms import Encryption
from idp.errors import SERVER_ERROR, Refused
from idp.oidc.registration.keys import encrypting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client, ClientId
    from idp.oidc.remote_keys import RemoteKeys

_PUBLIC: Final = ("kty", "crv", "x", "y", "n", "e")
_MOST_CLIENTS: Final = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """One key of a client, and how answers are encrypted to it."""

    encryption: Encryption
    kid: str | None
    public: ECKey | RSAKey = field(repr=False)

    def encrypt(self, signed: str) -> str:
        """Give the nested JWT (RFC 7519 section 5.2, ``cty``); no two of one text are the same."""
        header = {"alg": self.encryption.algorithm, "enc": self.encryption.content, "cty": "JWT"}
        if self.kid is not None:
            header["kid"] = self.kid
        offered = (self.encryption.algorithm, self.encryption.content)
        return jwe.encrypt_compact(header, signed, self.public, algorithms=offered)


class Recipients:
    """Finds the key to encrypt to; imports it once a version of the registration."""

    def __init__(self, remote: RemoteKeys | None = None) -> None:
        """Take what fetches the keys of clients that publish them; without it they have none."""
        self._remote = remote
        self._found: dict[tuple[ClientId, Encryption], tuple[dict[str, object], Recipient]] = {}

    def find(self, client: Client, encryption: Encryption) -> Recipient:
        """Give the first of the client's keys that the algorithm fits.

        Raises:
            Refused: SERVER_ERROR where there is none: never an answer in a weaker form;
                UNAVAILABLE as ``RemoteKeys.of`` does.
        """
        jwks = client.jwks
        if jwks is None and self._remote is not None:
            jwks = self._remote.of(client)
        if jwks is None:
            raise Refused(SERVER_ERROR, "no keys to encrypt to")
        place = (client.id, encryption)
        held = self._found.get(place)
        if held is not None and (held[0] is jwks or held[0] == jwks):
            return held[1]
        recipient = _first(jwks, encryption)
        if recipient is None:
            raise Refused(SERVER_ERROR, f"no registered key fits {encryption.algorithm}")
        if len(self._found) >= _MOST_CLIENTS:
            self._found.clear()
        self._found[place] = (jwks, recipient)
        return recipient


def _first(jwks: Mapping[str, object], encryption: Encryption) -> Recipient | None:
    registered = jwks.get("keys")
    for jwk in registered if isinstance(registered, list | tuple) else ():
        if encryption.algorithm not in encrypting(jwk):
            continue
        bare = {name: jwk[name] for name in _PUBLIC if name in jwk}
        try:
            key = JWKRegistry.import_key(cast("Any", bare))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, ECKey | RSAKey):
            return Recipient(encryption=encryption, kid=jwk.get("kid"), public=key)
    return None
