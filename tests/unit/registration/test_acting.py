"""What a registration says of other services, and of grants that it manages."""

from __future__ import annotations

import pytest

from idp.domain.acting import TOKEN_EXCHANGE, Acting
from idp.oidc.registration.narrowing import takes_away
from idp.oidc.registration.rules import describe, register
from tests.unit.registration.documents import NOW, POLICY, a_document, faulty_members

STOCK, BANK = "https://stock.example/v1", "https://bank.example/"
ACTING = {
    "grant_types": ["authorization_code", TOKEN_EXCHANGE],
    "scope": "openid profile",
    "resources": ["https://shop.example/api"],
    "resource_targets": [STOCK],
    "token_exchange_scope": "profile",
}
PUBLIC = {"token_endpoint_auth_method": "none", "jwks": None}


def test_what_is_registered_is_kept_and_described_again() -> None:
    client = register(a_document(**ACTING, grant_management=True), POLICY, now=NOW)
    assert client.acting == Acting(
        resources=("https://shop.example/api",), targets=(STOCK,), scopes=("profile",)
    )
    assert client.manages_grants
    described = describe(client)
    assert {name: described[name] for name in ACTING} == ACTING
    assert described["grant_management"] is True
    again = register(described, POLICY, now=NOW, former=client)
    assert (again.acting, again.manages_grants) == (client.acting, True)
    plain = describe(register(a_document(), POLICY, now=NOW))
    assert not {*ACTING, "grant_management"} - {"grant_types", "scope"} & plain.keys()


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"resource_targets": None}, "resource_targets"),
        ({"token_exchange_scope": None}, "token_exchange_scope"),
        ({"token_exchange_scope": "profile email"}, "token_exchange_scope"),
        ({"grant_types": None}, "token_exchange_scope"),
        ({"resource_targets": ["stock"]}, "resource_targets[0]"),
        ({"resource_targets": ["https://login.example/userinfo"]}, "resource_targets[0]"),
        ({"resources": ["https://login.example/"]}, "resources[0]"),
        ({"resources": ["https://shop.example/#api"]}, "resources[0]"),
        ({"resources": ["https://*.shop.example/"]}, "resources[0]"),
        ({"resources": ["http://shop.example/"]}, "resources[0]"),
        ({**PUBLIC, "grant_types": None, "token_exchange_scope": None}, "resources"),
        ({**PUBLIC, "resources": None}, "grant_types"),
        ({**PUBLIC, "grant_management": True}, "grant_management"),
        ({"scope": "openid profile grant_management_query"}, "scope"),
    ],
)
def test_what_cannot_be_is_named(changes: dict[str, object], member: str) -> None:
    assert member in faulty_members(a_document(**{**ACTING, **changes}))


def test_fewer_targets_or_resources_take_something_away() -> None:
    before = register(a_document(**ACTING), POLICY, now=NOW)
    for changes in ({"resource_targets": [BANK]}, {"resources": None}):
        after = register(a_document(**{**ACTING, **changes}), POLICY, now=NOW, former=before)
        assert takes_away(before, after)
    more = a_document(**{**ACTING, "resource_targets": [STOCK, BANK]})
    assert not takes_away(before, register(more, POLICY, now=NOW, former=before))


def test_a_service_that_only_answers_needs_no_redirect_uri_but_a_sector() -> None:
    only = a_document(resources=[STOCK], redirect_uris=None, sector="stock.example")
    client = register(only, POLICY, now=NOW)
    assert (client.redirect_uris, client.sector) == ((), "stock.example")
    assert register(describe(client), POLICY, now=NOW, former=client).redirect_uris == ()
    nowhere = a_document(resources=[STOCK], redirect_uris=None)
    assert faulty_members(nowhere) == {"sector"}
    phones = ["authorization_code", "urn:openid:params:grant-type:ciba"]
    assert "redirect_uris" in faulty_members({**only, "grant_types": phones})
    assert "redirect_uris" in faulty_members(a_document(redirect_uris=None))
