from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from idp.errors import LOGIN_UNKNOWN, Refused
from idp.login.flow import Page
from idp.oidc.logout import LogoutRequest
from idp.web.headers import content_security_policy, source
from tests.unit.web import doubles
from tests.unit.web.conftest import Visit
from tests.unit.web.doubles import LOGIN, turn

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

HERE = f"/login/{LOGIN}"


def pages(site: Visit, services: Any) -> dict[str, TestResponse]:
    """Every page there is."""
    found = {}
    for page in (Page.CHOOSE, Page.CARD, Page.SEEDED, Page.CONSENT):
        services.flow.next = turn(page)
        found[page.value] = site.get(HERE)
    services.flow.next = Refused(LOGIN_UNKNOWN)
    found["error"] = site.get(HERE)
    found["not found"] = site.get("/nothing")
    services.logout.result = LogoutRequest()
    found["signed out"] = site.get("/logout")
    found["home"] = site.get("/")
    return found


def test_every_page_has_the_strict_policy_and_is_never_kept(site: Visit, services: Any) -> None:
    for name, answer in pages(site, services).items():
        policy = dict(
            part.partition(" ")[::2]
            for part in answer.headers["Content-Security-Policy"].split("; ")
        )
        assert policy["default-src"] == "'none'", name
        assert policy["script-src"] == policy["style-src"] == policy["img-src"] == "'self'", name
        assert policy["base-uri"] == policy["frame-ancestors"] == "'none'", name
        assert answer.headers["Cache-Control"] == "no-store", name
        assert "Cookie" in answer.headers["Vary"], name
        assert answer.headers["Referrer-Policy"] == "no-referrer", name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert "camera=()" in answer.headers["Permissions-Policy"], name
        assert answer.headers["Strict-Transport-Security"].startswith("max-age="), name


def test_forms_may_end_at_the_proven_origin_and_nowhere_else(site: Visit, services: Any) -> None:
    found = pages(site, services)
    for name in ("choose", "card", "seeded", "consent"):
        policy = found[name].headers["Content-Security-Policy"]
        assert "form-action 'self' https://tax.example;" in policy, name
    for name in ("error", "not found", "signed out", "home"):
        assert "form-action 'self';" in found[name].headers["Content-Security-Policy"], name


def test_only_the_card_page_may_speak_to_the_agent(site: Visit, services: Any) -> None:
    for name, answer in pages(site, services).items():
        policy = answer.headers["Content-Security-Policy"]
        assert ("http://127.0.0.1:8403" in policy) == (name == "card"), name


def test_a_loopback_issuer_over_http_promises_no_https() -> None:
    services = doubles.services(issuer="http://localhost:8400")
    assert "Strict-Transport-Security" not in Visit(services).get("/").headers


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://Tax.Example/cb?x=1", "https://tax.example"),
        ("http://127.0.0.1:8401/cb", "http://127.0.0.1:8401"),
        ("https://[2001:db8::1]:8443/cb", "https://[2001:db8::1]:8443"),
        ("be.example.app:/cb", "be.example.app:"),
        ("https://tax.example;script-src *", None),
        ("https://tax.example *", None),
        ("https://user@tax.example/", None),
        ("//tax.example/", None),
    ],
)
def test_a_policy_names_only_what_it_can_write(url: str, written: str | None) -> None:
    assert source(url) == written


def test_a_form_that_can_be_written_nowhere_stays_here() -> None:
    assert "form-action 'none'" in content_security_policy(form_actions=())


def test_a_page_whose_form_goes_to_an_app_names_its_scheme(site: Visit, services: Any) -> None:
    request = replace(doubles.REQUEST, redirect_uri="be.example.app:/callback")
    services.flow.next = turn(Page.CONSENT, tx=replace(doubles.TX, request=request))
    policy = site.get(HERE).headers["Content-Security-Policy"]
    assert "form-action 'self' be.example.app:;" in policy
