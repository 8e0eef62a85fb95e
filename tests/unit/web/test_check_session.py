"""What an e-service can ask of the session by a frame, where the setting lets it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from idp.config import Settings
from idp.login.flow import Page
from idp.oidc.logout import LogoutRequest
from idp.oidc.metadata import metadata
from idp.oidc.session_management import CHECK_SESSION, session_state
from tests.unit.web import doubles
from tests.unit.web.conftest import Visit
from tests.unit.web.doubles import LOGIN, turn

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

STATE = "__Host-sesame_state"


@pytest.fixture
def managed() -> Any:
    return doubles.services(login={"seeded_sign_in": True, "session_management": True})


@pytest.fixture
def open_site(managed: Any) -> Visit:
    return Visit(managed)


def cookies_of(answer: TestResponse) -> dict[str, str]:
    pairs = (one.partition("=") for one in answer.headers.getlist("Set-Cookie"))
    return {name: rest for name, _, rest in pairs}


def parameters_of(answer: TestResponse) -> dict[str, str]:
    query = answer.headers["Location"].partition("?")[2]
    return dict(part.partition("=")[::2] for part in query.split("&"))


def test_an_answer_tells_a_digest_of_client_origin_and_the_word_in_the_cookie(
    open_site: Visit, managed: Any
) -> None:
    managed.flow.next = turn(Page.DONE, set_session="the-session")
    answer = open_site.get(f"/login/{LOGIN}")
    cookie = cookies_of(answer)[STATE]
    word = cookie.partition(";")[0]
    assert word
    assert "the-session" not in word
    assert "HttpOnly" not in cookie
    assert "SameSite=None" in cookie
    assert "Secure" in cookie
    digest, salt = parameters_of(answer)["session_state"].split(".")
    text = f"tax https://tax.example {word} {salt}"
    assert digest == hashlib.sha256(text.encode()).hexdigest()


def test_single_sign_on_tells_the_same_word_and_another_person_another(
    open_site: Visit, managed: Any
) -> None:
    words = []
    for session in ("one", "one", "two"):
        managed.flow.next = turn(Page.DONE)
        headers = {"Cookie": f"__Host-sesame_session={session}"}
        answer = open_site.get(f"/login/{LOGIN}", headers=headers)
        words.append(cookies_of(answer)[STATE].partition(";")[0])
    assert words[0] == words[1] != words[2]


def test_leaving_says_so_in_the_cookie(open_site: Visit, managed: Any) -> None:
    managed.logout.result = LogoutRequest()
    answer = open_site.get("/logout", headers={"Cookie": "__Host-sesame_session=mine"})
    assert cookies_of(answer)[STATE].startswith("out;")


def test_an_error_tells_no_state(open_site: Visit, managed: Any) -> None:
    error = replace(doubles.ANSWER, parameters=(("error", "login_required"),))
    managed.flow.next = turn(Page.DONE, answer=error, set_session="the-session")
    answer = open_site.get(f"/login/{LOGIN}")
    assert "session_state" not in parameters_of(answer)
    assert STATE not in cookies_of(answer)


def test_the_frame_may_be_shown_by_anybody_and_does_nothing_else(open_site: Visit) -> None:
    answer = open_site.get(CHECK_SESSION)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors *"
    assert "X-Frame-Options" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert f'data-cookie="{STATE}"' in answer.text
    assert answer.text.count("<script") == 1


def test_without_the_setting_there_is_no_frame_no_state_and_no_cookie(
    site: Visit, services: Any
) -> None:
    assert site.get(CHECK_SESSION).status_code == 404
    services.flow.next = turn(Page.DONE, set_session="the-session")
    answer = site.get(f"/login/{LOGIN}")
    assert "session_state" not in parameters_of(answer)
    assert STATE not in cookies_of(answer)


@pytest.mark.parametrize("on", [True, False])
def test_the_frame_is_advertised_where_it_is(on: bool) -> None:  # noqa: FBT001 - the setting itself
    settings = Settings(
        issuer="https://id.example", environment="test", login={"session_management": on}
    )
    found = metadata(settings, algorithms=("ES256",)).get("check_session_iframe")
    assert found == (f"https://id.example{CHECK_SESSION}" if on else None)


@pytest.mark.parametrize(
    ("redirect_uri", "origin"),
    [
        ("https://SHOP.example:443/cb", "https://shop.example"),
        ("https://shop.example:8443/cb?x=y", "https://shop.example:8443"),
        ("http://localhost:8401/cb", "http://localhost:8401"),
        ("http://[::1]:80/cb", "http://[::1]"),
    ],
)
def test_an_origin_is_written_as_browsers_do(redirect_uri: str, origin: str) -> None:
    given = session_state(client_id="c", redirect_uri=redirect_uri, state="s", entropy=bytes)
    assert given is not None
    digest, salt = given.split(".")
    assert digest == hashlib.sha256(f"c {origin} s {salt}".encode()).hexdigest()


def test_an_app_of_its_own_scheme_has_no_state() -> None:
    redirect_uri = "be.example.app:/cb"
    assert session_state(client_id="c", redirect_uri=redirect_uri, state="s", entropy=bytes) is None
