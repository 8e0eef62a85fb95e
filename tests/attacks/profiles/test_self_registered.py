"""Clients that register themselves under a profile: held to its rules, and not let out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.attacks.profiles.bank import document
from tests.flows.phone.house import CALLBACK
from tests.unit.oidc.dynamic.registry import Registry, open_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPERATORS = ("client_id", "purposes", "sector", "pkce")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with open_registry(tmp_path) as opened:
        yield opened


def strict(**changes: Any) -> dict[str, Any]:
    """What a bank says of itself; operators say the rest."""
    return {**document(**dict.fromkeys(OPERATORS)), "redirect_uris": [CALLBACK], **changes}


@pytest.mark.parametrize(
    ("weaker", "rule"),
    [
        ({"dpop_bound_access_tokens": False}, "sender-constrained"),
        ({"id_token_signed_response_alg": "RS256"}, "algorithms"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "client-auth"),
        ({"redirect_uris": ["http://127.0.0.1/cb"]}, "https-redirects"),
    ],
)
def test_a_registration_that_breaks_its_profile_is_told_the_rule(
    registry: Registry, weaker: dict[str, Any], rule: str
) -> None:
    answer = registry.send("POST", "/register", strict(**weaker))
    assert answer.status_code == 400
    assert f"profile fapi2 rule {rule}" in answer.json["error_description"]


def test_who_holds_the_registrations_token_cannot_leave_the_profile(registry: Registry) -> None:
    answer = registry.send("POST", "/register", strict())
    assert answer.status_code == 201, answer.text
    told = answer.json
    assert told["profile"] == "fapi2"
    where, token = told["registration_client_uri"], told["registration_access_token"]
    named = {"client_id": told["client_id"]}
    for laxer in ({"profile": "default"}, {"profile": None}, {"profile": "fas"}):
        changed = {**strict(**laxer), **named}
        kept = {name: one for name, one in changed.items() if one is not None}
        answer = registry.send("PUT", where, kept, token=token)
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata")
        assert "profile" in answer.json["error_description"]
        client = registry.client(told["client_id"])
        assert client is not None
        assert client.profile == "fapi2"
    weaker = {**strict(dpop_bound_access_tokens=False), **named}
    answer = registry.send("PUT", where, weaker, token=token)
    assert "profile fapi2 rule sender-constrained" in answer.json["error_description"]
    assert registry.send("PUT", where, {**strict(), **named}, token=token).status_code == 200
