"""What a login reads of a card's files: what a purpose and the request both name, and rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cardreader.beid.carried import FileSet
from idp.domain.client import ClientId, Purpose
from idp.domain.reading import Reading, reading_of
from idp.domain.request import AuthorizationRequest, ClaimRequest, ResponseMode
from tests.contract.store.stand_ins import a_client

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ISSUER = "https://login.example"


def purpose(name: str, *claims: str, **more: Any) -> Purpose:
    return Purpose(name=name, reason={"en": f"For {name}."}, claims=claims, **more)


MOVING = purpose("moving", "birthdate", "address")


def reading(
    *purposes: Purpose, scope: str = "openid", essential: tuple[str, ...] = (), **client: Any
) -> Reading | None:
    request = AuthorizationRequest(
        client_id=ClientId("shop"),
        redirect_uri="https://shop.example/cb",
        response_mode=ResponseMode.QUERY,
        scopes=tuple(scope.split()),
        userinfo_claims=tuple(ClaimRequest(name=name, essential=True) for name in essential),
    )
    return reading_of(request, a_client(purposes=purposes, **client), now=NOW, issuer=ISSUER)


def test_nothing_is_read_where_nothing_was_asked_or_no_purpose_names_it() -> None:
    assert reading(MOVING) is None
    assert reading(scope="openid profile address be:birth be:photo be:age") is None
    assert reading(purpose("name", "given_name"), scope="openid profile address") is None


def test_what_is_asked_and_named_is_read_and_nothing_beside() -> None:
    found = reading(MOVING, scope="openid profile address be:photo")
    assert found is not None
    assert found.facts == {"birthdate", "address"}
    assert found.files == (FileSet.IDENTITY, FileSet.ADDRESS)
    assert [(one.purpose.name, set(one.claims)) for one in found.wanted] == [
        ("moving", {"birthdate", "address"})
    ]
    assert not found.needed


def test_the_photo_brings_the_identity_that_names_it() -> None:
    found = reading(purpose("badge", "picture"), scope="openid be:photo")
    assert found is not None
    assert found.files == (FileSet.IDENTITY, FileSet.PHOTO)


def test_a_purpose_that_ended_reads_nothing() -> None:
    ended = purpose("moving", "address", expires_at=NOW)
    assert reading(ended, scope="openid address") is None


def test_an_essential_claim_makes_the_files_needed() -> None:
    found = reading(MOVING, essential=("birthdate",))
    assert found is not None
    assert (found.needed, found.facts) == (True, {"birthdate"})


def test_an_age_asked_by_another_schemes_name_is_the_same_fact() -> None:
    found = reading(purpose("age", "age_over_18"), essential=("age_gte_18",))
    assert found is not None
    assert found.facts == {"age_over_18"}


def test_rules_read_what_they_judge_by_and_need_no_purpose() -> None:
    found = reading(minimum_age=17, accepted_documents=("citizen",))
    assert found is not None
    assert found.facts == found.rules == {"age_over_17", "document_type"}
    assert (found.needed, found.wanted, found.files) == (True, (), (FileSet.IDENTITY,))
