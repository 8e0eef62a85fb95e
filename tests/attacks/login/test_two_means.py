"""PII-15: what one means calls a person is no name at another means."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from idp.domain.person import PersonId
from idp.login.flow import Page
from tests.unit.login.house import AN
from tests.world import tokens

if TYPE_CHECKING:
    from tests.unit.login.house import House


@pytest.mark.parametrize("kind", ["username", "identifier", "family name"])
def test_a_seeded_person_named_like_somebodys_number_is_not_the_holder_of_that_card(
    house: House, kind: str
) -> None:
    number = tokens.NUMBER
    key = PersonId(number if kind == "identifier" else "impostor")
    made = house.person(key, "Impostor")
    if kind == "family name":
        made = replace(made, attributes=replace(made.attributes, family_name=number))
    with house.ledger.begin() as unit:
        unit.people.add(made, username=number if kind == "username" else "impostor")
    browser = house.browser()
    browser.open()
    assert browser.card().page is Page.CONSENT
    session = house.session(browser)
    assert session is not None
    assert session.event.person not in {key, AN}
    with house.ledger.read() as unit:
        holder = unit.people.find_by_number(number)
    assert holder is not None
    assert holder.id == session.event.person
