"""Bearers that lie, hurry or shout: TOK-14, TOK-16, JWT-13, and tokens of other places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from idp.errors import INVALID_TOKEN, TOKEN_MISSING, Refused
from idp.oidc import refresh_tokens, tokens
from tests.unit.oidc.tokens.desk import Desk, form, refused

if TYPE_CHECKING:
    from typing import Any


@pytest.fixture
def given(desk: Desk) -> dict[str, Any]:
    return desk.redeem(desk.code())


@pytest.mark.parametrize(
    "text",
    [
        'x", error="none',
        "x\r\nSet-Cookie: a=b",
        "x\x00",
        "é",
        "\ud800",
        "😀",
        "",
        " ",
        "x y",
        "x,y",
        "=" * 10,
        "A" * 1_000_000,
        "1." + "A" * 44,
        "01." + "A" * 43,
        "-1." + "A" * 43,
        "99999999999." + "A" * 43,
        "1." + "A" * 42 + "=",
        "\u0661." + "A" * 43,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_a_hostile_bearer_is_refused_by_a_constant(desk: Desk, text: str) -> None:
    with pytest.raises(Refused) as caught:
        desk.userinfo.answer(authorization=f"Bearer {text}")
    assert caught.value.problem in {INVALID_TOKEN, TOKEN_MISSING}
    assert text not in caught.value.detail or not text.strip()


def test_spaces_commas_and_second_schemes_hide_no_token(desk: Desk, given: dict[str, Any]) -> None:
    token = given["access_token"]
    for header in (
        f"Bearer  {token}",
        f"Bearer {token} ",
        f"Bearer {token}, Bearer {token}",
        f"Bearer\t{token}",
        f" Bearer {token}",
        f"Bearer {token}\n",
        f"Bearer={token}",
        f"BearerX {token}",
    ):
        with pytest.raises(Refused):
            desk.userinfo.answer(authorization=header)


def test_a_code_is_no_access_token_and_an_access_token_no_code(desk: Desk) -> None:
    code = desk.code()
    refused(INVALID_TOKEN, lambda: desk.claims(code))
    token = desk.redeem(code)["access_token"]
    with pytest.raises(Refused):
        desk.redeem(token)
    assert desk.claims(token)


def test_a_token_in_the_body_is_held_to_the_same(desk: Desk, given: dict[str, Any]) -> None:
    for text in ('x"', "x y", given["refresh_token"], given["id_token"]):
        refused(
            INVALID_TOKEN,
            lambda t=text: desk.userinfo.answer(authorization=None, params=form(access_token=t)),
        )


def test_digits_that_only_look_like_digits_are_no_epoch() -> None:
    for text in ("\u0661." + "A" * 43, "1\u0660." + "A" * 43):
        refused(INVALID_TOKEN, lambda t=text: tokens.read(t, INVALID_TOKEN))
    assert not refresh_tokens.looks_like_one(f"1.{'A' * 22}.\u0661.{'A' * 43}")
