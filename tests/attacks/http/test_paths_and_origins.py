"""Paths that play tricks, other origins, and addresses that must not leak: WEB and CODE-22."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.world.client import walk
from tests.world.wire import ask, raw

if TYPE_CHECKING:
    from tests.world.client import Client
    from tests.world.scripted import Browser
    from tests.world.shops import Shops

MACHINES = ("/token", "/par", "/introspect", "/revoke", "/userinfo")
TRICKS = [
    *("/userinfo/x.css", "/userinfo;a.js", "/userinfo%2f", "/userinfo.css", "/userinfo/"),
    *("/authorize;a.js", "/authorize/", "//authorize", "///authorize", "/authorize%00"),
    *("/token/", "/TOKEN", "/admin/..;/token", "/x/../token", "/./token", "/%2e%2e/token"),
    *("//evil.example//", "//evil.example/%2e%2e", "/\\evil.example", "/%5cevil.example"),
    *("/https://evil.example/", "/login/../token", "/login/", "/login//consent", "/logout/"),
    *("/static/../idp/app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/"),
    *("/static/sesame.css/x", "/.well-known/openid-configuration/", "/.well-known/", "/.git/HEAD"),
    *("/metrics", "/live", "/ready", "/healthz", "/debug", "/console", "/server-status"),
]


@pytest.mark.parametrize("path", TRICKS)
def test_web_12_and_16_a_path_that_plays_tricks_is_nothing(
    shop: Client, browser: Browser, path: str
) -> None:
    shop.log_in(browser)
    host = urlsplit(shop.issuer).netloc
    cookies = "; ".join(f"{c.name}={c.value}" for c in browser.cookies.all())
    for method in (b"GET", b"POST"):
        head = b"%s %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n"
        request = head % (method, path.encode(), host.encode(), cookies.encode())
        reply = raw(shop.issuer, request + b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        assert reply is not None
        assert reply.status in (400, 404, 405)
        assert reply.headers["Location"] is None
        if reply.body:
            assert reply.headers["Cache-Control"] == "no-store"
            assert b"evil" not in reply.body


@pytest.mark.parametrize("path", [*MACHINES, "/", "/authorize", "/logout", "/login/AAAAAAAAAAAA"])
@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://localhost:1"])
def test_web_17_another_origin_reads_nothing(shop: Client, path: str, origin: str) -> None:
    asking = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for method in ("OPTIONS", "POST", "GET"):
        reply = ask(shop.issuer, method, path, headers=asking)
        assert reply.headers["Access-Control-Allow-Origin"] is None
        assert reply.headers["Access-Control-Allow-Credentials"] is None
        assert reply.headers["Access-Control-Allow-Headers"] is None


def test_web_17_only_a_public_clients_page_reads_and_never_with_credentials(made: Shops) -> None:
    app, shop = made["shop-app"], made["shop"]
    assert app.home == shop.home
    reply = ask(app.issuer, "POST", "/token", {}, headers={"Origin": app.home})
    assert reply.headers["Access-Control-Allow-Origin"] == app.home
    assert reply.headers["Access-Control-Allow-Credentials"] is None
    assert "Origin" in reply.headers["Vary"]


def test_code_22_no_answer_on_the_way_lets_an_address_leak(shop: Client, browser: Browser) -> None:
    page, asked = shop.open(browser)
    login = shop.answered(walk(page), asked)
    for hop in login.page.trail:
        assert hop.headers["Referrer-Policy"] == "no-referrer"
        assert login.code not in hop.url
        assert b"http://" not in hop.sent or hop.sent.find(login.code.encode()) < 0


def test_web_07_every_page_of_a_login_forbids_what_it_does_not_need(
    shop: Client, browser: Browser
) -> None:
    page, _ = shop.open(browser, prompt="consent")
    pages = [page, page.press("method-seeded")]
    pages.append(pages[-1].form("seeded").submit(username="jules"))
    pages.append(browser.get(f"{shop.issuer}/logout"))
    pages.append(browser.get(f"{shop.issuer}/"))
    pages.append(browser.get(f"{shop.issuer}/nothing"))
    for page in pages:
        policy = dict(
            rule.strip().partition(" ")[::2]
            for rule in page.headers["Content-Security-Policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert set(policy["form-action"].split()) <= {"'self'", shop.home}
        assert "Cookie" in page.headers["Vary"]
        assert page.headers["Cache-Control"] == "no-store"


def test_web_13_documents_for_everybody_know_nobody(shop: Client, browser: Browser) -> None:
    shop.log_in(browser)
    for path in ("/jwks", "/.well-known/openid-configuration", "/static/sesame.css"):
        page = browser.get(shop.issuer + path)
        assert page.headers["Set-Cookie"] is None
        assert "Cookie" not in (page.headers["Vary"] or "")


def test_web_22_no_parameter_sends_a_browser_anywhere(shop: Client, browser: Browser) -> None:
    names = ("next", "return_to", "url", "continue", "redirect", "post_logout_redirect_uri")
    for target in ("//evil.example", "/\\evil.example", "https:evil.example", "javascript:1"):
        query = "&".join(f"{name}={target}" for name in names)
        for path in ("/", "/logout", "/login/AAAAAAAAAAAA", "/authorize"):
            page = browser.get(f"{shop.issuer}{path}?{query}")
            assert all("evil" not in (hop.headers["Location"] or "") for hop in page.trail)
            assert page.url.startswith(shop.issuer)
            assert "evil.example" not in page.text


def test_dos_01_connections_that_never_finish_their_headers_keep_nobody_out(
    shop: Client, browser: Browser
) -> None:
    parts = urlsplit(shop.issuer)
    slow = [socket.create_connection((parts.hostname, parts.port), 10) for _ in range(20)]
    try:
        for line in slow:
            line.sendall(b"POST /token HTTP/1.1\r\nHost: " + parts.netloc.encode() + b"\r\nX-A: ")
        assert shop.log_in(browser).tokens().info()["sub"]
    finally:
        for line in slow:
            line.close()


def test_dos_01_bodies_that_never_end_keep_nobody_out_while_a_thread_is_free(
    shop: Client, browser: Browser
) -> None:
    """Each holds a thread for as long as it likes: bounding that is the task of the proxy."""
    parts = urlsplit(shop.issuer)
    head = (
        f"POST /token HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 100\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant_type="
    ).encode()
    slow = [socket.create_connection((parts.hostname, parts.port), 60) for _ in range(3)]
    try:
        for line in slow:
            line.sendall(head)
        assert shop.log_in(browser).tokens().info()["sub"]
    finally:
        for line in slow:
            line.close()
