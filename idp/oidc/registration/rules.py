"""From what an e-service says of itself to a ``Client``: the rules of registration.

Members have their registered names (RFC 7591 section 2, OpenID Connect Dynamic Client Registration
section 2, RP-Initiated Logout section 3.1), so that a document made for another provider reads here
too; members of our own stand beside them. Authlib's rules hold the standard members against what is
advertised; ours say what to write instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from idp.domain.client import Client, ClientAuth, ClientId
from idp.oidc.registration import (
    about,
    acting,
    admission,
    answers,
    asking,
    backchannel,
    certificates,
    forms,
    logouts,
    objects,
    profiles,
    proving,
    remote,
    response_types,
    subjects,
)
from idp.oidc.registration.advertised import hold_to_metadata
from idp.oidc.registration.faults import Faults
from idp.oidc.registration.members import Members
from idp.oidc.registration.proving import has_secret
from idp.oidc.registration.purposes import read_purposes
from idp.oidc.registration.uris import Allowed, read_uris

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from idp.domain.client import Purpose
    from idp.oidc.registration.policy import Policy

_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}", re.ASCII)
_LIKE_A_SUBJECT: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_LONGEST_NAME: Final = 80

_OWN: Final[Mapping[str, str]] = {
    "client_id": "2 to 64 characters a-z, 0-9, . _ -; never changes and is never given out again.",
    "client_name": "What the citizen reads, by language; client_name#nl is understood too.",
    "redirect_uris": "Where answers go: exact, https (or http on loopback), no wildcard. "
    "Public clients may use an app's own scheme (RFC 8252 section 7.1).",
    "post_logout_redirect_uris": "Where a browser may go after logout; the same rules.",
    "purposes": "Why claims may leave; without a purpose only sub does.",
    "dpop_bound_access_tokens": "true: no tokens without a DPoP proof (RFC 9449 section 5.2).",
    "id_token_signed_response_alg": "An algorithm of the key ring. Default: its first.",
    "allow_static_code": "false: a phone takes no code that stands still or is typed, only the "
    "moving one. Default: true.",
    "allow_offline_from_phone": "true: offline_access is also given to a login that began on "
    "another device than the phone that approved it. Default: false.",
    "contact": "Who answers for this client.",
    "expires_at": "After this the registration is refused.",
}
MEMBERS: Final[Mapping[str, str]] = {
    **_OWN,
    **profiles.MEMBERS,
    **subjects.MEMBERS,
    **proving.MEMBERS,
    **asking.MEMBERS,
    **objects.MEMBERS,
    **admission.MEMBERS,
    **backchannel.MEMBERS,
    **answers.MEMBERS,
    **forms.MEMBERS,
    **acting.MEMBERS,
    **certificates.MEMBERS,
    **remote.MEMBERS,
    **about.MEMBERS,
    **logouts.MEMBERS,
}
"""Every member that may be registered, with what it says."""
TAGGED: Final = ("client_name#", *about.TAGGED)
_EXPLAINED: Final[Mapping[str, str]] = {
    "client_secret": "a secret is never given but made here, and shown once; leave it out",
}


def is_known(name: str) -> bool:
    """Tell whether a member means anything here, be it only why it is refused."""
    return name in MEMBERS or name in _EXPLAINED


def register(
    document: Mapping[str, object],
    policy: Policy,
    *,
    now: datetime,
    former: Client | None = None,
    listed: Sequence[str] | None = None,
) -> Client:
    """Validate a whole registration and give the client; it has no secret yet.

    With ``former`` the document describes what that client becomes: the identifier may not
    change, and version, secrets (while the method uses them), state, origin and time of birth stay.
    ``listed`` is what ``sector_lists`` read at the document's ``sector_identifier_uri``.

    Raises:
        RegistrationRefused: with every fault, not the first only.
    """
    faults = Faults()
    members = Members(document, faults)
    members.only((*MEMBERS, *TAGGED), explained=_EXPLAINED)
    client_id = _client_id(members, former)
    elsewhere = remote.read_remote(members, policy)
    proven = proving.read_proving(members, elsewhere)
    allowed = Allowed(app_schemes=proven.auth is ClientAuth.NONE, issuer=policy.issuer)
    redirect_uris = _redirect_uris(members, allowed)
    purposes = read_purposes(
        members, policy, former=former.purposes if former is not None else (), now=now
    )
    asked = asking.read_asking(members, policy, proving=proven, purposes=purposes)
    behind = backchannel.read_backchannel(
        members,
        auth=proven.auth,
        grant_types=asked.grant_types,
        jwks=proven.jwks,
        fetched=elsewhere.jwks is not None,
    )
    remote.check_listed(members, redirect_uris, listed=listed, former=former)
    admitted = admission.read_admission(members)
    client = Client(
        id=ClientId(client_id),
        version=former.version if former else 1,
        name=_name(members),
        sector=subjects.read_sector(members, redirect_uris, elsewhere),
        redirect_uris=redirect_uris,
        post_logout_redirect_uris=read_uris(members, "post_logout_redirect_uris", allowed),
        profile=profiles.read_profile(members),
        auth=proven.auth,
        auth_algorithm=proven.auth_algorithm,
        secrets=former.secrets if former and has_secret(proven.auth) else (),
        jwks=proven.jwks,
        remote=elsewhere,
        grant_types=asked.grant_types,
        response_types=asked.response_types,
        scopes=asked.scopes,
        purposes=purposes,
        subject_type=subjects.read_subject_type(members, policy, former),
        pkce=asked.pkce,
        require_pushed_requests=asked.require_pushed_requests,
        require_signed_requests=asked.require_signed_requests,
        objects=objects.read_objects(members, policy, keyed=proven.keyed),
        backchannel_delivery=behind.delivery,
        backchannel_endpoint=behind.endpoint,
        backchannel_signing_algorithm=behind.algorithm,
        backchannel_user_code=behind.user_code,
        logout=logouts.read_logouts(members, policy, redirect_uris=redirect_uris),
        bound_tokens=members.flag("dpop_bound_access_tokens"),
        certificates=certificates.read_certificates(members, policy, proven),
        id_token_algorithm=members.text("id_token_signed_response_alg") or policy.algorithms[0],
        forms=forms.read_forms(members, policy, proven),
        acting=acting.read_acting(
            members,
            auth=proven.auth,
            grant_types=asked.grant_types,
            scopes=asked.scopes,
            redirect_uris=redirect_uris,
            issuer=policy.issuer,
        ),
        manages_grants=acting.read_grant_management(members, auth=proven.auth, scopes=asked.scopes),
        answer_algorithm=answers.read_answers(members, algorithms=policy.algorithms),
        minimum_acr=admitted.minimum_acr,
        default_max_age=admitted.default_max_age,
        live_check=admitted.live_check,
        minimum_age=admitted.minimum_age,
        accepted_documents=admitted.accepted_documents,
        allow_static_code=members.flag("allow_static_code", default=True),
        allow_offline_from_phone=members.flag("allow_offline_from_phone"),
        enabled=former.enabled if former else True,
        contact=members.text("contact"),
        about=about.read_about(members, issuer=policy.issuer),
        origin=former.origin if former else None,
        created_at=former.created_at if former else now,
        updated_at=now,
        expires_at=_expires_at(members, former, now),
    )
    profiles.hold_to_profile(members, client)
    response_types.hold_response_types(members, client)
    hold_to_metadata(document, policy.metadata(), faults)
    faults.settle()
    return client


def describe(client: Client) -> dict[str, Any]:
    """Give the document that ``register`` makes this client of; secrets are no part of it.

    Members that have no value are left out; values are of JSON's types.
    """
    members: dict[str, Any] = {
        "client_id": client.id,
        "client_name": dict(client.name),
        **profiles.describe_profile(client),
        **subjects.describe_subjects(client),
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        **proving.describe_proving(client),
        **asking.describe_asking(client),
        **objects.describe_objects(client),
        "purposes": [_described(purpose) for purpose in client.purposes],
        "dpop_bound_access_tokens": client.bound_tokens,
        "id_token_signed_response_alg": client.id_token_algorithm,
        **admission.describe_admission(client),
        "allow_static_code": client.allow_static_code,
        "allow_offline_from_phone": client.allow_offline_from_phone,
        **backchannel.describe_backchannel(client),
        **answers.describe_answers(client),
        **forms.describe_forms(client),
        **acting.describe_acting(client),
        **certificates.describe_certificates(client),
        **remote.describe_remote(client),
        **about.describe_about(client),
        **logouts.describe_logouts(client),
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
    # A service that only answers at a resource sends nobody here, and gets no browser back.
    needed = members.raw("resources") is None
    if needed and not uris and not members.faults.of("redirect_uris"):
        members.fault("redirect_uris", 'at least one, such as ["https://service.example/callback"]')
    return uris


def _expires_at(members: Members, former: Client | None, now: datetime) -> datetime | None:
    ends = members.moment("expires_at")
    if ends is not None and ends <= now and (former is None or ends != former.expires_at):
        members.fault("expires_at", "this has passed; write a later time, or disable the client")
    return ends
