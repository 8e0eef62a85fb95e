"""Registration documents that are right, for tests to bend."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.oidc.registration.faults import RegistrationRefused
from idp.oidc.registration.policy import Policy
from idp.oidc.registration.rules import register

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = Policy(
    issuer="https://login.example",
    languages=("nl", "fr", "de", "en"),
    algorithms=("ES256", "PS256"),
)
EC = ECKey.generate_key("P-256")
ED = OKPKey.generate_key("Ed25519")
RSA = RSAKey.generate_key(2048)
REASON = {"nl": "Omdat", "fr": "Parce que", "de": "Weil", "en": "Because"}


def public(key: ECKey | OKPKey | RSAKey, **members: object) -> dict[str, object]:
    return {**key.as_dict(private=False), **members}


def a_document(**changes: object) -> dict[str, Any]:
    """A confidential client with keys; a change to ``None`` takes the member out."""
    document: dict[str, Any] = {
        "client_id": "shop",
        "client_name": {"nl": "De winkel", "en": "The shop"},
        "redirect_uris": ["https://shop.example/cb"],
        "jwks": {"keys": [public(EC)]},
        **changes,
    }
    return {name: value for name, value in document.items() if value is not None}


def a_purpose(**changes: object) -> dict[str, Any]:
    return {"name": "login", "reason": REASON, "claims": ["given_name"], **changes}


def faulty_members(document: dict[str, Any], policy: Policy = POLICY) -> set[str]:
    """The members that are refused, empty when the document is accepted."""
    try:
        register(document, policy, now=NOW)
    except RegistrationRefused as refused:
        return {fault.member for fault in refused.faults}
    return set()
