"""How a client proves itself at our endpoints (OpenID Connect Core 9), and with which keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from idp.domain.client import ClientAuth
from idp.oidc.registration.keys import ASSERTION_ALGORITHMS, fitting, read_jwks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.domain.remote import Remote
    from idp.oidc.registration.members import Members

MEMBERS: Final[Mapping[str, str]] = {
    "token_endpoint_auth_method": "private_key_jwt (default), client_secret_basic, "
    "client_secret_post, none for a public client; where certificates are handed over also "
    "tls_client_auth and self_signed_tls_client_auth.",
    "token_endpoint_auth_signing_alg": "ES256, Ed25519, EdDSA, PS256 or RS256; default any that a "
    "registered key fits.",
    "jwks": "The client's public keys, of private_key_jwt and of what it signs: P-256, Ed25519, or "
    "RSA of 2048 bits or more. Those of use enc are what answers are encrypted to: P-256 or RSA.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Proving:
    """What a registration says of it; the fields are those of ``Client``.

    Attributes:
        keyed: it has public keys to verify with, written in the registration or fetched from it.
        fetched: its keys are fetched, so that what they fit is seen when one is used.
    """

    auth: ClientAuth
    auth_algorithm: str | None
    jwks: dict[str, object] | None
    keyed: bool
    fetched: bool


def read_proving(members: Members, remote: Remote) -> Proving:
    """Read and judge the members; every fault is noted."""
    auth = members.choice("token_endpoint_auth_method", ClientAuth.PRIVATE_KEY_JWT)
    jwks = read_jwks(members)
    fetched = remote.jwks is not None
    return Proving(
        auth=auth,
        auth_algorithm=_auth_algorithm(members, auth, jwks, fetched=fetched),
        jwks=jwks,
        keyed=fetched or bool(_fit(jwks)),
        fetched=fetched,
    )


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
    members: Members, auth: ClientAuth, jwks: dict[str, object] | None, *, fetched: bool
) -> str | None:
    name = "token_endpoint_auth_signing_alg"
    algorithm = members.text(name)
    if auth is not ClientAuth.PRIVATE_KEY_JWT:
        if algorithm is not None:
            members.fault(name, f"{auth.value} uses none; leave it out")
        return None
    if jwks is None:
        if not fetched and not members.faults.of("jwks") and not members.faults.of("jwks_uri"):
            members.fault("jwks", "private_key_jwt needs the client's public keys")
        return algorithm
    fit = _fit(jwks)
    if not fit and not members.faults.of("jwks"):
        members.fault("jwks", "private_key_jwt needs a key to verify with, not of use enc alone")
    if algorithm in ASSERTION_ALGORITHMS and algorithm not in fit and not members.faults.of("jwks"):
        members.fault(name, f"no registered key fits {algorithm}; they fit {' '.join(sorted(fit))}")
    return algorithm


def _fit(jwks: Mapping[str, object] | None) -> set[str]:
    keys = (jwks or {}).get("keys")
    return {one for key in keys for one in fitting(key)} if isinstance(keys, list) else set()
