"""Codes that are bound to a key before they are made: POP-09 and PAR-20 (RFC 9449 section 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks.profiles.bank import OF_TOKENS
from tests.world.client import made_key

if TYPE_CHECKING:
    from tests.attacks.profiles.bank import Bank

OTHER = made_key("ES256")


def test_a_push_that_names_one_key_and_proves_another_is_refused(bank: Bank) -> None:
    named = bank.object(dpop_jkt=OTHER.thumbprint())
    answer = bank.push(named, proof=bank.proof("/par"))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_dpop_proof")
    right = bank.object(dpop_jkt=OF_TOKENS.thumbprint())
    assert bank.push(right, proof=bank.proof("/par")).status_code == 201


@pytest.mark.parametrize("by", ["name", "proof"])
def test_the_code_of_a_key_is_good_for_that_key_alone(bank: Bank, by: str) -> None:
    if by == "name":
        pushed = bank.push(bank.object(dpop_jkt=OTHER.thumbprint()))
    else:
        pushed = bank.push(proof=bank.proof("/par", key=OTHER))
    code = bank.code(pushed)
    answer = bank.redeem(code)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")
    pushed = bank.push(proof=bank.proof("/par", key=OTHER))
    answer = bank.redeem(bank.code(pushed), proof=bank.proof("/token", key=OTHER))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("thumbprint", ["x", "x5t:" + "A" * 43, "A" * 42, "A" * 44, "é" * 43])
def test_what_is_no_thumbprint_binds_nothing(bank: Bank, thumbprint: str) -> None:
    assert bank.push(bank.object(dpop_jkt=thumbprint)).json["error"] == "invalid_request"
