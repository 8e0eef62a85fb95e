"""Pushed requests: checked when pushed, read at each visit, ended by the first completion."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.errors import (
    INVALID_CLIENT,
    INVALID_REQUEST,
    INVALID_REQUEST_URI,
    REDIRECT_URI_MISMATCH,
    REQUEST_NOT_SUPPORTED,
    Refused,
)
from idp.oidc.requests import PUSHED_PREFIX, At
from tests.unit.oidc.authorization.desk import (
    Caller,
    asking,
    form,
    kept_with_us,
    refusal,
)

if TYPE_CHECKING:
    from idp.domain.request import AuthorizationRequest
    from tests.contract.store.stand_ins import Clock
    from tests.unit.oidc.authorization.desk import Desk

SECOND = timedelta(seconds=1)


def visit(desk: Desk, pushed: dict[str, object], client_id: str = "shop") -> AuthorizationRequest:
    asked = {"client_id": client_id, "request_uri": pushed["request_uri"]}
    return desk.reader.read(form(asked))


def is_gone(desk: Desk, pushed: dict[str, object]) -> None:
    parameters = form({"client_id": "shop", "request_uri": pushed["request_uri"]})
    kept_with_us(refusal(desk, At.AUTHORIZE, parameters), INVALID_REQUEST_URI)


def test_a_pushed_request_is_found_by_the_browser(desk: Desk) -> None:
    pushed = desk.push(nonce="n")
    assert pushed["expires_in"] == 90
    urn = str(pushed["request_uri"])
    assert urn.startswith(PUSHED_PREFIX)
    assert len(urn) == len(PUSHED_PREFIX) + 43
    request = visit(desk, pushed)
    assert request.nonce == "n"
    assert request.pushed == hashlib.sha256(urn.encode()).hexdigest()
    assert desk.pushed.find(urn, desk.client().id) == request


def test_only_client_id_and_request_uri_count(desk: Desk) -> None:
    pushed = desk.push(state="pushed")
    request = desk.reader.read(
        asking(
            request_uri=str(pushed["request_uri"]),
            redirect_uri="https://evil.example/",
            state="other",
            scope="profile",
            max_age="-1",
            request="e30.e30.",
        )
    )
    assert request.state == "pushed"
    assert request.scopes == ("openid",)


def test_it_is_read_and_not_taken_at_each_visit(desk: Desk) -> None:
    pushed = desk.push()
    assert visit(desk, pushed) == visit(desk, pushed)


def test_unvisited_it_lives_ninety_seconds(desk: Desk, clock: Clock) -> None:
    pushed = desk.push()
    clock.move(89 * SECOND)
    assert desk.pushed.find(str(pushed["request_uri"]), desk.client().id)
    clock.move(SECOND)
    is_gone(desk, pushed)


def test_the_first_visit_gives_it_a_transactions_life_and_the_second_no_more(
    desk: Desk, clock: Clock
) -> None:
    pushed = desk.push()
    clock.move(60 * SECOND)
    visit(desk, pushed)
    clock.move(desk.settings.lifetimes.transaction - SECOND)
    visit(desk, pushed)
    clock.move(SECOND)
    is_gone(desk, pushed)


@pytest.mark.parametrize(
    "request_uri",
    [
        PUSHED_PREFIX,
        PUSHED_PREFIX + "A" * 43,
        PUSHED_PREFIX + "A" * 42,
        PUSHED_PREFIX + "A" * 4000,
        PUSHED_PREFIX + "../" + "A" * 40,
    ],
)
def test_an_unknown_one_stays_with_us(desk: Desk, request_uri: str) -> None:
    is_gone(desk, {"request_uri": request_uri})


def test_one_of_another_client_is_as_gone(desk: Desk) -> None:
    desk.register("other")
    pushed = desk.push()
    parameters = form({"client_id": "other", "request_uri": pushed["request_uri"]})
    kept_with_us(refusal(desk, At.AUTHORIZE, parameters), INVALID_REQUEST_URI)
    assert visit(desk, pushed).client_id == "shop"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"request_uri": PUSHED_PREFIX + "A" * 43}, INVALID_REQUEST),
        ({"request_uri": "https://shop.example/r"}, INVALID_REQUEST),
        ({"request": "e30.e30."}, REQUEST_NOT_SUPPORTED),
        ({"redirect_uri": "https://evil.example/cb"}, REDIRECT_URI_MISMATCH),
        ({"redirect_uri": None}, REDIRECT_URI_MISMATCH),
        ({"client_id": "other"}, INVALID_REQUEST),
    ],
)
def test_what_may_not_be_pushed_is_told_directly(
    desk: Desk, changes: dict[str, Any], problem: Any
) -> None:
    kept_with_us(refusal(desk, At.PAR, asking(**changes)), problem)


def test_the_callers_name_need_not_be_repeated(desk: Desk) -> None:
    pushed = desk.pushed.push(asking(client_id=None), Caller(client=desk.client()))
    assert visit(desk, pushed).client_id == "shop"


def test_an_assertion_pushes_once(desk: Desk) -> None:
    desk.push(assertion="jti-1")
    with pytest.raises(Refused) as refused:
        desk.push(assertion="jti-1")
    assert refused.value.problem is INVALID_CLIENT
    desk.push(assertion="jti-2")


def test_a_refused_push_does_not_use_up_the_assertion(desk: Desk) -> None:
    with pytest.raises(Refused):
        desk.push(assertion="jti-1", max_age="x")
    desk.push(assertion="jti-1")


def test_an_address_taken_out_since_the_push_is_refused(desk: Desk) -> None:
    pushed = desk.push()
    desk.change(redirect_uris=("https://shop.example/new",))
    parameters = form({"client_id": "shop", "request_uri": pushed["request_uri"]})
    kept_with_us(refusal(desk, At.AUTHORIZE, parameters), REDIRECT_URI_MISMATCH)


def test_once_a_login_completed_it_is_gone_even_if_the_store_still_has_it(
    desk: Desk, clock: Clock
) -> None:
    pushed = desk.push()
    request = visit(desk, pushed)
    with desk.ledger.begin() as unit:
        unit.spend("par", str(request.pushed), until=clock.at + timedelta(hours=1))
    is_gone(desk, pushed)
