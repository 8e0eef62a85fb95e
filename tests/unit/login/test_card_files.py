"""Files that travel with the token: what they give, to whom, and what is left of them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from cardreader.server import FileSet
from idp.domain.answer import RefusedToClient
from idp.domain.assurance import Assurance
from idp.domain.client import Purpose
from idp.domain.event import CardEvidence, MethodName
from idp.domain.request import ClaimRequest, Prompt
from idp.errors import (
    AGE_NOT_REACHED,
    CARD_FILES_NEEDED,
    DOCUMENT_NOT_ACCEPTED,
    INTERACTION_REQUIRED,
)
from idp.login.flow import Page
from tests.unit.login.house import AN, SHOP, TOWN
from tests.world import holders, identity_files, tokens

if TYPE_CHECKING:
    from cardreader.sim.card import SoftCard
    from idp.login.flow import Turn
    from tests.unit.login.house import Browser, House

MOVING = Purpose(
    name="moving", reason={"en": "To register you."}, claims=("birthdate", "address", "picture")
)
ALL = tuple(FileSet)


def asking(*names: str, essential: bool = False) -> tuple[ClaimRequest, ...]:
    return tuple(ClaimRequest(name=name, essential=essential) for name in names)


def card_with(browser: Browser, sets: tuple[FileSet, ...], card: SoftCard | None = None) -> Turn:
    """Answer with a card whose agent sends these sets."""
    if browser.tx.method is not MethodName.CARD or browser.tx.challenge is None:
        browser.choose(MethodName.CARD)
    given = identity_files.answer(
        card or holders.soft_card(), nonce=str(browser.tx.challenge), sets=sets
    )
    return browser.answer(json.dumps(given))


def evidence(house: House, browser: Browser) -> CardEvidence:
    session = house.session(browser)
    assert session is not None
    found = session.event.evidence
    assert isinstance(found, CardEvidence)
    return found


def test_what_a_purpose_names_is_offered_with_its_value(house: House) -> None:
    house.register(SHOP, purposes=(MOVING,))
    browser = house.browser()
    turn = browser.open(userinfo_claims=asking("birthdate", "address", "picture"))
    turn = browser.choose(MethodName.CARD)
    assert turn.reading is not None
    assert turn.reading.files == ALL
    turn = card_with(browser, ALL)
    assert turn.page is Page.CONSENT
    values: dict[str, Any] = {offer.name: offer.value for offer in turn.offers}
    assert values["birthdate"] == "1985-07-30"
    assert values["address"] == {
        "formatted": "Sint-Jansstraat 7 b 3\n3000 Leuven",
        "street_address": "Sint-Jansstraat 7 b 3",
        "postal_code": "3000",
        "locality": "Leuven",
    }
    assert str(values["picture"]).startswith("data:image/jpeg;base64,/9j/")


def test_only_what_was_agreed_is_in_the_grant_and_its_event_is_bare(house: House) -> None:
    house.register(SHOP, purposes=(MOVING,))
    browser = house.browser()
    browser.open(userinfo_claims=asking("birthdate", "address"))
    card_with(browser, ALL)
    done = browser.agree("birthdate")
    grant = house.grant_of(done.answer)
    assert grant.userinfo_claims == {"birthdate": "1985-07-30"}
    assert grant.event.evidence.facts == {}
    assert browser.tx.event is not None
    assert isinstance(browser.tx.event.evidence, CardEvidence)
    assert browser.tx.event.evidence.facts == {}


def test_files_that_no_purpose_names_are_dropped_unread(house: House) -> None:
    browser = house.browser()
    browser.open(userinfo_claims=asking("birthdate", "address"))
    turn = card_with(browser, ALL)
    assert turn.offers == ()
    kept = evidence(house, browser)
    assert (kept.files, kept.facts) == ((), {})


def test_of_the_files_only_what_was_asked_is_kept(house: House) -> None:
    house.register(SHOP, purposes=(MOVING,))
    browser = house.browser()
    browser.open(userinfo_claims=asking("birthdate"))
    card_with(browser, ALL)
    kept = evidence(house, browser)
    assert (kept.files, kept.facts) == (("identity",), {"birthdate": "1985-07-30"})


def test_an_age_is_told_without_the_birthday(house: House) -> None:
    purpose = Purpose(name="age", reason={"en": "Age."}, claims=("age_over_18", "age_over_65"))
    house.register(SHOP, purposes=(purpose,))
    browser = house.browser()
    browser.open(id_token_claims=asking("age_over_18", "age_over_65"))
    turn = card_with(browser, (FileSet.IDENTITY,))
    assert {offer.name: offer.value for offer in turn.offers} == {
        "age_over_18": True,
        "age_over_65": False,
    }
    assert set(evidence(house, browser).facts) == {"age_over_18", "age_over_65"}


def test_pii_09_a_picture_asked_in_the_id_token_goes_to_userinfo(house: House) -> None:
    house.register(SHOP, purposes=(MOVING,))
    browser = house.browser()
    browser.open(id_token_claims=asking("picture", "birthdate"))
    card_with(browser, ALL)
    grant = house.grant_of(browser.agree("picture", "birthdate").answer)
    assert set(grant.id_token_claims) == {"birthdate"}
    assert set(grant.userinfo_claims) == {"picture"}


def test_an_essential_claim_without_files_ends_in_advice_and_keeps_nothing(house: House) -> None:
    house.register(SHOP, purposes=(MOVING,))
    browser = house.browser()
    browser.open(userinfo_claims=asking("birthdate", essential=True))
    turn = card_with(browser, ())
    assert (turn.page, turn.trouble) == (Page.CARD, CARD_FILES_NEEDED)
    assert browser.session is None
    assert house.audited() == ["login.refused"]
    assert card_with(browser, ALL).page is Page.CONSENT


def test_a_stripped_address_is_asked_for_again(house: House) -> None:
    house.register(SHOP, purposes=(MOVING,))
    browser = house.browser()
    browser.open(userinfo_claims=asking("address", essential=True))
    assert card_with(browser, (FileSet.IDENTITY,)).trouble is CARD_FILES_NEEDED


def test_a_voluntary_claim_without_files_is_absent_and_the_login_goes_on(house: House) -> None:
    house.register(SHOP, purposes=(MOVING,))
    browser = house.browser()
    browser.open(userinfo_claims=asking("birthdate"))
    turn = card_with(browser, ())
    assert (turn.page, turn.offers) == (Page.CONSENT, ())


def test_a_session_without_the_files_asks_the_card_again_where_they_are_needed(
    house: House,
) -> None:
    house.register(TOWN, purposes=(MOVING,))
    browser = house.browser()
    browser.open()
    card_with(browser, ())
    wanted = {"name": TOWN, "userinfo_claims": asking("birthdate", essential=True)}
    assert browser.open(**wanted).page is Page.CHOOSE
    assert card_with(browser, (FileSet.IDENTITY,)).page is Page.CONSENT
    house.register(SHOP, minimum_age=18)
    with pytest.raises(RefusedToClient) as refused:
        browser.open(prompts=(Prompt.NONE,))
    assert refused.value.problem is INTERACTION_REQUIRED


# --- rules ---------------------------------------------------------------------------------------


def test_an_adult_with_files_enters_where_adults_only_may(house: House) -> None:
    house.register(SHOP, minimum_age=18)
    browser = house.browser()
    opened = browser.open()
    assert (opened.page, opened.methods) == (Page.CARD, (MethodName.CARD,))
    turn = card_with(browser, (FileSet.IDENTITY,))
    assert (turn.page, turn.offers) == (Page.CONSENT, ())
    assert evidence(house, browser).facts == {"age_over_18": True}


def test_nobody_enters_there_without_files(house: House) -> None:
    house.register(SHOP, minimum_age=18)
    browser = house.browser()
    browser.open()
    assert card_with(browser, ()).trouble is CARD_FILES_NEEDED
    assert browser.session is None


@pytest.mark.parametrize("sets", [(), (FileSet.IDENTITY,)])
def test_eid_30_a_child_is_refused_by_its_number_or_by_its_file(
    house: House, sets: tuple[FileSet, ...]
) -> None:
    house.register(SHOP, minimum_age=18)
    browser = house.browser()
    browser.open()
    child = identity_files.kid(born=dt.date(2018, 5, 9))
    turn = card_with(browser, sets, child)
    assert (turn.page, turn.trouble) == (Page.CARD, AGE_NOT_REACHED)
    assert browser.session is None
    assert house.audited() == ["login.refused"]


def test_pii_19_the_day_one_becomes_adult_is_the_one_in_brussels(house: House) -> None:
    house.register(SHOP, minimum_age=18)
    tomorrow = house.now().date() + dt.timedelta(days=1)
    nearly = identity_files.adult(born=tomorrow.replace(year=tomorrow.year - 18))
    for hour, page, trouble in ((20, Page.CARD, AGE_NOT_REACHED), (23, Page.CONSENT, None)):
        house.world.now = house.now().replace(hour=hour)
        browser = house.browser()
        browser.open()
        turn = card_with(browser, (FileSet.IDENTITY,), nearly)
        assert (turn.page, turn.trouble) == (page, trouble)


def test_a_childs_card_has_its_own_amr_and_is_never_an_adults(house: House) -> None:
    purpose = Purpose(
        name="school", reason={"en": "School."}, claims=("age_over_12", "document_type")
    )
    house.register(SHOP, purposes=(purpose,))
    browser = house.browser()
    browser.open(id_token_claims=asking("age_over_12", "document_type"))
    turn = card_with(browser, (FileSet.IDENTITY,), identity_files.kid(born=dt.date(2018, 5, 9)))
    assert {offer.name: offer.value for offer in turn.offers} == {
        "age_over_12": False,
        "document_type": "kids-citizen",
    }
    session = house.session(browser)
    assert session is not None
    assert session.event.amr == ("sc", "pin", "mfa", "be:kids-eid")


def test_a_document_that_is_not_accepted_is_refused(house: House) -> None:
    house.register(SHOP, accepted_documents=("citizen", "foreigner"))
    browser = house.browser()
    browser.open()
    child = identity_files.kid(born=dt.date(2018, 5, 9))
    assert card_with(browser, (FileSet.IDENTITY,), child).trouble is DOCUMENT_NOT_ACCEPTED
    assert card_with(browser, (FileSet.IDENTITY,)).page is Page.CONSENT


def test_a_childs_session_opens_nothing_for_adults(house: House) -> None:
    house.register(TOWN, minimum_age=18)
    browser = house.browser()
    browser.open()
    card_with(browser, (), identity_files.kid(born=dt.date(2018, 5, 9)))
    turn = browser.open(name=TOWN)
    assert (turn.page, turn.trouble) == (Page.CARD, AGE_NOT_REACHED)


def test_the_means_that_bring_no_files_are_not_offered_where_a_rule_needs_them(
    house: House,
) -> None:
    house.register(SHOP, minimum_age=18)
    browser = house.browser()
    browser.login(name=TOWN)
    session = house.session(browser)
    assert session is not None
    assert session.event.person == AN
    turn = browser.open()
    assert (turn.page, turn.methods, turn.trouble) == (Page.CARD, (MethodName.CARD,), None)


def test_the_names_of_the_claims_are_those_of_the_certificate_still(house: House) -> None:
    browser = house.browser()
    browser.open(scopes=("openid", "profile"))
    turn = browser.card(tokens.card())
    assert [offer.name for offer in turn.offers] == ["given_name", "family_name"]


@pytest.mark.parametrize(
    ("rule", "essential", "offered"),
    [
        (None, False, {MethodName.MOBILE, MethodName.CARD, MethodName.SEEDED}),
        (None, True, {MethodName.CARD, MethodName.SEEDED}),
        (18, False, {MethodName.CARD}),
    ],
)
def test_a_phone_is_not_offered_where_the_cards_files_are_needed(
    house: House, rule: int | None, *, essential: bool, offered: set[MethodName]
) -> None:
    house.register(SHOP, purposes=(MOVING,), minimum_age=rule)
    browser = house.browser()
    turn = browser.open(userinfo_claims=asking("birthdate", essential=essential))
    phone = SimpleNamespace(name=MethodName.MOBILE, ceiling=Assurance.HIGH, resistant=False)
    gatherer = house.flow._gather
    with_phone = replace(gatherer, means=(phone, *gatherer.means))
    assert set(with_phone.methods(turn.tx, turn.client)) == offered
