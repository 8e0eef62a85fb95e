"""Tokens, answers and verdicts kept in a file: the validator may change, these may not."""

from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from cardreader import trust
from cardreader.errors import TokenRefused
from cardreader.server import CardChallenge, CardServer
from cardreader.trust.ports import FetchAnswer, FetchRequest

HERE = Path(__file__).parent
GIVEN: dict[str, Any] = json.loads((HERE / "vectors.json").read_text(encoding="utf-8"))
AT = dt.datetime.fromisoformat(GIVEN["at"])


def verdict(row: dict[str, Any], *, origin: str = GIVEN["origin"]) -> Any:
    body = base64.b64decode(row["ocsp_answer"])

    def fetch(request: FetchRequest) -> FetchAnswer:
        assert request.method == "POST"
        return FetchAnswer(status=200, media_type="application/ocsp-response", body=body)

    server = CardServer(
        trust.load(HERE / "trust"),
        fetch,
        now=lambda: AT,
        entropy=lambda _: bytes.fromhex(GIVEN["ocsp_nonce"]),
    )
    challenge = CardChallenge(nonce=GIVEN["nonce"], expires_at=AT + dt.timedelta(minutes=5))
    return server.complete(challenge, json.dumps(row["token"]), origin=origin)


@pytest.mark.parametrize("row", GIVEN["vectors"], ids=lambda row: row["name"])
def test_a_fixed_token_gets_its_fixed_verdict(row: dict[str, Any]) -> None:
    if row["expect"] != "verified":
        with pytest.raises(TokenRefused) as refused:
            verdict(row)
        assert refused.value.code == row["expect"]
        return
    found = verdict(row)
    assert (found.kind, found.surname) == (row["kind"], row["surname"])
    assert found.national_number == row["national_number"]


def test_no_fixed_token_is_good_at_another_origin() -> None:
    for row in GIVEN["vectors"]:
        with pytest.raises(TokenRefused):
            verdict(row, origin="https://evil.example")
