"""Every kind of token at every place that takes one: good where it belongs, and nowhere else.

JWT-13 and TOK-17 of the catalogue of abuse cases, as a matrix that is generated: a new kind or a
new place has to say here where it belongs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import ClientAuth
from idp.errors import (
    AUTHORIZATION_PENDING,
    INVALID_TARGET,
    NOT_FOUND,
    Refused,
)
from idp.oidc.ciba.asking import GRANT_TYPE as CIBA
from idp.oidc.client_auth import ASSERTION_TYPE, Caller
from idp.oidc.exchange import ACCESS_TOKEN
from idp.oidc.exchange import GRANT_TYPE as EXCHANGE
from idp.oidc.resource import Presented
from tests.attacks.tokens.kinds import ADDRESS, KINDS, PLAINLY, SHOP, Bench
from tests.unit.oidc.tokens.desk import form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# --- the places -----------------------------------------------------------------------------------
# Each does its own thing with the text, and gives a false value or a refusal where it took nothing.


def bearer(bench: Bench, text: str) -> object:
    return bench.services.userinfo.answer(authorization=f"Bearer {text}")


def bearer_in_a_form(bench: Bench, text: str) -> object:
    params = form(access_token=text)
    return bench.services.userinfo.answer(authorization=None, params=params, method="POST")


def managing_grants(bench: Bench, text: str) -> object:
    came = Presented(authorization=f"Bearer {text}", method="GET", path="/grants/none")
    try:
        bench.services.grant_management.query("none", came)
    except Refused as refused:
        # The token was taken; there is only no such grant.
        return refused.problem is NOT_FOUND
    raise AssertionError("a grant that was never made")


def introspected(bench: Bench, text: str) -> object:
    return bench.call(bench.services.introspection.answer, token=text)["active"]


def revoked(bench: Bench, text: str) -> object:
    def rows() -> int:
        with bench.services.ledger.read() as unit:
            return len(unit.audit.unsealed(limit=100_000))

    before = rows()
    bench.call(bench.services.revocation.answer, token=text)
    return rows() - before


def exchanged(bench: Bench, text: str) -> object:
    try:
        at_token(
            bench,
            grant_type=EXCHANGE,
            subject_token=text,
            subject_token_type=ACCESS_TOKEN,
        )
    except Refused as refused:
        # The token was taken; what it is to be exchanged for was not said.
        return refused.problem is INVALID_TARGET
    raise AssertionError("exchanged for nothing that was asked")


def at_token(bench: Bench, **fields: object) -> Any:
    return bench.call(bench.services.token_endpoint.exchange, **fields)


def redeemed(bench: Bench, text: str) -> object:
    return bench.redeemed(text)


def refreshed(bench: Bench, text: str) -> object:
    return at_token(bench, grant_type="refresh_token", refresh_token=text)


def polled(bench: Bench, text: str) -> object:
    try:
        return at_token(bench, grant_type=CIBA, auth_req_id=text)
    except Refused as refused:
        return refused.problem is AUTHORIZATION_PENDING


def proven_by(bench: Bench, text: str) -> object:
    return bench.redeemed(bench.code(), dpop=text)


def asserted(bench: Bench, text: str) -> object:
    return bench.services.introspection.answer(
        form(token="x", client_assertion=text, client_assertion_type=ASSERTION_TYPE),
        authorization=None,
        address=None,
    )


def hint_of_a_request(bench: Bench, text: str) -> object:
    return bench.services.reader.read(form(**bench.asking(id_token_hint=text))).subject_hint


def hint_of_a_logout(bench: Bench, text: str) -> object:
    return bench.services.logout.read(form(id_token_hint=text)).subject


def hint_of_a_call(bench: Bench, text: str) -> object:
    return asked(bench, {**PLAINLY, "login_hint": None, "id_token_hint": text})


def signed_hint_of_a_call(bench: Bench, text: str) -> object:
    return asked(bench, {**PLAINLY, "login_hint": None, "login_hint_token": text})


def asked(bench: Bench, fields: dict[str, object]) -> object:
    return bench.call(bench.services.backchannel.ask, **fields)["auth_req_id"]


def signed_call(bench: Bench, text: str) -> object:
    return asked(bench, {"request": text})


def signed_request(bench: Bench, text: str) -> object:
    return bench.services.reader.read(form(client_id=SHOP, request=text))


def pushed_request(bench: Bench, text: str) -> object:
    caller = Caller(client=bench.client(), method=ClientAuth.SECRET_BASIC)
    return bench.services.pushed.push(form(request=text), caller)


def visited(bench: Bench, text: str) -> object:
    return bench.services.reader.read(form(client_id=SHOP, request_uri=text))


def registration(bench: Bench, text: str) -> object:
    desk = bench.services.registration
    assert desk is not None
    mine = bench.own or bench.registered()
    return desk.show(str(mine["client_id"]), authorization=f"Bearer {text}", address=ADDRESS)


ACCESS = {"access_token", "jwt_access_token"}
OF_ANY_RESOURCE = ACCESS | {"grants_token", "resource_token"}
BELONGS: dict[Callable[[Bench, str], object], set[str]] = {
    bearer: ACCESS,
    bearer_in_a_form: ACCESS,
    managing_grants: {"grants_token"},
    introspected: OF_ANY_RESOURCE | {"refresh_token"},
    revoked: OF_ANY_RESOURCE | {"refresh_token"},
    exchanged: OF_ANY_RESOURCE,
    redeemed: {"code"},
    refreshed: {"refresh_token"},
    polled: {"auth_req_id"},
    proven_by: {"proof"},
    asserted: {"assertion"},
    hint_of_a_request: {"id_token"},
    hint_of_a_logout: {"id_token"},
    hint_of_a_call: {"id_token"},
    signed_hint_of_a_call: {"login_hint_token"},
    signed_call: {"ask_object"},
    signed_request: {"request_object"},
    pushed_request: {"request_object"},
    visited: {"request_uri"},
    registration: {"registration_token"},
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("kinds"))
    yield made
    made.services.foundation.close()


@pytest.mark.proves("access-tokens.confusion")
@pytest.mark.parametrize("place", BELONGS, ids=lambda place: place.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_good_where_it_belongs_and_nowhere_else(
    bench: Bench, kind: str, place: Callable[[Bench, str], object]
) -> None:
    text = KINDS[kind](bench)
    refusal = None
    try:
        taken = bool(place(bench, text))
    except Refused as refused:
        refusal, taken = refused, False
    assert refusal is None or refusal.problem.status < 500, refusal.detail
    assert taken is (kind in BELONGS[place])


def test_every_kind_that_comes_back_is_good_somewhere() -> None:
    only_read_by_others = {
        *("encrypted_id_token", "signed_userinfo", "encrypted_userinfo", "signed_introspection"),
        *("encrypted_introspection", "signed_answer", "encrypted_answer", "logout_token"),
        "receipt",
    }
    assert set().union(*BELONGS.values()) | only_read_by_others == KINDS.keys()
