"""The certified library reads our answers signed and encrypted; oauth4webapi our access tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows.protocol import forms
from tests.flows.protocol.test_openid_client import library, story

if TYPE_CHECKING:
    from tests.world.scripted import Browser
    from tests.world.shops import Shops

__all__ = ["library"]


@pytest.mark.parametrize("bound", [False, True])
@pytest.mark.proves("access-tokens.jwt")
def test_a_resource_server_verifies_our_access_tokens(
    made: Shops, browser: Browser, *, bound: bool
) -> None:
    shop = made.known.get("structured") or made.add(
        "structured", changes={"access_token_format": "jwt"}
    )
    done = story(shop, browser, dpop=bound, resource=f"{shop.issuer}/userinfo")
    seen = done["atResource"]
    assert (seen["sub"], seen["client_id"]) == (done["claims"]["sub"], shop.id)
    assert seen["scope"] == "openid profile email"
    assert ("cnf" in seen) is bound
    assert done["infoAgain"]["sub"] == seen["sub"]
    assert done["before"]["active"]
    assert not done["after"]["active"]


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
@pytest.mark.proves("access-tokens.introspection", "registration.userinfo-signed")
def test_the_library_reads_signed_userinfo_and_introspection(
    made: Shops, browser: Browser, algorithm: str
) -> None:
    client = forms.signing(made, algorithm)
    wanted = {f"{of}_signed_response_alg": algorithm for of in forms.SIGNED}
    done = story(client, browser, metadata=wanted)
    assert done["info"]["given_name"] == "Nora"
    assert done["before"]["active"]
    assert not done["after"]["active"]


@pytest.mark.parametrize(
    ("algorithm", "content"),
    [("ECDH-ES", "A256GCM"), ("ECDH-ES+A256KW", "A256GCM"), ("RSA-OAEP-256", "A256GCM")],
)
@pytest.mark.proves("access-tokens.encrypted")
def test_the_library_opens_every_answer_with_its_key(
    made: Shops, browser: Browser, algorithm: str, content: str
) -> None:
    client = forms.encrypting(made, algorithm, content)
    wanted = {f"{of}_signed_response_alg": "ES256" for of in forms.SIGNED}
    done = story(
        client,
        browser,
        metadata=wanted,
        decrypt=forms.private(algorithm),
        jarm=True,
        parameters={"response_mode": "jwt"},
    )
    assert done["info"]["sub"] == done["claims"]["sub"] == done["infoAgain"]["sub"]
    assert done["before"]["active"]
