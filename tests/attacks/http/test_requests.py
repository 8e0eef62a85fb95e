"""Every endpoint against every malformed request: refused by the catalogue, and nothing echoed."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.attacks.http.hostile import (
    CANARY,
    CONTENT,
    CUT_SHORT,
    FRAMING,
    HARMLESS,
    HOSTS,
    MALFORMED,
    ONE_READING,
    Change,
    Sent,
    Target,
)
from tests.world.wire import Reply, raw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.world.client import Client
    from tests.world.scripted import Browser

NAMES = ("token", "par", "introspect", "revoke", "userinfo", "authorize", "authorize-post")
PAGES = ("logout", "logout-post", "home", "login", "login-consent", "static", "nowhere")
DOCUMENTS = ("jwks", "discovery")
READING = (*NAMES, "logout", "logout-post")
POSTED = ("token", "par", "introspect", "revoke", "userinfo", "authorize-post", "logout-post")
METHODS = ("DELETE", "PUT", "PATCH", "TRACE", "PROPFIND", "GETGET")
EMPTY_AND_CLOSED = 400  # what the HTTP server itself says to bytes that are not HTTP


def target_of(shop: Client, name: str) -> Target:
    """An endpoint with a request that it would take."""
    asked = shop.request().parameters
    # A name of its own each time: who fails too often as somebody must wait, and that is not asked.
    client = {"client_id": f"nobody-{token_hex(8)}"}
    login = "/login/AAAAAAAAAAAAAAAAAAAAAAAA"
    rows: dict[str, tuple[str, str, Mapping[str, str]]] = {
        "token": (
            "POST",
            "/token",
            {"grant_type": "refresh_token", "refresh_token": "1.a", **client},
        ),
        "par": ("POST", "/par", {**asked, **client}),
        "introspect": ("POST", "/introspect", {"token": "1.a", **client}),
        "revoke": ("POST", "/revoke", {"token": "1.a", **client}),
        "userinfo": ("POST", "/userinfo", {"access_token": "1.a"}),
        "authorize": ("GET", "/authorize", asked),
        "authorize-post": ("POST", "/authorize", asked),
        "logout": ("GET", "/logout", {"state": "s"}),
        "logout-post": ("POST", "/logout", {"state": "s"}),
        "home": ("GET", "/", {}),
        "login": ("GET", login, {}),
        "login-consent": ("POST", f"{login}/consent", {"form_token": "a"}),
        "static": ("GET", "/static/sesame.css", {}),
        "nowhere": ("GET", f"/{CANARY}", {}),
        "jwks": ("GET", "/jwks", {}),
        "discovery": ("GET", "/.well-known/openid-configuration", {}),
    }
    method, path, form = rows[name]
    page = name not in ("token", "par", "introspect", "revoke", "userinfo", *DOCUMENTS)
    return Target(name=name, method=method, path=path, form=form, page=page)


def send(shop: Client, name: str, change: Change, *, cut: bool = False) -> Reply | None:
    target = target_of(shop, name)
    host = urlsplit(shop.issuer).netloc
    sent = Sent(host=host, method=target.method, path=target.path, content=target.encoded)
    return raw(shop.issuer, change(sent).octets(), finished=cut)


def sound(reply: Reply | None, name: str) -> Reply:
    """Hold an answer to what every answer of ours promises."""
    assert reply is not None
    assert reply.status < 500
    written = f"{reply.headers}{reply.body.decode('utf-8', 'replace')}".lower()
    assert CANARY.lower() not in written
    assert "traceback" not in written
    if reply.status == EMPTY_AND_CLOSED and not reply.body:
        return reply  # the server's own parser refused; no application saw it
    headers = reply.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Request-Id"]
    assert "/" not in headers["Server"]  # a name, no version
    if reply.status >= 400:
        assert headers["Cache-Control"] == "no-store"
    if reply.body:
        page = name in PAGES or name.startswith("authorize")
        wanted = "text/html" if page else "application/json"
        if name in ("static", "jwks") and reply.status == 200:
            wanted = ""
        assert headers["Content-Type"].startswith(wanted), reply
    return reply


def still_works(shop: Client, browser: Browser) -> None:
    assert shop.log_in(browser).tokens().info()["sub"]


@pytest.mark.parametrize("name", READING)
def test_parameters_that_are_malformed_refuse_the_request(
    shop: Client, browser: Browser, name: str
) -> None:
    for case, change in MALFORMED.items():
        reply = sound(send(shop, name, change), name)
        assert 400 <= reply.status < 500, case
    still_works(shop, browser)


@pytest.mark.parametrize("name", [*NAMES, *PAGES, *DOCUMENTS])
def test_a_host_that_is_not_ours_is_refused_everywhere(
    shop: Client, browser: Browser, name: str
) -> None:
    for case, change in HOSTS.items():
        reply = sound(send(shop, name, change), name)
        assert reply.status == 400, case
    still_works(shop, browser)


@pytest.mark.parametrize("name", POSTED)
def test_a_body_that_is_no_form_is_refused(shop: Client, browser: Browser, name: str) -> None:
    for case, change in CONTENT.items():
        reply = sound(send(shop, name, change), name)
        assert reply.status in (400, 401, 415), case
    still_works(shop, browser)


@pytest.mark.parametrize("name", POSTED)
def test_a_body_that_is_too_large_is_refused(shop: Client, browser: Browser, name: str) -> None:
    def large(sent: Sent) -> Sent:
        return Sent(host=sent.host, method="POST", path=sent.path, content=b"x=" + b"y" * 70_000)

    assert sound(send(shop, name, large), name).status == 413
    still_works(shop, browser)


@pytest.mark.parametrize("name", [*NAMES, *PAGES, *DOCUMENTS])
@pytest.mark.proves("fapi2.par-method")
def test_a_method_that_is_not_known_is_refused_and_the_others_named(
    shop: Client, browser: Browser, name: str
) -> None:
    for method in METHODS:
        target = target_of(shop, name)
        host = urlsplit(shop.issuer).netloc
        sent = Sent(host=host, method=method, path=target.path, content=b"")
        reply = sound(raw(shop.issuer, sent.octets()), name)
        assert reply.status in (404, 405), method
        assert (reply.status == 405) is ("Allow" in reply.headers), method
    still_works(shop, browser)


@pytest.mark.parametrize("name", [*NAMES, *PAGES, *DOCUMENTS])
def test_framing_that_is_ambiguous_never_reaches_an_endpoint(
    shop: Client, browser: Browser, name: str
) -> None:
    for case, change in FRAMING.items():
        reply = send(shop, name, change, cut=case in CUT_SHORT)
        if reply is None:
            continue  # it hung up
        if reply.status in (431, 505) and not reply.body:
            continue
        sound(reply, name)
        if target_of(shop, name).method == "POST" and case not in ONE_READING:
            assert 400 <= reply.status < 500, case
    still_works(shop, browser)


@pytest.mark.parametrize("name", [*NAMES, *PAGES, *DOCUMENTS])
def test_what_is_only_odd_harms_nobody_and_is_not_repeated(
    shop: Client, browser: Browser, name: str
) -> None:
    for change in HARMLESS.values():
        sound(send(shop, name, change), name)
    still_works(shop, browser)


@pytest.mark.parametrize("name", READING)
def test_values_that_are_missing_or_foreign_are_answered_in_words(
    shop: Client, browser: Browser, name: str
) -> None:
    for parameter in target_of(shop, name).form:
        for value in ("", CANARY):
            if value and parameter in ("state", "nonce", "login_hint"):
                continue  # these are the client's own, and go back to it alone

            def change(sent: Sent, parameter: str = parameter, value: str = value) -> Sent:
                target = target_of(shop, name)
                form = {**target.form, parameter: value}
                changed = Target(
                    name=name, method=target.method, path=target.path, form=form, page=False
                )
                return Sent(
                    host=sent.host, method=sent.method, path=sent.path, content=changed.encoded
                )

            sound(send(shop, name, change), name)
    still_works(shop, browser)
