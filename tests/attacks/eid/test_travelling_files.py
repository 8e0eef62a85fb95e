"""EID-28, EID-30 and PII at the login: files that were taken, mixed, stripped, swollen or added.

Each attack answers a real challenge with a real PIN of the attacker's own card; what varies is what
travels beside the token.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from cardreader.server import FileSet
from idp.domain.client import Purpose
from idp.domain.event import CardEvidence
from idp.domain.request import ClaimRequest
from idp.errors import (
    CARD_COPIED,
    CARD_FILES_ALTERED,
    CARD_FILES_NEEDED,
    CARD_FILES_OF_ANOTHER,
    CARD_FILES_REFUSED,
    CARD_PHOTO_WRONG,
    CARD_REGISTER_UNTRUSTED,
    CARD_SIGNATURE_WRONG,
    CARD_TOKEN_MALFORMED,
)
from idp.login.flow import Page
from tests.unit.login.house import SHOP
from tests.world import holders, identity_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.errors import Problem
    from idp.login.flow import Turn
    from tests.unit.login.house import Browser, House

ALL = tuple(FileSet)
PURPOSE = Purpose(name="all", reason={"en": "All."}, claims=("birthdate", "address", "picture"))
NEIGHBOUR = dt.date(1990, 2, 3)


@pytest.fixture
def browser(house: House) -> Browser:
    """A browser at the card's page of a service that is told of birthday, address and photo."""
    house.register(SHOP, purposes=(PURPOSE,))
    found = house.browser()
    claims = tuple(ClaimRequest(name=name) for name in PURPOSE.claims)
    found.open(userinfo_claims=claims)
    found.choose(found.turn.methods[0])  # type: ignore[union-attr] # just opened
    return found


def answered(browser: Browser, sets: tuple[FileSet, ...] = ALL, **other: Any) -> dict[str, Any]:
    return identity_files.answer(
        holders.soft_card(), **{"nonce": str(browser.tx.challenge), "sets": sets, **other}
    )


def of_neighbour(browser: Browser) -> dict[str, str]:
    """The files of another citizen's card, which answered the same challenge with its own PIN."""
    card = identity_files.adult(born=NEIGHBOUR)
    found = identity_files.answer(card, nonce=str(browser.tx.challenge), sets=ALL)
    files: dict[str, str] = found["files"]
    return files


def send(browser: Browser, answer: object) -> Turn:
    return browser.answer(json.dumps(answer))


def flipped(text: str) -> str:
    content = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    content[20] ^= 1
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def test_the_control_is_let_in(browser: Browser) -> None:
    turn = send(browser, answered(browser))
    assert (turn.page, turn.trouble) == (Page.CONSENT, None)
    assert {offer.name for offer in turn.offers} == set(PURPOSE.claims)


def test_eid_28_the_files_of_another_card_are_refused(browser: Browser) -> None:
    answer = answered(browser)
    answer["files"] = of_neighbour(browser)
    turn = send(browser, answer)
    assert turn.trouble is CARD_FILES_OF_ANOTHER
    assert browser.session is None


def taken(browser: Browser) -> dict[str, str]:
    """The citizen's own files and a chip's answer, as another login of theirs sent them."""
    earlier = answered(browser, nonce="A" * 43 + "=")
    files: dict[str, str] = earlier["files"]
    return files


def test_a_copied_data_set_is_refused_however_true_it_is(browser: Browser) -> None:
    answer = answered(browser)
    answer["files"] = taken(browser)
    assert send(browser, answer).trouble is CARD_COPIED


def test_an_answer_of_the_chip_for_another_website_is_worth_nothing(browser: Browser) -> None:
    answer = answered(browser)
    other = answered(browser, origin="https://evil.example")
    answer["files"] = other["files"]
    assert send(browser, answer).trouble is CARD_COPIED


def test_a_data_set_without_the_chips_answer_is_refused(browser: Browser) -> None:
    answer = answered(browser)
    del answer["files"]["chipAnswer"]
    assert send(browser, answer).trouble is CARD_COPIED


def without(*names: str) -> Callable[[dict[str, str], dict[str, str]], None]:
    def spoil(files: dict[str, str], other: dict[str, str]) -> None:
        del other
        for name in names:
            del files[name]

    return spoil


def changed(name: str) -> Callable[[dict[str, str], dict[str, str]], None]:
    def spoil(files: dict[str, str], other: dict[str, str]) -> None:
        del other
        files[name] = flipped(files[name])

    return spoil


