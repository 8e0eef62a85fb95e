"""An authorization request, resolved once from HTTP or PAR into flat values and never re-read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from idp.domain.client import ClientId
from idp.domain.profile import Profile
from idp.domain.response_type import ResponseType


class ResponseMode(StrEnum):
    """How the answer travels to the client (Multiple Response Types; Form Post; JARM 2.3).

    ``jwt`` is the signed answer in the way that is usual for a code: in the query. Of a request for
    more than a code it is read as ``fragment.jwt``.
    """

    QUERY = "query"
    FRAGMENT = "fragment"
    FORM_POST = "form_post"
    JWT = "jwt"
    QUERY_JWT = "query.jwt"
    FRAGMENT_JWT = "fragment.jwt"
    FORM_POST_JWT = "form_post.jwt"

    @property
    def posted(self) -> bool:
        """Tell whether the answer is posted by a form."""
        return self in {ResponseMode.FORM_POST, ResponseMode.FORM_POST_JWT}

    @property
    def signed(self) -> bool:
        """Tell whether the answer is one signed JWT."""
        return self not in {ResponseMode.QUERY, ResponseMode.FRAGMENT, ResponseMode.FORM_POST}

    @property
    def in_query(self) -> bool:
        """Tell whether the answer stands where servers read it, and their logs."""
        return not self.posted and not self.in_fragment

    @property
    def in_fragment(self) -> bool:
        """Tell whether the answer stands behind the ``#`` of the address."""
        return self in {ResponseMode.FRAGMENT, ResponseMode.FRAGMENT_JWT}


class Prompt(StrEnum):
    """OpenID Connect Core 3.1.2.1, ``prompt``."""

    NONE = "none"
    LOGIN = "login"
    CONSENT = "consent"
    SELECT_ACCOUNT = "select_account"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimRequest:
    """One entry of the ``claims`` parameter (OpenID Connect Core 5.5.1).

    ``values`` holds ``value`` or ``values`` as canonical JSON texts; empty means any.
    """

    name: str
    essential: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedRequest:
    """One element of ``verified_claims`` (OpenID Connect for Identity Assurance 1.0, 5.3).

    Attributes:
        claims: those asked inside it.
        verification: what is asked of the verification, as canonical JSON: filter and template.
    """

    claims: tuple[ClaimRequest, ...]
    verification: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedRequest:
    """That a request came as an object (RFC 9101), signed as a rule, and what names it.

    Attributes:
        jti: its identifier, used up by the login that completes with it; ``None`` if it had none.
        until: after this time one with a name is refused anyway.
        proven: the client signed it; of one that nobody signed only the name counts.
    """

    jti: str | None = field(repr=False)
    until: datetime
    proven: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorizationRequest:
    """What the client asked, after every check that needs no person.

    Attributes:
        parameters_of: ``client_id`` it was authenticated or named by.
        key: the thumbprint of the key that the code will be bound to (RFC 9449 section 10).
        pushed: SHA-256 (hexadecimal) of the PAR ``request_uri`` it came by, ``None`` if it did not.
        signed: that it came as an object, ``None`` if it did not.
        acr_words: the acr values in the order asked, aliases kept, for the echo.
        profile: the client's when this was judged by its rules.
        federal: its scopes ask in the words of the federal service (profile ``fas``).
        essential_acr: the acr claim was asked as essential: below it nothing is issued.
    """

    client_id: ClientId
    redirect_uri: str
    response_mode: ResponseMode
    response_type: ResponseType = ResponseType.CODE
    scopes: tuple[str, ...]
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    prompts: tuple[Prompt, ...] = ()
    max_age: int | None = None
    acr_words: tuple[str, ...] = ()
    essential_acr: bool = False
    login_hint: str | None = field(default=None, repr=False)
    subject_hint: str | None = None
    ui_locales: tuple[str, ...] = ()
    id_token_claims: tuple[ClaimRequest, ...] = ()
    userinfo_claims: tuple[ClaimRequest, ...] = ()
    id_token_verified: tuple[VerifiedRequest, ...] = ()
    userinfo_verified: tuple[VerifiedRequest, ...] = ()
    resources: tuple[str, ...] = ()
    key: str | None = None
    pushed: str | None = None
    signed: SignedRequest | None = None
    profile: Profile = Profile.DEFAULT
    federal: bool = False
