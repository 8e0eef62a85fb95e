"""Step-up: a login that was good enough once, at a client that has come to demand more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.assurance import CANONICAL, Assurance
from idp.domain.event import DeviceEvidence
from idp.domain.step_up import Shortfall, shortfall
from idp.errors import INVALID_GRANT
from idp.oidc.resource import StepUpNeeded
from tests.contract.store.stand_ins import MINUTE, START, a_client
from tests.unit.oidc.tokens.acting import change
from tests.unit.oidc.tokens.desk import refused

if TYPE_CHECKING:
    from idp.domain.grant import Grant
    from tests.unit.oidc.tokens.desk import Desk

HIGH, SUBSTANTIAL = CANONICAL[Assurance.HIGH], CANONICAL[Assurance.SUBSTANTIAL]
WITHIN = timedelta(minutes=30)


def by_phone(desk: Desk, **changes: Any) -> Grant:
    grant = desk.grant("basic", **changes)
    evidence = DeviceEvidence(
        device="phone-1",
        flow="qr",
        backup_eligible=False,
        backed_up=False,
        card_fingerprint="ab",
        approval="A",
    )
    event = replace(grant.event, acr=Assurance.SUBSTANTIAL, evidence=evidence)
    return replace(grant, event=event)


def missing(grant: Grant, **demanded: Any) -> Shortfall | None:
    return shortfall(a_client("basic", **demanded), grant, within=WITHIN)


def test_what_suffices_lacks_nothing(desk: Desk) -> None:
    grant = by_phone(desk)
    assert missing(grant) is None
    assert missing(grant, minimum_acr=SUBSTANTIAL) is None
    assert missing(grant, minimum_acr="urn:nobody:knows") is None
    assert missing(grant, default_max_age=0) is None


def test_a_level_that_is_too_low_is_named_in_the_words_of_the_registration(desk: Desk) -> None:
    assert missing(by_phone(desk), minimum_acr=HIGH) == Shortfall(acr_values=HIGH)
    assert missing(by_phone(desk), minimum_acr="eidas3") == Shortfall(acr_values="eidas3")


def test_a_proof_that_can_be_relayed_is_no_resistant_one(desk: Desk) -> None:
    assert missing(by_phone(desk), minimum_acr="phr") == Shortfall(acr_values="phr")


def test_a_login_that_was_old_when_it_was_used_is_too_old(desk: Desk) -> None:
    grant = by_phone(desk)
    old = replace(grant, event=replace(grant.event, at=grant.created_at - WITHIN - 6 * MINUTE))
    assert missing(old, default_max_age=300) == Shortfall(max_age=300)
    assert missing(old, default_max_age=360) is None
    both = missing(old, default_max_age=0, minimum_acr=HIGH)
    assert both == Shortfall(acr_values=HIGH, max_age=0)


def test_a_login_grows_no_older_by_the_use_of_its_tokens(desk: Desk) -> None:
    grant = by_phone(desk)
    assert grant.created_at <= START
    assert missing(grant, default_max_age=1) is None


def test_userinfo_asks_for_more_where_the_registration_rose_since(desk: Desk) -> None:
    grant = replace(desk.grant("basic"), event=replace(desk.grant().event, acr=Assurance.LOW))
    token = desk.redeem(desk.code("basic", grant=grant))["access_token"]
    assert desk.claims(token)["family_name"] == "Peeters"
    change(desk, "basic", minimum_acr=HIGH)
    with pytest.raises(StepUpNeeded) as caught:
        desk.claims(token)
    assert caught.value.missing == Shortfall(acr_values=HIGH)
    assert desk.introspect(token)["active"] is True
    change(desk, "basic", minimum_acr=None)
    assert desk.claims(token)["family_name"] == "Peeters"


def test_a_refresh_gives_nothing_where_the_registration_rose_since(desk: Desk) -> None:
    grant = replace(desk.grant("basic"), event=replace(desk.grant().event, acr=Assurance.LOW))
    token = desk.redeem(desk.code("basic", grant=grant))["refresh_token"]
    change(desk, "basic", minimum_acr=HIGH)
    refused(INVALID_GRANT, lambda: desk.refresh(token))
    change(desk, "basic", minimum_acr=None)
    assert desk.refresh(token)["access_token"]
