"""What a provider learns from a good card, of each generation and kind."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from cardreader.errors import ChallengeUnknown
from cardreader.token import OriginRefused
from tests.world import tokens
from tests.world.tokens import NOW, NUMBER, ORIGIN, Provider


@pytest.mark.parametrize(
    ("ca", "kind", "algorithm", "generation", "person"),
    [
        ("citizen-new", "ec-p384", "ES384", "1.8", "citizen"),
        ("citizen-new", "rsa-2048", "RS256", "1.7", "citizen"),
        ("citizen-old", "rsa-2048", "RS256", "1.7", "citizen"),
        ("citizen-old", "rsa-2048", "PS256", "1.7", "citizen"),
        ("foreigner-new", "ec-p384", "ES384", "1.8", "foreigner"),
    ],
)
def test_a_good_card_of_every_generation_is_verified(
    ca: str, kind: tokens.KeyKind, algorithm: Any, generation: str, person: str
) -> None:
    provider = Provider()
    found = provider.card(ca, kind, algorithm=algorithm)
    made = tokens.card(ca, kind).authentication
    assert (found.kind, found.generation, found.issuer) == (person, generation, ca)
    assert (found.given_names, found.surname) == ("Nora Élise", "Specimen")
    assert found.national_number == NUMBER
    assert found.serial == f"{made.serial_number:x}"
    assert found.algorithm == algorithm
    assert found.not_after == made.not_valid_after_utc
    assert found.checked.method == "ocsp"
    assert found.checked.this_update == NOW


def test_the_number_is_in_no_representation_of_the_verified_card() -> None:
    assert NUMBER not in repr(Provider().card())


def test_a_challenge_is_44_characters_and_lives_five_minutes() -> None:
    challenge = Provider().server.begin()
    assert len(challenge.nonce) == 44
    assert challenge.expires_at == NOW + dt.timedelta(minutes=5)
    assert challenge.nonce not in repr(challenge)


def test_an_expired_challenge_is_refused_before_anything_is_looked_at() -> None:
    provider = Provider()
    challenge = provider.server.begin()
    provider.world.now = NOW + dt.timedelta(minutes=5, seconds=1)
    with pytest.raises(ChallengeUnknown):
        provider.server.complete(challenge, "rubbish", origin=ORIGIN)


def test_unknown_members_and_later_minor_versions_are_tolerated() -> None:
    def change(token: dict[str, Any]) -> None:
        token.update(format="web-eid:1.1", action="x", unverifiedSigningCertificates=[{"a": 1}])

    assert Provider().card(change=change).surname == "Specimen"


def test_an_origin_that_is_not_in_its_signed_form_is_the_callers_mistake() -> None:
    provider = Provider()
    challenge = provider.server.begin()
    made = tokens.card()
    text = json.dumps(
        tokens.members(made.authentication, made.authentication_key, nonce=challenge.nonce)
    )
    with pytest.raises(OriginRefused):
        provider.server.complete(challenge, text, origin=ORIGIN + "/")


def test_a_person_without_given_name_is_read() -> None:
    made = tokens.country().issue(tokens.request(given_names=""))
    found = Provider().login(made.authentication, made.authentication_key)
    assert found.given_names == ""
