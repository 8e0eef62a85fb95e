"""Who this e-service is: its own key, made at first run, and what is registered of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from joserfc.jwk import ECKey

from tests.world.relying_party.services import MUNICIPALITY, Service

if TYPE_CHECKING:
    from pathlib import Path

ALGORITHM: Final = "ES256"
NAMES: Final = MUNICIPALITY.names


def key_of(service: Service, first: Path) -> Path:
    """Where a service keeps its private key, beside the municipality's."""
    return first if service is MUNICIPALITY else first.with_name(f"{service.key}.pem")


def own_key(path: Path) -> ECKey:
    """Read this service's private key, or make it where there is none (mode 0600)."""
    try:
        key = ECKey.import_key(path.read_bytes())
    except FileNotFoundError:
        key = ECKey.generate_key("P-256", private=True)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.as_pem(private=True))
    return ECKey.import_key(key.as_pem(private=True), {"kid": key.thumbprint()})


def document(
    address: str, key: ECKey, *, year: int, service: Service = MUNICIPALITY
) -> dict[str, Any]:
    """What to register (RFC 7591 section 2, with the provider's own members beside it).

    The authorisation for the national number lasts until the end of the year after ``year``.
    """
    rules = {} if service.minimum_age is None else {"minimum_age": service.minimum_age}
    authorised = {"expires_at": f"{year + 1}-12-31"}
    public = {**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM}
    return {
        "client_id": service.client_id,
        "client_name": dict(service.names),
        "sector": "specimen.example",
        "redirect_uris": [f"{address}/callback"],
        "post_logout_redirect_uris": [f"{address}/signed-out"],
        **_hearing(address),
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": ALGORITHM,
        "jwks": {"keys": [public]},
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": " ".join(service.scopes),
        "purposes": [
            {**purpose, **(authorised if "authorisation" in purpose else {})}
            for purpose in service.purposes
        ],
        "require_pushed_authorization_requests": True,
        "id_token_signed_response_alg": ALGORITHM,
        "contact": "citizens@specimen.example",
        **rules,
    }


def _hearing(address: str) -> dict[str, object]:
    """Where a provider on this machine tells us of logouts: we listen at 127.0.0.1 alone.

    Other sites of a test have names that only its browser knows.
    """
    parts = urlsplit(address)
    if parts.hostname != "localhost":
        return {}
    return {
        "backchannel_logout_uri": f"http://127.0.0.1:{parts.port}/logged-out",
        "backchannel_logout_session_required": True,
    }
