"""A certified library, npm openid-client, asks behind the browser's back over real HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import make_server

from idp.domain.client import ClientAuth
from tests.flows.ciba.asker import KEY, details
from tests.flows.phone.house import ISSUER
from tests.services.components import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flows.ciba.asker import Asker

NPM = Path(__file__).parents[2] / "npm"
NODE = Path(sys.executable).with_name("node")
PATIENCE = 60


@pytest.fixture(autouse=True)
def library() -> None:
    if not NODE.exists() or not (NPM / "node_modules" / "openid-client").exists():
        missing("npm openid-client")


@contextmanager
def served(shop: Asker) -> Iterator[str]:
    """The application at a port of its own, behind what a proxy does to its host's name."""

    def app(environ: Any, start: Any) -> Any:
        environ["HTTP_HOST"] = ISSUER.removeprefix("http://")
        return shop.house.app(environ, start)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(PATIENCE)
    server.server_close()


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
        with subprocess.Popen(
            [NODE, "openid_client_ciba.mjs", json.dumps(wanted)],
            cwd=NPM,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as node:
            assert node.stdin is not None
            assert node.stdout is not None
            said = json.loads(node.stdout.readline())
            if "asked" in said:
                assert said["first"] == "authorization_pending"
                assert said["asked"]["interval"] == 5
                assert shop.approved_by(phone)["message"] == "Order 1234"
                print("answered", file=node.stdin, flush=True)
                said = json.loads(node.stdout.readline())
            node.stdin.close()
            assert node.wait(PATIENCE) == 0, said
    done = said["done"]
    assert done["claims"]["sub"] == done["info"]["sub"] == shop.subject
    assert done["info"]["given_name"] == "An"
    assert done["details"] == json.loads(details())
