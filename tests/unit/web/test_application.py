from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from idp import log
from idp.app import LARGEST_BODY
from idp.errors import LOGIN_UNKNOWN, Refused
from idp.login.flow import Page
from idp.store.ports import StoreUnavailable
from tests.unit.web import doubles
from tests.unit.web.conftest import Visit
from tests.unit.web.doubles import LOGIN, turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = f"/login/{LOGIN}"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The log as it would be written, line by line."""
    logger = logging.getLogger("sesame")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log.JsonFormatter(lambda: doubles.NOW))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_each_request_writes_one_line_with_the_route_and_not_the_path(
    site: Visit, services: Any, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    services.flow.next = turn(Page.CHOOSE)
    answer = site.get(HERE)
    (line,) = [line for line in lines() if line["event"] == "http.request"]
    assert line["route"] == "/login/<login>"
    assert line["status"] == 200
    assert line["method"] == "GET"
    assert line["address"] == "127.0.0.1"
    assert line["milliseconds"] > 0
    assert line["request"] == answer.headers["X-Request-Id"]


def test_the_client_is_named_in_the_log_once_it_is_known(
    site: Visit, services: Any, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    site.post("/token", {"client_id": "tax"})
    services.token_endpoint.result = Refused(LOGIN_UNKNOWN)
    site.post("/token", {"client_id": "somebody"})
    named = [line.get("client") for line in lines() if line["event"] == "http.request"]
    assert named == ["tax", None]


def test_a_fault_of_ours_is_a_page_with_a_reference_and_its_place_goes_to_the_log_alone(
    site: Visit, services: Any, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    services.flow.next = RuntimeError("a secret 85073000160")
    answer = site.get(HERE, headers={"Accept-Language": "en"})
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert "RuntimeError" not in answer.text
    (line,) = [line for line in lines() if line["event"] == "http.fault"]
    assert line["exception"].startswith("RuntimeError at doubles.py")
    assert "secret" not in json.dumps(lines())


def test_a_fault_at_a_machine_endpoint_is_json(site: Visit, services: Any) -> None:
    services.token_endpoint.result = RuntimeError("boom")
    answer = site.post("/token", {"a": "b"})
    assert (answer.status_code, answer.json["error"]) == (500, "server_error")
    assert b"boom" not in answer.data


def test_a_page_says_when_to_come_back_if_a_store_is_away(site: Visit, services: Any) -> None:
    services.flow.next = StoreUnavailable("busy")
    answer = site.get(HERE)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert f'href="{HERE}"' in answer.text


@pytest.mark.parametrize("size", [LARGEST_BODY + 1, 10**30])
def test_a_body_above_the_limit_is_refused_before_it_is_read(site: Visit, size: int) -> None:
    answer = site.open("POST", "/token", environ_overrides={"CONTENT_LENGTH": str(size)})
    assert (answer.status_code, answer.json["error"]) == (413, "invalid_request")


def test_the_answer_of_a_card_has_a_limit_of_its_own(site: Visit, services: Any) -> None:
    assert site.step("card/answer", token="x" * LARGEST_BODY).status_code == 413
    services.flow.next = turn(Page.CARD)
    assert site.step("card/answer", token="x" * 10_000).status_code == 303


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "abc"])
def test_a_length_that_is_no_number_is_refused(site: Visit, length: str) -> None:
    environ = {"CONTENT_LENGTH": length}
    assert site.open("POST", "/token", environ_overrides=environ).status_code == 400


def test_a_body_in_chunks_is_read_up_to_the_limit(site: Visit, services: Any) -> None:
    def send(size: int) -> int:
        environ = {
            "CONTENT_LENGTH": "",
            "HTTP_TRANSFER_ENCODING": "chunked",
            "wsgi.input": io.BytesIO(b"a=" + b"x" * size),
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
        }
        return site.open("POST", "/token", environ_overrides=environ).status_code

    assert send(10) == 200
    assert send(LARGEST_BODY) == 413
    assert services.token_endpoint.given[0]["params"].get("a") == "x" * 10


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/authorize", "/logout", HERE])
def test_a_page_refuses_other_methods_and_names_its_own(
    site: Visit, services: Any, path: str, method: str
) -> None:
    answer = site.open(method, path)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert services.flow.calls == []


def test_a_post_that_opens_a_login_reads_no_cookie_and_comes_back_by_get(
    site: Visit, services: Any
) -> None:
    answer = site.post("/authorize", {"client_id": "tax"})
    assert (answer.status_code, answer.headers["Location"]) == (303, HERE)
    assert services.flow.calls[0][1][2] is False


def test_a_login_that_single_sign_on_ends_is_answered_at_once(site: Visit, services: Any) -> None:
    services.flow.next = turn(Page.DONE, set_session="new")
    answer = site.get("/authorize?client_id=tax")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("https://tax.example/callback?code=")
    assert services.flow.calls[0][1][2] is True


def test_our_cookies_are_host_only_and_out_of_reach_of_scripts_and_other_sites(
    site: Visit, services: Any
) -> None:
    services.flow.next = turn(Page.CHOOSE, set_binding="abc", set_session="def")
    set_cookies = site.get(HERE).headers.getlist("Set-Cookie")
    assert len(set_cookies) == 2
    for cookie in set_cookies:
        assert cookie.startswith("__Host-sesame_")
        for attribute in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
            assert attribute in cookie
        assert "Domain" not in cookie


def test_a_loopback_issuer_over_http_has_cookies_without_the_prefix(services: Any) -> None:
    plain = doubles.services(issuer="http://localhost:8400")
    plain.flow.next = turn(Page.CHOOSE, set_binding="abc")
    cookie = Visit(plain).get(HERE).headers["Set-Cookie"]
    assert cookie.startswith("sesame_browser=abc;")
    assert "Secure" not in cookie
    del services


def test_a_session_that_is_over_is_taken_from_the_browser(site: Visit, services: Any) -> None:
    services.flow.next = turn(Page.CHOOSE, clear_session=True)
    assert "Max-Age=0" in site.get(HERE).headers["Set-Cookie"]


TRUSTED = {"proxy": {"trusted": ["10.0.0.0/8", "127.0.0.1/32"]}}


@pytest.mark.parametrize(
    ("settings", "forwarded", "believed"),
    [
        ({}, "203.0.113.7", "127.0.0.1"),
        (TRUSTED, "203.0.113.7", "203.0.113.7"),
        (TRUSTED, "198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        (TRUSTED, "203.0.113.7:4711", "203.0.113.7"),
        (TRUSTED, "2001:db8::7", "2001:db8::7"),
        (TRUSTED, "[2001:db8::7]:443, 10.9.9.9", "2001:db8::7"),
        (TRUSTED, "::ffff:203.0.113.7", "203.0.113.7"),
        (TRUSTED, "<script>, 10.1.2.3", "10.1.2.3"),
        (TRUSTED, "", "127.0.0.1"),
    ],
)
def test_an_address_is_believed_from_a_trusted_proxy_only(
    settings: dict[str, Any], forwarded: str, believed: str
) -> None:
    services = doubles.services(**settings)
    Visit(services).post("/token", {"a": "b"}, headers={"X-Forwarded-For": forwarded})
    assert services.token_endpoint.given[0]["address"] == believed


@pytest.mark.parametrize("path", ["/", HERE, "/token", "/.well-known/openid-configuration"])
@pytest.mark.parametrize(
    "named",
    [
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": ""},
        {"HTTP_HOST": "id.example:8443"},
        {"HTTP_HOST": "id.example.evil.example"},
        {"HTTP_HOST": "id.example@evil.example"},
        {"HTTP_X_FORWARDED_HOST": "evil.example"},
        {"HTTP_FORWARDED": "for=192.0.2.1;host=evil.example"},
        {"HTTP_FORWARDED": 'host=id.example, host="evil.example"'},
    ],
)
def test_a_host_that_is_not_ours_is_refused_wherever_it_is_named(
    site: Visit, services: Any, path: str, named: dict[str, str]
) -> None:
    method = "POST" if path == "/token" else "GET"
    answer = site.open(method, path, environ_overrides=named)
    assert answer.status_code == 400
    assert b"evil" not in answer.data
    assert services.token_endpoint.given == []


@pytest.mark.parametrize("host", ["id.example", "ID.EXAMPLE", "id.example:443"])
def test_our_own_host_is_known_in_every_form_that_browsers_send(site: Visit, host: str) -> None:
    answer = site.get("/.well-known/openid-configuration", environ_overrides={"HTTP_HOST": host})
    assert answer.status_code == 200
