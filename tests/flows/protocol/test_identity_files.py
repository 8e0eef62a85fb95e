"""Signed files over real HTTP: read by purpose, refused by rule, and nothing of them left over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.world.client import REASON, walk
from tests.world.scripted_card import answer_for, choose_card, sign_with_card

if TYPE_CHECKING:
    from tests.world.client import Client
    from tests.world.scripted import Browser, Page
    from tests.world.shops import Shops

MOVING = {"name": "moving", "reason": REASON, "claims": ["birthdate", "address", "picture"]}
WANTED = json.dumps(
    {"userinfo": {"birthdate": {"essential": True}, "address": None, "picture": None}}
)
SCOPE = "openid be:age"
SECRETS = ("Avenue du Neuf", "1982-12-03")


@pytest.fixture(scope="module")
def mover(made: Shops) -> Client:
    """A client that registers people who moved."""
    return made.add("mover", changes={"purposes": [MOVING], "scope": SCOPE})


@pytest.fixture(scope="module")
def wine(made: Shops) -> Client:
    """A client for adults."""
    return made.add("wine", changes={"purposes": None, "scope": SCOPE, "minimum_age": 18})


def show(made: Shops, page: Page, card: str, **how: Any) -> Page:
    world = made.world.world
    return sign_with_card(choose_card(page), world.card(card), pin=world.people.pin, **how)


def test_what_the_purpose_names_comes_from_the_verified_files(
    made: Shops, mover: Client, browser: Browser
) -> None:
    page, asked = mover.open(browser, scope="openid", claims=WANTED)
    page = choose_card(page)
    assert page.attribute("card", "data-files") == "identity address photo"
    assert json.loads(page.attribute("card", "data-reasons")) == ["For the tests."]
    page = walk(show(made, page, "moved"), remember=False)
    tokens = mover.answered(page, asked).tokens()
    told = tokens.info()
    assert told["birthdate"] == "1982-12-03"
    assert told["address"]["formatted"] == "Avenue du Neuf 44 bte 2\n1050 Ixelles"
    assert told["picture"].startswith("data:image/jpeg;base64,/9j/")
    assert not {"birthdate", "address", "picture"} & tokens.claims.keys()
    log = made.world.log()
    assert [secret for secret in SECRETS if secret in log] == []
    stores = made.world.deployment.folder.glob("*.sqlite*")
    kept = b"".join(path.read_bytes() for path in stores)
    assert [secret for secret in SECRETS if secret.encode() in kept] == []


def test_a_citizen_who_refuses_the_address_keeps_it(
    made: Shops, mover: Client, browser: Browser
) -> None:
    page, asked = mover.open(browser, scope="openid", claims=WANTED)
    page = show(made, page, "moved")
    page = page.form("consent").submit(**{"claim.address": None, "claim.picture": None})
    told = mover.answered(page, asked).tokens().info()
    assert told.keys() == {"sub", "birthdate"}


def test_software_that_sends_no_files_ends_in_advice(
    made: Shops, mover: Client, browser: Browser
) -> None:
    page, _ = mover.open(browser, scope="openid", claims=WANTED)
    page = show(made, page, "moved", extension=True)
    assert "This service needs data from your card" in page.text
    assert "Sesame card agent" in page.text
    assert show(made, page, "moved").has("agree")


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("signature-wrong", "not those of the National Register"),
        ("photo-swapped", "not the one that belongs to it"),
        ("address-of-another", "not those of the National Register"),
        ("copied", "answer is not right"),
        ("oldest-hashes", "not those of the National Register"),
    ],
)
def test_every_spoiled_card_of_the_country_has_its_page(
    made: Shops, mover: Client, browser: Browser, card: str, words: str
) -> None:
    page, _ = mover.open(browser, scope="openid", claims=WANTED)
    page = show(made, page, card)
    assert words in page.text
    assert not page.has("agree")


def test_a_copied_data_set_is_refused_over_http(
    made: Shops, mover: Client, browser: Browser
) -> None:
    world = made.world.world
    page, _ = mover.open(browser, scope="openid", claims=WANTED)
    page = choose_card(page)
    first = answer_for(page, world.card("moved"), pin=world.people.pin)
    page, _ = mover.open(browser, scope="openid", claims=WANTED)
    page = choose_card(page)
    second = answer_for(page, world.card("moved"), pin=world.people.pin)
    mixed = {**second, "files": first["files"]}
    page = page.form("card-answer").submit(token=json.dumps(mixed))
    assert "could not prove that these data are its own" in page.text


def test_a_swollen_answer_is_refused(made: Shops, mover: Client, browser: Browser) -> None:
    del made
    page, _ = mover.open(browser, scope="openid", claims=WANTED)
    form = choose_card(page).form("card-answer")
    assert form.submit(token="x" * 70_000).status == 413


def test_adults_enter_where_only_they_may_and_nothing_is_told_of_them(
    made: Shops, wine: Client, browser: Browser
) -> None:
    page, asked = wine.open(browser, scope="openid be:age")
    tokens = wine.answered(walk(show(made, page, "moved")), asked).tokens()
    assert tokens.info().keys() == {"sub"}


@pytest.mark.parametrize("extension", [False, True])
@pytest.mark.parametrize("card", ["kid", "foreign-kid"])
def test_children_do_not_and_the_service_learns_only_that_it_ended(
    made: Shops, wine: Client, browser: Browser, card: str, *, extension: bool
) -> None:
    page, asked = wine.open(browser, scope="openid")
    page = show(made, page, card, extension=extension)
    assert "This service is not for your age" in page.text
    over = wine.answered(page.press("cancel"), asked)
    assert over.parameters["error"] == "access_denied"
    assert over.parameters.keys() == {"error", "error_description", "state", "iss"}


def test_adults_without_files_do_not_either(made: Shops, wine: Client, browser: Browser) -> None:
    page, _ = wine.open(browser, scope="openid")
    page = show(made, page, "moved", extension=True)
    assert "This service needs data from your card" in page.text
