"""What is checked of an authorization request, one named check at a time.

A check reads the parameters, and either fills in its part of the draft or refuses. The order and
the endpoints stand in ``idp.oidc.requests``; no check depends on a person or on a session.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from authlib.oauth2.rfc6749 import scope_to_list
from authlib.oauth2.rfc7636.challenge import (
    CODE_CHALLENGE_PATTERN,
)

from idp.domain.assurance import ALIASES
from idp.domain.client import Client, ClientAuth, Pkce
from idp.domain.profile import Profile
from idp.domain.redirects import registered
from idp.domain.request import (
    AuthorizationRequest,
    ClaimRequest,
    Prompt,
    ResponseMode,
    SignedRequest,
    VerifiedRequest,
)
from idp.domain.response_type import ResponseType
from idp.domain.vocabulary import scopes_supported
from idp.errors import (
    INVALID_REQUEST,
    INVALID_REQUEST_OBJECT,
    INVALID_SCOPE,
    INVALID_TARGET,
    NONCE_REQUIRED,
    PKCE_REQUIRED,
    PUSHED_REQUEST_REQUIRED,
    REDIRECT_URI_MISMATCH,
    REQUEST_URI_NOT_SUPPORTED,
    UNMET_AUTHENTICATION_REQUIREMENTS,
    Refused,
)
from idp.oidc import paths
from idp.oidc.claims_parameter import read_claims
from idp.oidc.form import Parameters
from idp.oidc.hints import HintRing, open_hint
from idp.oidc.profiles.keeping import hold_request
from idp.oidc.profiles.rule import RequestFacts

LONGEST_STATE: Final = 2048
LONGEST_NONCE: Final = 1024
LONGEST_LOGIN_HINT: Final = 256
MOST_WORDS: Final = 64
MOST_RESOURCES: Final = 8
MOST_LOCALES: Final = 16

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,7}")
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
_KNOWN_SCOPES: Final = frozenset(scopes_supported(seeded=True))


@dataclass(slots=True, kw_only=True)
class Draft:
    """A request while it is being read: the only mutable value of the protocol, and never kept."""

    params: Parameters
    client: Client
    ring: HintRing
    issuer: str
    offered: tuple[ResponseType, ...] = (ResponseType.CODE,)
    redirect_uri: str = ""
    response_type: ResponseType = ResponseType.CODE
    response_mode: ResponseMode = ResponseMode.QUERY
    state: str | None = None
    scopes: tuple[str, ...] = ()
    nonce: str | None = None
    code_challenge: str | None = None
    prompts: tuple[Prompt, ...] = ()
    max_age: int | None = None
    acr_words: tuple[str, ...] = ()
    essential_acr: bool = False
    login_hint: str | None = None
    subject_hint: str | None = None
    ui_locales: tuple[str, ...] = ()
    id_token_claims: tuple[ClaimRequest, ...] = ()
    userinfo_claims: tuple[ClaimRequest, ...] = ()
    id_token_verified: tuple[VerifiedRequest, ...] = ()
    userinfo_verified: tuple[VerifiedRequest, ...] = ()
    resources: tuple[str, ...] = ()
    signed: SignedRequest | None = None
    key: str | None = None

    def finished(self) -> AuthorizationRequest:
        """Give the request that every check has seen."""
        return AuthorizationRequest(
            client_id=self.client.id,
            redirect_uri=self.redirect_uri,
            response_type=self.response_type,
            response_mode=self.response_mode,
            scopes=self.scopes,
            state=self.state,
            nonce=self.nonce,
            code_challenge=self.code_challenge,
            prompts=self.prompts,
            max_age=self.max_age,
            acr_words=self.acr_words,
            essential_acr=self.essential_acr,
            login_hint=self.login_hint,
            subject_hint=self.subject_hint,
            ui_locales=self.ui_locales,
            id_token_claims=self.id_token_claims,
            userinfo_claims=self.userinfo_claims,
            id_token_verified=self.id_token_verified,
            userinfo_verified=self.userinfo_verified,
            resources=self.resources,
            signed=self.signed,
            key=self.key,
            profile=self.client.profile,
            federal=self.client.profile is Profile.FAS,
        )


# --- until the redirect URI is proven -------------------------------------------------------------


def redirect_uri(draft: Draft) -> None:
    """It must be sent, and be a registered one (OpenID Connect Core 3.1.2.1)."""
    sent = draft.params.get("redirect_uri")
    if sent is None and draft.params.get("request_uri") is not None:
        raise Refused(REQUEST_URI_NOT_SUPPORTED, "a request_uri and no redirect_uri")
    proven = None if sent is None else registered(sent, draft.client.redirect_uris)
    if proven is None:
        raise Refused(REDIRECT_URI_MISMATCH, "redirect_uri absent or not registered")
    draft.redirect_uri = proven


# --- how to answer --------------------------------------------------------------------------------


def state(draft: Draft) -> None:
    """Bounded; it goes back byte for byte."""
    draft.state = _bounded(draft, "state", LONGEST_STATE)


# --- where the request may come from --------------------------------------------------------------


def profile_direct(draft: Draft) -> None:
    """What came through the browser keeps the rules of the client's profile."""
    _hold(draft, pushed=False)


