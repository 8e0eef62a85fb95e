"""A resource that wants the card: it refuses, the e-service asks again, the person steps up.

The resource does what the how-to says: it introspects and answers with a challenge (RFC 9470).
"""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client as Http

from cardreader.server import CardServer
from idp import services
from idp.domain.acting import Acting
from idp.domain.client import ClientAuth, ClientId, Secret
from idp.login.card import CardMethod
from tests.flows.phone.house import ISSUER, Browser, House, claims_of
from tests.unit.oidc.tokens.desk import SECRET, a_secret
from tests.world import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cardreader.trust.ports import FetchAnswer, FetchRequest

SUBSTANTIAL = "http://eidas.europa.eu/NotNotified/LoA/substantial"
HIGH = "http://eidas.europa.eu/NotNotified/LoA/high"
DEEDS = "https://deeds.example/"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The phones' house with the card of an in-memory country, and a register of deeds."""
    world = tokens.InMemoryWorld()

    def card(base: Any, *_: object) -> CardMethod:
        def fetch(request: FetchRequest) -> FetchAnswer:
            world.now = base.now()
            return world(request)

        server = CardServer(tokens.anchors(), fetch, now=base.now, entropy=base.entropy)
        return CardMethod(server, origin=tokens.ORIGIN, entropy=base.entropy)

    monkeypatch.setattr(services, "_card", card)
    made = House(tmp_path, more={"card": {"enabled": True}})
    made.at = world.now
    made.register(acting=Acting(targets=(DEEDS,)))
    with made.services.ledger.begin() as unit:
        unit.clients.add(
            made.client(
                id=ClientId("deeds"),
                auth=ClientAuth.SECRET_BASIC,
                secrets=(Secret(digest=a_secret().digest, expires_at=made.at + timedelta(days=9)),),
                acting=Acting(resources=(DEEDS,)),
            )
        )
    yield made
    made.close()


def by_card(browser: Browser) -> Browser:
    """Sign the challenge of the card page, as the extension does."""
    if "data-nonce" not in browser.page:
        browser.choose("card")
    (nonce,) = re.findall(r'data-nonce="([^"]+)"', browser.page)
    made = tokens.card()
    answer = tokens.members(made.authentication, made.authentication_key, nonce=nonce)
    return browser.submit("card/answer", token=json.dumps(answer))


def agreed(browser: Browser) -> dict[str, Any]:
    """The tokens, after the pages that may come in between."""
    if 'id="new-phone"' in browser.page:
        browser.submit("new-phone", said="later")
    if browser.answer.status_code == 200:
        browser.agree()
    return browser.tokens()


def asked_of_the_register(house: House, token: str) -> tuple[int, str]:
    """Ask the register of deeds for something that needs level high, and a login of today."""
    pair = base64.b64encode(f"deeds:{SECRET}".encode()).decode()
    said = Http(house.app).post(
        "/introspect",
        data={"token": token},
        headers={"Authorization": f"Basic {pair}"},
        base_url=ISSUER,
    )
    told = said.json
    assert told is not None
    if not told["active"] or told["aud"] != DEEDS:
        return 401, 'Bearer error="invalid_token"'
    challenge = 'Bearer error="insufficient_user_authentication"'
    if told["acr"] != HIGH:
        return 401, f'{challenge}, acr_values="{HIGH}"'
    if house.at.timestamp() - told["auth_time"] > 300:
        return 401, f'{challenge}, max_age="300"'
    return 200, ""


def wanted(challenge: str) -> dict[str, str]:
    return dict(re.findall(r'(acr_values|max_age)="([^"]+)"', challenge))


@pytest.mark.proves("step-up.resource")
def test_a_resource_refuses_a_login_by_phone_and_takes_the_card_that_it_asked_for(
    house: House,
) -> None:
    browser = by_card(house.browser().open())
    agreed(browser)
    with house.services.ledger.read() as unit:
        owner = unit.people.find_by_number(tokens.NUMBER)
    assert owner is not None
    phone = house.phone(of=owner.id)

    browser = house.browser().open(resource=DEEDS).choose("mobile").approved_by(phone)
    first = agreed(browser)
    assert claims_of(first)["acr"] == SUBSTANTIAL
    status, challenge = asked_of_the_register(house, first["access_token"])
    assert (status, wanted(challenge)) == (401, {"acr_values": HIGH})

    browser.open(resource=DEEDS, **wanted(challenge))
    second = agreed(by_card(browser))
    assert claims_of(second)["acr"] == HIGH
    assert claims_of(second)["sub"] == claims_of(first)["sub"]
    assert asked_of_the_register(house, second["access_token"]) == (200, "")
    assert asked_of_the_register(house, first["access_token"])[0] == 401

    house.wait(timedelta(seconds=301))
    status, challenge = asked_of_the_register(house, second["access_token"])
    assert (status, wanted(challenge)) == (401, {"max_age": "300"})
    browser.open(resource=DEEDS, acr_values=HIGH, **wanted(challenge))
    third = agreed(by_card(browser))
    assert claims_of(third)["auth_time"] > claims_of(second)["auth_time"]
    assert asked_of_the_register(house, third["access_token"]) == (200, "")


@pytest.mark.proves("step-up.own")
def test_userinfo_asks_for_the_card_once_the_registration_demands_it(house: House) -> None:
    agreed(by_card(house.browser().open()))
    with house.services.ledger.read() as unit:
        owner = unit.people.find_by_number(tokens.NUMBER)
    assert owner is not None
    browser = house.browser().open().choose("mobile").approved_by(house.phone(of=owner.id))
    first = agreed(browser)
    assert browser.userinfo(first["access_token"]) == 200
    house.register(minimum_acr=HIGH)
    refused = Http(house.app).get(
        "/userinfo",
        headers={"Authorization": f"Bearer {first['access_token']}"},
        base_url=ISSUER,
    )
    assert refused.status_code == 401
    challenge = refused.headers["WWW-Authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert wanted(challenge) == {"acr_values": HIGH}
    second = agreed(by_card(browser.open(**wanted(challenge))))
    assert browser.userinfo(second["access_token"]) == 200
