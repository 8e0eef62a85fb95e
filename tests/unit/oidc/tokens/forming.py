"""Clients that want their answers in other forms, and libraries that read those as they would."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc9068.claims import JWTAccessTokenClaims
from joserfc import jwe, jws, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from idp.domain.client import ClientId
from idp.domain.forms import Encryption, Forms
from idp.oidc.pens import Written
from tests.unit.oidc.tokens.desk import ISSUER, jwks

if TYPE_CHECKING:
    from idp.domain.client import Client
    from tests.unit.oidc.tokens.desk import Desk

PRIVATE = {
    "ec": ECKey.generate_key("P-256", {"kid": "to-ec", "use": "enc"}),
    "rsa": RSAKey.generate_key(2048, {"kid": "to-rsa", "use": "enc"}),
}
TO_US: dict[str, Any] = {
    "keys": [*jwks("ec", "ed", "rsa")["keys"]]  # type: ignore[misc]
    + [{**key.as_dict(private=False)} for key in PRIVATE.values()]
}
TO_EC = Encryption(algorithm="ECDH-ES", content="A256GCM")
TO_RSA = Encryption(algorithm="RSA-OAEP-256", content="A128GCM")
WRAPPED = Encryption(algorithm="ECDH-ES+A256KW", content="A128GCM")


def form(desk: Desk, client_id: str = "basic", /, **forms: Any) -> Client:
    """Change what a client registered about its answers; it has keys to encrypt to."""
    with desk.ledger.begin() as unit:
        client = unit.clients.get(ClientId(client_id))
        assert client is not None
        changed = replace(client, forms=Forms(**forms), jwks=TO_US)
        unit.clients.replace(changed, expected_version=client.version)
        found = unit.clients.get(ClientId(client_id))
    assert found is not None
    return found


def keys_of(desk: Desk) -> KeySet:
    """What the provider publishes."""
    public = []
    for algorithm in ("ES256", "EdDSA", "RS256"):
        signer = desk.ring.signer(algorithm)
        public.append({**signer._key.as_dict(private=False), "kid": signer.kid})
    return KeySet.import_key_set({"keys": public})


def header(compact: str) -> dict[str, Any]:
    """The protected header, read without belief."""
    return dict(jws.extract_compact(compact.encode()).headers())


def read(desk: Desk, compact: str, algorithm: str = "ES256") -> dict[str, Any]:
    """The claims of a signed JWT, as joserfc verifies it by the published keys."""
    return dict(jwt.decode(compact, keys_of(desk), algorithms=[algorithm]).claims)


def at_a_resource(desk: Desk, compact: str, *, audience: str) -> JWTAccessTokenClaims:
    """What Authlib makes of an access token at a resource server (RFC 9068 section 4)."""
    token = jwt.decode(compact, keys_of(desk), algorithms=["ES256"])
    essential = ("exp", "sub", "client_id", "iat", "jti")
    options = {
        "iss": {"essential": True, "value": ISSUER},
        "aud": {"essential": True, "value": audience},
        **{name: {"essential": True} for name in essential},
    }
    claims = JWTAccessTokenClaims(token.claims, token.header, options)
    claims.validate(now=int(desk.clock().timestamp()))
    return claims


def decrypted(compact: str, encryption: Encryption) -> tuple[dict[str, Any], str]:
    """The header and the text of a JWE, as joserfc opens it with the client's key."""
    key = PRIVATE["rsa" if encryption.algorithm.startswith("RSA") else "ec"]
    opened = jwe.decrypt_compact(
        compact, key, algorithms=[encryption.algorithm, encryption.content]
    )
    assert opened.plaintext is not None
    return dict(opened.headers()), opened.plaintext.decode()


def told(desk: Desk, token: str) -> Written:
    """What userinfo writes to the bearer, where it writes a JWT."""
    answer = desk.userinfo.answer(authorization=f"Bearer {token}")
    assert isinstance(answer, Written), json.dumps(answer)
    return answer
