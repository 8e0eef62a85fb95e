"""What the provider says of itself (OpenID Connect Discovery 1.0, RFC 8414): only what works.

The document is prepared once, with its entity tag; a change of settings is a restart.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from idp.domain.assurance import ALIASES
from idp.domain.client import ClientAuth, Delivery, SubjectType
from idp.domain.request import Prompt
from idp.domain.vocabulary import claims_supported, scopes_supported
from idp.oidc import dpop, grant_management, paths
from idp.oidc.answering import offered_modes, offered_types
from idp.oidc.auth_methods import offered_methods
from idp.oidc.ciba import details
from idp.oidc.object_offers import object_offers
from idp.oidc.registration.backchannel import SIGNING_ALGORITHMS
from idp.oidc.registration.keys import ASSERTION_ALGORITHMS, CONTENT_ENCRYPTION, KEY_MANAGEMENT
from idp.oidc.registration.policy import grant_types
from idp.oidc.session_management import CHECK_SESSION
from idp.oidc.verified_metadata import verified_metadata
from keys.jwks import Document, document

if TYPE_CHECKING:
    from idp.config import Settings

MEDIA_TYPE: Final = "application/json"
_ENDPOINTS: Final = {
    "authorization_endpoint": paths.AUTHORIZE,
    "pushed_authorization_request_endpoint": paths.PAR,
    "token_endpoint": paths.TOKEN,
    "userinfo_endpoint": paths.USERINFO,
    "jwks_uri": paths.JWKS,
    "introspection_endpoint": paths.INTROSPECT,
    "revocation_endpoint": paths.REVOKE,
    "end_session_endpoint": paths.LOGOUT,
    "grant_management_endpoint": paths.GRANTS,
    "backchannel_authentication_endpoint": paths.BACKCHANNEL,
}

_ALIASED: Final = frozenset(
    {
        "pushed_authorization_request_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "grant_management_endpoint",
        "backchannel_authentication_endpoint",
    }
)
"""The endpoints that are also at the host which asks for certificates."""


def discovery(settings: Settings, *, algorithms: tuple[str, ...]) -> Document:
    """Prepare the document; ``algorithms`` are those with a signing key, the default first."""
    body = json.dumps(metadata(settings, algorithms=algorithms), separators=(",", ":"))
    return document(body.encode("ascii"), media_type=MEDIA_TYPE, max_age=settings.keys.jwks_max_age)


def metadata(settings: Settings, *, algorithms: tuple[str, ...]) -> dict[str, object]:
    """Give the provider's metadata by member name."""
    methods = [method.value for method in offered_methods(settings)]
    seeded = settings.login.seeded_sign_in
    types = offered_types(settings)
    return {
        "issuer": settings.issuer,
        **{name: settings.issuer + path for name, path in _ENDPOINTS.items()},
        **_registration(settings),
        "require_pushed_authorization_requests": False,
        "scopes_supported": list(scopes_supported(seeded=seeded)),
        "response_types_supported": [kind.value for kind in types],
        "response_modes_supported": [mode.value for mode in offered_modes(types)],
        "grant_types_supported": list(grant_types(types)),
        "code_challenge_methods_supported": ["S256"],
        "grant_management_actions_supported": list(grant_management.ACTIONS),
        "prompt_values_supported": [prompt.value for prompt in Prompt],
        "acr_values_supported": list(ALIASES),
        "subject_types_supported": [kind.value for kind in SubjectType],
        **_forms(algorithms),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": [
            method for method in methods if method != ClientAuth.NONE
        ],
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        **_certificates(settings),
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "backchannel_token_delivery_modes_supported": [mode.value for mode in Delivery],
        "backchannel_authentication_request_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "backchannel_user_code_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "authorization_details_types_supported": list(details.types(settings.issuer)),
        "claim_types_supported": ["normal"],
        "claims_supported": list(claims_supported(issuer=settings.issuer, seeded=seeded)),
        "claims_parameter_supported": True,
        **verified_metadata(settings),
        "request_parameter_supported": True,
        **_requests(settings),
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": list(settings.languages),
        **_sessions(settings),
    }


def _certificates(settings: Settings) -> dict[str, object]:
    """Say that tokens may be bound to certificates, and where they are asked for (RFC 8705 5)."""
    mtls = settings.mtls
    if not mtls.enabled:
        return {}
    said: dict[str, object] = {"tls_client_certificate_bound_access_tokens": True}
    if mtls.url is not None:
        said["mtls_endpoint_aliases"] = {
            name: mtls.url + path for name, path in _ENDPOINTS.items() if name in _ALIASED
        }
    return said


def _forms(algorithms: tuple[str, ...]) -> dict[str, object]:
    """Say how answers are signed and encrypted (OpenID Connect Discovery 3, JARM 4, RFC 9701 7)."""
    named: dict[str, object] = {}
    for of in ("id_token", "userinfo", "introspection", "authorization"):
        named[f"{of}_signing_alg_values_supported"] = list(algorithms)
        named[f"{of}_encryption_alg_values_supported"] = list(KEY_MANAGEMENT)
        named[f"{of}_encryption_enc_values_supported"] = list(CONTENT_ENCRYPTION)
    return named


def _registration(settings: Settings) -> dict[str, object]:
    if settings.registration.mode == "off":
        return {}
    return {"registration_endpoint": settings.issuer + paths.REGISTER}


def _requests(settings: Settings) -> dict[str, object]:
    """Say which request objects are taken (Discovery 3); where none is fetched, nothing else is."""
    offers = object_offers(settings)
    said: dict[str, object] = {
        "request_object_signing_alg_values_supported": list(offers.algorithms),
        "request_uri_parameter_supported": offers.by_reference,
    }
    return {**said, "require_request_uri_registration": True} if offers.by_reference else said


def _sessions(settings: Settings) -> dict[str, object]:
    """Say where the session can be asked after (Session Management 1.0 section 3.3)."""
    if not settings.login.session_management:
        return {}
    return {"check_session_iframe": settings.issuer + CHECK_SESSION}
