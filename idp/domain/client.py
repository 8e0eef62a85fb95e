"""An e-service as registered: how it authenticates, where it is answered, what it may ask.

Claims leave only for a registered purpose: a purpose names the claims it entitles, the reason in
the citizen's words, and the day it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from idp.domain.about import About
from idp.domain.acting import ALONE, Acting
from idp.domain.certificate_use import NO_CERTIFICATE, CertificateUse
from idp.domain.forms import USUAL, Forms
from idp.domain.logout import NOT_TOLD, LogoutChannels
from idp.domain.object_use import NO_OBJECT, ObjectUse
from idp.domain.origin import Origin
from idp.domain.person import Sector
from idp.domain.profile import Profile
from idp.domain.remote import Remote
from idp.domain.response_type import ResponseType

ClientId = NewType("ClientId", str)


class ClientAuth(StrEnum):
    """Token endpoint authentication methods (OpenID Connect Core 9), as registered."""

    PRIVATE_KEY_JWT = "private_key_jwt"
    SECRET_BASIC = "client_secret_basic"  # noqa: S105 - the registered method's name
    SECRET_POST = "client_secret_post"  # noqa: S105 - idem
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"
    NONE = "none"


class Pkce(StrEnum):
    """Whether a code challenge must be sent; one that is sent is always enforced."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class Delivery(StrEnum):
    """How a client learns that a back-channel request was answered (CIBA Core 5); never push."""

    POLL = "poll"
    PING = "ping"


class SubjectType(StrEnum):
    """OpenID Connect Core 8; ``public`` needs an operator's approval."""

    PAIRWISE = "pairwise"
    PUBLIC = "public"


PUBLIC_SECTOR = Sector("*")
"""The sector that all clients with ``public`` subjects share; no registration can name it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """A client secret: 256 random bits, of which only the SHA-256 is kept (hexadecimal)."""

    digest: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Purpose:
    """Why a client may receive claims.

    Attributes:
        name: a short identifier, unique in the client.
        reason: what the citizen reads, by language (``nl``, ``fr``, ``de``, ``en``).
        claims: the claim names that this purpose entitles.
        authorisation: the reference that allows the national number; required for it.
        expires_at: after this time the purpose entitles nothing; ``None`` means no end.
    """

    name: str
    reason: dict[str, str]
    claims: tuple[str, ...]
    authorisation: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """One registered client. ``version`` grows by one with every change.

    Attributes:
        response_types: what it may have answered by the authorization endpoint.
        backchannel_user_code: its back-channel requests carry the code that their person chose.
        minimum_age: whole years; somebody whose card does not prove them is refused.
        answer_algorithm: what signed answers (JARM) are signed with; ``None`` for that of its ID
            tokens.
        objects: how its requests come as objects.
        forms: which answers are signed and encrypted, and what its access tokens look like.
        acting: what it has to do with the resources of services.
        manages_grants: it is told the names of its grants, and may query and revoke them.
        remote: what of it is fetched from addresses of its own.
        about: what it tells people of itself.
        logout: where it hears that somebody logged out.
        origin: how it came where no operator registered it.
        allow_static_code: a phone may also take a code that stands still or is typed; it can be
            relayed for longer than one that moves.
        allow_offline_from_phone: ``offline_access`` is also given to a login that began on another
            device than the phone that approved it.
        accepted_documents: the words of ``idp.domain.documents`` that are let in; empty for all.
    """

    id: ClientId
    version: int = 1
    name: dict[str, str]
    sector: Sector
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()
    profile: Profile = Profile.DEFAULT
    auth: ClientAuth = ClientAuth.PRIVATE_KEY_JWT
    auth_algorithm: str | None = None
    secrets: tuple[Secret, ...] = ()
    jwks: dict[str, object] | None = None
    remote: Remote = field(default_factory=Remote)
    grant_types: tuple[str, ...] = ("authorization_code",)
    response_types: tuple[ResponseType, ...] = (ResponseType.CODE,)
    scopes: tuple[str, ...] = ("openid",)
    purposes: tuple[Purpose, ...] = ()
    subject_type: SubjectType = SubjectType.PAIRWISE
    pkce: Pkce = Pkce.REQUIRED
    require_pushed_requests: bool = False
    require_signed_requests: bool = False
    objects: ObjectUse = NO_OBJECT
    bound_tokens: bool = False
    certificates: CertificateUse = NO_CERTIFICATE
    backchannel_delivery: Delivery = Delivery.POLL
    backchannel_endpoint: str | None = None
    backchannel_signing_algorithm: str | None = None
    backchannel_user_code: bool = False
    logout: LogoutChannels = NOT_TOLD
    id_token_algorithm: str = "ES256"  # noqa: S105 - the name of an algorithm
    answer_algorithm: str | None = None
    forms: Forms = USUAL
    acting: Acting = ALONE
    manages_grants: bool = False
    minimum_acr: str | None = None
    default_max_age: int | None = None
    live_check: bool = False
    minimum_age: int | None = None
    accepted_documents: tuple[str, ...] = ()
    allow_static_code: bool = True
    allow_offline_from_phone: bool = False
    enabled: bool = True
    contact: str | None = None
    about: About = field(default_factory=About)
    origin: Origin | None = None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None

    def display_name(self, language: str) -> str:
        """Give the name in ``language``, else in English, else in any language it has."""
        return self.name.get(language) or self.name.get("en") or next(iter(self.name.values()))


def is_open(client: Client, now: datetime) -> bool:
    """Tell whether anything is done for this client: it is enabled and its end has not come."""
    return client.enabled and (client.expires_at is None or now < client.expires_at)


def binds_tokens(client: Client) -> bool:
    """Tell whether its tokens are good with a key or a certificate alone."""
    return client.bound_tokens or client.certificates.bound


def subject_sector(client: Client) -> Sector:
    """Give the sector in whose words a person is named to this client (OpenID Connect Core 8.1)."""
    return PUBLIC_SECTOR if client.subject_type is SubjectType.PUBLIC else client.sector
