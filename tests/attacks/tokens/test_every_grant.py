"""Every grant type by every state of the account (TOK-08): one gate, and no path around it.

The table is made of what the token endpoint serves and of every state there is: a new one of either
kind is tried without anybody thinking of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.acting import TOKEN_EXCHANGE, Acting
from idp.domain.person import PersonState
from idp.oidc.exchange import ACCESS_TOKEN
from idp.oidc.grants import GRANT_TYPES
from idp.oidc.registration.backchannel import CIBA
from mobile_flow.model import PersonRef
from tests.flows.ciba.asker import Asker
from tests.flows.phone.house import AN, CALLBACK, VERIFIER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Change = Callable[[Asker], object]
    Form = dict[str, str | None]

API = "https://api.example/"
ACTING: dict[str, Any] = {
    "grant_types": GRANT_TYPES,
    "acting": Acting(targets=(API,), scopes=("profile",)),
}
REFUSALS = {"invalid_grant", "invalid_client", "invalid_request", "access_denied"}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Asker]:
    made = Asker(tmp_path)
    made.register(**ACTING)
    yield made
    made.house.close()


def ready(shop: Asker) -> dict[str, Form]:
    """A request by each grant type that would be answered with tokens now."""
    phone = shop.house.phone()

    def by_code() -> Form:
        browser = shop.house.browser().open().choose("mobile").approved_by(phone)
        if browser.answer.status_code == 200:
            browser.agree()
        return {
            "grant_type": "authorization_code",
            "code": browser.told["code"],
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }

    given = shop.post("/token", by_code()).json
    asked = shop.ask()
    shop.approved_by(phone)
    return {
        "authorization_code": by_code(),
        "refresh_token": {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]},
        CIBA: {"grant_type": CIBA, "auth_req_id": asked},
        TOKEN_EXCHANGE: {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": given["access_token"],
            "subject_token_type": ACCESS_TOKEN,
            "resource": API,
        },
    }


def person_is(state: PersonState) -> Change:
    def change(shop: Asker) -> None:
        with shop.house.services.ledger.begin() as unit:
            unit.people.set_state(AN, state, at=shop.house.at)

    return change


def disabled(shop: Asker) -> None:
    shop.register(**ACTING, enabled=False)


def over(shop: Asker) -> None:
    shop.register(**ACTING, expires_at=shop.house.at)


def phone_gone(shop: Asker) -> None:
    with shop.house.services.ledger.begin() as unit:
        for device in unit.phones.devices(PersonRef(AN)):
            unit.phones.remove_device(device.id, person=PersonRef(AN), at=shop.house.at)


STATES: dict[str, Change] = {
    **{f"person {state}": person_is(state) for state in PersonState if state != "active"},
    "client disabled": disabled,
    "registration over": over,
    "phone removed": phone_gone,
}


def test_each_grant_type_gives_tokens_while_nothing_is_in_the_way(shop: Asker) -> None:
    requests = ready(shop)
    assert set(requests) == set(GRANT_TYPES)
    answers = {name: shop.post("/token", form) for name, form in requests.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
        GRANT_TYPES, 200
    )


@pytest.mark.parametrize("state", STATES)
def test_no_grant_type_gives_anything_once_the_account_may_not_be_served(
    shop: Asker, state: str
) -> None:
    requests = ready(shop)
    STATES[state](shop)
    for name, form in requests.items():
        answer = shop.post("/token", form)
        assert answer.status_code in {400, 401}, (name, answer.text)
        assert answer.json["error"] in REFUSALS, (name, answer.json)
        assert not {"access_token", "id_token", "refresh_token"} & answer.json.keys()
    assert shop.userinfo(str(requests[TOKEN_EXCHANGE]["subject_token"])).status_code == 401
