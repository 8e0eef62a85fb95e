"""Every place that gives something by every state of the account (TOK-08): one gate, no way round.

The table is made of what the token endpoint serves, of every response type, of every endpoint there
is and of every state: a new grant type or endpoint without a place here fails, and a new state is
tried at all of them.
"""

from __future__ import annotations

import base64
import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from werkzeug.test import Client as Http

from idp.domain.acting import TOKEN_EXCHANGE, Acting
from idp.domain.person import PersonState
from idp.domain.response_type import ResponseType
from idp.oidc import paths
from idp.oidc.exchange import ACCESS_TOKEN
from idp.oidc.grant_management import QUERY
from idp.oidc.grants import GRANT_TYPES
from idp.oidc.registration.backchannel import CIBA
from mobile_flow.model import PersonRef
from tests.flows.ciba.asker import Asker
from tests.flows.phone.house import AN, CALLBACK, ISSUER, VERIFIER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mobile_flow.sim.phone import VirtualPhone
    from tests.flows.phone.house import Browser

    Change = Callable[[Asker], object]
    Place = Callable[[], bool]
    Form = dict[str, str | None]

API = "https://api.example/"
GRANTS_AT = f"{ISSUER}{paths.GRANTS}"
FRONT = tuple(kind for kind in ResponseType if kind.in_front)
ACTING: dict[str, Any] = {
    "response_types": tuple(ResponseType),
    "grant_types": GRANT_TYPES,
    "manages_grants": True,
    "scopes": ("openid", "profile", "offline_access", QUERY),
    "acting": Acting(targets=(API,), scopes=("profile",)),
}
REFUSALS = {"invalid_grant", "invalid_client", "invalid_request", "access_denied"}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Asker]:
    offered = [kind.value for kind in ResponseType]
    made = Asker(tmp_path, more={"login": {"response_types": offered}})
    made.register(**ACTING)
    yield made
    made.house.close()


def logged_in(shop: Asker, phone: VirtualPhone, **asked: str) -> Browser:
    """A browser in which An proved herself, at the consent page or past it."""
    return shop.house.browser().open(**asked).choose("mobile").approved_by(phone)


def agreed(browser: Browser) -> Browser:
    return browser.agree() if browser.answer.status_code == 200 else browser


