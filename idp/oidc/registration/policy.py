"""What this deployment lets a registration ask for: exactly what it advertises, nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idp.domain.acting import TOKEN_EXCHANGE
from idp.domain.assurance import ALIASES
from idp.domain.client import ClientAuth, SubjectType
from idp.domain.response_type import ResponseType
from idp.domain.vocabulary import AUTHORISED, claims_supported, fact_of, scopes_supported
from idp.oidc.answering import offered_types
from idp.oidc.auth_methods import offered_methods
from idp.oidc.object_offers import STRICT, ObjectOffers, object_offers
from idp.oidc.registration.backchannel import CIBA
from idp.oidc.registration.keys import ASSERTION_ALGORITHMS, CONTENT_ENCRYPTION, KEY_MANAGEMENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idp.config import Settings

GRANT_TYPES = ("authorization_code", "refresh_token", CIBA, TOKEN_EXCHANGE)
IMPLICIT = "implicit"


def grant_types(types: Iterable[ResponseType]) -> tuple[str, ...]:
    """Give the grant types that go with the response types of a deployment."""
    front = any(kind.in_front for kind in types)
    return (*GRANT_TYPES, IMPLICIT) if front else GRANT_TYPES


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The bounds of a registration.

    Attributes:
        issuer: the issuer URL; its own origin is never a redirect URI.
        languages: in which languages a purpose must be explained to the citizen.
        algorithms: what the key ring can sign ID tokens with, the default first.
        seeded: seeded persons may sign in, so the claims that only they have can be given.
        public_subject: the operator approves of ``subject_type`` public.
        methods: how a client may prove itself here.
        response_types: what the authorization endpoint may answer here.
        objects: which request objects are taken here.
        certificates: client certificates are handed over here.
        reachable: ``host:port`` texts that may be called although they are not on the internet.
        logos: whose pictures are fetched, as ``idp.domain.picture.may_show`` takes it.
    """

    issuer: str
    languages: tuple[str, ...]
    algorithms: tuple[str, ...]
    seeded: bool = False
    public_subject: bool = False
    methods: tuple[ClientAuth, ...] = (
        ClientAuth.PRIVATE_KEY_JWT,
        ClientAuth.SECRET_BASIC,
        ClientAuth.SECRET_POST,
        ClientAuth.NONE,
    )
    response_types: tuple[ResponseType, ...] = (ResponseType.CODE,)
    objects: ObjectOffers = STRICT
    certificates: bool = False
    reachable: frozenset[str] = frozenset()
    logos: str = "operators"

    def scopes(self) -> tuple[str, ...]:
        """Give the scopes that may be registered."""
        return scopes_supported(seeded=self.seeded)

    def grant_types(self) -> tuple[str, ...]:
        """Give the grant types that may be registered."""
        return grant_types(self.response_types)

    def claims(self) -> tuple[str, ...]:
        """Give the claim names that a purpose may entitle; those of the protocol need none."""
        return tuple(
            name
            for name in claims_supported(issuer=self.issuer, seeded=self.seeded)
            if fact_of(name, issuer=self.issuer) is not None
        )

    def is_national_number(self, claim: str) -> bool:
        """Tell whether a claim name stands for the national number or says something of it."""
        return fact_of(claim, issuer=self.issuer) in AUTHORISED

    def metadata(self) -> dict[str, object]:
        """Give the provider's metadata that bound a registration (RFC 8414 section 2)."""
        return {
            "scopes_supported": list(self.scopes()),
            "response_types_supported": [kind.value for kind in self.response_types],
            "grant_types_supported": list(self.grant_types()),
            "token_endpoint_auth_methods_supported": [method.value for method in self.methods],
            "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
            "id_token_signing_alg_values_supported": list(self.algorithms),
            "id_token_encryption_alg_values_supported": list(KEY_MANAGEMENT),
            "id_token_encryption_enc_values_supported": list(CONTENT_ENCRYPTION),
            "userinfo_signing_alg_values_supported": list(self.algorithms),
            "userinfo_encryption_alg_values_supported": list(KEY_MANAGEMENT),
            "userinfo_encryption_enc_values_supported": list(CONTENT_ENCRYPTION),
            "request_object_signing_alg_values_supported": list(self.objects.algorithms),
            "subject_types_supported": [kind.value for kind in SubjectType],
            "acr_values_supported": list(ALIASES),
        }


def policy_of(settings: Settings, *, public_subject: bool = False) -> Policy:
    """Give the bounds of a deployment; ``public_subject`` is the operator's approval."""
    return Policy(
        issuer=settings.issuer,
        languages=settings.languages,
        algorithms=settings.keys.algorithms,
        seeded=settings.login.seeded_sign_in,
        public_subject=public_subject,
        methods=offered_methods(settings),
        response_types=offered_types(settings),
        objects=object_offers(settings),
        certificates=settings.mtls.enabled,
        reachable=frozenset(settings.outbound.allow),
        logos=settings.registration.logos,
    )
