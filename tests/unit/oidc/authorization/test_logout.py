"""Logout requests: nobody is sent on without a hint of ours and a registered address."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.errors import LOGOUT_HINT_WRONG, Refused
from idp.oidc.logout import LogoutRequest, post_logout_location
from tests.unit.oidc.authorization.desk import ISSUER, form

if TYPE_CHECKING:
    from tests.unit.oidc.authorization.desk import Desk

BYE = "https://shop.example/bye"


@pytest.fixture
def leaving(desk: Desk) -> Desk:
    desk.change(post_logout_redirect_uris=(BYE, f"{BYE}?shop=1"))
    desk.register("other", post_logout_redirect_uris=("https://other.example/bye",))
    return desk


def refused(desk: Desk, **parameters: str) -> None:
    with pytest.raises(Refused) as error:
        desk.logout.read(form(parameters))
    assert error.value.problem is LOGOUT_HINT_WRONG


def test_a_hint_and_a_registered_address_send_the_browser_on(leaving: Desk) -> None:
    request = leaving.logout.read(
        form(
            {
                "id_token_hint": leaving.id_token(),
                "post_logout_redirect_uri": BYE,
                "state": "a b&c",
                "client_id": "shop",
            }
        )
    )
    assert request.client is not None
    assert request.client.id == "shop"
    assert (request.subject, request.sid, request.hinted) == ("subject-an", "sid-1", True)
    assert post_logout_location(request) == f"{BYE}?state=a+b%26c"


@pytest.mark.parametrize(
    ("uri", "state", "location"),
    [
        (BYE, None, BYE),
        (f"{BYE}?shop=1", "s", f"{BYE}?shop=1&state=s"),
        (None, "s", None),
    ],
)
def test_state_goes_back_only_when_it_came(
    uri: str | None, state: str | None, location: str | None
) -> None:
    assert (
        post_logout_location(LogoutRequest(post_logout_redirect_uri=uri, state=state)) == location
    )


def test_without_an_address_anything_true_is_enough(leaving: Desk) -> None:
    nothing = leaving.logout.read(form({}))
    assert (nothing.client, nothing.hinted, nothing.post_logout_redirect_uri) == (None, False, None)
    assert leaving.logout.read(form({"state": "s"})).post_logout_redirect_uri is None
    named = leaving.logout.read(form({"client_id": "shop"}))
    assert named.client is not None
    assert leaving.logout.read(form({"client_id": "nobody"})).client is None
    hinted = leaving.logout.read(form({"id_token_hint": leaving.id_token()}))
    assert hinted.client is not None
    assert hinted.hinted


@pytest.mark.parametrize(
    "uri",
    [f"{BYE}/", f"{BYE}?x=1", f"{BYE}#f", "https://shop.example/", "https://other.example/bye"],
)
def test_an_address_that_is_not_registered_for_the_client_is_refused(
    leaving: Desk, uri: str
) -> None:
    refused(leaving, id_token_hint=leaving.id_token(), post_logout_redirect_uri=uri)


def test_a_registration_that_has_ended_sends_nobody_on(leaving: Desk) -> None:
    asked = {"id_token_hint": leaving.id_token(), "post_logout_redirect_uri": BYE}
    leaving.change(expires_at=leaving.clock() + timedelta(seconds=1))
    assert leaving.logout.read(form(asked)).post_logout_redirect_uri == BYE
    leaving.change(expires_at=leaving.clock())
    refused(leaving, **asked)


def test_an_address_without_a_hint_is_refused(leaving: Desk) -> None:
    refused(leaving, post_logout_redirect_uri=BYE)
    refused(leaving, post_logout_redirect_uri=BYE, client_id="shop")


def test_a_hint_of_another_client_is_refused(leaving: Desk) -> None:
    refused(leaving, id_token_hint=leaving.id_token(), client_id="other")
    refused(leaving, id_token_hint=leaving.id_token(aud=["shop", "other"]))


@pytest.mark.parametrize(
    "claims", [{"iss": "https://other.example"}, {"sub": None}, {"aud": None}, {"aud": [1]}]
)
def test_a_hint_that_is_no_id_token_of_ours_is_refused(
    leaving: Desk, claims: dict[str, object]
) -> None:
    refused(leaving, id_token_hint=leaving.id_token(**claims))


def test_a_disabled_client_sends_nobody_on(leaving: Desk) -> None:
    leaving.change(enabled=False)
    refused(leaving, id_token_hint=leaving.id_token(), post_logout_redirect_uri=BYE)


def test_a_state_too_long_is_refused(leaving: Desk) -> None:
    refused(leaving, state="x" * 2049)


def test_the_hint_of_this_issuer_names_it(leaving: Desk) -> None:
    hint = leaving.id_token(iss=ISSUER, aud=["shop"])
    assert leaving.logout.read(form({"id_token_hint": hint})).hinted
