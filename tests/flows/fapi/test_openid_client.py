"""A certified library, npm openid-client, as a FAPI 2.0 client under the profile ``fapi2``."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from werkzeug.serving import make_server

from idp.oidc.registration.policy import policy_of
from idp.oidc.registration.rules import register
from tests.attacks.profiles.bank import KEY, Bank, document
from tests.flows.phone.house import CALLBACK, ISSUER
from tests.services.npm import conversation, needs_package
from tests.services.running_server import running_server
from tests.services.tls_front import tls_front
from tests.world.client_certificates import certified

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MTLS = "mtls.localhost"


@pytest.fixture(autouse=True)
def library() -> None:
    needs_package("openid-client")


@contextmanager
def served(bank: Bank) -> Iterator[int]:
    """The application at a port of its own, behind what a proxy does to its host's name."""

    def app(environ: Any, start: Any) -> Any:
        if not environ["HTTP_HOST"].startswith(MTLS):
            environ["HTTP_HOST"] = ISSUER.removeprefix("http://")
        return bank.house.app(environ, start)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    with running_server(server):
        yield server.port


def story(bank: Bank, **more: Any) -> dict[str, Any]:
    """Let the library tell what it did; the browser does what An would."""
    wanted = {
        "issuer": ISSUER,
        "clientId": "bank",
        "jwk": {**KEY.as_dict(private=True), "alg": "ES256"},
        "redirectUri": CALLBACK,
        "clock": round((bank.house.at - datetime.now(UTC)).total_seconds()),
        **more,
    }
    return conversation(
        "openid_client_fapi", wanted, lambda said: {"back": bank.walked(said["open"])}
    )


def test_the_library_keeps_every_rule_with_a_signed_assertion_and_proofs(tmp_path: Path) -> None:
    bank = Bank(tmp_path)
    with served(bank) as port:
        done = story(bank, at=f"http://127.0.0.1:{port}")
    bank.house.close()
    assert done["type"].lower() == "dpop"
    assert done["claims"]["sub"] == done["info"]["sub"] == done["infoAgain"]["sub"]
    assert done["told"]["cnf"]["jkt"]
    assert done["kept"], "a refresh token of this profile is not rotated"


def test_the_library_keeps_every_rule_with_a_certificate(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authority = certified("CN=Clients CA", now, authority=True)
    own = certified("CN=bank,O=The Bank,C=BE", now, by=authority)
    (tmp_path / "clients.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    with tls_front(tmp_path / "tls", [MTLS], clients=tmp_path / "clients.pem") as front:
        url = f"https://{MTLS}:{front.port}"
        bank = Bank(tmp_path, mtls={"proxies": ["127.0.0.1/32"], "chain": "proxy", "url": url})
        bank.house.at = now
        registration = document(
            token_endpoint_auth_method="tls_client_auth",
            tls_client_auth_subject_dn="CN=bank,O=The Bank,C=BE",
            tls_client_certificate_bound_access_tokens=True,
            dpop_bound_access_tokens=None,
        )
        bank.replace(register(registration, policy_of(bank.settings), now=now))
        with served(bank) as port:
            front.routes[MTLS] = port
            tls = {
                "url": url,
                "port": front.port,
                "cert": own.pem.decode(),
                "ca": front.ca.read_text(encoding="ascii"),
            }
            done = story(bank, at=f"http://127.0.0.1:{port}", tls=tls)
        bank.house.close()
    assert done["type"].lower() == "bearer"
    assert done["claims"]["sub"] == done["info"]["sub"] == done["infoAgain"]["sub"]
    assert done["told"]["cnf"] == {"x5t#S256": own.thumbprint}
    assert done["kept"]
    asked = {address for address in done["asked"] if address.startswith(url)}
    assert asked == {f"{url}/{path}" for path in ("par", "token", "userinfo", "introspect")}
