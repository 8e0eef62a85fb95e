"""What a back-channel request asks, read by an ordered list of checks (CIBA Core 7.1).

It comes plain or as a signed object; a client that registered an algorithm for it signs every one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.domain.assurance import ALIASES, Assurance, lowest_asked
from idp.domain.client import Delivery, SubjectType
from idp.domain.profile import Profile
from idp.domain.request import AuthorizationRequest, ResponseMode
from idp.domain.vocabulary import scopes_supported
from idp.errors import (
    INVALID_REQUEST,
    INVALID_REQUEST_OBJECT,
    INVALID_SCOPE,
    MISSING_USER_CODE,
    REQUEST_NOT_SUPPORTED,
    UNMET_AUTHENTICATION_REQUIREMENTS,
    Refused,
)
from idp.oidc.ciba.claims import read_asked
from idp.oidc.ciba.details import TypedApproval, read_details
from idp.oidc.ciba.words import plain_words
from idp.oidc.hints import open_hint
from idp.oidc.object_offers import STRONG
from idp.oidc.profiles.keeping import hold_ask
from idp.oidc.profiles.rule import AskFacts

if TYPE_CHECKING:
    from idp.domain.client import Client
    from idp.domain.request import SignedRequest
    from idp.oidc.form import Parameters
    from idp.oidc.hints import HintRing
    from idp.oidc.profiles.rule import SignedFacts
    from idp.oidc.request_objects import RequestObjects

HINTS: Final = ("login_hint", "id_token_hint", "login_hint_token")
_LONGEST_HINT: Final = 256
_NOTIFICATION: Final = re.compile(r"[A-Za-z0-9._~+/-]{1,1024}=*")
_SECONDS: Final = re.compile(r"[1-9][0-9]{0,5}")
_MOST_WORDS: Final = 64
_KNOWN_SCOPES: Final = frozenset(scopes_supported(seeded=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A request that every check has seen; whom it means is not known yet.

    Attributes:
        subject: the subject that the hint names, in the client's sector.
        username: a seeded person's, where a ``login_hint`` may be one.
        details: the ``authorization_details`` as they were sent.
        user_code: what the person said to the client, where it is registered for that.
        lasts: how long the client wants the person to be asked, ``None`` for our default.
    """

    request: AuthorizationRequest
    subject: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    message: str
    typed: TypedApproval | None = None
    details: str | None = field(default=None, repr=False)
    notification: str | None = field(default=None, repr=False)
    user_code: str | None = field(default=None, repr=False)
    lasts: timedelta | None = None


class AskReader:
    """Reads requests of authenticated clients."""

    def __init__(
        self, *, ring: HintRing, objects: RequestObjects, issuer: str, seeded: bool
    ) -> None:
        self._ring = ring
        self._objects = objects
        self._issuer = issuer
        self._seeded = seeded

    def read(self, params: Parameters, client: Client) -> Ask:
        """Read one request.

        Raises:
            Refused: INVALID_REQUEST (CIBA Core 13 has no word of its own for signed requests),
                INVALID_SCOPE, INVALID_BINDING_MESSAGE, INVALID_AUTHORIZATION_DETAILS,
                MISSING_USER_CODE,
                UNMET_AUTHENTICATION_REQUIREMENTS for a client that wants what no push proves.
        """
        demand_within_reach(client)
        params, signed = self._opened(params, client)
        typed = self._typed(params)
        subject, username = self._hint(params, client)
        message = params.text("binding_message")
        levels = _levels(params) or client.about.default_acr_values
        asked = read_asked(params, acr_words=levels, subject=subject)
        return Ask(
            request=AuthorizationRequest(
                client_id=client.id,
                redirect_uri="",
                response_mode=ResponseMode.QUERY,
                scopes=_scopes(params, client),
                acr_words=asked.acr_words,
                essential_acr=asked.essential_acr,
                id_token_claims=asked.claims.id_token,
                userinfo_claims=asked.claims.userinfo,
                id_token_verified=asked.claims.id_token_verified,
                userinfo_verified=asked.claims.userinfo_verified,
                signed=signed,
                federal=client.profile is Profile.FAS,
            ),
            subject=subject,
            username=username,
            message=_bound(message, typed),
            typed=typed,
            details=params.text("authorization_details"),
            notification=_notification(params, client),
            user_code=_user_code(params, client),
            lasts=_lasts(params),
        )

    def _opened(
        self, params: Parameters, client: Client
    ) -> tuple[Parameters, SignedRequest | None]:
        text = params.get("request")
        # CIBA Core 7.1.1 wants all that names and dates an object: iss, aud, exp, iat, nbf, jti.
        if text is None:
            plain = params.text("acr_values")
            hold_ask(client, AskFacts(client=client, signed=None, acr_values=plain))
            if client.backchannel_signing_algorithm or client.require_signed_requests:
                raise Refused(INVALID_REQUEST, "the client must sign its requests")
            return params, None
        algorithm = client.backchannel_signing_algorithm
        try:
            return self._objects.open(
                text,
                client,
                allowed=STRONG if algorithm is None else (algorithm,),
                needs=("iat", "jti"),
                hold=_hold_signed,
            )
        except Refused as refused:
            if refused.problem in {INVALID_REQUEST_OBJECT, REQUEST_NOT_SUPPORTED}:
                raise Refused(INVALID_REQUEST, refused.detail) from None
            raise

    def _typed(self, params: Parameters) -> TypedApproval | None:
        text = params.text("authorization_details")
        return None if text is None else read_details(text, issuer=self._issuer)

    def _hint(self, params: Parameters, client: Client) -> tuple[str | None, str | None]:
        """Give the subject, or the user name, that exactly one hint names."""
        sent = [name for name in HINTS if params.text(name) is not None]
        if len(sent) != 1:
            raise Refused(INVALID_REQUEST, "none or several hints")
        value = params.text(sent[0]) or ""
        if sent[0] == "login_hint":
            if len(value) > _LONGEST_HINT:
                raise Refused(INVALID_REQUEST, "login_hint too long")
            return self._issued(value, client), value if self._seeded else None
        if sent[0] == "id_token_hint":
            hint = open_hint(value, ring=self._ring, issuer=self._issuer, otherwise=INVALID_REQUEST)
            if client.id not in hint.audience:
                raise Refused(INVALID_REQUEST, "id_token_hint of another client")
            return hint.subject, None
        return self._issued(self._objects.hint(value, client), client), None

    def _issued(self, subject: str, client: Client) -> str | None:
        """Give the subject where nobody but its own sector can know it (rule R7).

        A public subject is known wherever its person is: knowing it is no reason to ask them, but
        having been told their code is.
        """
        told = client.backchannel_user_code
        return subject if told or client.subject_type is SubjectType.PAIRWISE else None


