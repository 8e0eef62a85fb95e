"""Tokens that are bound to a certificate (RFC 8705 section 3): good with it, and with it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from idp.domain.certificate_use import CertificateUse
from idp.domain.client import ClientAuth
from tests.attacks.certificates.shop import FORGOTTEN
from tests.world.client_certificates import certified

if TYPE_CHECKING:
    from tests.attacks.certificates.shop import Shop


@pytest.fixture
def public(whole_shop: Shop) -> Shop:
    """A public client whose tokens are bound to whatever certificate it shows."""
    whole_shop.house.wait(FORGOTTEN)
    whole_shop.register(auth=ClientAuth.NONE, certificates=CertificateUse(bound=True))
    return whole_shop


@pytest.mark.proves("fapi2.mtls-bound")
def test_a_bound_token_is_good_with_its_certificate_alone(shop: Shop) -> None:
    tokens = shop.redeem(shop.own).json
    assert tokens["token_type"] == "Bearer"
    token = tokens["access_token"]
    assert shop.userinfo(token, shop.own).json["given_name"] == "An"
    other = certified("CN=shop,O=The Shop,C=BE", shop.house.at, by=shop.authority)
    assert shop.userinfo(token, None).status_code == 401
    assert shop.userinfo(token, other).status_code == 401
    assert shop.userinfo(token, shop.own, proxy="192.0.2.66").status_code == 401


def test_whoever_asks_is_told_what_a_token_is_bound_to(shop: Shop) -> None:
    token = shop.redeem(shop.own).json["access_token"]
    fields = {"client_id": "shop", "token": token}
    told = shop.send("/introspect", fields, shown=shop.own).json
    assert told["active"]
    assert told["cnf"] == {"x5t#S256": shop.own.thumbprint}
    assert told["token_type"] == "Bearer"


def test_no_certificate_no_tokens(public: Shop) -> None:
    answer = public.redeem(None)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert "certificate" in answer.json["error_description"]


def test_a_proof_beside_the_certificate_is_refused(shop: Shop) -> None:
    answer = shop.redeem(shop.own, DPoP="x.y.z")
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_a_bound_token_is_no_token_of_a_proof(shop: Shop) -> None:
    token = shop.redeem(shop.own).json["access_token"]
    answer = shop.send("/userinfo", shown=shop.own, Authorization=f"DPoP {token}", DPoP="x.y.z")
    assert answer.status_code == 401


def test_a_public_clients_refresh_token_stays_with_its_certificate(public: Shop) -> None:
    first = public.redeem(public.selfmade).json["refresh_token"]
    assert public.refresh(first, public.own).json["error"] == "invalid_grant"
    assert public.refresh(first, None).json["error"] == "invalid_request"
    fresh = public.refresh(first, public.selfmade)
    assert fresh.status_code == 200, fresh.text
    assert public.userinfo(fresh.json["access_token"], public.selfmade).status_code == 200
    assert public.userinfo(fresh.json["access_token"], public.own).status_code == 401


def test_a_client_may_change_its_certificate_but_not_do_without(shop: Shop) -> None:
    first = shop.redeem(shop.own).json["refresh_token"]
    renewed = certified("CN=shop,O=The Shop,C=BE", shop.house.at, by=shop.authority)
    fresh = shop.refresh(first, renewed)
    assert fresh.status_code == 200, fresh.text
    assert shop.userinfo(fresh.json["access_token"], renewed).status_code == 200
    assert shop.userinfo(fresh.json["access_token"], shop.own).status_code == 401


def test_a_certificate_binds_nothing_unless_that_is_registered(shop: Shop) -> None:
    shop.by_key(bound=False)
    tokens = shop.redeem(shop.selfmade).json
    assert shop.userinfo(tokens["access_token"], None).status_code == 200
    assert shop.userinfo(tokens["access_token"], shop.own).status_code == 200
