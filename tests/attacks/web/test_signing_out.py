"""Abuse cases of logout at the browser's side."""

from __future__ import annotations

import hashlib
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from idp.oidc.logout import LogoutRequest
from tests.unit.web import doubles

if TYPE_CHECKING:
    from tests.unit.web.conftest import Visit

SESSION = {"Cookie": "__Host-sesame_session=mine"}
BACK = "https://tax.example/bye"


@pytest.fixture
def signed_in(services: Any) -> None:
    key = hashlib.sha256(b"mine").hexdigest()
    services.ledger.sessions[key] = SimpleNamespace(
        ended_at=None, succeeded_at=None, sids={"tax": "the-sid"}
    )


def hinted(sid: str | None, **more: Any) -> LogoutRequest:
    return LogoutRequest(
        client=doubles.CLIENT, post_logout_redirect_uri=BACK, subject="s", sid=sid, **more
    )


@pytest.mark.usefixtures("signed_in")
def test_another_site_cannot_sign_anybody_out_without_a_hint(site: Visit, services: Any) -> None:
    services.logout.result = LogoutRequest()
    answer = site.get("/logout", headers=SESSION)
    assert services.flow.ended == []
    assert 'id="confirm-logout"' in answer.text
    assert site.post("/logout", {}, headers=SESSION).status_code == 303
    assert services.flow.ended == []


@pytest.mark.usefixtures("signed_in")
def test_a_hint_of_another_session_is_asked_about_first(site: Visit, services: Any) -> None:
    for sid in ("another-sid", None):
        services.logout.result = hinted(sid)
        assert 'id="confirm-logout"' in site.get("/logout", headers=SESSION).text
    assert services.flow.ended == []


def test_a_hint_that_names_this_session_as_another_service_knows_it_is_asked_about(
    site: Visit, services: Any
) -> None:
    key = hashlib.sha256(b"mine").hexdigest()
    services.ledger.sessions[key] = SimpleNamespace(
        ended_at=None, succeeded_at=None, sids={"tax": "the-sid", "other": "other-sid"}
    )
    services.logout.result = hinted("other-sid")
    assert 'id="confirm-logout"' in site.get("/logout", headers=SESSION).text
    assert services.flow.ended == []


@pytest.mark.usefixtures("signed_in")
def test_a_hint_of_this_very_session_ends_it_and_goes_back_with_the_state(
    site: Visit, services: Any
) -> None:
    services.logout.result = hinted("the-sid", state="a&b=c")
    answer = site.get("/logout", headers=SESSION)
    assert services.flow.ended == ["mine client"]
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{BACK}?state=a%26b%3Dc")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]


@pytest.mark.usefixtures("signed_in")
def test_the_confirmation_works_once_it_is_of_this_sessions_page(
    site: Visit, services: Any
) -> None:
    services.logout.result = hinted(None, state="x")
    shown = site.get("/logout?state=x&id_token_hint=h", headers=SESSION)
    assert "form-action 'self' https://tax.example;" in shown.headers["Content-Security-Policy"]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', shown.text))
    assert fields["id_token_hint"] == "h"
    other = {"Cookie": "__Host-sesame_session=another"}
    assert site.post("/logout", fields, headers=other).status_code == 403
    wrong = {**fields, "form_token": fields["form_token"][:-1] + "x"}
    assert site.post("/logout", wrong, headers=SESSION).status_code == 403
    assert services.flow.ended == []
    answer = site.post("/logout", fields, headers=SESSION)
    assert services.flow.ended == ["mine client"]
    assert answer.headers["Location"] == f"{BACK}?state=x"


def test_a_relying_partys_post_comes_back_by_get_with_its_own_parameters_only(
    site: Visit, services: Any
) -> None:
    fields = {"id_token_hint": "h", "state": "s", "evil": "x", "next": "//evil.example"}
    answer = site.post("/logout", fields)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/logout?id_token_hint=h&state=s"
    assert services.flow.ended == []


def test_nobody_signed_in_is_told_so_or_sent_back(site: Visit, services: Any) -> None:
    services.logout.result = LogoutRequest()
    assert 'id="signed-out"' in site.get("/logout").text
    services.logout.result = hinted("the-sid")
    assert site.get("/logout").headers["Location"] == BACK
