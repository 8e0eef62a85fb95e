"""Abuse cases of the browser's side; each test names the case that it plays."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.answer import RefusedToClient, ReplyTo
from idp.domain.request import ResponseMode
from idp.errors import FORM_FORGED, INVALID_SCOPE, INVALID_TOKEN, UNKNOWN_CLIENT, Refused
from idp.login.flow import Page
from idp.oidc.logout import LogoutRequest
from tests.unit.web import doubles
from tests.unit.web.doubles import LOGIN, TOKEN, turn

if TYPE_CHECKING:
    from tests.unit.web.conftest import Visit

HERE = f"/login/{LOGIN}"
SCRIPT = "\"'><script>alert(1)</script>"
STEPS = ("method", "card/answer", "seeded", "consent", "cancel", "restart")


def test_ru_12_an_error_page_never_shows_what_was_sent(site: Visit, services: Any) -> None:
    services.reader.result = Refused(UNKNOWN_CLIENT, "private")
    query = {"error": SCRIPT, "error_description": SCRIPT, "error_hint": SCRIPT, "state": "zzmark"}
    answer = site.get("/authorize", query_string=query)
    assert answer.status_code == 400
    for sent in ("alert(1)", "zzmark", "error_hint"):
        assert sent not in answer.text
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]


def test_ru_25_a_hostile_state_is_text_in_the_form_post_page(site: Visit, services: Any) -> None:
    parameters = (("code", "c"), ("state", SCRIPT), ("iss", "https://id.example"))
    answer = replace(doubles.ANSWER, mode=ResponseMode.FORM_POST, parameters=parameters)
    services.flow.next = turn(Page.DONE, answer=answer)
    shown = site.step("consent")
    assert "<script>alert" not in shown.text
    assert SCRIPT in html.unescape(shown.text)
    assert shown.headers["Cache-Control"] == "no-store"
    assert re.search(r"<script(?![^>]*\bsrc=)", shown.text) is None


def test_ru_25_an_error_travels_by_form_post_too(site: Visit, services: Any) -> None:
    reply = ReplyTo(
        client=doubles.CLIENT.id,
        redirect_uri="https://tax.example/callback",
        mode=ResponseMode.FORM_POST,
        state=SCRIPT,
    )
    services.reader.result = RefusedToClient(INVALID_SCOPE, "private", reply=reply)
    shown = site.get("/authorize?client_id=tax")
    assert 'name="error" value="invalid_scope"' in shown.text
    assert "<script>alert" not in shown.text


def test_code_22_no_page_or_redirect_lets_its_address_leak_as_a_referrer(
    site: Visit, services: Any
) -> None:
    services.flow.next = turn(Page.DONE)
    assert site.get("/authorize?client_id=tax").headers["Referrer-Policy"] == "no-referrer"
    services.flow.next = turn(Page.CHOOSE)
    shown = site.get(HERE)
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    addresses = re.findall(r'(?:src|href|action)="([^"]*)"', shown.text)
    assert addresses
    assert all(address.startswith(("/", "#", "?")) for address in addresses)


def test_web_02_who_is_signed_in_stands_above_the_consent(site: Visit, services: Any) -> None:
    services.flow.next = turn(Page.CONSENT)
    shown = site.get(HERE).text
    assert shown.index('id="person-name"') < shown.index('id="agree"')
    assert shown.index('id="not-you"') < shown.index('id="agree"')


@pytest.mark.parametrize(
    "name", ["{{7*7}}", "${7*7}", "%0a%0d", "{% raw %}", "{0.__class__}", SCRIPT]
)
def test_web_06_a_hostile_client_name_is_text(site: Visit, services: Any, name: str) -> None:
    client = replace(doubles.CLIENT, name={"en": name})
    for page in (Page.CHOOSE, Page.CARD, Page.SEEDED, Page.CONSENT):
        services.flow.next = replace(turn(page), client=client)
        answer = site.get(HERE)
        assert answer.status_code == 200
        assert name in html.unescape(answer.text)
        assert "49" not in answer.text.partition("<main")[2].partition("footer")[0]
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": "id.example.evil.example"},
        {"HTTP_HOST": "id.example."},
        {"HTTP_HOST": "id.example:8443"},
        {"HTTP_HOST": "id.example,evil.example"},
        {"HTTP_HOST": "user@id.example"},
        {"HTTP_HOST": ""},
        {"HTTP_X_FORWARDED_HOST": "evil.example"},
        {"HTTP_FORWARDED": "for=1.2.3.4;host=evil.example"},
        {"HTTP_FORWARDED": 'proto=https, host="evil.example"'},
    ],
)
@pytest.mark.parametrize("path", ["/", "/authorize", "/token", "/.well-known/openid-configuration"])
def test_web_09_a_host_that_is_not_ours_reaches_nothing(
    site: Visit, services: Any, environ: dict[str, str], path: str
) -> None:
    answer = site.get(path, environ_overrides=environ)
    assert answer.status_code == 400
    assert b"evil" not in answer.data
    assert "evil" not in str(answer.headers)
    assert services.flow.calls == []


@pytest.mark.parametrize("host", ["id.example", "ID.example", "id.example:443"])
def test_web_09_our_own_host_is_let_in(site: Visit, host: str) -> None:
    assert site.get("/", environ_overrides={"HTTP_HOST": host}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/userinfo/x.css",
        "/userinfo;a.js",
        "/userinfo.css",
        "/authorize;a.js",
        "//authorize",
        "/authorize/",
        "/token/",
        "//token",
        "/admin/..;/token",
        "/%2e%2e/token",
        "/static/%2e%2e%2fapp.py",
        "/static/",
        "//evil.example//",
        "/\\evil.example",
        "/login/",
        "/login/x",
        f"{HERE}/",
        f"/login/{'x' * 129}",
        "/login/%0d%0aSet-Cookie:x",
        "/login/..%2f..%2ftoken",
        "/%ff%fe",
    ],
)
def test_web_12_and_16_a_path_that_plays_tricks_does_not_exist(
    site: Visit, services: Any, path: str
) -> None:
    answer = site.get("/", environ_overrides={"PATH_INFO": _decoded(path)})
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Location" not in answer.headers
    assert services.flow.calls == []


def _decoded(path: str) -> str:
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(path).decode("latin-1")


def test_web_13_what_depends_on_cookies_is_never_kept_and_what_is_kept_sets_none(
    site: Visit, services: Any
) -> None:
    services.flow.next = turn(Page.CHOOSE, set_binding="new")
    for path in (HERE, f"{HERE}/status", "/", "/authorize?client_id=tax", f"{HERE}?lang=fr"):
        answer = site.get(path)
        assert answer.headers["Cache-Control"] == "no-store", path
        assert "Cookie" in answer.headers["Vary"], path
    for path in ("/jwks", "/.well-known/openid-configuration", "/static/sesame.css"):
        assert "Set-Cookie" not in site.get(path).headers, path


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "https://app.example.evil"])
@pytest.mark.parametrize("path", ["/token", "/userinfo", "/revoke", "/par"])
def test_web_17_another_origin_may_read_no_answer(site: Visit, origin: str, path: str) -> None:
    for answer in (
        site.post(path, {"a": "b"}, headers={"Origin": origin}),
        site.open("OPTIONS", path, headers={"Origin": origin}),
    ):
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_web_17_a_public_clients_own_origin_may_and_without_credentials(site: Visit) -> None:
    own = {"Origin": "https://app.example"}
    answer = site.post("/token", {"a": "b"}, headers=own)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    preflight = site.open("OPTIONS", "/token", headers=own)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Methods"] == "POST"
    for given in (answer, preflight):
        assert "Access-Control-Allow-Credentials" not in given.headers
        assert "Origin" in given.headers["Vary"]


def test_web_17_an_origin_whose_registration_has_ended_may_read_no_answer(
    site: Visit, services: Any
) -> None:
    services.ledger.clients = (replace(doubles.BROWSER_APP, expires_at=doubles.NOW),)
    answer = site.post("/token", {"a": "b"}, headers={"Origin": "https://app.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_web_17_pages_can_be_read_by_no_other_origin(site: Visit, services: Any) -> None:
    services.flow.next = turn(Page.CONSENT)
    for origin in ("https://app.example", "https://tax.example"):
        answer = site.get(HERE, headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "fields", [{}, {"form_token": ""}, {"form_token": TOKEN[:-1] + "m"}, {"form_token": TOKEN * 2}]
)
def test_web_19_a_form_without_the_right_token_does_nothing(
    site: Visit, services: Any, step: str, fields: dict[str, str]
) -> None:
    answer = site.post(f"{HERE}/{step}", {"method": "card", **fields})
    assert answer.status_code == FORM_FORGED.status
    assert services.flow.calls == []


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", f"form_token={TOKEN}"),
        ("multipart/form-data; boundary=x", f"form_token={TOKEN}"),
        ("application/json", "{}"),
        ("application/x-www-form-urlencoded", f"form_token={TOKEN}&form_token={TOKEN}"),
        ("application/x-www-form-urlencoded", f"form_token={TOKEN}&a=%00"),
        ("application/x-www-form-urlencoded", f"form_token={TOKEN}&a=%ff"),
        ("application/x-www-form-urlencoded", "&".join(f"a{n}=1" for n in range(200))),
        ("application/x-www-form-urlencoded", "no pairs"),
    ],
)
def test_web_19_a_body_that_no_page_of_ours_sends_is_refused(
    site: Visit, services: Any, step: str, content_type: str, body: str
) -> None:
    answer = site.open("POST", f"{HERE}/{step}", data=body, content_type=content_type)
    assert answer.status_code == 400
    assert services.flow.calls == []


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https:evil.example"])
@pytest.mark.parametrize("name", ["next", "return_to", "redirect", "url", "lang"])
def test_web_22_no_parameter_sends_a_browser_anywhere(
    site: Visit, services: Any, name: str, target: str
) -> None:
    services.flow.next = turn(Page.CHOOSE)
    services.logout.result = LogoutRequest()
    for path in ("/", HERE, "/logout"):
        answer = site.get(path, query_string={name: target})
        assert "evil" not in answer.headers.get("Location", "")
        assert "evil" not in answer.text


def test_ses_08_two_cookies_of_one_name_count_as_none(site: Visit, services: Any) -> None:
    name = "__Host-sesame_session"
    services.flow.next = turn(Page.CHOOSE)
    site.get(HERE, headers={"Cookie": f"{name}=mine; {name}=planted"})
    site.get(HERE, headers={"Cookie": f"{name}=mine; {name}=mine"})
    site.get(HERE, headers={"Cookie": f"{name}=" + "x" * 8000})
    site.get(HERE, headers={"Cookie": "sesame_session=unprefixed"})
    seen = [said[1].session for _, said in services.flow.calls]
    assert seen == [None, "mine", None, None]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/x-www-form-urlencoded; charset=utf-7",
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded, text/plain",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/token", "/par", "/introspect", "/revoke"])
def test_code_20_another_content_type_is_refused(
    site: Visit, services: Any, path: str, content_type: str
) -> None:
    answer = site.open("POST", path, data="a=b", content_type=content_type)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert services.token_endpoint.given == []


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=UTF-8", '; charset="utf-8"'])
def test_code_20_utf_8_may_be_named(site: Visit, charset: str) -> None:
    kind = f"application/x-www-form-urlencoded{charset}"
    assert site.open("POST", "/token", data="a=b", content_type=kind).status_code == 200


@pytest.mark.parametrize(
    "token", ['Bearer a" error="none', "Bearer \\", "Bearer é", "Bearer x, Basic y", "Bearer"]
)
def test_tok_16_the_challenge_is_built_of_constants(site: Visit, services: Any, token: str) -> None:
    services.userinfo.result = Refused(INVALID_TOKEN, "private")
    answer = site.get("/userinfo", environ_overrides={"HTTP_AUTHORIZATION": token})
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="id.example", error="invalid_token", '
        f'error_description="{INVALID_TOKEN.description}"'
    )
