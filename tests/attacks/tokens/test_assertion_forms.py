"""Client assertions that are bent in form: JWT-09, JWT-11, JWT-13, JWT-22 and single characters."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from idp.errors import INVALID_CLIENT, Refused
from idp.oidc import assertions
from tests.attacks.tokens.test_assertions import HEADER, claims, present
from tests.unit.oidc.tokens.desk import Desk, refused, segments, sign


def test_every_serialization_but_the_compact_one(desk: Desk) -> None:
    good = sign(HEADER, claims())
    head, payload, signature = good.split(".")
    flattened = json.dumps({"protected": head, "payload": payload, "signature": signature})
    general = json.dumps(
        {
            "payload": payload,
            "signatures": [
                {"protected": head, "signature": signature},
                {"protected": head, "signature": "AA"},
            ],
        }
    )
    other = "B" if signature[-1] == "A" else "A"
    for bent in (
        flattened,
        general,
        f"{good}.",
        f".{good}",
        f"{head}..{signature}",
        f"{head}.{payload}",
        f"{good}=",
        f" {good}",
        f"{head}.{payload}=.{signature}",
        f"{head}.{payload}.{signature[:-1]}{other}",
        good.replace(".", "..", 1),
        "." * 2000,
        "..",
        "",
    ):
        with pytest.raises(Refused):
            present(desk, bent)


def test_what_is_huge_is_refused_before_it_is_read(desk: Desk) -> None:
    head, payload, signature = sign(HEADER, claims()).split(".")
    much = "A" * 10_000_000
    for huge in (
        f"{head}{much}.{payload}.{signature}",
        f"{head}.{payload}{much}.{signature}",
        f"{head}.{payload}.{signature}{much}",
        "." * 10_000,
    ):
        refused(INVALID_CLIENT, lambda h=huge: assertions.read(h))
        with pytest.raises(Refused):
            present(desk, huge)
    padded = sign({**HEADER, "cty": "x" * 600}, claims())
    refused(INVALID_CLIENT, lambda: present(desk, padded))


def test_an_encrypted_token_is_no_assertion(desk: Desk) -> None:
    header = {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2_000_000_000, "p2s": "AA"}
    jwe = ".".join([segments(header, b"x").split(".", maxsplit=1)[0], "AA", "AA", "AA", "AA"])
    refused(INVALID_CLIENT, lambda: present(desk, jwe))
    three = segments(header, b"x") + ".AA"
    refused(INVALID_CLIENT, lambda: present(desk, three))


def test_our_own_tokens_are_no_assertions(desk: Desk) -> None:
    given = desk.redeem(desk.code("shop"), "shop")
    for token in (given["id_token"], given["access_token"], given["refresh_token"]):
        refused(INVALID_CLIENT, lambda t=token: present(desk, t))


def test_any_change_of_one_character_is_refused(desk: Desk) -> None:
    good = sign(HEADER, claims())
    chance = random.Random(20261124)  # the same changes in every run
    for _ in range(300):
        at = chance.randrange(len(good))
        bent = good[:at] + chance.choice("ABCxyz019-_.=") + good[at + 1 :]
        if bent == good:
            continue
        with pytest.raises(Refused):
            desk.authentication._assertions.verify(assertions.read(bent), _client(desk, "shop"))


def _client(desk: Desk, name: str) -> Any:
    with desk.ledger.read() as unit:
        return unit.clients.get(name)  # type: ignore[arg-type]
