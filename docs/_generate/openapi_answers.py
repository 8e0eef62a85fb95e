"""What each endpoint answers: the members by name, the refusals from the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from docs._generate.openapi_fields import registration
from idp.config import Settings
from idp.errors import CATALOGUE
from idp.oidc import introspection, paths
from idp.oidc.metadata import metadata

if TYPE_CHECKING:
    Answer = dict[str, Any]

_TEXT: Final = {"type": "string"}
_WHOLE: Final = {"type": "integer"}
_WORDS: Final = {"type": "array", "items": _TEXT}
_JWT: Final = {"schema": {"type": "string", "description": "One JWT, signed or encrypted too."}}


def _json(says: str, name: str, **others: dict[str, Any]) -> Answer:
    schema = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    return {"description": says, "content": {"application/json": schema, **others}}


def _html(says: str) -> Answer:
    return {"description": says, "content": {"text/html": {"schema": _TEXT}}}


REFUSAL: Final = {
    **_json("Refused; the catalogue says why.", "Refusal"),
    "headers": {
        "WWW-Authenticate": {"description": "How to prove oneself.", "schema": _TEXT},
        "DPoP-Nonce": {"description": "What the next proof must hold.", "schema": _TEXT},
    },
}
FAULT: Final = _json("Nothing was decided; ask again.", "Refusal")
PAGE: Final = _html("Refused, on a page of ours.")
REDIRECT: Final = {
    "description": "On to the login, or back to the e-service with an answer or a refusal.",
    "headers": {"Location": {"schema": _TEXT}},
}
_ENDED: Final = {"description": "It is gone."}
_BROWSER: Final = {"200": _html("A page of ours."), "303": REDIRECT}
ANSWERS: Final[dict[tuple[str, str], dict[str, Answer]]] = {
    (paths.TOKEN, "POST"): {"200": _json("Tokens.", "Tokens")},
    (paths.PAR, "POST"): {"201": _json("Taken.", "Pushed")},
    (paths.BACKCHANNEL, "POST"): {"200": _json("Accepted; nobody says who is asked.", "Asked")},
    (paths.INTROSPECT, "POST"): {
        "200": _json("Its state.", "Introspection", **{introspection.MEDIA_TYPE: _JWT})
    },
    (paths.REVOKE, "POST"): {"200": {"description": "It is no token any more, if it ever was."}},
    (paths.USERINFO, "GET"): {"200": _json("The claims.", "Claims", **{"application/jwt": _JWT})},
    (paths.USERINFO, "POST"): {"200": _json("The claims.", "Claims", **{"application/jwt": _JWT})},
    (paths.GRANTS, "GET"): {},
    (paths.GRANTS, "DELETE"): {},
    ("/grants/{grant_id}", "GET"): {"200": _json("What it gives.", "Grant")},
    ("/grants/{grant_id}", "DELETE"): {"204": _ENDED},
    (paths.JWKS, "GET"): {
        "200": {
            "description": "The keys.",
            "content": {
                "application/jwk-set+json": {"schema": {"$ref": "#/components/schemas/Keys"}}
            },
        },
        "304": {"description": "As the caller has it."},
    },
    (paths.DISCOVERY, "GET"): {
        "200": _json("The metadata.", "Metadata"),
        "304": {"description": "As the caller has it."},
    },
    (paths.REGISTER, "POST"): {"201": _json("What was registered.", "Registered")},
    ("/register/{client_id}", "GET"): {"200": _json("What is registered.", "Registered")},
    ("/register/{client_id}", "PUT"): {"200": _json("What is registered now.", "Registered")},
    ("/register/{client_id}", "DELETE"): {"204": _ENDED},
    (paths.AUTHORIZE, "GET"): _BROWSER,
    (paths.AUTHORIZE, "POST"): _BROWSER,
    (paths.LOGOUT, "GET"): _BROWSER,
    (paths.LOGOUT, "POST"): _BROWSER,
}


def schemas(issuer: str) -> dict[str, Any]:
    """Give the schema of everything that answers hold, by name."""
    return {
        "Refusal": _object(
            error={**_TEXT, "enum": sorted({one.oauth for one in CATALOGUE.values()})},
            error_description=_TEXT,
            required=("error", "error_description"),
        ),
        "Tokens": _object(
            access_token=_TEXT,
            token_type={**_TEXT, "enum": ["Bearer", "DPoP"]},
            expires_in=_WHOLE,
            scope=_TEXT,
            id_token=_TEXT,
            refresh_token=_TEXT,
            issued_token_type=_TEXT,
            grant_id=_TEXT,
            required=("access_token", "token_type", "expires_in"),
        ),
        "Pushed": _object(
            request_uri=_TEXT, expires_in=_WHOLE, required=("request_uri", "expires_in")
        ),
        "Asked": _object(
            auth_req_id=_TEXT,
            expires_in=_WHOLE,
            interval=_WHOLE,
            required=("auth_req_id", "expires_in", "interval"),
        ),
        "Introspection": _object(
            active={"type": "boolean"},
            iss=_TEXT,
            client_id=_TEXT,
            sub=_TEXT,
            acr=_TEXT,
            auth_time=_WHOLE,
            scope=_TEXT,
            iat=_WHOLE,
            exp=_WHOLE,
            aud={"anyOf": [_TEXT, _WORDS]},
            token_type=_TEXT,
            act={"type": "object"},
            cnf={"type": "object"},
            required=("active",),
        ),
        "Claims": _object(sub=_TEXT, required=("sub",)),
        "Grant": _object(
            scopes={"type": "array", "items": {"type": "object"}},
            claims=_WORDS,
            required=("scopes", "claims"),
        ),
        "Keys": _object(keys={"type": "array", "items": {"type": "object"}}, required=("keys",)),
        "Metadata": _metadata(issuer),
        "Registration": registration(),
        "Registered": _object(
            client_id=_TEXT,
            client_secret=_TEXT,
            registration_access_token=_TEXT,
            registration_client_uri={**_TEXT, "format": "uri"},
            required=("client_id", "registration_access_token", "registration_client_uri"),
        ),
    }


def security_schemes(discovery: str) -> dict[str, Any]:
    """Give the ways to prove oneself, by name."""
    return {
        "basic": {
            "type": "http",
            "scheme": "basic",
            "description": "client_secret_basic: client_id and secret, each form-encoded.",
        },
        "certificate": {
            "type": "mutualTLS",
            "description": "tls_client_auth and self_signed_tls_client_auth, where offered.",
        },
        "bearer": {"type": "http", "scheme": "bearer"},
        "bound": {
            "type": "http",
            "scheme": "DPoP",
            "description": "A token bound to a key, with a proof of it (RFC 9449 section 7.1).",
        },
        "login": {"type": "openIdConnect", "openIdConnectUrl": discovery},
    }


def _object(*, required: tuple[str, ...], **members: dict[str, Any]) -> Answer:
    return {"type": "object", "properties": members, "required": list(required)}


def _metadata(issuer: str) -> Answer:
    """Name the members of discovery, each with the kind of its value."""
    said = metadata(Settings(issuer=issuer, registration={"mode": "open"}), algorithms=("ES256",))
    kinds: list[tuple[type, dict[str, Any]]] = [
        (bool, {"type": "boolean"}),
        (str, _TEXT),
        (list, {"type": "array"}),
        (dict, {"type": "object"}),
    ]
    members = {
        name: next(schema for kind, schema in kinds if isinstance(value, kind))
        for name, value in said.items()
    }
    always = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
    return _object(required=always, **members)
