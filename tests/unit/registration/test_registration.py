"""What a registration may hold, and that every fault is told at once with what to write instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from idp.domain.client import ClientAuth, Pkce, Secret, SubjectType
from idp.oidc.registration.faults import RegistrationRefused
from idp.oidc.registration.rules import describe, register
from tests.unit.registration.documents import (
    EC,
    ED,
    NOW,
    POLICY,
    REASON,
    RSA,
    a_document,
    a_purpose,
    faulty_members,
    public,
)

WRR = "RRN 12/2026"


def test_the_least_that_a_client_says_is_enough() -> None:
    client = register(a_document(), POLICY, now=NOW)
    assert (client.id, client.sector, client.auth) == (
        "shop",
        "shop.example",
        ClientAuth.PRIVATE_KEY_JWT,
    )
    assert (client.pkce, client.subject_type, client.scopes) == (
        Pkce.REQUIRED,
        SubjectType.PAIRWISE,
        ("openid",),
    )
    assert (client.id_token_algorithm, client.secrets, client.created_at) == ("ES256", (), NOW)


def test_everything_that_a_client_may_say_is_kept_and_described_again() -> None:
    document = a_document(
        sector="sector.example",
        post_logout_redirect_uris=["https://shop.example/bye"],
        token_endpoint_auth_signing_alg="ES256",
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        scope="openid profile egovnrn offline_access",
        purposes=[
            a_purpose(claims=["given_name", "egovNRN"], authorisation=WRR, expires_at="2027-01-31")
        ],
        pkce="optional",
        require_pushed_authorization_requests=True,
        id_token_signed_response_alg="PS256",
        minimum_acr="eidas2",
        default_max_age=0,
        live_check=True,
        minimum_age=18,
        accepted_documents=["citizen", "foreigner-eu+"],
        contact="team@shop.example",
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
    )
    client = register(document, POLICY, now=NOW)
    assert client.purposes[0].expires_at == datetime(2027, 1, 31, tzinfo=UTC)
    described = describe(client)
    assert register(described, POLICY, now=NOW) == client
    assert {name: described[name] for name in document if name in {"scope", "pkce", "sector"}} == {
        name: document[name] for name in ("scope", "pkce", "sector")
    }


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"client_id": None}, "client_id"),
        ({"client_id": "x"}, "client_id"),
        ({"client_id": "Shop"}, "client_id"),
        ({"client_id": "-shop"}, "client_id"),
        ({"client_id": "s" * 65}, "client_id"),
        ({"client_id": "sh\u043ep"}, "client_id"),
        ({"client_id": "shop\n"}, "client_id"),
        ({"client_id": "0123456789abcdef0123456789abcdef"}, "client_id"),
        ({"client_id": 7}, "client_id"),
        ({"client_name": None}, "client_name"),
        ({"client_name": {"es": "La tienda"}}, "client_name"),
        ({"client_name": {"nl": ""}}, "client_name.nl"),
        ({"client_name": {"nl": "n" * 81}}, "client_name.nl"),
        ({"client_name": {"nl": "gpj.\u202etoof"}}, "client_name.nl"),
        ({"client_name": ["The shop"]}, "client_name"),
        ({"client_nam": "x"}, "client_nam"),
        ({"sector": "https://shop.example"}, "sector"),
        ({"sector": "Shop.example"}, "sector"),
        ({"redirect_uris": None}, "redirect_uris"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"redirect_uris": "https://shop.example/cb"}, "redirect_uris"),
        ({"redirect_uris": ["https://a.example/", "https://b.example/"]}, "sector"),
        ({"redirect_uris": ["https://a.example/"] * 2}, "redirect_uris[1]"),
        ({"redirect_uris": [f"https://a.example/{n}" for n in range(51)]}, "redirect_uris"),
        ({"redirect_uris": ["https://a.example/" + "a" * 1000]}, "redirect_uris[0]"),
        ({"post_logout_redirect_uris": ["data:text/html,x"]}, "post_logout_redirect_uris[0]"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": ["none"]}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_signing_alg": "none"}, "token_endpoint_auth_signing_alg"),
        ({"token_endpoint_auth_signing_alg": "HS256"}, "token_endpoint_auth_signing_alg"),
        ({"token_endpoint_auth_signing_alg": "RS256"}, "token_endpoint_auth_signing_alg"),
        ({"jwks": None}, "jwks"),
        ({"jwks_uri": "https://shop.example/jwks"}, "jwks_uri"),
        ({"jwks": None, "jwks_uri": "http://shop.example/jwks"}, "jwks_uri"),
        ({"jwks": None, "jwks_uri": "https://shop.example:6379/"}, "jwks_uri"),
        ({"sector_identifier_uri": "https://shop.example/sector.json"}, "sector_identifier_uri"),
        ({"initiate_login_uri": "http://localhost/login"}, "initiate_login_uri"),
        ({"initiate_login_uri": "https://shop.example/login#x"}, "initiate_login_uri"),
        ({"policy_uri": "http://shop.example/policy"}, "policy_uri"),
        ({"tos_uri": {"fr": "javascript:alert(1)"}}, "tos_uri.fr"),
        ({"logo_uri": "data:image/png;base64,AA"}, "logo_uri"),
        ({"client_uri": {"es": "https://shop.example/"}}, "client_uri"),
        ({"application_type": "desktop"}, "application_type"),
        ({"contacts": ["a"] * 11}, "contacts"),
        ({"software_id": ""}, "software_id"),
        ({"default_acr_values": ["eidas9"]}, "default_acr_values"),
        ({"client_secret": "hunter2"}, "client_secret"),
        ({"grant_types": ["authorization_code", "password"]}, "grant_types"),
        ({"grant_types": ["refresh_token"]}, "grant_types"),
        ({"response_types": ["code id_token"]}, "response_types"),
        ({"scope": "profile"}, "scope"),
        ({"scope": "openid nonsense"}, "scope"),
        ({"scope": "openid email"}, "scope"),
        ({"scope": "openid offline_access"}, "scope"),
        ({"scope": "openid egovnrn"}, "scope"),
        ({"scope": 3}, "scope"),
        ({"subject_type": "public"}, "subject_type"),
        ({"subject_type": "secret"}, "subject_type"),
        ({"pkce": "plain"}, "pkce"),
        ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
        ({"id_token_signed_response_alg": "RS256"}, "id_token_signed_response_alg"),
        ({"minimum_acr": "eidas9"}, "minimum_acr"),
        ({"default_max_age": -1}, "default_max_age"),
        ({"default_max_age": True}, "default_max_age"),
        ({"default_max_age": "60"}, "default_max_age"),
        ({"live_check": "yes"}, "live_check"),
        ({"minimum_age": 0}, "minimum_age"),
        ({"minimum_age": 121}, "minimum_age"),
        ({"minimum_age": "18"}, "minimum_age"),
        ({"accepted_documents": ["passport"]}, "accepted_documents[0]"),
        ({"accepted_documents": ["kids", "kids"]}, "accepted_documents[1]"),
        ({"expires_at": "2026-02-28"}, "expires_at"),
        ({"expires_at": "2027-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"purposes": {}}, "purposes"),
        ({"purposes": ["login"]}, "purposes[0]"),
        ({"purposes": [a_purpose(name="Log in")]}, "purposes[0].name"),
        ({"purposes": [a_purpose(), a_purpose()]}, "purposes[1].name"),
        ({"purposes": [a_purpose(reason={"nl": "Omdat"})]}, "purposes[0].reason"),
        ({"purposes": [a_purpose(reason={**REASON, "fr": "x" * 301})]}, "purposes[0].reason.fr"),
        ({"purposes": [a_purpose(claims=[])]}, "purposes[0].claims"),
        ({"purposes": [a_purpose(claims=["sub"])]}, "purposes[0].claims[0]"),
        ({"purposes": [a_purpose(claims=["email"])]}, "purposes[0].claims[0]"),
        ({"purposes": [a_purpose(expires_at="2026-01-01")]}, "purposes[0].expires_at"),
        ({"purposes": [a_purpose(valid="2026-01-01")]}, "purposes[0].valid"),
        (
            {"purposes": [a_purpose(claims=["egovNRN"], expires_at="2027-01-01")]},
            "purposes[0].authorisation",
        ),
        (
            {"purposes": [a_purpose(claims=["rrn_type"], authorisation=WRR)]},
            "purposes[0].expires_at",
        ),
        (
            {"purposes": [a_purpose(claims=["https://login.example/claims/rrn"])]},
            "purposes[0].authorisation",
        ),
    ],
)
def test_a_member_that_is_wrong_is_named(changes: dict[str, object], member: str) -> None:
    assert member in faulty_members(a_document(**changes))


def test_every_fault_is_told_at_once() -> None:
    found = faulty_members(
        a_document(client_id="Shop", redirect_uris=["http://shop.example/"], scope="profile")
    )
    assert found == {"client_id", "redirect_uris[0]", "scope"}


def test_a_fault_says_what_to_write_instead() -> None:
    with pytest.raises(RegistrationRefused, match="did you mean redirect_uris"):
        register(a_document(redirect_uri=["https://shop.example/cb"]), POLICY, now=NOW)


def test_a_public_client_proves_itself_by_pkce_alone() -> None:
    public_client = a_document(token_endpoint_auth_method="none", jwks=None)
    assert register(public_client, POLICY, now=NOW).auth is ClientAuth.NONE
    assert faulty_members({**public_client, "pkce": "optional"}) == {"pkce"}


def test_an_operator_may_approve_a_public_subject_and_an_edit_need_not_again() -> None:
    approved = replace(POLICY, public_subject=True)
    client = register(a_document(subject_type="public"), approved, now=NOW)
    assert client.subject_type is SubjectType.PUBLIC
    edited = register({**describe(client), "contact": "x@y"}, POLICY, now=NOW, former=client)
    assert edited.subject_type is SubjectType.PUBLIC


def test_the_claims_of_seeded_persons_are_for_deployments_that_have_them() -> None:
    document = a_document(scope="openid email", purposes=[a_purpose(claims=["email"])])
    assert faulty_members(document, replace(POLICY, seeded=True)) == set()


def test_names_by_language_may_stand_in_tagged_members() -> None:
    document = a_document(client_name="The shop", **{"client_name#nl": "De winkel"})
    assert register(document, POLICY, now=NOW).name == {"nl": "De winkel", "en": "The shop"}


def test_an_edit_keeps_what_registration_gave() -> None:
    secret = Secret(digest="ab" * 32, expires_at=NOW + timedelta(days=1))
    born = register(
        a_document(token_endpoint_auth_method="client_secret_basic", jwks=None), POLICY, now=NOW
    )
    former = replace(born, version=7, enabled=False, secrets=(secret,))
    later = NOW + timedelta(days=2)
    edited = register({**describe(former), "contact": "x@y"}, POLICY, now=later, former=former)
    assert edited == replace(former, contact="x@y", updated_at=later)


def test_a_client_that_turns_to_keys_keeps_no_secret() -> None:
    secret = Secret(digest="ab" * 32, expires_at=NOW + timedelta(days=1))
    born = register(
        a_document(token_endpoint_auth_method="client_secret_basic", jwks=None), POLICY, now=NOW
    )
    edited = register(a_document(), POLICY, now=NOW, former=replace(born, secrets=(secret,)))
    assert edited.secrets == ()


def test_an_edit_never_changes_the_identifier() -> None:
    former = register(a_document(), POLICY, now=NOW)
    with pytest.raises(RegistrationRefused, match="never changes"):
        register(a_document(client_id="other"), POLICY, now=NOW, former=former)


def test_what_has_ended_meanwhile_does_not_stand_in_the_way_of_an_edit() -> None:
    document = a_document(purposes=[a_purpose(expires_at="2026-04-01")], expires_at="2026-04-01")
    former = register(document, POLICY, now=NOW)
    later = NOW + timedelta(days=60)
    edited = register({**describe(former), "contact": "x@y"}, POLICY, now=later, former=former)
    assert edited.purposes == former.purposes
    assert edited.expires_at == former.expires_at


def test_a_public_client_may_register_an_app_scheme_of_its_own() -> None:
    document = a_document(
        token_endpoint_auth_method="none",
        jwks=None,
        sector="example.app",
        redirect_uris=["be.example.app:/callback"],
    )
    assert register(document, POLICY, now=NOW).redirect_uris == ("be.example.app:/callback",)
    assert faulty_members({**document, "token_endpoint_auth_method": "client_secret_basic"}) == {
        "redirect_uris[0]"
    }


@pytest.mark.parametrize(
    ("key", "algorithm"), [(EC, "ES256"), (ED, "EdDSA"), (RSA, "PS256"), (RSA, "RS256")]
)
def test_a_key_fits_its_algorithm(key: object, algorithm: str) -> None:
    jwks = {"keys": [public(key)]}  # type: ignore[arg-type]
    document = a_document(jwks=jwks, token_endpoint_auth_signing_alg=algorithm)
    assert register(document, POLICY, now=NOW).auth_algorithm == algorithm


def test_several_keys_are_told_apart_by_their_kid() -> None:
    two = [public(EC, kid="a"), public(RSA, kid="b")]
    assert faulty_members(a_document(jwks={"keys": two})) == set()
    assert faulty_members(a_document(jwks={"keys": [public(EC), public(RSA)]})) == {"jwks"}
    assert faulty_members(
        a_document(jwks={"keys": [public(EC, kid="a"), public(RSA, kid="a")]})
    ) == {"jwks"}
    assert faulty_members(
        a_document(jwks={"keys": [public(EC, kid="a"), public(EC, kid="b")]})
    ) == {"jwks"}


def test_of_a_key_only_what_is_needed_is_kept() -> None:
    client = register(
        a_document(jwks={"keys": [public(EC, kid="a", use="sig", note="x")], "made": 1}),
        POLICY,
        now=NOW,
    )
    assert client.jwks == {"keys": [public(EC, kid="a", use="sig")]}


def test_answers_are_signed_by_an_algorithm_of_the_ring() -> None:
    name = "authorization_signed_response_alg"
    client = register(a_document(**{name: "PS256"}), POLICY, now=NOW)
    assert (client.answer_algorithm, describe(client)[name]) == ("PS256", "PS256")
    assert faulty_members(a_document(**{name: "RS256"})) == {name}
