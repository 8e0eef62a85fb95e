from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.step_up import Shortfall
from idp.errors import (
    CATALOGUE,
    INSUFFICIENT_SCOPE,
    INVALID_CLIENT,
    INVALID_GRANT,
    INVALID_TOKEN,
    TOKEN_MISSING,
    TOO_MANY_REQUESTS,
    Refused,
)
from idp.oidc.resource import StepUpNeeded
from idp.store.ports import StoreUnavailable

if TYPE_CHECKING:
    from tests.unit.web.conftest import Visit

POSTS = ("/token", "/par", "/introspect", "/revoke")
DOCUMENTS = ("/jwks", "/.well-known/openid-configuration")


def test_a_token_answer_is_json_that_nobody_keeps(site: Visit, services: Any) -> None:
    basic = {"Authorization": "Basic dGF4OnM="}
    answer = site.post("/token", {"grant_type": "authorization_code"}, headers=basic)
    assert (answer.status_code, answer.json) == (200, services.token_endpoint.result)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    given = services.token_endpoint.given[0]
    assert given["authorization"] == "Basic dGF4OnM="
    assert given["address"] == "127.0.0.1"
    assert given["params"].get("grant_type") == "authorization_code"


def test_who_proves_a_key_is_told_the_next_nonce_and_loses_no_answer_for_want_of_one(
    site: Visit, services: Any
) -> None:
    def silent() -> str:
        raise StoreUnavailable("no answer")

    proving = {"DPoP": "a.b.c"}
    services.proofs = SimpleNamespace(nonce=lambda: "n-1")
    assert site.post("/token", {}, headers=proving).headers["DPoP-Nonce"] == "n-1"
    assert "DPoP-Nonce" not in site.post("/token", {}).headers
    services.proofs = SimpleNamespace(nonce=silent)
    answer = site.post("/token", {}, headers=proving)
    assert (answer.status_code, answer.json) == (200, services.token_endpoint.result)
    assert "DPoP-Nonce" not in answer.headers


@pytest.mark.proves("fapi2.par-answer")
def test_a_pushed_request_is_created_for_the_client_that_authenticated(
    site: Visit, services: Any
) -> None:
    answer = site.post("/par", {"client_id": "tax"})
    assert (answer.status_code, answer.json) == (201, services.pushed.result)


def test_a_revocation_is_answered_with_nothing(site: Visit) -> None:
    answer = site.post("/revoke", {"token": "t"})
    assert (answer.status_code, answer.data) == (200, b"")


def test_userinfo_is_asked_by_header_or_by_form(site: Visit, services: Any) -> None:
    assert site.get("/userinfo", headers={"Authorization": "Bearer t"}).json == {"sub": "s"}
    assert services.userinfo.given[-1]["params"] is None
    assert services.userinfo.given[-1]["authorization"] == "Bearer t"
    site.post("/userinfo", {"access_token": "t"})
    assert services.userinfo.given[-1]["params"].get("access_token") == "t"
    site.open("POST", "/userinfo", headers={"Authorization": "Bearer t"})
    assert services.userinfo.given[-1]["params"] is None


def test_a_client_that_failed_by_basic_is_challenged_and_another_is_not(
    site: Visit, services: Any
) -> None:
    services.token_endpoint.result = Refused(INVALID_CLIENT, "private")
    by_basic = site.post("/token", {"a": "b"}, headers={"Authorization": "Basic eA=="})
    assert by_basic.status_code == 401
    assert by_basic.headers["WWW-Authenticate"] == 'Basic realm="id.example"'
    by_post = site.post("/token", {"a": "b"})
    assert by_post.status_code == 401
    assert "WWW-Authenticate" not in by_post.headers
    assert by_post.json == {
        "error": "invalid_client",
        "error_description": INVALID_CLIENT.description,
    }


@pytest.mark.parametrize("problem", [INVALID_TOKEN, INSUFFICIENT_SCOPE])
def test_a_bearer_refusal_names_its_error_in_the_challenge(
    site: Visit, services: Any, problem: Any
) -> None:
    services.userinfo.result = Refused(problem, "private")
    answer = site.get("/userinfo", headers={"Authorization": "Bearer x"})
    assert answer.status_code == problem.status
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer realm="id.example", error="{problem.oauth}", '
        f'error_description="{problem.description}"'
    )


def test_a_request_without_a_token_learns_no_error_code_in_the_challenge(
    site: Visit, services: Any
) -> None:
    services.userinfo.result = Refused(TOKEN_MISSING)
    assert site.get("/userinfo").headers["WWW-Authenticate"] == 'Bearer realm="id.example"'


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", ["access_token", "access%5Ftoken"])
def test_a_token_in_the_query_is_refused_even_beside_a_good_header(
    site: Visit, services: Any, method: str, name: str
) -> None:
    answer = site.open(method, f"/userinfo?{name}=x", headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.json["error"]) == (401, TOKEN_MISSING.oauth)
    assert services.userinfo.given == []


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_another_method_is_refused_and_the_right_ones_are_named(
    site: Visit, path: str, method: str
) -> None:
    answer = site.open(method, path)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("path", POSTS)
