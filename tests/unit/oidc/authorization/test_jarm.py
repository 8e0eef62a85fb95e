"""Answers as one signed JWT: by a published key, good for one client and few minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from idp.domain.answer import RefusedToClient, location, refusal, reply_to, success
from idp.domain.client import ClientId
from idp.domain.request import ResponseMode
from idp.errors import INVALID_REQUEST, SERVER_ERROR, UNKNOWN_CLIENT, Refused
from idp.oidc.hints import open_hint
from idp.oidc.jarm import LASTS
from tests.unit.oidc.authorization.desk import ISSUER

if TYPE_CHECKING:
    from idp.domain.answer import Answer
    from idp.oidc.jarm import SignedAnswers
    from tests.unit.oidc.authorization.desk import Desk


@pytest.fixture
def signed(desk: Desk) -> SignedAnswers:
    return desk.signed_answers()


def an_answer(desk: Desk, mode: str) -> Answer:
    return success(reply_to(desk.read(response_mode=mode)), code="c0de", issuer=ISSUER)


def only_parameter(answer: Answer) -> str:
    ((name, value),) = answer.parameters
    assert name == "response"
    return value


@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "form_post.jwt"])
@pytest.mark.proves("message-signing.jarm")
def test_a_code_travels_in_a_jwt_for_its_client(
    desk: Desk, signed: SignedAnswers, mode: str
) -> None:
    answer = signed.sign(an_answer(desk, mode))
    assert desk.ring.open(only_parameter(answer), typ="JWT") == {
        "code": "c0de",
        "state": "s",
        "iss": ISSUER,
        "aud": desk.client().id,
        "exp": int((desk.clock() + LASTS).timestamp()),
    }
    assert answer.mode.posted is (mode == "form_post.jwt")


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_a_plain_answer_is_left_as_it_is(desk: Desk, signed: SignedAnswers, mode: str) -> None:
    answer = an_answer(desk, mode)
    assert signed.sign(answer) == answer


@pytest.mark.proves("message-signing.jarm")
def test_a_refusal_is_signed_too(desk: Desk, signed: SignedAnswers) -> None:
    with pytest.raises(RefusedToClient) as refused:
        desk.read(response_mode="jwt", max_age="soon")
    reply = refused.value.reply
    answer = signed.sign(refusal(reply, refused.value.problem, issuer=ISSUER))
    claims = desk.ring.open(only_parameter(answer), typ="JWT")
    assert (claims["error"], claims["state"], claims["aud"]) == (
        "invalid_request",
        "s",
        desk.client().id,
    )
    assert location(answer).startswith("https://shop.example/cb?response=ey")


def test_it_is_signed_as_registered_else_as_the_id_tokens_are(
    desk: Desk, signed: SignedAnswers
) -> None:
    by_default = desk.ring.signer(desk.client().id_token_algorithm).sign({}).partition(".")[0]
    assert only_parameter(signed.sign(an_answer(desk, "jwt"))).startswith(f"{by_default}.")
    desk.change(answer_algorithm="PS256")
    with pytest.raises(Refused) as refused:
        signed.sign(an_answer(desk, "jwt"))
    assert refused.value.problem is SERVER_ERROR


def test_a_signed_answer_is_no_hint(desk: Desk, signed: SignedAnswers) -> None:
    text = only_parameter(signed.sign(an_answer(desk, "jwt")))
    with pytest.raises(Refused) as refused:
        open_hint(text, ring=desk.ring, issuer=ISSUER, otherwise=INVALID_REQUEST)
    assert refused.value.problem is INVALID_REQUEST


def test_nothing_is_signed_for_a_client_that_is_gone(desk: Desk, signed: SignedAnswers) -> None:
    answer = an_answer(desk, "jwt")
    with desk.ledger.begin() as unit:
        unit.clients.remove(ClientId(answer.client), at=desk.clock())
    with pytest.raises(Refused) as refused:
        signed.sign(answer)
    assert refused.value.problem is UNKNOWN_CLIENT


def test_a_form_is_not_posted_to_an_apps_own_scheme(desk: Desk) -> None:
    desk.change(redirect_uris=("be.example.app:/cb",))
    with pytest.raises(Refused):
        desk.read(redirect_uri="be.example.app:/cb", response_mode="form_post.jwt")
    asked = desk.read(redirect_uri="be.example.app:/cb", response_mode="query.jwt")
    assert asked.response_mode is ResponseMode.QUERY_JWT
