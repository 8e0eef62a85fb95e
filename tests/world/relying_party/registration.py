"""Who this e-service is: its own key, made at first run, and what is registered of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from joserfc.jwk import ECKey

if TYPE_CHECKING:
    from pathlib import Path

CLIENT_ID: Final = "municipality-of-specimen"
ALGORITHM: Final = "ES256"
SCOPES: Final = ("openid", "profile", "egovnrn")
NAMES: Final = {
    "nl": "Gemeente Specimen",
    "fr": "Commune de Specimen",
    "de": "Gemeinde Specimen",
    "en": "Municipality of Specimen",
}
PURPOSES: Final = (
    {
        "name": "greeting",
        "reason": {
            "nl": "Om u bij uw naam te noemen en uw dossier te openen.",
            "fr": "Pour vous appeler par votre nom et ouvrir votre dossier.",
            "de": "Um Sie mit Namen anzusprechen und Ihre Akte zu öffnen.",
            "en": "To call you by your name and open your file.",
        },
        "claims": ["name", "given_name", "family_name"],
    },
    {
        "name": "register",
        "reason": {
            "nl": "Om uw dossier in het bevolkingsregister terug te vinden.",
            "fr": "Pour retrouver votre dossier dans le registre de la population.",
            "de": "Um Ihre Akte im Bevölkerungsregister zu finden.",
            "en": "To find your file in the population register.",
        },
        "claims": ["egovNRN"],
        "authorisation": "Specimen 1/2026 (fictional)",
    },
)


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


def document(address: str, key: ECKey, *, year: int) -> dict[str, Any]:
    """What to register (RFC 7591 section 2, with the provider's own members beside it).

    The authorisation for the national number lasts until the end of the year after ``year``.
    """
    authorised = {"expires_at": f"{year + 1}-12-31"}
    public = {**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM}
    return {
        "client_id": CLIENT_ID,
        "client_name": dict(NAMES),
        "sector": "specimen.example",
        "redirect_uris": [f"{address}/callback"],
        "post_logout_redirect_uris": [f"{address}/signed-out"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": ALGORITHM,
        "jwks": {"keys": [public]},
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": " ".join(SCOPES),
        "purposes": [
            {**purpose, **(authorised if "authorisation" in purpose else {})}
            for purpose in PURPOSES
        ],
        "require_pushed_authorization_requests": True,
        "id_token_signed_response_alg": ALGORITHM,
        "contact": "citizens@specimen.example",
    }
