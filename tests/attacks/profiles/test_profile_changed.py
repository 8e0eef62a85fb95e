"""A request that was pushed under a laxer profile is worth nothing under the stricter one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client as Http

from idp.domain.client import Pkce
from idp.domain.profile import Profile
from tests.attacks.profiles.bank import Bank
from tests.flows.phone.house import ISSUER

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path)


def visited(bank: Bank, request_uri: str) -> tuple[int, str]:
    """Bring what was pushed by a browser; give the status and where it leads."""
    asked = {"client_id": "bank", "request_uri": request_uri}
    answer = Http(bank.house.app).get("/authorize", query_string=asked, base_url=ISSUER)
    return answer.status_code, str(answer.headers.get("Location", ""))


def test_what_was_pushed_before_a_client_became_fapi2_opens_no_login(bank: Bank) -> None:
    lax = {"profile": Profile.DEFAULT, "pkce": Pkce.OPTIONAL, "require_signed_requests": False}
    strict = {name: getattr(bank.client, name) for name in lax}
    bank.change(**lax)
    weak = bank.post("/par", {**bank.parameters(nonce=None), **bank.assertion()})
    assert weak.status_code == 201, weak.text
    assert visited(bank, weak.json["request_uri"])[1].startswith("/login/")
    bank.change(**strict)
    assert visited(bank, weak.json["request_uri"]) == (400, "")
    assert visited(bank, bank.push().json["request_uri"])[1].startswith("/login/")