def test_parameters_in_the_query_of_a_post_are_refused(
    site: Visit, services: Any, path: str
) -> None:
    answer = site.post(f"{path}?client_id=tax", {"grant_type": "x"})
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert services.token_endpoint.given == []


@pytest.mark.parametrize("path", POSTS)
def test_a_repeated_parameter_is_refused(site: Visit, path: str) -> None:
    form = "application/x-www-form-urlencoded"
    answer = site.open("POST", path, data="client_id=a&client_id=b", content_type=form)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_public_document_is_kept_by_caches_and_known_by_its_tag(site: Visit, path: str) -> None:
    answer = site.get(path)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in answer.headers
    again = site.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == "public, max-age=300"
    assert site.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert site.open("HEAD", path).status_code == 200


def test_both_doors_give_the_same_answer(site: Visit, services: Any) -> None:
    from werkzeug.test import Client

    from idp.web.site import Site

    through_flask = Client(Site(services).flask)
    for path in (*DOCUMENTS, "/userinfo"):
        front = site.get(path)
        behind = through_flask.get(path, base_url="https://id.example")
        assert (front.status_code, front.data) == (behind.status_code, behind.data)
    services.token_endpoint.result = Refused(INVALID_GRANT)
    front = site.post("/token", {"a": "b"})
    behind = through_flask.post("/token", data={"a": "b"})
    assert (front.status_code, front.json) == (behind.status_code, behind.json)


def test_a_store_that_is_away_is_a_503_with_a_time_to_come_back(site: Visit, services: Any) -> None:
    services.token_endpoint.result = StoreUnavailable("busy")
    answer = site.post("/token", {"a": "b"})
    assert (answer.status_code, answer.json["error"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_too_many_requests_name_a_time_to_come_back(site: Visit, services: Any) -> None:
    services.token_endpoint.result = Refused(TOO_MANY_REQUESTS)
    answer = site.post("/token", {"a": "b"})
    assert answer.status_code == 429
    assert "Retry-After" in answer.headers
    services.token_endpoint.result = Refused(TOO_MANY_REQUESTS, wait=timedelta(seconds=41.2))
    assert site.post("/token", {"a": "b"}).headers["Retry-After"] == "42"


@pytest.mark.parametrize("code", sorted(CATALOGUE))
@pytest.mark.proves("core.token-errors")
def test_every_problem_has_a_machine_face_of_constant_ascii(
    site: Visit, services: Any, code: str
) -> None:
    services.token_endpoint.result = Refused(CATALOGUE[code], "private words")
    answer = site.post("/token", {"a": "b"})
    assert answer.status_code == CATALOGUE[code].status
    assert answer.data.isascii()
    assert b"private" not in answer.data
    assert services.refusals.counted == [code]


def test_a_grant_is_shown_and_ended_at_its_own_address(site: Visit, services: Any) -> None:
    assert site.get("/grants/g-1", headers={"Authorization": "Bearer t"}).json == {"scopes": []}
    assert services.grant_management.given[-1]["more"][0].path == "/grants/g-1"
    gone = site.open("DELETE", "/grants/g-1", headers={"Authorization": "Bearer t"})
    assert (gone.status_code, gone.data) == (204, b"")
    assert gone.headers["Cache-Control"] == "no-store"
    assert site.post("/grants/g-1").status_code == 405


@pytest.mark.parametrize("path", ["/userinfo", "/grants/g-1", "/grants"])
def test_a_login_that_no_longer_suffices_is_told_what_to_ask(
    site: Visit, services: Any, path: str
) -> None:
    words = "http://eidas.europa.eu/NotNotified/LoA/high"
    refusal = StepUpNeeded(Shortfall(acr_values=words, max_age=300))
    services.userinfo.result = services.grant_management.result = refusal
    answer = site.get(path, headers={"Authorization": "Bearer x"})
    assert answer.status_code == 401
    assert answer.json["error"] == "insufficient_user_authentication"
    said = answer.headers["WWW-Authenticate"]
    assert said.startswith('Bearer realm="id.example", error="insufficient_user_authentication"')
    assert said.endswith(f', acr_values="{words}", max_age="300"')
    services.proofs = SimpleNamespace(nonce=lambda: "n-1")
    said = site.get(path, headers={"Authorization": "DPoP x"}).headers["WWW-Authenticate"]
    assert said.startswith('DPoP realm="id.example", error="insufficient_user_authentication"')
