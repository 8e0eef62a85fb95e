"""A certified library, npm openid-client, does the whole protocol with the running provider."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.services.npm import conversation, needs_package
from tests.world.client import walk
from tests.world.shops import KINDS

if TYPE_CHECKING:
    from tests.world.client import Client
    from tests.world.scripted import Browser
    from tests.world.shops import Shops


@pytest.fixture(autouse=True)
def library() -> None:
    needs_package("openid-client")


def story(client: Client, browser: Browser, **wanted: Any) -> dict[str, Any]:
    """Let the library tell what it did; the browser does what a person would."""
    told = {
        "issuer": client.issuer,
        "clientId": client.id,
        "auth": client.auth,
        "redirectUri": client.callback,
        "postLogoutRedirectUri": client.signed_out,
        "scope": "openid profile email",
        "algorithm": client.id_token_algorithm,
        "pushed": True,
        "clock": round((client.now() - datetime.now(UTC)).total_seconds()),
        **wanted,
    }
    if client.auth == "private_key_jwt":
        told["jwk"] = {**client.key.as_dict(private=True), "alg": client.algorithm}
    elif client.secret is not None:
        told["secret"] = client.secret
    opened: dict[str, Any] = {"open": None}

    def walked(said: dict[str, Any]) -> dict[str, Any]:
        opened.update(said)
        page = walk(browser.get(said["open"]))
        return {"url": page.url, "posted": dict(page.posted)}

    done = conversation("openid_client", told, walked)
    return {**done, "open": opened["open"]}


@pytest.mark.parametrize("name", list(KINDS))
def test_the_library_goes_from_discovery_to_logout(
    made: Shops, browser: Browser, name: str
) -> None:
    client = made[name]
    done = story(client, browser)
    assert "request_uri=urn" in done["open"]
    assert done["metadata"]["issuer"] == client.issuer
    assert done["claims"]["aud"] in (client.id, [client.id])
    assert done["info"]["given_name"] == "Nora"
    assert done["info"]["email"] == "nora@people.example"
    assert done["refreshed"]["sub"] == done["claims"]["sub"]
    assert done["refreshed"]["auth_time"] == done["claims"]["auth_time"]
    assert done["rotated"]
    assert done["infoAgain"]["sub"] == done["claims"]["sub"]
    if client.auth != "none":
        assert done["before"]["active"]
        assert not done["after"]["active"]
    page = browser.get(done["logout"])
    assert page.url == f"{client.signed_out}?state=left"
    assert client.open(browser, prompt="none")[0].parameters["error"] == "login_required"


def test_the_library_logs_in_without_pushing_too(shop: Client, browser: Browser) -> None:
    done = story(shop, browser, pushed=False, parameters={"max_age": "600"})
    assert "request_uri" not in done["open"]
    assert done["claims"]["auth_time"]


def test_the_library_reads_the_answer_of_a_form_post(shop: Client, browser: Browser) -> None:
    done = story(shop, browser, parameters={"response_mode": "form_post"})
    assert done["info"]["sub"] == done["claims"]["sub"]


@pytest.mark.parametrize("name", ["shop", "shop-app"])
def test_the_library_proves_its_key_at_every_step(made: Shops, browser: Browser, name: str) -> None:
    done = story(made[name], browser, dpop=True)
    assert done["type"].lower() == "dpop"
    assert done["refreshed"]["sub"] == done["info"]["sub"] == done["infoAgain"]["sub"]
    if name == "shop":
        assert done["before"]["cnf"]["jkt"]


@pytest.mark.parametrize("pushed", [True, False])
@pytest.mark.proves("message-signing.library")
def test_the_library_signs_its_requests(shop: Client, browser: Browser, *, pushed: bool) -> None:
    done = story(shop, browser, signed=True, pushed=pushed, dpop=pushed)
    assert ("request=ey" in done["open"]) is not pushed
    assert done["info"]["sub"] == done["claims"]["sub"]


@pytest.mark.parametrize("mode", ["jwt", "form_post.jwt"])
@pytest.mark.proves("message-signing.library")
def test_the_library_reads_a_signed_answer(shop: Client, browser: Browser, mode: str) -> None:
    done = story(shop, browser, jarm=True, parameters={"response_mode": mode})
    assert done["info"]["sub"] == done["claims"]["sub"]
