"""A certified library, npm openid-client, asks behind the browser's back over real HTTP."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import make_server

from idp.domain.client import ClientAuth
from tests.flows.ciba.asker import KEY, details
from tests.flows.phone.house import ISSUER
from tests.services.npm import conversation, needs_package
from tests.services.running_server import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flows.ciba.asker import Asker


@pytest.fixture(autouse=True)
def library() -> None:
    needs_package("openid-client")


@contextmanager
def served(shop: Asker) -> Iterator[str]:
    """The application at a port of its own, behind what a proxy does to its host's name."""

    def app(environ: Any, start: Any) -> Any:
        environ["HTTP_HOST"] = ISSUER.removeprefix("http://")
        return shop.house.app(environ, start)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    with running_server(server):
        yield f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.proves("ciba.library")
def test_the_library_asks_waits_and_gets_tokens(shop: Asker, *, signed: bool) -> None:
    shop.register(auth=ClientAuth.PRIVATE_KEY_JWT, secrets=())
    phone = shop.house.phone()
    parameters = {
        "scope": "openid profile",
        "login_hint": shop.subject,
        "binding_message": "Order 1234",
        "authorization_details": details(),
    }

    def answered(said: dict[str, Any]) -> str:
        assert said["first"] == "authorization_pending"
        assert said["asked"]["interval"] == 5
        assert shop.approved_by(phone)["message"] == "Order 1234"
        return "answered"

    with served(shop) as at:
        wanted = {
            "issuer": ISSUER,
            "at": at,
            "clientId": "shop",
            "jwk": {**KEY.as_dict(private=True), "alg": "ES256"},
            "signed": signed,
            "now": int(shop.house.at.timestamp()),
            "clock": round((shop.house.at - datetime.now(UTC)).total_seconds()),
            "parameters": parameters,
        }
        done = conversation("openid_client_ciba", wanted, answered)
    assert done["claims"]["sub"] == done["info"]["sub"] == shop.subject
    assert done["info"]["given_name"] == "An"
    assert done["details"] == json.loads(details())