def profile_pushed(draft: Draft) -> None:
    """What was pushed keeps them too."""
    _hold(draft, pushed=True)


def _hold(draft: Draft, *, pushed: bool) -> None:
    client = draft.client
    signed = draft.signed is not None and draft.signed.proven
    hold_request(
        client, RequestFacts(client=client, params=draft.params, pushed=pushed, signed=signed)
    )


def pushed_only(draft: Draft) -> None:
    """A client that must push may not send its parameters through the browser (RFC 9126 6)."""
    if draft.client.require_pushed_requests:
        raise Refused(PUSHED_REQUEST_REQUIRED, "the client must push")


def signed_only(draft: Draft) -> None:
    """A client that must sign its requests may not send them plain (RFC 9101 section 10.5)."""
    signed = draft.signed is not None and draft.signed.proven
    if draft.client.require_signed_requests and not signed:
        raise Refused(INVALID_REQUEST_OBJECT, "the client must sign its requests")


def no_foreign_request_uri(draft: Draft) -> None:
    """Ours was replayed before; whatever still stands here is somebody else's."""
    if draft.params.get("request_uri") is not None:
        raise Refused(REQUEST_URI_NOT_SUPPORTED, "a request_uri that is not ours")


def no_pushed_request_uri(draft: Draft) -> None:
    """A pushed request may not hold a ``request_uri`` (RFC 9126 section 2.1)."""
    if draft.params.get("request_uri") is not None:
        raise Refused(INVALID_REQUEST, "a request_uri inside a pushed request")


# --- what is asked --------------------------------------------------------------------------------


def prompt(draft: Draft) -> None:
    """Known words only, and ``none`` alone (OpenID Connect Core 3.1.2.1)."""
    try:
        prompts = tuple(Prompt(word) for word in _words(draft, "prompt"))
    except ValueError:
        raise Refused(INVALID_REQUEST, "unknown prompt") from None
    if Prompt.NONE in prompts and len(prompts) > 1:
        raise Refused(INVALID_REQUEST, "prompt none beside another")
    draft.prompts = prompts


def scope(draft: Draft) -> None:
    """``openid`` must be among them; those we do not know or the client may not ask are ignored.

    ``offline_access`` counts only for a client with refresh tokens that asks the citizen each time,
    and gets a code (OpenID Connect Core 11).
    """
    asked = _words(draft, "scope")
    allowed = [word for word in asked if word in _KNOWN_SCOPES and word in draft.client.scopes]
    if "openid" not in allowed:
        raise Refused(INVALID_SCOPE, "scope without openid")
    refreshes = "refresh_token" in draft.client.grant_types and draft.response_type.issues_code
    if Prompt.CONSENT not in draft.prompts or not refreshes:
        allowed = [word for word in allowed if word != "offline_access"]
    draft.scopes = tuple(allowed)


def pkce(draft: Draft) -> None:
    """S256 by name, or nothing where the client's policy allows nothing (RFC 7636 4.3).

    It protects a code: where none comes back there is nothing to hold it against.
    """
    if not draft.response_type.issues_code:
        return
    challenge = draft.params.get("code_challenge")
    method = draft.params.get("code_challenge_method")
    if challenge is None and method is None:
        if draft.client.pkce is Pkce.REQUIRED or draft.client.auth is ClientAuth.NONE:
            raise Refused(PKCE_REQUIRED, "no code_challenge")
        return
    if challenge is None or method != "S256":
        raise Refused(PKCE_REQUIRED, "code_challenge without method S256")
    if not CODE_CHALLENGE_PATTERN.match(challenge) or not _CHALLENGE.fullmatch(challenge):
        raise Refused(PKCE_REQUIRED, "code_challenge is not a SHA-256")
    draft.code_challenge = challenge


def nonce(draft: Draft) -> None:
    """Bounded; it goes into the ID token as it is.

    One that comes through the browser must have it (OpenID Connect Core 3.2.2.1, 3.3.2.11).
    """
    draft.nonce = _bounded(draft, "nonce", LONGEST_NONCE)
    if draft.response_type.issues_id_token and not draft.nonce:
        raise Refused(NONCE_REQUIRED, "an ID token without a nonce")


def max_age(draft: Draft) -> None:
    """Whole seconds, zero included."""
    sent = draft.params.get("max_age")
    if sent is None:
        return
    if not _SECONDS.fullmatch(sent):
        raise Refused(INVALID_REQUEST, "max_age is not a number of seconds")
    draft.max_age = int(sent)


def acr_values(draft: Draft) -> None:
    """Voluntary words: those that we do not know are ignored (OpenID Connect Core 3.1.2.1)."""
    draft.acr_words = tuple(word for word in _words(draft, "acr_values") if word in ALIASES)


