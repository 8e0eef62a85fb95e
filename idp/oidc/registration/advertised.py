"""Authlib's registration rules: nothing is registered that the provider does not advertise.

Each standard member is held against the metadata alone, so that one wrong member hides no other.
Where our own rules have spoken about a member, they explain it better and theirs is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from authlib.oauth2.rfc7591 import ClientMetadataClaims as OAuthRules
from authlib.oidc.registration import ClientMetadataClaims as OpenIdRules
from joserfc.errors import JoseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.oidc.registration.faults import Faults

_OURS: Final = frozenset({"redirect_uris", "client_uri", "logo_uri", "policy_uri", "tos_uri"})
"""Judged by a grammar of ours, which also knows an app's own scheme (RFC 8252 section 7.1) and the
links of people by language (RFC 7591 section 2.2)."""
_VALUES: Final = {
    "token_endpoint_auth_signing_alg": "token_endpoint_auth_signing_alg_values_supported",
    "id_token_signed_response_alg": "id_token_signing_alg_values_supported",
    "userinfo_signed_response_alg": "userinfo_signing_alg_values_supported",
    "request_object_signing_alg": "request_object_signing_alg_values_supported",
    "subject_type": "subject_types_supported",
    "response_types": "response_types_supported",
    "grant_types": "grant_types_supported",
    "token_endpoint_auth_method": "token_endpoint_auth_methods_supported",
    "scope": "scopes_supported",
}
_BESIDE: Final = {
    f"{of}_encrypted_response_enc": f"{of}_encrypted_response_alg"
    for of in ("id_token", "userinfo")
}
"""A member that is nothing without another."""


def hold_to_metadata(
    document: Mapping[str, object], metadata: Mapping[str, object], faults: Faults
) -> None:
    """Note a fault for each standard member that the metadata do not offer."""
    for name, value in document.items():
        if faults.of(name) or value is None or name in _OURS:
            continue
        given = {one: document[one] for one in (name, _BESIDE.get(name, name)) if one in document}
        for rules in (OAuthRules, OpenIdRules):
            options = rules.get_claims_options(dict(metadata))
            wanted = {name: options[name]} if name in options else {}
            try:
                rules(dict(given), {}, wanted).validate()
            except (JoseError, ValueError, TypeError, AttributeError):
                faults.add(name, _advice(name, metadata))


def _advice(name: str, metadata: Mapping[str, object]) -> str:
    offered = metadata.get(_VALUES.get(name, ""))
    if isinstance(offered, list):
        return f"this is not offered here; write {' or '.join(map(str, offered))}"
    return "this is not a value that a registration may have"