def by_code(browser: Browser) -> Form:
    return {
        "grant_type": "authorization_code",
        "code": browser.told["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }


def told_tokens(browser: Browser) -> bool:
    """Whether the answer in the fragment holds anything but a refusal."""
    where = urlsplit(str(browser.answer.headers.get("Location", "")))
    return bool({"code", "id_token", "access_token"} & dict(parse_qsl(where.fragment)).keys())


def told_a_code(browser: Browser) -> bool:
    where = urlsplit(str(browser.answer.headers.get("Location", "")))
    return f"{where.scheme}://{where.netloc}{where.path}" == CALLBACK and "code=" in where.query


def ready(shop: Asker) -> dict[str, Place]:
    """Every place where something would be given now; each tells whether it was."""
    phone = shop.house.phone()
    sso = agreed(logged_in(shop, phone))
    given = shop.post("/token", by_code(sso)).json
    access, refresh = given["access_token"], given["refresh_token"]
    managing = agreed(logged_in(shop, phone, scope=f"openid {QUERY}", resource=GRANTS_AT))
    manages = shop.post("/token", by_code(managing)).json
    in_front = sso.open(response_type="id_token token", nonce="n").answer.headers["Location"]
    front = dict(parse_qsl(urlsplit(in_front).fragment))["access_token"]
    asked = shop.ask()
    shop.approved_by(phone)
    challenge = hashlib.sha256(VERIFIER.encode()).digest()
    pushed = shop.post(
        "/par",
        {
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile",
            "prompt": "none",
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        },
    ).json["request_uri"]
    under_way = logged_in(shop, phone, prompt="consent")
    forms: dict[str, Form] = {
        "authorization_code": by_code(agreed(logged_in(shop, phone))),
        "refresh_token": {"grant_type": "refresh_token", "refresh_token": refresh},
        CIBA: {"grant_type": CIBA, "auth_req_id": asked},
        TOKEN_EXCHANGE: {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": access,
            "subject_token_type": ACCESS_TOKEN,
            "resource": API,
        },
    }

    def at_token(form: Form) -> bool:
        answer = shop.post("/token", form)
        if answer.status_code == 200:
            return True
        assert answer.status_code in {400, 401}, answer.text
        assert answer.json["error"] in REFUSALS, answer.json
        return bool({"access_token", "id_token", "refresh_token"} & answer.json.keys())

    def silently(**query: str) -> bool:
        sso.answer = sso.http.get("/authorize", query_string=query, base_url=ISSUER)
        return told_a_code(sso)

    def in_silence(kind: ResponseType) -> bool:
        return told_tokens(sso.open(prompt="none", response_type=kind, nonce="n"))

    def introspected(token: str) -> bool:
        return shop.post("/introspect", {"token": token}).json.get("active", False) is True

    def managed() -> bool:
        answer = Http(shop.house.app).get(
            f"/grants/{manages['grant_id']}",
            headers={"Authorization": f"Bearer {manages['access_token']}"},
            base_url=ISSUER,
        )
        return answer.status_code == 200

    # What spends or turns round a token comes after what only looks at it.
    return {
        "/userinfo": lambda: shop.userinfo(access).status_code == 200,
        "/userinfo of a token from the front": lambda: shop.userinfo(front).status_code == 200,
        "/introspect of a token from the front": lambda: introspected(front),
        "/introspect of an access token": lambda: introspected(access),
        "/introspect of a refresh token": lambda: introspected(refresh),
        "/grants": managed,
        "/authorize in silence": lambda: told_a_code(sso.open(prompt="none")),
        **{f"/authorize in silence for {kind}": partial(in_silence, kind) for kind in FRONT},
        "/authorize of a pushed request": lambda: silently(client_id="shop", request_uri=pushed),
        "/authorize at the consent page": lambda: told_a_code(under_way.agree()),
        **{f"/token {name}": partial(at_token, form) for name, form in forms.items()},
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


def session_ended(shop: Asker) -> None:
    with shop.house.services.ledger.begin() as unit:
        unit.sessions.end_by_person(AN, at=shop.house.at)


STATES: dict[str, Change] = {
    **{f"person {state}": person_is(state) for state in PersonState if state != "active"},
    "client disabled": disabled,
    "registration over": over,
    "phone removed": phone_gone,
    "session ended": session_ended,
}
"""A card that expired meanwhile is tried in ``test_gates``: no card takes part here."""
OTHERWISE: dict[tuple[str, str], str] = {
    ("session ended", f"/token {CIBA}"): "no session of a browser stands behind it",
}
"""The cells where something is given all the same, and why."""
GIVES_NOTHING = {
    paths.PAR: "keeps a request; what comes of it is tried at /authorize",
    paths.BACKCHANNEL: "asks; what comes of it is tried at /token",
    paths.REVOKE: "only ends",
    paths.REGISTER: "is about clients alone",
    paths.JWKS: "public",
    paths.DISCOVERY: "public",
    paths.LOGOUT: "only ends",
}


def test_every_place_gives_something_while_nothing_is_in_the_way(shop: Asker) -> None:
    places = ready(shop)
    assert {name: place() for name, place in places.items()} == dict.fromkeys(places, True)


def test_every_grant_type_and_endpoint_is_a_place_or_gives_nothing(shop: Asker) -> None:
    places = ready(shop)
    assert {name for name in places if name.startswith("/token")} == {
        f"/token {name}" for name in GRANT_TYPES
    }
    tried = {name.partition(" ")[0] for name in places}
    ours = {value for name, value in vars(paths).items() if name.isupper()}
    assert tried | GIVES_NOTHING.keys() == ours
    assert not tried & GIVES_NOTHING.keys()
    assert {place for _, place in OTHERWISE} <= places.keys()
    assert {state for state, _ in OTHERWISE} <= STATES.keys()


@pytest.mark.parametrize("state", STATES)
def test_no_place_gives_anything_once_the_account_may_not_be_served(
    shop: Asker, state: str
) -> None:
    places = ready(shop)
    STATES[state](shop)
    given = {name for name, place in places.items() if place()}
    assert given == {name for name in places if (state, name) in OTHERWISE}
