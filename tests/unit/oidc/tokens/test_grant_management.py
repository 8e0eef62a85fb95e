"""Grant management: a client sees and ends the grants of one person to itself, and no others."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import ClientAuth, Purpose
from idp.domain.person import Attributes, PersonId
from idp.errors import (
    INSUFFICIENT_SCOPE,
    INVALID_TOKEN,
    NOT_FOUND,
    TOKEN_MISSING,
)
from idp.oidc.grant_management import QUERY, REVOKE
from idp.oidc.resource import Presented
from tests.contract.store.stand_ins import MINUTE, START, a_person, a_session
from tests.unit.oidc.tokens.acting import change
from tests.unit.oidc.tokens.desk import ISSUER, PURPOSES, a_caller, refused

if TYPE_CHECKING:
    from idp.domain.grant import Grant
    from tests.unit.oidc.tokens.desk import Desk

GRANTS = f"{ISSUER}/grants"
MANAGED = ("openid", "profile", "email", QUERY, REVOKE)


@pytest.fixture
def managed(desk: Desk) -> Desk:
    with desk.ledger.begin() as unit:
        for name in ("keeper", "rival"):
            unit.clients.add(
                a_caller(name, ClientAuth.SECRET_BASIC, scopes=MANAGED, manages_grants=True)
            )
    return desk


def logged_in(desk: Desk, client: str = "keeper", **changes: Any) -> dict[str, Any]:
    grant = replace(desk.grant(client), **{"scopes": MANAGED, **changes})
    return desk.redeem(desk.code(client, grant=grant), client)


def came(token: str, grant_id: str, method: str = "GET") -> Presented:
    return Presented(authorization=f"Bearer {token}", method=method, path=f"/grants/{grant_id}")


def query(desk: Desk, token: str, grant_id: str) -> dict[str, object]:
    return desk.grants.query(grant_id, came(token, grant_id))


def revoke(desk: Desk, token: str, grant_id: str) -> None:
    desk.grants.revoke(grant_id, came(token, grant_id, "DELETE"))


def test_a_client_that_manages_its_grants_is_told_their_names(managed: Desk) -> None:
    answered = logged_in(managed)
    assert answered["grant_id"].startswith("grant-")
    assert managed.refresh(answered["refresh_token"], "keeper")["grant_id"] == answered["grant_id"]
    assert "grant_id" not in managed.redeem(managed.code("basic"))


@pytest.mark.proves("grant-management.query")
def test_a_grant_tells_its_scopes_resources_and_the_names_of_its_claims(managed: Desk) -> None:
    answered = logged_in(managed)
    told = query(managed, answered["access_token"], answered["grant_id"])
    assert told == {
        "scopes": [{"scope": " ".join(MANAGED)}],
        "claims": ["email", "family_name", "given_name"],
    }
    assert "Peeters" not in json.dumps(told)
    other = logged_in(managed, resources=(GRANTS,))
    told = query(managed, other["access_token"], other["grant_id"])
    assert told["scopes"] == [{"scope": " ".join(MANAGED), "resources": [GRANTS]}]


def test_a_claim_whose_purpose_ended_is_told_no_more(managed: Desk) -> None:
    answered = logged_in(managed)
    short = Purpose(name="account", reason={"en": "why"}, claims=("email",))
    assert PURPOSES[0].name == short.name
    change(managed, "keeper", purposes=(short,))
    told = query(managed, answered["access_token"], answered["grant_id"])
    assert told["claims"] == ["email"]


@pytest.mark.proves("grant-management.revoke")
def test_a_grant_that_is_ended_takes_every_token_along_and_is_audited(managed: Desk) -> None:
    mine, other = logged_in(managed), logged_in(managed)
    revoke(managed, mine["access_token"], other["grant_id"])
    assert managed.introspect(other["access_token"], "keeper") == {"active": False}
    assert managed.introspect(other["refresh_token"], "keeper") == {"active": False}
    assert managed.introspect(mine["access_token"], "keeper")["active"] is True
    refused(NOT_FOUND, lambda: query(managed, mine["access_token"], other["grant_id"]))
    refused(NOT_FOUND, lambda: revoke(managed, mine["access_token"], other["grant_id"]))
    assert managed.recorded().count("grant.ended") == 1
    revoke(managed, mine["access_token"], mine["grant_id"])
    refused(INVALID_TOKEN, lambda: query(managed, mine["access_token"], mine["grant_id"]))


def another_persons(desk: Desk) -> Grant:
    """A grant of another person to the same client."""
    bert = PersonId("bert")
    grant = desk.grant("keeper")
    session = replace(a_session("bert"), event=replace(a_session().event, person=bert))
    with desk.ledger.begin() as unit:
        unit.people.add(replace(a_person(), id=bert, attributes=Attributes()), username="bert")
        unit.sessions.open(session)
        grant = replace(
            grant, person=bert, session=session.key, event=replace(grant.event, person=bert)
        )
        unit.grants.add(grant)
    return grant


@pytest.mark.proves("grant-management.foreign")
def test_grants_of_other_clients_and_people_are_as_if_they_were_not_there(managed: Desk) -> None:
    mine, rivals = logged_in(managed), logged_in(managed, "rival")
    others = (rivals["grant_id"], another_persons(managed).id, "unknown", "", "x" * 65)
    for grant_id in others:
        refused(NOT_FOUND, lambda g=grant_id: query(managed, mine["access_token"], g))
        refused(NOT_FOUND, lambda g=grant_id: revoke(managed, mine["access_token"], g))
    assert managed.introspect(rivals["access_token"], "rival")["active"] is True


def test_each_verb_needs_its_scope(managed: Desk) -> None:
    reader = logged_in(managed, scopes=("openid", QUERY))
    token, grant_id = reader["access_token"], reader["grant_id"]
    assert query(managed, token, grant_id)["scopes"] == [{"scope": f"openid {QUERY}"}]
    refused(INSUFFICIENT_SCOPE, lambda: revoke(managed, token, grant_id))
    ender = logged_in(managed, scopes=("openid", REVOKE))
    refused(INSUFFICIENT_SCOPE, lambda: query(managed, ender["access_token"], grant_id))
    revoke(managed, ender["access_token"], grant_id)


def test_a_token_for_another_resource_opens_no_grant(managed: Desk) -> None:
    plain = logged_in(managed, scopes=("openid",))
    refused(INVALID_TOKEN, lambda: query(managed, plain["access_token"], plain["grant_id"]))
    userinfo = logged_in(managed, resources=(f"{ISSUER}/userinfo",))
    refused(INVALID_TOKEN, lambda: query(managed, userinfo["access_token"], userinfo["grant_id"]))


def test_a_token_for_grants_is_one_for_userinfo_too_unless_it_was_narrowed(managed: Desk) -> None:
    both = logged_in(managed)
    assert managed.claims(both["access_token"])["family_name"] == "Peeters"
    narrow = logged_in(managed, resources=(GRANTS,))
    refused(INVALID_TOKEN, lambda: managed.claims(narrow["access_token"]))


def test_a_dead_token_and_none_at_all_open_nothing(managed: Desk) -> None:
    mine = logged_in(managed)
    nothing = Presented(authorization=None, method="GET", path="/grants/x")
    refused(TOKEN_MISSING, lambda: managed.grants.query("x", nothing))
    managed.clock.move(11 * MINUTE)
    refused(INVALID_TOKEN, lambda: query(managed, mine["access_token"], mine["grant_id"]))
    assert managed.clock() > START


def test_a_client_that_manages_no_more_is_refused(managed: Desk) -> None:
    mine = logged_in(managed)
    change(managed, "keeper", manages_grants=False)
    refused(INSUFFICIENT_SCOPE, lambda: query(managed, mine["access_token"], mine["grant_id"]))
