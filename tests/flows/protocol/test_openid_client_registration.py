"""npm openid-client registers itself and logs somebody in; its registration changes and goes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from joserfc.jwk import ECKey

from tests.services.npm import conversation, needs_package
from tests.services.published import publishing
from tests.world.client import HOME, walk
from tests.world.running import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.published import Published
    from tests.world.running import Running

CALLBACK = f"{HOME}/registered/cb"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    needs_package("openid-client")
    with publishing(tmp_path_factory.mktemp("published")) as publisher:
        yield publisher


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, host: Published) -> Iterator[Running]:
    settings = {
        "registration": {"mode": "open"},
        "outbound": {"allow": [host.place], "ca": str(host.ca)},
    }
    with running(tmp_path_factory.mktemp("registering"), settings=settings) as provider:
        yield provider


def story(world: Running, metadata: dict[str, object], **wanted: Any) -> dict[str, Any]:
    """Let the library tell what it did; a browser does what a person would."""
    clock = round((world.clock.now() - datetime.now(UTC)).total_seconds())
    told = {
        "issuer": world.issuer,
        "metadata": {"redirect_uris": [CALLBACK], "client_name": "Registered", **metadata},
        "clock": clock,
        **wanted,
    }

    def walked(said: dict[str, Any]) -> dict[str, str]:
        with world.browser(stops=(HOME,)) as browser:
            return {"url": walk(browser.get(said["open"])).url}

    return conversation("openid_client_registration", told, walked)


def lived_and_left(done: dict[str, Any]) -> None:
    """The whole life of a registration, as the library and its user saw it."""
    assert done["info"] == {"sub": done["claims"]["sub"]}  # and no claim that nobody entitled
    assert done["shown"]["status"] == 200
    assert done["shown"]["body"]["redirect_uris"] == [CALLBACK]
    assert done["changed"]["status"] == 200, done["changed"]
    assert done["changed"]["body"]["client_name"] == "Renamed"
    assert done["gone"] == {"status": 204, "body": None}
    assert done["after"]["status"] == 401


def test_the_library_registers_with_a_secret_and_lives_with_it(world: Running) -> None:
    done = story(
        world,
        {
            "token_endpoint_auth_method": "client_secret_post",
            "initiate_login_uri": f"{HOME}/login",
            "policy_uri": f"{HOME}/privacy",
        },
    )
    lived_and_left(done)
    assert done["shown"]["body"]["initiate_login_uri"] == f"{HOME}/login"
    written = world.log()
    for name in ("client_secret", "registration_access_token"):
        assert done["registered"][name] not in written


def test_the_library_proves_itself_by_a_key_that_it_publishes(
    world: Running, host: Published
) -> None:
    key = ECKey.generate_key("P-256", {"kid": "published", "alg": "ES256"})
    host.documents["/jwks"] = {"keys": [key.as_dict(private=False)]}
    done = story(
        world,
        {
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256",
            "jwks_uri": host.address("/jwks"),
        },
        jwk=key.as_dict(private=True),
    )
    lived_and_left(done)
    asked = [headers for path, headers in host.asked if path == "/jwks"]
    assert len(asked) == 1
    assert {"Authorization", "Cookie"}.isdisjoint(asked[0])


def test_a_sector_is_what_its_list_says(world: Running, host: Published) -> None:
    host.documents["/sector"] = [CALLBACK]
    done = story(
        world,
        {
            "token_endpoint_auth_method": "client_secret_post",
            "subject_type": "pairwise",
            "sector_identifier_uri": host.address("/sector"),
        },
    )
    lived_and_left(done)