def _hold_signed(client: Client, signed: SignedFacts) -> None:
    asked = signed.claims.get("acr_values")
    words = asked if isinstance(asked, str) else None
    hold_ask(client, AskFacts(client=client, signed=signed, acr_values=words))


def _bound(message: str | None, typed: TypedApproval | None) -> str:
    """Demand that the person can tell which request this is (FAPI-CIBA 5.2.2)."""
    if message is None:
        if typed is None:
            return plain_words("")
        return ""
    return plain_words(message)


def _scopes(params: Parameters, client: Client) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys((params.get("scope") or "").split()))
    if len(asked) > _MOST_WORDS:
        raise Refused(INVALID_REQUEST, "too many words in scope")
    allowed = tuple(word for word in asked if word in _KNOWN_SCOPES and word in client.scopes)
    if "openid" not in allowed:
        raise Refused(INVALID_SCOPE, "scope without openid")
    # Nothing outlives a login that crossed devices.
    return tuple(word for word in allowed if word != "offline_access")


def demand_within_reach(client: Client) -> None:
    """Let no client ask a phone for what only a card proves: a level, an age, a kind of document.

    Raises:
        Refused: UNMET_AUTHENTICATION_REQUIREMENTS.
    """
    floor = lowest_asked((client.minimum_acr,)) if client.minimum_acr else None
    if floor is not None and floor > Assurance.SUBSTANTIAL:
        raise Refused(UNMET_AUTHENTICATION_REQUIREMENTS, "a push never reaches this client's level")
    if client.minimum_age is not None or client.accepted_documents:
        raise Refused(UNMET_AUTHENTICATION_REQUIREMENTS, "the client demands the files of a card")


def _levels(params: Parameters) -> tuple[str, ...]:
    words = (params.get("acr_values") or "").split()[:_MOST_WORDS]
    return tuple(dict.fromkeys(word for word in words if word in ALIASES))


def _notification(params: Parameters, client: Client) -> str | None:
    sent = params.get("client_notification_token")
    if client.backchannel_delivery is not Delivery.PING:
        return None
    if sent is None or _NOTIFICATION.fullmatch(sent) is None:
        raise Refused(INVALID_REQUEST, "client_notification_token missing or no bearer token")
    return sent


def _user_code(params: Parameters, client: Client) -> str | None:
    """Give the code; a client that did not register for codes may send what it likes."""
    if not client.backchannel_user_code:
        return None
    sent = params.text("user_code")
    if sent is None:
        raise Refused(MISSING_USER_CODE, "no user_code")
    return sent


def _lasts(params: Parameters) -> timedelta | None:
    sent = params.get("requested_expiry")
    if sent is None:
        return None
    if _SECONDS.fullmatch(sent) is None:
        raise Refused(INVALID_REQUEST, "requested_expiry is no positive number of seconds")
    return timedelta(seconds=int(sent))
