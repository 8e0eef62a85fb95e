"""``sesame conformance prepare``: what the suite is given works on the pages that we show."""

from __future__ import annotations

import base64
import json
import re
import stat
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug.test import Client

from idp.app import create
from idp.config import load
from idp.outbound.client import OutboundAnswer
from idp.runtime import system_entropy, system_monotonic, system_now
from idp.services import build
from tests.world.client import made_key, signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.cli.deployed import Deployment

CALLBACK = "https://localhost.emobix.co.uk:8443/test/a/sesame/callback"
FORM = re.compile(r"<form.*?</form>", re.DOTALL)
FIELD = re.compile(r'<input[^>]*name="([^"]+)"(?:[^>]*?value="([^"]*)")?[^>]*>')


@pytest.fixture
def certified(new: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    new.variables["SESAME_ENVIRONMENT"] = "conformance"
    monkeypatch.setenv("SESAME_ENVIRONMENT", "conformance")
    assert new.run("setup").exit_code == 0
    return new


@pytest.fixture
def suite(certified: Deployment, tmp_path: Path) -> dict[str, Any]:
    out = tmp_path / "suite.json"
    done = certified.run("conformance", "prepare", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    given: dict[str, Any] = json.loads(out.read_text())
    return given


@pytest.fixture
def browser(certified: Deployment, suite: dict[str, Any]) -> Iterator[Client]:
    del suite
    services = build(
        load(certified.config),
        now=system_now,
        monotonic=system_monotonic,
        entropy=system_entropy,
    )
    try:
        yield Client(create(services))
    finally:
        services.foundation.close()


def press(page: str, button: str, **typed: str) -> tuple[str, dict[str, str]]:
    """Give the action and the fields of the form that has a button of this id."""
    form = next(one for one in FORM.findall(page) if f'id="{button}"' in one)
    action = re.search(r'action="([^"]+)"', form)
    assert action is not None
    fields = dict(FIELD.findall(form))
    assert typed.keys() <= fields.keys()
    return action[1], {**fields, **typed}


def walked(browser: Client, issuer: str, client: dict[str, Any]) -> dict[str, Any]:
    """Let the suite's person log in at a client with a secret; give the claims of userinfo."""
    asked = {
        "client_id": client["client_id"],
        "response_type": "code",
        "scope": "openid profile email phone address",
        "redirect_uri": CALLBACK,
        "nonce": "n",
        "state": "s",
    }
    opened = browser.get(f"/authorize?{urlencode(asked)}", base_url=issuer, follow_redirects=True)
    assert 'class="page-login"' in opened.text
    action, fields = press(opened.text, "login-submit", username="suite", password="anything")
    agreeing = browser.post(action, base_url=issuer, data=fields, follow_redirects=True)
    assert 'class="page-consent"' in agreeing.text
    assert 'id="consent-deny"' in agreeing.text
    action, fields = press(agreeing.text, "consent-allow")
    assert fields["remember"] == "1"
    done = browser.post(action, base_url=issuer, data=fields)
    assert done.location is not None
    assert done.location.startswith(CALLBACK)
    code = parse_qs(urlsplit(done.location).query)["code"][0]
    basic = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    tokens = browser.post(
        "/token",
        base_url=issuer,
        headers={"Authorization": f"Basic {basic}"},
        data={"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK},
    )
    assert tokens.status_code == 200, tokens.text
    bearer = {"Authorization": f"Bearer {tokens.json['access_token']}"}
    claims: dict[str, Any] = browser.get("/userinfo", base_url=issuer, headers=bearer).json
    return claims


def test_the_suite_walks_our_pages_by_the_names_of_its_configuration(
    browser: Client, suite: dict[str, Any]
) -> None:
    issuer = suite["server"]["discoveryUrl"].removesuffix("/.well-known/openid-configuration")
    claims = walked(browser, issuer, suite["client"])
    for name in ("name", "middle_name", "zoneinfo", "updated_at", "email_verified", "address"):
        assert name in claims
    leaving = browser.get("/logout", base_url=issuer)
    assert 'class="page-logout"' in leaving.text
    action, fields = press(leaving.text, "logout-yes")
    left = browser.post(action, base_url=issuer, data=fields, follow_redirects=True)
    assert "You are signed out" in left.text


@pytest.fixture
def registering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everybody register clients."""
    monkeypatch.setenv("SESAME_REGISTRATION__MODE", "open")


def test_a_client_that_registers_itself_gets_what_the_static_ones_get(
    registering: None, browser: Client, suite: dict[str, Any]
) -> None:
    del registering
    issuer = suite["server"]["discoveryUrl"].removesuffix("/.well-known/openid-configuration")
    metadata = browser.get("/.well-known/openid-configuration", base_url=issuer).json
    assert metadata["registration_endpoint"] == f"{issuer}/register"
    answer = browser.post(
        "/register",
        base_url=issuer,
        json={
            "client_name": suite["client"]["client_name"],
            "redirect_uris": [CALLBACK],
            "response_types": ["code"],
            "grant_types": ["authorization_code"],
            "contacts": ["certification@oidf.org"],
        },
    )
    assert answer.status_code == 201, answer.text
    claims = walked(browser, issuer, answer.json)
    for name in ("name", "middle_name", "zoneinfo", "updated_at", "email_verified", "address"):
        assert name in claims


def test_a_refused_request_is_told_as_the_suite_expects_it(browser: Client) -> None:
    answer = browser.get("/authorize?client_id=nobody", base_url="http://localhost")
    assert 'class="page-error"' in answer.text
    assert "request error" in answer.text


def test_preparing_again_renews_the_secrets_of_the_same_clients(
    certified: Deployment, suite: dict[str, Any], tmp_path: Path
) -> None:
    again = tmp_path / "again.json"
    assert certified.run("conformance", "prepare", "--out", str(again)).exit_code == 0
    renewed = json.loads(again.read_text())
    assert renewed["client"]["client_id"] == suite["client"]["client_id"]
    assert renewed["client"]["client_secret"] != suite["client"]["client_secret"]


def test_elsewhere_nothing_is_prepared_and_pages_keep_their_own_names(
    deployment: Deployment,
) -> None:
    refused = deployment.run("conformance", "prepare")
    assert refused.exit_code == 1
    assert 'environment = "conformance"' in refused.output


def unsigned(claims: dict[str, str]) -> str:
    """An object as the suite writes it: no type, and nothing but the parameters."""
    segments = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none"}, claims)
    ]
    return f"{'.'.join(segments)}."


def test_what_the_suite_asks_of_request_objects_is_offered_in_this_environment(
    browser: Client, suite: dict[str, Any]
) -> None:
    issuer = suite["server"]["discoveryUrl"].removesuffix("/.well-known/openid-configuration")
    told = browser.get("/.well-known/openid-configuration", base_url=issuer).json
    assert told["request_uri_parameter_supported"] is True
    assert told["require_request_uri_registration"] is True
    assert {"RS256", "none"} <= set(told["request_object_signing_alg_values_supported"])


@pytest.mark.proves("core.request-objects")
def test_an_unsigned_object_of_the_suite_is_honoured_with_the_address_inside_it(
    browser: Client, suite: dict[str, Any]
) -> None:
    issuer = suite["server"]["discoveryUrl"].removesuffix("/.well-known/openid-configuration")
    inside = {
        "client_id": suite["client"]["client_id"],
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": CALLBACK,
        "state": "s",
    }
    asked = {**inside, "redirect_uri": f"{CALLBACK}/invalid", "request": unsigned(inside)}
    opened = browser.get(f"/authorize?{urlencode(asked)}", base_url=issuer, follow_redirects=True)
    assert 'class="page-login"' in opened.text


@pytest.mark.parametrize("algorithm", ["none", "RS256"])
@pytest.mark.proves("core.request-uri-unsigned", "core.request-uri-signed")
def test_a_client_that_registers_an_address_with_the_suites_hash_is_called_there(
    registering: None,
    browser: Client,
    suite: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    algorithm: str,
) -> None:
    """The hash is of something else than what will be there; ``none`` is not registered."""
    del registering
    key = made_key("RS256")
    signing = {
        "request_object_signing_alg": "RS256",
        "jwks": {"keys": [{**key.as_dict(private=False), "use": "sig", "alg": "RS256"}]},
    }
    issuer = suite["server"]["discoveryUrl"].removesuffix("/.well-known/openid-configuration")
    uri = f"https://localhost.emobix.co.uk:8443/test/a/sesame/requesturi/x#{'A' * 43}"
    registered = browser.post(
        "/register",
        base_url=issuer,
        json={
            "redirect_uris": [CALLBACK],
            "request_uris": [uri],
            **(signing if algorithm == "RS256" else {}),
        },
    ).json
    assert registered["request_uris"] == [uri]
    inside = {
        "client_id": registered["client_id"],
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": CALLBACK,
        "state": "s",
    }
    named = {**inside, "iss": registered["client_id"], "aud": issuer}
    whole = unsigned(inside) if algorithm == "none" else signed({"alg": "RS256"}, named, key)
    called: list[str] = []

    def served(self: object, method: str, url: str, **more: object) -> OutboundAnswer:
        del self, method, more
        called.append(url)
        return OutboundAnswer(status=200, media_type="application/jwt", body=whole.encode())

    monkeypatch.setattr("idp.outbound.client.OutboundClient.call", served)
    asked = {**inside, "request_uri": uri}
    opened = browser.get(f"/authorize?{urlencode(asked)}", base_url=issuer, follow_redirects=True)
    assert 'class="page-login"' in opened.text
    assert called == [uri.partition("#")[0]]


def test_the_plans_of_logout_have_static_clients_that_hear_by_one_channel_each(
    certified: Deployment, suite: dict[str, Any], tmp_path: Path
) -> None:
    base = CALLBACK.removesuffix("/callback")
    heard = {"back": f"{base}/backchannel_logout", "front": f"{base}/frontchannel_logout"}
    for channel, address in heard.items():
        plan = json.loads((tmp_path / f"suite-{channel}-channel-logout.json").read_text())
        client = certified.json("clients", "show", plan["client"]["client_id"])["registration"]
        assert plan["client2"] == suite["client2"]
        assert client["post_logout_redirect_uris"] == [f"{base}/post_logout_redirect"]
        other = "front" if channel == "back" else "back"
        assert client[f"{channel}channel_logout_uri"] == address
        assert f"{other}channel_logout_uri" not in client
    first = certified.json("clients", "show", suite["client"]["client_id"])["registration"]
    assert first.keys().isdisjoint({"backchannel_logout_uri", "frontchannel_logout_uri"})
