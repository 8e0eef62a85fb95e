"""What the provider says of verified claims: exactly what can stand in one of them here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.domain.verification import CHECK_METHOD, DOCUMENTS, EVIDENCE
from idp.domain.vocabulary import claims_verifiable

if TYPE_CHECKING:
    from idp.config import Settings


def verified_metadata(settings: Settings) -> dict[str, object]:
    """Give the members (OpenID Connect for Identity Assurance 1.0, 8); none without any card.

    Where only phones are offered, a card enrolled them, and nothing is known of its document.
    """
    if not settings.card.enabled and not settings.phone.enabled:
        return {}
    names = claims_verifiable(issuer=settings.issuer, card=settings.card.enabled)
    return {
        "verified_claims_supported": True,
        "trust_frameworks_supported": [settings.card.framework],
        "claims_in_verified_claims_supported": list(names),
        "evidence_supported": [EVIDENCE],
        "documents_supported": list(DOCUMENTS.values()),
        "documents_check_methods_supported": [CHECK_METHOD],
    }
