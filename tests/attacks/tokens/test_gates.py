"""TOK-08, AUD-11: one gate in every path: what closes it shuts all that was open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import ClientId
from idp.domain.event import CardEvidence
from idp.domain.grant import AccessToken, TokenHash
from idp.domain.person import PersonState
from idp.errors import INVALID_GRANT, INVALID_TOKEN, SUBJECT_TOKEN_REFUSED
from idp.oidc import tokens
from tests.contract.store.stand_ins import AN, MINUTE, START, a_session
from tests.unit.oidc.tokens.acting import exchange, logged_in, put, told
from tests.unit.oidc.tokens.desk import PURPOSES, Desk, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.domain.grant import Grant

CARD_ENDS = START + 3 * MINUTE
CARD = CardEvidence(
    holder="citizen",
    certificate_fingerprint="00" * 32,
    certificate_serial="1f",
    issuer="demo",
    generation="ec-p384",
    not_before=START - timedelta(days=1),
    not_after=CARD_ENDS,
    revocation="ocsp",
    status_at=START,
)


def by_card(desk: Desk) -> Grant:
    grant = desk.grant()
    return replace(grant, event=replace(grant.event, evidence=CARD))


def lock(desk: Desk) -> None:
    """The state alone: what `sesame people lock` ends besides is not what is tried here."""
    with desk.ledger.begin() as unit:
        unit.people.set_state(AN, PersonState.LOCKED, at=desk.clock())


def let_the_card_expire(desk: Desk) -> None:
    desk.clock.at = CARD_ENDS


def begin_a_new_epoch(desk: Desk) -> None:
    with desk.ledger.begin() as unit:
        unit.bump_epoch()


CLOSINGS: tuple[Callable[[Desk], None], ...] = (lock, let_the_card_expire, begin_a_new_epoch)


@pytest.mark.parametrize("close", CLOSINGS)
def test_a_closed_gate_shuts_every_path_that_was_open(
    desk: Desk, close: Callable[[Desk], None]
) -> None:
    given = desk.redeem(desk.code(grant=by_card(desk)))
    waiting = desk.code(grant=by_card(desk), expires_at=START + timedelta(hours=1))
    access, fresh = given["access_token"], given["refresh_token"]
    assert desk.claims(access)["sub"]
    assert desk.introspect(access)["active"]
    assert desk.introspect(fresh)["active"]
    close(desk)
    refused(INVALID_GRANT, lambda: desk.redeem(waiting))
    refused(INVALID_GRANT, lambda: desk.refresh(fresh))
    refused(INVALID_TOKEN, lambda: desk.claims(access))
    assert desk.introspect(access) == {"active": False}
    assert desk.introspect(fresh) == {"active": False}


@pytest.mark.parametrize("close", CLOSINGS)
def test_a_closed_gate_shuts_the_way_onward_and_what_went_that_way(
    desk: Desk, close: Callable[[Desk], None]
) -> None:
    put(desk)
    login = replace(desk.grant("front").event, evidence=CARD)
    token = logged_in(desk, event=login)
    onward = exchange(desk, token)["access_token"]
    assert told(desk, onward, "api")["active"] is True
    close(desk)
    refused(SUBJECT_TOKEN_REFUSED, lambda: exchange(desk, token))
    assert told(desk, onward, "api") == {"active": False}


def test_a_token_that_slipped_in_while_its_session_ended_is_dead(desk: Desk) -> None:
    """Where the end and the exchange overtook each other, the grant itself was never ended."""
    with desk.ledger.begin() as unit:
        unit.sessions.end(a_session().key, at=START)
        minted = tokens.mint(epoch=unit.epoch(), entropy=lambda size: b"x" * size)
        grant = desk.grant()
        unit.grants.add(grant)
        unit.grants.add_access_token(
            AccessToken(
                hash=TokenHash(minted.hash),
                grant=grant.id,
                client=grant.client,
                scopes=grant.scopes,
                audience=(f"{desk.settings.issuer}/userinfo",),
                issued_at=START,
                expires_at=START + 10 * MINUTE,
            )
        )
    refused(INVALID_TOKEN, lambda: desk.claims(minted.text))
    assert desk.introspect(minted.text) == {"active": False}


def change(desk: Desk, **changes: Any) -> None:
    with desk.ledger.begin() as unit:
        client = unit.clients.get(ClientId("basic"))
        assert client is not None
        unit.clients.replace(replace(client, **changes), expected_version=client.version)


def test_a_code_that_went_to_an_address_since_taken_out_is_worth_nothing(desk: Desk) -> None:
    code = desk.code()
    change(desk, redirect_uris=("https://shop.example/new",))
    refused(INVALID_GRANT, lambda: desk.redeem(code))


def test_a_purpose_that_ends_before_the_code_is_used_gives_no_claim_in_the_id_token(
    desk: Desk,
) -> None:
    code = desk.code()
    change(desk, purposes=(replace(PURPOSES[0], expires_at=START),))
    given = desk.redeem(code)
    assert "given_name" not in desk.opened(given["id_token"])
    assert set(desk.claims(given["access_token"])) == {"sub"}
    assert "claims.released" not in desk.recorded()
