"""``sesame conformance prepare``: the FAPI plans get clients whose keys work, under fapi2."""

from __future__ import annotations

import json
import secrets
import stat
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey
from werkzeug.test import Client

from idp.app import create
from idp.config import load
from idp.oidc.client_auth import ASSERTION_TYPE
from idp.runtime import system_entropy, system_monotonic, system_now
from idp.services import build
from tests.world.client import s256, signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.cli.deployed import Deployment

PLANS = ("fapi2", "fapi2-message-signing", "fapi2-mtls", "fapi-ciba-poll", "fapi-ciba-ping")
MTLS = "https://mtls.op.example"


@pytest.fixture
def certified(new: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    for name, value in (
        ("SESAME_ENVIRONMENT", "conformance"),
        ("SESAME_MTLS__PROXIES", '["127.0.0.1/32"]'),
        ("SESAME_MTLS__FORM", "escaped-pem"),
        ("SESAME_MTLS__HEADER", "X-SSL-Client-Cert"),
        ("SESAME_MTLS__URL", MTLS),
    ):
        new.variables[name] = value
        monkeypatch.setenv(name, value)
    assert new.run("setup").exit_code == 0
    return new


@pytest.fixture
def plans(certified: Deployment, tmp_path: Path) -> dict[str, Any]:
    out = tmp_path / "suite.json"
    done = certified.run("conformance", "prepare", "--out", str(out))
    assert done.exit_code == 0, done.output
    files = {name: tmp_path / f"suite-{name}.json" for name in PLANS}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    return {name: json.loads(path.read_text()) for name, path in files.items()}


@pytest.fixture
def app(certified: Deployment, plans: dict[str, Any]) -> Iterator[Client]:
    del plans
    services = build(
        load(certified.config), now=system_now, monotonic=system_monotonic, entropy=system_entropy
    )
    yield Client(create(services), use_cookies=False)
    services.foundation.close()


class Suite:
    """The suite's side of one plan."""

    def __init__(self, app: Client, plan: dict[str, Any], place: str = "client") -> None:
        self.app, self.plan, self.told = app, plan, plan[place]
        (self.jwk,) = self.told["jwks"]["keys"]
        discovery = plan["server"]["discoveryUrl"]
        self.issuer = discovery.removesuffix("/.well-known/openid-configuration")

    def signed(self, typ: str = "JWT", **claims: Any) -> str:
        at = int(time.time())
        whole = {
            "iss": self.told["client_id"],
            "aud": self.issuer,
            "iat": at,
            "nbf": at,
            "exp": at + 60,
            "jti": secrets.token_urlsafe(8),
            **claims,
        }
        return signed({"alg": "ES256", "typ": typ}, whole, ECKey.import_key(self.jwk))

    def post(self, path: str, **fields: str) -> Any:
        proof = {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.signed(sub=self.told["client_id"]),
        }
        return self.app.post(path, data={**proof, **fields}, base_url=self.issuer)

    def asked(self) -> dict[str, str]:
        return {
            "client_id": self.told["client_id"],
            "response_type": "code",
            "redirect_uri": "https://localhost.emobix.co.uk:8443/test/a/sesame/callback",
            "scope": self.told["scope"],
            "code_challenge": s256("x" * 43),
            "code_challenge_method": "S256",
        }


@pytest.mark.parametrize("place", ["client", "client2"])
def test_clients_of_the_security_plan_push(app: Client, plans: Any, place: str) -> None:
    suite = Suite(app, plans["fapi2"], place)
    assert suite.post("/par", **suite.asked()).status_code == 201
    said = suite.post("/par", **{**suite.asked(), "code_challenge_method": "plain"}).json
    assert said["error_description"] == "profile fapi2 rule pkce-s256"


def test_clients_of_the_signing_plan_sign(app: Client, plans: Any) -> None:
    suite = Suite(app, plans["fapi2-message-signing"])
    said = suite.post("/par", **suite.asked()).json
    assert said["error_description"] == "profile fapi2 rule signed-requests"
    request = suite.signed("oauth-authz-req+jwt", **suite.asked())
    pushed = suite.post("/par", request=request, client_id=suite.told["client_id"])
    assert pushed.status_code == 201, pushed.text


def test_clients_of_the_plan_by_certificate_show_theirs(app: Client, plans: Any) -> None:
    plan = plans["fapi2-mtls"]
    assert plan["resource"]["resourceUrl"] == f"{MTLS}/userinfo"
    for place, tls in (("client", "mtls"), ("client2", "mtls2")):
        suite = Suite(app, plan, place)
        shown = x509.load_pem_x509_certificate(plan[tls]["cert"].encode())
        text = shown.public_bytes(Encoding.PEM).decode().replace("\n", "%0A")
        how = {
            "base_url": MTLS,
            "headers": {"X-SSL-Client-Cert": text},
            "environ_base": {"REMOTE_ADDR": "127.0.0.1"},
        }
        assert app.post("/par", data=suite.asked(), **how).status_code == 201
        other = {
            **suite.asked(),
            "client_id": plan["client2" if tls == "mtls" else "client"]["client_id"],
        }
        assert app.post("/par", data=other, **how).status_code == 401


@pytest.mark.parametrize("name", ["fapi-ciba-poll", "fapi-ciba-ping"])
def test_clients_of_the_plans_behind_the_browser_ask_and_the_hook_answers(
    app: Client, plans: Any, name: str
) -> None:
    suite = Suite(app, plans[name])
    assert suite.told["hint_type"] == "login_hint"
    asked = {"scope": "openid", "login_hint": suite.told["hint_value"], "binding_message": "1234"}
    if name == "fapi-ciba-ping":
        asked["client_notification_token"] = "a-token"
    answer = suite.post("/bc-authorize", request=suite.signed(**asked))
    assert answer.status_code == 200, answer.text
    hook = urlsplit(
        plans[name]["automated_ciba_approval_url"]
        .replace("{auth_req_id}", answer.json["auth_req_id"])
        .replace("{action}", "allow")
    )
    path = f"{hook.path}?{hook.query}"
    assert app.post(path, base_url=suite.issuer).status_code == 204


def test_without_a_proxy_no_plan_is_prepared_by_certificate(
    new: Deployment, tmp_path: Path
) -> None:
    new.variables["SESAME_ENVIRONMENT"] = "conformance"
    assert new.run("setup").exit_code == 0
    out = tmp_path / "plain.json"
    told = new.json("conformance", "prepare", "--out", str(out))
    fapi = [path for path in told["plans"] if "logout" not in path]
    assert len(fapi) == len(PLANS) - 1
    assert not (tmp_path / "plain-fapi2-mtls.json").exists()
    assert "mtls" not in json.loads((tmp_path / "plain-fapi-ciba-poll.json").read_text())
