"""From what an e-service says of itself to a ``Client``: the rules of registration.

Members have their registered names (RFC 7591 section 2, OpenID Connect Dynamic Client Registration
section 2, RP-Initiated Logout section 3.1), so that a document made for another provider reads here
too; members of our own stand beside them. Authlib's rules hold the standard members against what is
advertised; ours say what to write instead.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar

from idp.domain.assurance import ALIASES, CANONICAL
from idp.domain.client import Client, ClientAuth, ClientId, Pkce, SubjectType
from idp.domain.documents import KINDS, WORDS
from idp.domain.person import Sector
from idp.oidc.registration.advertised import hold_to_metadata
from idp.oidc.registration.answers import EXPLAINED as ANSWERS_EXPLAINED
from idp.oidc.registration.answers import MEMBERS as ANSWERS
from idp.oidc.registration.answers import describe_answers, read_answers
from idp.oidc.registration.backchannel import MEMBERS as BACKCHANNEL
from idp.oidc.registration.backchannel import describe_backchannel, read_backchannel
from idp.oidc.registration.faults import Faults
from idp.oidc.registration.keys import ASSERTION_ALGORITHMS, fitting, read_jwks
from idp.oidc.registration.members import Members
from idp.oidc.registration.policy import GRANT_TYPES
from idp.oidc.registration.purposes import read_purposes
from idp.oidc.registration.uris import Allowed, host_of, is_host, read_uris

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from idp.domain.client import Purpose
    from idp.oidc.registration.policy import Policy

_Word = TypeVar("_Word", bound=StrEnum)
_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}", re.ASCII)
_LIKE_A_SUBJECT: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_LONGEST_NAME: Final = 80
_LONGEST_MAX_AGE: Final = 31_536_000
_OLDEST: Final = 120

MEMBERS: Final[Mapping[str, str]] = {
    "client_id": "2 to 64 characters a-z, 0-9, . _ -; never changes and is never given out again.",
    "client_name": "What the citizen reads, by language; client_name#nl is understood too.",
    "sector": "Host name; clients of one sector know a person by the same subject. "
    "Default: the host of the redirect URIs.",
    "redirect_uris": "Where answers go: exact, https (or http on loopback), no wildcard. "
    "Public clients may use an app's own scheme (RFC 8252 section 7.1).",
    "post_logout_redirect_uris": "Where a browser may go after logout; the same rules.",
    "token_endpoint_auth_method": "private_key_jwt (default), client_secret_basic, "
    "client_secret_post, or none for a public client.",
    "token_endpoint_auth_signing_alg": "ES256, Ed25519, EdDSA, PS256 or RS256; default any that a "
    "registered key fits.",
    "jwks": "The public keys of private_key_jwt: P-256, Ed25519, or RSA of 2048 bits or more.",
    "grant_types": "authorization_code (default), refresh_token, and "
    "urn:openid:params:grant-type:ciba.",
    "response_types": "code; nothing else is offered.",
    "scope": "The scopes that may be asked. Default: openid.",
    "purposes": "Why claims may leave; without a purpose only sub does.",
    "subject_type": "pairwise (default), or public with an operator's approval.",
    "pkce": "required (default), or optional for confidential clients.",
    "require_pushed_authorization_requests": "true: only pushed requests (RFC 9126).",
    "require_signed_request_object": "true: only requests signed by a registered key (RFC 9101).",
    "dpop_bound_access_tokens": "true: no tokens without a DPoP proof (RFC 9449 section 5.2).",
    "id_token_signed_response_alg": "An algorithm of the key ring. Default: its first.",
    "minimum_acr": "The lowest acr that this client accepts.",
    "default_max_age": "Seconds; the oldest login accepted where a request says nothing.",
    "live_check": "true: a card's status is asked anew at each login.",
    "minimum_age": "Whole years, 1 to 120; 18 lets adults in alone. Judged by the card's verified "
    "identity file, on the day that it is in Brussels: without our card agent nobody gets in.",
    "accepted_documents": "The identity documents that are let in, by kind (citizen, foreigner, "
    "kids) or by document, such as foreigner-b, foreigner-eu+ or kids-citizen; judged by the "
    "verified identity file. Default: all.",
    "allow_static_code": "false: a phone takes no code that stands still or is typed, only the "
    "moving one. Default: true.",
    "allow_offline_from_phone": "true: offline_access is also given to a login that began on "
    "another device than the phone that approved it. Default: false.",
    "contact": "Who answers for this client.",
    "expires_at": "After this the registration is refused.",
}
_TAGGED: Final = ("client_name#",)
_EXPLAINED: Final[Mapping[str, str]] = {
    "client_secret": "a secret is never given but made here, and shown once; leave it out",
    "jwks_uri": "keys are not fetched yet; write them in jwks",
    "sector_identifier_uri": "nothing is fetched; write the host name in sector",
    "contacts": 'write one in contact = "…"',
    "application_type": "leave it out; what an app may do follows from its redirect URIs",
    "initiate_login_uri": "login always begins at the e-service; leave it out",
    "request_uris": "request objects by reference are not supported; push requests instead",
    "default_acr_values": "write minimum_acr",
    "backchannel_user_code_parameter": "user codes are not offered; leave it out",
    **ANSWERS_EXPLAINED,
    "backchannel_logout_uri": "back-channel logout is not supported yet; leave it out",
    "frontchannel_logout_uri": "front-channel logout is not supported; leave it out",
}


def register(
    document: Mapping[str, object],
    policy: Policy,
    *,
    now: datetime,
    former: Client | None = None,
) -> Client:
    """Validate a whole registration and give the client; it has no secret yet.

    With ``former`` the document describes what that client becomes: the identifier may not
    change, and version, secrets (while the method uses them), state and time of birth stay.

    Raises:
        RegistrationRefused: with every fault, not the first only.
    """
    faults = Faults()
    members = Members(document, faults)
    members.only((*MEMBERS, *BACKCHANNEL, *ANSWERS, *_TAGGED), explained=_EXPLAINED)
    client_id = _client_id(members, former)
    auth = _choice(members, "token_endpoint_auth_method", ClientAuth.PRIVATE_KEY_JWT)
    allowed = Allowed(app_schemes=auth is ClientAuth.NONE, issuer=policy.issuer)
    redirect_uris = _redirect_uris(members, allowed)
    jwks = read_jwks(members)
    grant_types = members.words("grant_types") or ("authorization_code",)
    scopes = members.words("scope") or ("openid",)
    purposes = read_purposes(
        members, policy, former=former.purposes if former is not None else (), now=now
    )
    _scope_faults(members, policy, scopes=scopes, grant_types=grant_types, purposes=purposes)
    backchannel = read_backchannel(members, auth=auth, grant_types=grant_types, jwks=jwks)
    client = Client(
        id=ClientId(client_id),
        version=former.version if former else 1,
        name=_name(members),
        sector=_sector(members, redirect_uris),
        redirect_uris=redirect_uris,
        post_logout_redirect_uris=read_uris(members, "post_logout_redirect_uris", allowed),
        auth=auth,
        auth_algorithm=_auth_algorithm(members, auth, jwks),
        secrets=former.secrets if former and has_secret(auth) else (),
        jwks=jwks,
        grant_types=grant_types,
        scopes=scopes,
        purposes=purposes,
        subject_type=_subject_type(members, policy, former),
        pkce=_pkce(members, auth),
        require_pushed_requests=members.flag("require_pushed_authorization_requests"),
        backchannel_delivery=backchannel.delivery,
        backchannel_endpoint=backchannel.endpoint,
        backchannel_signing_algorithm=backchannel.algorithm,
        bound_tokens=members.flag("dpop_bound_access_tokens"),
        require_signed_requests=_signed_requests(members, jwks),
        id_token_algorithm=members.text("id_token_signed_response_alg") or policy.algorithms[0],
        answer_algorithm=read_answers(members, algorithms=policy.algorithms),
        minimum_acr=_minimum_acr(members),
        default_max_age=members.whole("default_max_age", least=0, most=_LONGEST_MAX_AGE),
        live_check=members.flag("live_check"),
        minimum_age=members.whole("minimum_age", least=1, most=_OLDEST),
        accepted_documents=_accepted_documents(members),
        allow_static_code=members.flag("allow_static_code", default=True),
        allow_offline_from_phone=members.flag("allow_offline_from_phone"),
        enabled=former.enabled if former else True,
        contact=members.text("contact"),
        created_at=former.created_at if former else now,
        updated_at=now,
        expires_at=_expires_at(members, former, now),
    )
    hold_to_metadata(document, policy.metadata(), faults)
    faults.settle()
    return client


def has_secret(auth: ClientAuth) -> bool:
    """Tell whether clients of this method hold a secret."""
    return auth in {ClientAuth.SECRET_BASIC, ClientAuth.SECRET_POST}


def describe(client: Client) -> dict[str, Any]:
    """Give the document that ``register`` makes this client of; secrets are no part of it.

    Members that have no value are left out; values are of JSON's types.
    """
    members: dict[str, Any] = {
        "client_id": client.id,
        "client_name": dict(client.name),
        "sector": client.sector,
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "token_endpoint_auth_method": client.auth.value,
        "token_endpoint_auth_signing_alg": client.auth_algorithm,
        "jwks": client.jwks,
        "grant_types": list(client.grant_types),
        "scope": " ".join(client.scopes),
        "purposes": [_described(purpose) for purpose in client.purposes],
        "subject_type": client.subject_type.value,
        "pkce": client.pkce.value,
        "require_pushed_authorization_requests": client.require_pushed_requests,
        "require_signed_request_object": client.require_signed_requests,
        "dpop_bound_access_tokens": client.bound_tokens,
        "id_token_signed_response_alg": client.id_token_algorithm,
        "minimum_acr": client.minimum_acr,
        "default_max_age": client.default_max_age,
        "live_check": client.live_check,
        "minimum_age": client.minimum_age,
        "accepted_documents": list(client.accepted_documents),
        "allow_static_code": client.allow_static_code,
        "allow_offline_from_phone": client.allow_offline_from_phone,
        **describe_backchannel(client),
        **describe_answers(client),
        "contact": client.contact,
        "expires_at": client.expires_at.isoformat() if client.expires_at else None,
    }
    return {name: value for name, value in members.items() if value not in (None, [])}


def _described(purpose: Purpose) -> dict[str, Any]:
    members: dict[str, Any] = {
        "name": purpose.name,
        "reason": dict(purpose.reason),
        "claims": list(purpose.claims),
        "authorisation": purpose.authorisation,
        "expires_at": purpose.expires_at.isoformat() if purpose.expires_at else None,
    }
    return {name: value for name, value in members.items() if value is not None}


def _client_id(members: Members, former: Client | None) -> str:
    value = members.text("client_id", longest=64)
    if value is None:
        if not members.faults.of("client_id"):
            members.fault("client_id", "write an identifier, such as my-service")
        return ""
    if former is not None and value != former.id:
        members.fault("client_id", f"an identifier never changes; this is {former.id}")
    elif not _ID.fullmatch(value):
        members.fault(
            "client_id",
            "2 to 64 characters a-z, 0-9, dot, underscore and hyphen, "
            "beginning with a letter or number",
        )
    elif _LIKE_A_SUBJECT.fullmatch(value):
        members.fault("client_id", "this could be taken for a person's subject; write a name")
    return value


def _name(members: Members) -> dict[str, str]:
    name = members.by_language("client_name", longest=_LONGEST_NAME)
    if not name and not members.faults.of("client_name"):
        members.fault("client_name", 'write what citizens know it by, such as { nl = "…" }')
    return name


def _redirect_uris(members: Members, allowed: Allowed) -> tuple[str, ...]:
    uris = read_uris(members, "redirect_uris", allowed)
    if not uris and not members.faults.of("redirect_uris"):
        members.fault("redirect_uris", 'at least one, such as ["https://service.example/callback"]')
    return uris


def _sector(members: Members, redirect_uris: tuple[str, ...]) -> Sector:
    sector = members.text("sector", longest=253)
    if sector is not None:
        if not is_host(sector):
            members.fault("sector", "write a host name in lower case, such as service.example")
        return Sector(sector)
    if members.faults.of("redirect_uris"):
        return Sector("")
    hosts = {host_of(uri) for uri in redirect_uris}
    if len(hosts) == 1 and None not in hosts:
        return Sector(str(hosts.pop()))
    if redirect_uris:
        members.fault(
            "sector",
            "the redirect URIs have several hosts or none; write the host name of the sector "
            "(OpenID Connect Core 8.1)",
        )
    return Sector("")


def _auth_algorithm(
    members: Members, auth: ClientAuth, jwks: dict[str, object] | None
) -> str | None:
    algorithm = members.text("token_endpoint_auth_signing_alg")
    if auth is not ClientAuth.PRIVATE_KEY_JWT:
        for name in ("token_endpoint_auth_signing_alg", "jwks"):
            if members.raw(name) is not None:
                members.fault(name, f"{auth.value} uses none; leave it out")
        return None
    if jwks is None:
        if not members.faults.of("jwks"):
            members.fault("jwks", "private_key_jwt needs the client's public keys")
        return algorithm
    keys = jwks["keys"]
    fit = {one for key in keys for one in fitting(key)} if isinstance(keys, list) else set()
    if algorithm in ASSERTION_ALGORITHMS and algorithm not in fit and not members.faults.of("jwks"):
        members.fault(
            "token_endpoint_auth_signing_alg",
            f"no registered key fits {algorithm}; they fit {' '.join(sorted(fit))}",
        )
    return algorithm


def _subject_type(members: Members, policy: Policy, former: Client | None) -> SubjectType:
    kind = _choice(members, "subject_type", SubjectType.PAIRWISE)
    was_public = former is not None and former.subject_type is SubjectType.PUBLIC
    if kind is SubjectType.PUBLIC and not policy.public_subject and not was_public:
        members.fault(
            "subject_type",
            "public lets e-services compare their citizens; write pairwise, or approve it with "
            "--approve-public-subject",
        )
    return kind


def _pkce(members: Members, auth: ClientAuth) -> Pkce:
    pkce = _choice(members, "pkce", Pkce.REQUIRED)
    if pkce is Pkce.OPTIONAL and auth is ClientAuth.NONE:
        members.fault("pkce", "a public client has nothing else to prove itself by; required")
    return pkce


def _signed_requests(members: Members, jwks: dict[str, object] | None) -> bool:
    required = members.flag("require_signed_request_object")
    if required and jwks is None and not members.faults.of("jwks"):
        members.fault("require_signed_request_object", "needs the client's public keys in jwks")
    return required


def _minimum_acr(members: Members) -> str | None:
    word = members.text("minimum_acr")
    if word is not None and word not in ALIASES:
        members.fault(
            "minimum_acr", f"this is no level known here; write {' or '.join(CANONICAL.values())}"
        )
    return word


def _accepted_documents(members: Members) -> tuple[str, ...]:
    words = members.words("accepted_documents") or ()
    for place, word in enumerate(words):
        if word not in KINDS and word not in WORDS:
            members.fault(
                f"accepted_documents[{place}]",
                f"there is no such document; the kinds are {', '.join(KINDS)}, and the documents "
                f"{' '.join(WORDS)}",
            )
    return words


def _expires_at(members: Members, former: Client | None, now: datetime) -> datetime | None:
    ends = members.moment("expires_at")
    if ends is not None and ends <= now and (former is None or ends != former.expires_at):
        members.fault("expires_at", "this has passed; write a later time, or disable the client")
    return ends


def _scope_faults(
    members: Members,
    policy: Policy,
    *,
    scopes: tuple[str, ...],
    grant_types: tuple[str, ...],
    purposes: tuple[Purpose, ...],
) -> None:
    if "openid" not in scopes:
        members.fault("scope", "openid is always there; add it")
    unknown = [scope for scope in scopes if scope not in policy.scopes()]
    if unknown:
        members.fault(
            "scope",
            f"{' '.join(unknown)} cannot be asked here; the scopes are {' '.join(policy.scopes())}",
        )
    wrong = [grant for grant in grant_types if grant not in GRANT_TYPES]
    if wrong:
        members.fault("grant_types", f"the grants are {' and '.join(GRANT_TYPES)}")
    if "authorization_code" not in grant_types:
        members.fault("grant_types", "authorization_code is how every login begins; add it")
    if "offline_access" in scopes and "refresh_token" not in grant_types:
        members.fault("scope", "offline_access needs the grant type refresh_token")
    entitled = {claim for purpose in purposes for claim in purpose.claims}
    for scope in {"egovnrn", "be:rrn"} & set(scopes):
        if not any(policy.is_national_number(claim) for claim in entitled):
            members.fault("scope", f"{scope} needs a purpose that entitles the national number")


def _choice(members: Members, name: str, default: _Word) -> _Word:
    kind = type(default)
    value = members.raw(name)
    if value is None:
        return default
    for word in kind:
        if value == word.value:
            return word
    members.fault(name, f"write {' or '.join(one.value for one in kind)}")
    return default
