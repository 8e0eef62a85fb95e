"""npm oidc-client-ts in a real browser: a public client whose every call crosses origins.

Discovery, keys, tokens and userinfo are read by a page of another origin; nothing but PKCE, and
DPoP where it is asked for, proves the client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.single_page.site import registration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flows.single_page.site import Site
    from tests.world.citizen_at_browser import Citizen
    from tests.world.running import Running


@pytest.fixture
def refreshing(world: Running, site: Site) -> Iterator[None]:
    """The application may keep a refresh token for the length of the test."""
    world.register(registration(site.address, refreshing=True))
    yield
    world.register(registration(site.address, refreshing=False))


def test_it_signs_in_reads_the_claims_and_signs_out(citizen: Citizen, site: Site) -> None:
    user = _signed_in(citizen, site)
    assert (user["name"], user["type"]) == ("Nora Van Voorbeeld", "Bearer")
    with citizen.page.expect_navigation(url=f"{site.address}/bye**"):
        citizen.page.evaluate("() => { manager.signoutRedirect(); }")
    assert _renewal(citizen) == "login_required"


def test_it_renews_in_a_hidden_frame_while_the_session_lasts(citizen: Citizen, site: Site) -> None:
    first = _signed_in(citizen, site, remember=True)
    again = citizen.page.evaluate("async () => told(await manager.signinSilent())")
    assert again["subject"] == first["subject"]
    assert again["access"] != first["access"]
    assert again["identity"] != first["identity"]


@pytest.mark.usefixtures("refreshing")
def test_it_renews_by_its_refresh_token_which_is_another_one_each_time(
    citizen: Citizen, site: Site
) -> None:
    first = _signed_in(citizen, site)
    again = citizen.page.evaluate("async () => told(await manager.signinSilent())")
    assert again["refresh"] not in {None, first["refresh"]}
    assert again["access"] != first["access"]
    assert [frame.url for frame in citizen.page.frames if "silent" in frame.url] == []


@pytest.mark.usefixtures("refreshing")
def test_it_binds_its_tokens_to_a_key_of_the_browser(citizen: Citizen, site: Site) -> None:
    citizen.page.goto(f"{site.address}/")
    citizen.page.evaluate("() => sessionStorage.setItem('bound', 'yes')")
    user = _signed_in(citizen, site)
    assert user["type"] == "DPoP"
    assert citizen.page.evaluate("() => boundUserinfo()") == "Nora Van Voorbeeld"
    again = citizen.page.evaluate("async () => told(await manager.signinSilent())")
    assert (again["type"], again["access"] != user["access"]) == ("DPoP", True)


def _signed_in(citizen: Citizen, site: Site, *, remember: bool = False) -> dict[str, Any]:
    """Walk from the application to the provider and back; give what the library tells."""
    page = citizen.page
    page.goto(f"{site.address}/")
    with page.expect_navigation():
        page.evaluate("() => { manager.signinRedirect(); }")
    page.locator("#username").fill("nora")
    page.locator("#sign-in").click()
    page.locator("#agree, #who:not(:empty)").first.wait_for()
    if page.locator("#agree").count():  # not where an earlier test let it be remembered
        citizen.agree(remember=remember)
    page.locator("#who:not(:empty)").wait_for()
    told: dict[str, Any] = page.evaluate("async () => told(await manager.getUser())")
    return told


def _renewal(citizen: Citizen) -> str:
    """Try to renew without anybody; give the error that the library was told."""
    return str(
        citizen.page.evaluate(
            "async () => { try { await manager.signinSilent(); return 'renewed'; }"
            " catch (error) { return error.error; } }"
        )
    )
