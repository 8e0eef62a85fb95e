"""People: found by what was proven, sealed at rest, known to a sector by one subject."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.domain.consent import Consent
from idp.domain.person import Attributes, PersonId, PersonState, Sector, SubjectId
from idp.store.ports import Duplicate
from tests.contract.store.stand_ins import AN, MINUTE, SHOP, START, a_person

if TYPE_CHECKING:
    from idp.store.ports import Ledger


def test_a_person_is_found_by_every_name_they_have(peopled: Ledger) -> None:
    with peopled.read() as unit:
        assert unit.people.get(AN) == a_person()
        assert unit.people.find_by_number("85073003328") == a_person()
        assert unit.people.find_by_username("an") == a_person()
        assert unit.people.find_by_number("85073003329") is None
        assert unit.people.find_by_username("An") is None
        assert unit.people.get(PersonId("nobody")) is None


@pytest.mark.parametrize(
    ("key", "number", "username"),
    [(AN, "1", "x"), ("other", "85073003328", "x"), ("other", "1", "an")],
)
def test_nobody_takes_anothers_name(peopled: Ledger, key: str, number: str, username: str) -> None:
    with pytest.raises(Duplicate), peopled.begin() as unit:
        unit.people.add(a_person(key, number), username=username)


def test_people_without_numbers_are_many(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.people.add(a_person("one", None))
        unit.people.add(a_person("two", None))


def test_a_renewed_number_finds_the_same_person(peopled: Ledger) -> None:
    later = START + timedelta(days=1)
    renewed = Attributes(given_name="Anna", national_number="85073003427")
    with peopled.begin() as unit:
        unit.people.renew(AN, renewed, at=later)
    with peopled.read() as unit:
        assert unit.people.find_by_number("85073003328") is None
        found = unit.people.find_by_number("85073003427")
    assert found == replace(a_person(), attributes=renewed, updated_at=later)


def test_renewing_without_a_number_keeps_the_person_findable(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.people.renew(AN, Attributes(given_name="Anna"), at=START)
    with peopled.read() as unit:
        found = unit.people.find_by_number("85073003328")
    assert found is not None
    assert found.id == AN


def test_a_renewal_never_takes_anothers_number(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.people.add(a_person("other", "1"))
    with pytest.raises(Duplicate), peopled.begin() as unit:
        unit.people.renew(AN, Attributes(national_number="1"), at=START)
    with peopled.read() as unit:
        assert unit.people.get(AN) == a_person()


def test_a_state_changes_and_the_attributes_stay(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.people.set_state(AN, PersonState.LOCKED, at=START + MINUTE)
    with peopled.read() as unit:
        assert unit.people.get(AN) == replace(
            a_person(), state=PersonState.LOCKED, updated_at=START + MINUTE
        )


def test_a_sector_knows_a_person_by_the_first_subject_given(peopled: Ledger) -> None:
    tax, health = Sector("tax.example"), Sector("health.example")
    with peopled.begin() as unit:
        assert unit.people.subject(AN, tax, candidate=SubjectId("s1")) == "s1"
        assert unit.people.subject(AN, tax, candidate=SubjectId("s2")) == "s1"
        assert unit.people.subject(AN, health, candidate=SubjectId("s3")) == "s3"
    with peopled.begin() as unit:
        assert unit.people.subject(AN, tax, candidate=SubjectId("s4")) == "s1"


def test_a_known_subject_is_read_without_writing(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.people.subject(AN, Sector("tax.example"), candidate=SubjectId("s1"))
    with peopled.read() as unit:
        assert unit.people.subject(AN, Sector("tax.example"), candidate=SubjectId("s2")) == "s1"


def test_a_subject_never_stands_for_two_people(peopled: Ledger) -> None:
    tax = Sector("tax.example")
    with peopled.begin() as unit:
        unit.people.add(a_person("other", None))
        unit.people.subject(AN, tax, candidate=SubjectId("s1"))
    with pytest.raises(Duplicate), peopled.begin() as unit:
        unit.people.subject(PersonId("other"), tax, candidate=SubjectId("s1"))


def test_a_consent_is_remembered_replaced_and_withdrawn(peopled: Ledger) -> None:
    first = Consent(person=AN, client=SHOP, claims=("family_name", "given_name"), agreed_at=START)
    second = replace(first, claims=("given_name",), agreed_at=START + MINUTE)
    with peopled.begin() as unit:
        assert unit.consents.get(AN, SHOP) is None
        unit.consents.put(first)
    with peopled.begin() as unit:
        assert unit.consents.get(AN, SHOP) == first
        unit.consents.put(second)
        assert unit.consents.get(AN, SHOP) == second
        unit.consents.withdraw(AN, SHOP, at=START + 2 * MINUTE)
        unit.consents.withdraw(AN, SHOP, at=START + 3 * MINUTE)
        assert unit.consents.get(AN, SHOP) == replace(second, withdrawn_at=START + 2 * MINUTE)
        unit.consents.put(first)
        assert unit.consents.get(AN, SHOP) == first
