"""Claims: requested, entitled, available, agreed; a claim that fails one of the four stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.assurance import Assurance
from idp.domain.claims import (
    ClaimOffer,
    canonical_json,
    claims_supported,
    granted,
    missing_essential,
    offers,
    scope_claims,
    scopes_supported,
)
from idp.domain.client import Client, ClientId, Purpose
from idp.domain.event import AuthenticationEvent, CardEvidence
from idp.domain.request import AuthorizationRequest, ClaimRequest, ResponseMode
from idp.domain.vocabulary import FACTS, fact_of
from tests.contract.store.stand_ins import AN, MINUTE, START, a_client, a_person, an_event

if TYPE_CHECKING:
    from idp.domain.person import Person

ISSUER = "https://idp.example"
RRN = f"{ISSUER}/claims/rrn"
EVERYTHING = Purpose(
    name="all", reason={"en": "why"}, claims=tuple(FACTS), authorisation="RR 12/2020"
)


def a_request(scope: str = "openid", **changes: Any) -> AuthorizationRequest:
    return AuthorizationRequest(
        client_id=ClientId("shop"),
        redirect_uri="https://shop.example/cb",
        response_mode=ResponseMode.QUERY,
        scopes=tuple(scope.split()),
        **changes,
    )


def a_card_login() -> AuthenticationEvent:
    return AuthenticationEvent(
        person=AN,
        evidence=CardEvidence(
            holder="citizen",
            certificate_fingerprint="ab" * 32,
            certificate_serial="10ff",
            issuer="Citizen CA",
            generation="ec-p384",
            not_before=START - timedelta(days=9),
            not_after=START + timedelta(days=9),
            revocation="ocsp",
            status_at=START,
        ),
        acr=Assurance.HIGH,
        amr=("sc", "pin"),
        at=START,
    )


def an(**standard: object) -> Person:
    person = a_person()
    return replace(
        person,
        attributes=replace(
            person.attributes, national_number_type="national", standard=dict(standard)
        ),
    )


def offered(
    request: AuthorizationRequest,
    *purposes: Purpose,
    person: Person | None = None,
    event: AuthenticationEvent | None = None,
) -> tuple[ClaimOffer, ...]:
    return offers(
        request,
        a_client(purposes=purposes),
        person or an(),
        event or an_event(),
        now=START,
        issuer=ISSUER,
    )


def values(made: tuple[ClaimOffer, ...]) -> dict[str, object]:
    return {offer.name: offer.value for offer in made}


def entitles(*claims: str, **other: Any) -> Purpose:
    return Purpose(name="some", reason={"en": "why"}, claims=claims, **other)


def test_a_scope_offers_what_a_purpose_entitles_in_the_order_of_the_scope() -> None:
    made = offered(a_request("openid profile"), entitles("family_name", "given_name"))
    assert values(made) == {"given_name": "Anaïs", "family_name": "Peeters"}
    assert all(offer.places == {"userinfo"} and not offer.essential for offer in made)
    assert {offer.purpose.name for offer in made if offer.purpose} == {"some"}


def test_without_a_purpose_nothing_is_offered() -> None:
    assert offered(a_request("openid profile")) == ()


def test_a_purpose_that_has_ended_entitles_nothing() -> None:
    ended = entitles("name", expires_at=START)
    live = entitles("name", expires_at=START + MINUTE)
    assert offered(a_request("openid profile"), ended) == ()
    assert values(offered(a_request("openid profile"), ended, live)) == {"name": "Anaïs Peeters"}


@pytest.mark.parametrize(("scope", "name"), [("egovnrn", "egovNRN"), ("be:rrn", RRN)])
def test_the_national_number_is_answered_by_the_name_that_was_asked(scope: str, name: str) -> None:
    made = offered(a_request(f"openid {scope}"), EVERYTHING)
    assert values(made) == {name: "85073003328", "rrn_type": "national"}


@pytest.mark.parametrize("listed", ["rrn", "egovNRN", RRN])
def test_a_purpose_may_name_the_number_by_any_of_its_names(listed: str) -> None:
    purpose = entitles(listed, authorisation="RR 1")
    assert values(offered(a_request("openid egovnrn"), purpose)) == {"egovNRN": "85073003328"}


def test_the_national_number_needs_an_authorisation_in_force() -> None:
    request = a_request("openid be:rrn")
    assert offered(request, entitles("rrn", "rrn_type")) == ()
    assert offered(request, entitles("rrn", authorisation="RR 1", expires_at=START)) == ()


def test_each_name_of_one_fact_is_answered() -> None:
    asked = (ClaimRequest(name="rrn"), ClaimRequest(name="egovNRN"))
    made = offered(a_request(id_token_claims=asked), EVERYTHING)
    assert values(made) == {"rrn": "85073003328", "egovNRN": "85073003328"}


def test_the_claims_parameter_says_where_and_how_much() -> None:
    request = a_request(
        "openid profile",
        id_token_claims=(ClaimRequest(name="name", essential=True),),
        userinfo_claims=(ClaimRequest(name="given_name", essential=True),),
    )
    made = {
        offer.name: (offer.essential, offer.places)
        for offer in offered(request, entitles("name", "given_name", "family_name"))
    }
    assert made == {
        "name": (True, {"userinfo", "id_token"}),
        "given_name": (True, {"userinfo"}),
        "family_name": (False, {"userinfo"}),
    }


def test_a_claim_asked_with_another_value_is_left_out_of_that_place() -> None:
    right = ClaimRequest(name="name", values=(canonical_json("Anaïs Peeters"),))
    wrong = ClaimRequest(name="name", values=('"Bob"',))
    both = a_request(id_token_claims=(wrong,), userinfo_claims=(right,))
    assert [offer.places for offer in offered(both, EVERYTHING)] == [{"userinfo"}]
    assert offered(a_request(id_token_claims=(wrong,)), EVERYTHING) == ()


def test_a_card_login_gives_what_the_certificate_proves_and_no_more() -> None:
    made = offered(a_request("openid be:eid"), EVERYTHING, event=a_card_login())
    assert values(made) == {
        "issuing_country": "BE",
        "valid_from": "2026-02-20T12:00:00Z",
        "valid_to": "2026-03-10T12:00:00Z",
        "card_generation": "ec-p384",
        "certificate_serial": "10ff",
    }
    assert offered(a_request("openid be:eid"), EVERYTHING) == ()


def test_a_card_login_has_no_birth_date_address_or_mail() -> None:
    request = a_request("openid profile email phone address")
    made = offered(request, EVERYTHING, event=a_card_login())
    assert set(values(made)) == {"name", "given_name", "family_name", "updated_at"}


def test_a_seeded_person_has_standard_claims_in_their_types() -> None:
    person = an(
        email="an@example.org",
        email_verified=True,
        phone_number="+32 2 555 12 12",
        phone_number_verified="yes",
        address={"locality": "Luik"},
        birthdate="1985-07-30",
        nickname=7,
        website="",
    )
    made = values(
        offered(a_request("openid profile email phone address"), EVERYTHING, person=person)
    )
    assert made == {
        "name": "Anaïs Peeters",
        "given_name": "Anaïs",
        "family_name": "Peeters",
        "birthdate": "1985-07-30",
        "updated_at": int(START.timestamp()),
        "email": "an@example.org",
        "email_verified": True,
        "phone_number": "+32 2 555 12 12",
        "phone_number_verified": False,
        "address": {"locality": "Luik"},
    }


def test_nothing_is_said_verified_of_what_is_not_there() -> None:
    person = an(email_verified=True, address="Luik")
    assert offered(a_request("openid email address"), EVERYTHING, person=person) == ()


def missing(client: Client, *asked: ClaimRequest) -> tuple[str, ...]:
    request = a_request("openid profile", userinfo_claims=asked)
    made = offers(request, client, an(), an_event(), now=START, issuer=ISSUER)
    return missing_essential(request, client, made, now=START, issuer=ISSUER)


def test_an_essential_claim_is_missed_only_by_who_is_entitled_to_it() -> None:
    birthdate = ClaimRequest(name="birthdate", essential=True)
    entitled = a_client(purposes=(EVERYTHING,))
    assert missing(entitled, birthdate) == ("birthdate",)
    assert missing(a_client(purposes=(entitles("name"),)), birthdate) == ()
    assert missing(entitled, ClaimRequest(name="name", essential=True)) == ()
    assert missing(entitled, ClaimRequest(name="birthdate")) == ()
    assert missing(entitled, ClaimRequest(name="shoe_size", essential=True)) == ()


def test_only_what_was_agreed_leaves_each_to_its_place() -> None:
    request = a_request("openid profile", id_token_claims=(ClaimRequest(name="given_name"),))
    made = offered(request, EVERYTHING)
    assert granted(made, ("given_name", "name")) == (
        {"given_name": "Anaïs"},
        {"name": "Anaïs Peeters", "given_name": "Anaïs"},
    )
    assert granted(made, ()) == ({}, {})
    assert granted(made, ("rrn", "address")) == ({}, {})


def test_values_are_not_shown_by_a_trace() -> None:
    assert "Peeters" not in repr(offered(a_request("openid profile"), EVERYTHING))


def test_only_what_can_be_given_is_advertised() -> None:
    card_only = claims_supported(issuer=ISSUER, seeded=False)
    assert {"sub", "name", RRN, "egovNRN", "rrn", "certificate_serial"} <= set(card_only)
    assert {"birthdate", "address", "picture", "age_over_18", "age_gte_18"} <= set(card_only)
    assert not {"locale", "phone_number", "email"} & set(card_only)
    assert {"birthdate", "address", "email"} <= set(claims_supported(issuer=ISSUER, seeded=True))
    assert not {"email", "phone"} & set(scopes_supported(seeded=False))
    assert {"address", "be:birth", "be:photo", "be:age"} <= set(scopes_supported(seeded=False))
    assert {"openid", "profile", "address", "email", "phone"} <= set(scopes_supported(seeded=True))


def test_every_claim_of_every_scope_stands_for_a_fact() -> None:
    for scope in scopes_supported(seeded=True):
        for name in scope_claims(scope, issuer=ISSUER):
            assert fact_of(name, issuer=ISSUER) in FACTS
    assert scope_claims("unheard-of", issuer=ISSUER) == ()
    assert fact_of("https://other.example/claims/rrn", issuer=ISSUER) is None
