"""How a client proves itself at our endpoints (OpenID Connect Core 9), and with which keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from idp.domain.client import ClientAuth
from idp.oidc.registration.keys import ASSERTION_ALGORITHMS, fitting, read_jwks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.oidc.registration.members import Members

MEMBERS: Final[Mapping[str, str]] = {
    "token_endpoint_auth_method": "private_key_jwt (default), client_secret_basic, "
    "client_secret_post, or none for a public client.",
    "token_endpoint_auth_signing_alg": "ES256, Ed25519, EdDSA, PS256 or RS256; default any that a "
    "registered key fits.",
    "jwks": "The public keys of private_key_jwt: P-256, Ed25519, or RSA of 2048 bits or more.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Proving:
    """What a registration says of it; the fields are those of ``Client``."""

    auth: ClientAuth
    auth_algorithm: str | None
    jwks: dict[str, object] | None


def read_proving(members: Members) -> Proving:
    """Read and judge the members; every fault is noted."""
    auth = members.choice("token_endpoint_auth_method", ClientAuth.PRIVATE_KEY_JWT)
    jwks = read_jwks(members)
    return Proving(auth=auth, auth_algorithm=_auth_algorithm(members, auth, jwks), jwks=jwks)


def describe_proving(client: Client) -> dict[str, Any]:
    """Give the members that ``read_proving`` makes these of."""
    return {
        "token_endpoint_auth_method": client.auth.value,
        "token_endpoint_auth_signing_alg": client.auth_algorithm,
        "jwks": client.jwks,
    }


def has_secret(auth: ClientAuth) -> bool:
    """Tell whether clients of this method hold a secret."""
    return auth in {ClientAuth.SECRET_BASIC, ClientAuth.SECRET_POST}


def _auth_algorithm(
    members: Members, auth: ClientAuth, jwks: dict[str, object] | None
) -> str | None:
    algorithm = members.text("token_endpoint_auth_signing_alg")
    if auth is not ClientAuth.PRIVATE_KEY_JWT:
        for name in ("token_endpoint_auth_signing_alg", "jwks"):
            if members.raw(name) is not None:
                members.fault(name, f"{auth.value} uses none; leave it out")
        return None
    if jwks is None:
        if not members.faults.of("jwks"):
            members.fault("jwks", "private_key_jwt needs the client's public keys")
        return algorithm
    keys = jwks["keys"]
    fit = {one for key in keys for one in fitting(key)} if isinstance(keys, list) else set()
    if algorithm in ASSERTION_ALGORITHMS and algorithm not in fit and not members.faults.of("jwks"):
        members.fault(
            "token_endpoint_auth_signing_alg",
            f"no registered key fits {algorithm}; they fit {' '.join(sorted(fit))}",
        )
    return algorithm