def default_levels(draft: Draft) -> None:
    """What the client registered counts where it asks for no level (Dynamic Registration 2)."""
    if not draft.acr_words:
        draft.acr_words = draft.client.about.default_acr_values


def claims(draft: Draft) -> None:
    """Read the ``claims`` parameter; ``acr`` and ``sub`` in it are about the login itself.

    What is asked at userinfo counts for those who can reach it (OpenID Connect Core 5.5).
    """
    sent = draft.params.text("claims")
    if sent is None:
        return
    asked = read_claims(sent)
    for claim in asked.id_token:
        if claim.name == "acr":
            _acr_claim(draft, claim)
        elif claim.name == "sub":
            _subject_claim(draft, claim)
    draft.id_token_claims = asked.id_token
    draft.id_token_verified = asked.id_token_verified
    if draft.response_type.reaches_userinfo:
        draft.userinfo_claims = asked.userinfo
        draft.userinfo_verified = asked.userinfo_verified


def login_hint(draft: Draft) -> None:
    """Opaque and bounded; it only fills in a field for the citizen."""
    sent = draft.params.text("login_hint")
    if sent is not None and len(sent) > LONGEST_LOGIN_HINT:
        raise Refused(INVALID_REQUEST, "login_hint too long")
    draft.login_hint = sent


def id_token_hint(draft: Draft) -> None:
    """An ID token of ours that this client was given says who is expected."""
    sent = draft.params.get("id_token_hint")
    if sent is None:
        return
    hint = open_hint(sent, ring=draft.ring, issuer=draft.issuer, otherwise=INVALID_REQUEST)
    if draft.client.id not in hint.audience:
        raise Refused(INVALID_REQUEST, "id_token_hint of another client")
    _expect(draft, hint.subject)


def ui_locales(draft: Draft) -> None:
    """Language tags in order of preference; what is no tag is ignored (BCP 47)."""
    words = _words(draft, "ui_locales")
    draft.ui_locales = tuple(word for word in words if _LANGUAGE.fullmatch(word))[:MOST_LOCALES]


def resource(draft: Draft) -> None:
    """Absolute URIs without a fragment (RFC 8707 section 2): ours, or registered targets."""
    ours = (paths.USERINFO, paths.GRANTS)
    known = {*(draft.issuer + path for path in ours), *draft.client.acting.targets}
    sent = tuple(dict.fromkeys(draft.params.all("resource")))
    if len(sent) > MOST_RESOURCES:
        raise Refused(INVALID_TARGET, "too many resources")
    for target in sent:
        if not _ABSOLUTE.fullmatch(target) or "#" in target:
            raise Refused(INVALID_TARGET, "resource is not an absolute URI")
        if target not in known:
            raise Refused(INVALID_TARGET, "unknown resource")
    draft.resources = sent


def key(draft: Draft) -> None:
    """``dpop_jkt``: the code will be good for this key alone (RFC 9449 section 10)."""
    sent = draft.params.get("dpop_jkt")
    if sent is not None and _CHALLENGE.fullmatch(sent) is None:
        raise Refused(INVALID_REQUEST, "dpop_jkt is not a SHA-256")
    draft.key = sent


# --- parts ----------------------------------------------------------------------------------------


def _bounded(draft: Draft, name: str, longest: int) -> str | None:
    value = draft.params.get(name)
    if value is not None and len(value) > longest:
        raise Refused(INVALID_REQUEST, f"{name} too long")
    return value


def _words(draft: Draft, name: str) -> tuple[str, ...]:
    """Give space-separated words in order, each once."""
    words = tuple(dict.fromkeys(scope_to_list(draft.params.get(name)) or ()))
    if len(words) > MOST_WORDS:
        raise Refused(INVALID_REQUEST, f"too many words in {name}")
    return words


def _acr_claim(draft: Draft, claim: ClaimRequest) -> None:
    """Essential words stand alone; voluntary ones join ``acr_values`` (Core 5.5.1.1)."""
    words = tuple(json.loads(value) for value in claim.values)
    known = tuple(word for word in words if isinstance(word, str) and word in ALIASES)
    if not claim.essential:
        draft.acr_words = tuple(dict.fromkeys((*draft.acr_words, *known)))
        return
    if words and not known:
        raise Refused(UNMET_AUTHENTICATION_REQUIREMENTS, "no essential acr is known here")
    draft.essential_acr = True
    draft.acr_words = known or draft.acr_words


def _subject_claim(draft: Draft, claim: ClaimRequest) -> None:
    """``sub`` with one value asks for that person only (OpenID Connect Core 5.5.1)."""
    if not claim.values:
        return
    values = [json.loads(value) for value in claim.values]
    if len(values) != 1 or not isinstance(values[0], str):
        raise Refused(INVALID_REQUEST, "sub asked with other than one text")
    _expect(draft, values[0])


def _expect(draft: Draft, subject: str) -> None:
    if draft.subject_hint not in {None, subject}:
        raise Refused(INVALID_REQUEST, "two hints name two people")
    draft.subject_hint = subject
