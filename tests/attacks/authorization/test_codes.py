"""Codes, names and hints as an attacker would want them: guessed, forged, raced, swapped."""

from __future__ import annotations

import base64
import json
import threading
from typing import TYPE_CHECKING

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from idp.errors import INVALID_REQUEST, LOGOUT_HINT_WRONG, Refused
from idp.oidc.requests import At
from idp.store.ports import AlreadySpent, StoreUnavailable
from tests.contract.store.stand_ins import SHOP
from tests.unit.oidc.authorization.desk import (
    ISSUER,
    asking,
    form,
    purpose,
    refusal,
    told_to_client,
)
from tests.unit.oidc.authorization.test_completion import agreed, code_of, complete

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.oidc.authorization.desk import Desk

BYE = "https://shop.example/bye"
NUMBER = "85073003328"


def test_code_16_codes_are_random_in_every_place_and_are_not_kept(desk: Desk) -> None:
    codes = [
        dict(complete(desk, agreed(desk.read(), tx_id=f"tx-{n}")).parameters)["code"]
        for n in range(200)
    ]
    texts = [code.partition(".")[2] for code in codes]
    assert len(set(texts)) == len(texts)
    assert {len(text) for text in texts} == {43}
    # No place of the text is the same in all of them, so no time or counter stands in it.
    assert all(len({text[place] for text in texts}) > 10 for place in range(42))
    assert sorted(texts) != texts
    database = desk.settings.stores.ledger.removeprefix("sqlite:///")
    for suffix in ("", "-wal"):
        with open(database + suffix, "rb") as kept:  # noqa: PTH123 - the file beside, by its name
            content = kept.read()
        assert not any(text.encode() in content for text in texts)


def test_of_sixteen_completions_at_once_one_gives_a_code(desk: Desk) -> None:
    tx = agreed(desk.read())
    barrier = threading.Barrier(16)
    outcomes: list[str] = []

    def race() -> None:
        barrier.wait()
        try:
            complete(desk, tx)
        except AlreadySpent:
            outcomes.append("spent")
        except StoreUnavailable:
            outcomes.append("busy")
        else:
            outcomes.append("code")

    racers = [threading.Thread(target=race) for _ in range(16)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(outcomes) == 16
    assert outcomes.count("code") == 1


def test_pii_01_the_national_number_is_nowhere_unless_it_was_asked_and_agreed(desk: Desk) -> None:
    desk.change(
        scopes=("openid", "profile", "egovnrn"),
        purposes=(purpose("name", "rrn", authorisation="RR 1"),),
    )
    plain = code_of(desk, complete(desk, agreed(desk.read(scope="openid profile"), "name", "rrn")))
    assert NUMBER not in json.dumps([plain.grant.id_token_claims, plain.grant.userinfo_claims])
    denied = agreed(desk.read(scope="openid egovnrn"), tx_id="tx-2")
    grant = code_of(desk, complete(desk, denied)).grant
    assert (grant.id_token_claims, grant.userinfo_claims) == ({}, {})
    assert NUMBER not in grant.subject


def test_pii_06_claims_that_are_not_registered_are_omitted(desk: Desk) -> None:
    claims = json.dumps({"id_token": {"rrn": {"essential": True}, "name": None, "address": None}})
    tx = agreed(desk.read(claims=claims), "rrn", "name", "address")
    grant = code_of(desk, complete(desk, tx)).grant
    assert (grant.id_token_claims, grant.userinfo_claims) == ({}, {})


def unsigned(desk: Desk) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{header}.{desk.id_token().split('.')[1]}."


def by_a_stranger(desk: Desk) -> str:
    del desk
    claims = {"iss": ISSUER, "sub": "subject-an", "aud": SHOP}
    return jwt.encode({"alg": "ES256", "typ": "JWT"}, claims, ECKey.generate_key("P-256"))


def by_the_public_key_as_secret(desk: Desk) -> str:
    secret = OctKey.import_key(desk.ring.jwks().body.decode())
    claims = {"iss": ISSUER, "sub": "subject-an", "aud": SHOP}
    kid = json.loads(desk.ring.jwks().body)["keys"][0]["kid"]
    return jwt.encode({"alg": "HS256", "typ": "JWT", "kid": kid}, claims, secret)


def changed(desk: Desk) -> str:
    head, body, signature = desk.id_token().split(".")
    return f"{head}.{body[:-2]}AA.{signature}"


def of_another_type(desk: Desk) -> str:
    return desk.ring.signer().sign({"iss": ISSUER, "sub": "subject-an", "aud": SHOP}, typ="at+jwt")


FORGED = [
    unsigned,
    by_a_stranger,
    by_the_public_key_as_secret,
    changed,
    of_another_type,
    lambda desk: desk.id_token() + ".",
    lambda desk: desk.id_token().replace(".", ".."),
    lambda _: "null",
    lambda _: "..",
    lambda _: "x" * 8000,
]


@pytest.mark.parametrize("forge", FORGED)
def test_a_forged_hint_names_nobody(desk: Desk, forge: Callable[[Desk], str]) -> None:
    hint = forge(desk)
    told_to_client(refusal(desk, At.AUTHORIZE, asking(id_token_hint=hint)), INVALID_REQUEST)
    desk.change(post_logout_redirect_uris=(BYE,))
    with pytest.raises(Refused) as refused:
        desk.logout.read(form({"id_token_hint": hint, "post_logout_redirect_uri": BYE}))
    assert refused.value.problem is LOGOUT_HINT_WRONG


def test_a_hint_of_another_client_names_nobody(desk: Desk) -> None:
    asked = asking(id_token_hint=desk.id_token(aud="other"))
    told_to_client(refusal(desk, At.AUTHORIZE, asked), INVALID_REQUEST)


def test_two_hints_of_two_people_are_refused(desk: Desk) -> None:
    claims = json.dumps({"id_token": {"sub": {"value": "subject-bo"}}})
    asked = asking(id_token_hint=desk.id_token(), claims=claims)
    told_to_client(refusal(desk, At.AUTHORIZE, asked), INVALID_REQUEST)


def test_ses_12_a_hint_for_one_client_is_no_word_of_another(desk: Desk) -> None:
    desk.register("other", post_logout_redirect_uris=("https://other.example/bye",))
    with pytest.raises(Refused) as refused:
        desk.logout.read(
            form(
                {
                    "id_token_hint": desk.id_token(),
                    "client_id": "other",
                    "post_logout_redirect_uri": "https://other.example/bye",
                }
            )
        )
    assert refused.value.problem is LOGOUT_HINT_WRONG


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://evil.example\\@shop.example/bye",
        "https://shop.example/bye/../evil",
        f"{BYE}?x=1",
        f"{BYE} ",
    ],
)
def test_ses_14_logout_ends_nowhere_but_at_a_registered_address(desk: Desk, uri: str) -> None:
    desk.change(post_logout_redirect_uris=(BYE,))
    with pytest.raises(Refused) as refused:
        desk.logout.read(form({"id_token_hint": desk.id_token(), "post_logout_redirect_uri": uri}))
    assert refused.value.problem is LOGOUT_HINT_WRONG
    assert "evil" not in refused.value.detail