def of_another(*names: str) -> Callable[[dict[str, str], dict[str, str]], None]:
    def spoil(files: dict[str, str], other: dict[str, str]) -> None:
        for name in names:
            files[name] = other[name]

    return spoil


def with_other(name: str, text: str) -> Callable[[dict[str, str], dict[str, str]], None]:
    def spoil(files: dict[str, str], other: dict[str, str]) -> None:
        del other
        files[name] = text

    return spoil


SPOILS: dict[str, tuple[Callable[[dict[str, str], dict[str, str]], None], Problem]] = {
    "identity changed": (changed("identity"), CARD_FILES_ALTERED),
    "address changed": (changed("address"), CARD_FILES_ALTERED),
    "address of another": (of_another("address", "addressSignature"), CARD_FILES_ALTERED),
    "photo of another": (with_other("photo", "_9j_MA"), CARD_PHOTO_WRONG),
    "identity without signature": (without("identitySignature"), CARD_FILES_REFUSED),
    "address without signature": (without("addressSignature"), CARD_FILES_REFUSED),
    "no register": (without("registerCertificate"), CARD_FILES_REFUSED),
    "register of nobody": (with_other("registerCertificate", "MAA"), CARD_REGISTER_UNTRUSTED),
    "card key of another": (of_another("cardKey"), CARD_COPIED),
    "no card key": (without("cardKey"), CARD_COPIED),
    "swollen photo": (with_other("photo", "A" * 40000), CARD_FILES_REFUSED),
    "another version": (with_other("format", "sesame-files:2"), CARD_FILES_REFUSED),
    "one file more": (with_other("signatureCertificate", "AA"), CARD_FILES_REFUSED),
}


@pytest.mark.parametrize("name", sorted(SPOILS))
def test_spoiled_files_refuse_the_whole_answer_with_their_own_page(
    browser: Browser, name: str
) -> None:
    spoil, problem = SPOILS[name]
    answer = answered(browser)
    spoil(answer["files"], of_neighbour(browser))
    turn = send(browser, answer)
    assert (turn.page, turn.trouble) == (Page.CARD, problem)
    assert browser.session is None


def test_good_files_do_not_carry_a_token_that_another_card_signed(browser: Browser) -> None:
    answer = answered(browser)
    answer["token"]["signature"] = answered(browser, nonce="B" * 43 + "=")["token"]["signature"]
    assert send(browser, answer).trouble is CARD_SIGNATURE_WRONG


def test_a_swollen_answer_is_refused_before_it_is_read(browser: Browser) -> None:
    answer = answered(browser)
    answer["token"]["padding"] = "x" * 57344
    assert send(browser, answer).trouble is CARD_TOKEN_MALFORMED


def test_pii_files_that_the_purpose_does_not_name_are_not_kept(house: House) -> None:
    house.register(SHOP, purposes=(Purpose(name="b", reason={"en": "B."}, claims=("birthdate",)),))
    browser = house.browser()
    browser.open(userinfo_claims=tuple(ClaimRequest(name=name) for name in PURPOSE.claims))
    browser.choose(browser.turn.methods[0])  # type: ignore[union-attr] # just opened
    answer = answered(browser)
    answer["files"]["photo"] = flipped(answer["files"]["photo"])  # not even looked at
    turn = send(browser, answer)
    assert [offer.name for offer in turn.offers] == ["birthdate"]
    session = house.session(browser)
    assert session is not None
    assert isinstance(session.event.evidence, CardEvidence)
    assert session.event.evidence.facts == {"birthdate": "1985-07-30"}
    assert "Leuven" not in repr(session) + repr(turn)


@pytest.mark.parametrize("sets", [(), (FileSet.IDENTITY,)])
def test_files_stripped_on_their_way_end_in_advice_not_in_a_lesser_login(
    house: House, sets: tuple[FileSet, ...]
) -> None:
    house.register(SHOP, purposes=(PURPOSE,))
    browser = house.browser()
    browser.open(userinfo_claims=(ClaimRequest(name="address", essential=True),))
    browser.choose(browser.turn.methods[0])  # type: ignore[union-attr] # just opened
    turn = send(browser, answered(browser, sets))
    assert turn.trouble is CARD_FILES_NEEDED
    assert browser.session is None


def test_the_refusals_of_files_name_nobody(house: House, browser: Browser) -> None:
    answer = answered(browser)
    answer["files"] = of_neighbour(browser)
    send(browser, answer)
    assert house.events()[-1]["details"] == {"reason": "card_files_of_another"}
    assert holders.NUMBER not in json.dumps(house.events())
