"""The logo of a client that registered itself: fetched once, where its kind is shown at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services.drawn import png
from tests.unit.oidc.dynamic.registry import CALLBACK, open_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.oidc.dynamic.registry import Registry

LOGO, OTHER = "https://rp.example/logo.png", "https://rp.example/other.png"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with open_registry(tmp_path, logos="everybody") as opened:
        opened.web.pages[LOGO] = png()
        yield opened


def digests(registry: Registry, client_id: str) -> dict[str, str]:
    client = registry.client(client_id)
    assert client is not None
    return {language: one.digest for language, one in client.about.pictures.items()}


def kept(registry: Registry, digest: str) -> bytes | None:
    with registry.services.ledger.read() as unit:
        return unit.logos.get(digest)


@pytest.mark.proves("registration.links")
def test_the_logo_is_fetched_with_the_registration_and_served_from_here(registry: Registry) -> None:
    told = registry.registered(logo_uri=LOGO)
    assert told["logo_uri"] == LOGO
    assert "pictures" not in told
    (digest,) = digests(registry, told["client_id"]).values()
    served = registry.send("GET", f"/logos/{digest}.png")
    assert served.content_type == "image/png"
    assert served.data == kept(registry, digest)
    assert registry.web.asked == [LOGO]


@pytest.mark.parametrize("there", [None, b"<svg/>"], ids=["nothing", "no picture"])
def test_a_registration_never_fails_for_its_logo(registry: Registry, there: bytes | None) -> None:
    registry.web.pages.pop(LOGO)
    if there is not None:
        registry.web.pages[LOGO] = there
    told = registry.registered(logo_uri=LOGO)
    assert told["logo_uri"] == LOGO
    assert digests(registry, told["client_id"]) == {}


@pytest.mark.parametrize("logos", ["operators", "none", "invited"])
def test_what_would_not_be_shown_is_not_fetched(tmp_path: Path, logos: str) -> None:
    with open_registry(tmp_path, logos=logos) as registry:
        registry.web.pages[LOGO] = png()
        told = registry.registered(logo_uri=LOGO)
        assert registry.web.asked == []
        assert digests(registry, told["client_id"]) == {}


def test_whoever_was_invited_is_shown_where_the_setting_says_so(tmp_path: Path) -> None:
    with open_registry(tmp_path, mode="token", logos="invited") as registry:
        registry.web.pages[LOGO] = png()
        token = registry.invited()
        assert registry.register("not-an-invitation", logo_uri=LOGO).status_code == 401
        assert registry.web.asked == []
        told = registry.registered(token, logo_uri=LOGO)
        assert list(digests(registry, told["client_id"])) == ["en"]


def test_a_logo_is_fetched_again_only_with_another_address(registry: Registry) -> None:
    told = registry.registered(logo_uri=LOGO)
    (first,) = digests(registry, told["client_id"]).values()
    where, token = told["registration_client_uri"], told["registration_access_token"]
    document = {"client_id": told["client_id"], "redirect_uris": [CALLBACK], "client_name": "Shop"}
    registry.web.pages[LOGO] = png(colour=b"\xff\0\0\xff")
    same = registry.send("PUT", where, {**document, "logo_uri": LOGO}, token=token)
    assert same.status_code == 200
    assert digests(registry, told["client_id"]) == {"en": first}
    assert registry.web.asked == [LOGO]
    registry.web.pages[OTHER] = png(colour=b"\0\xff\0\xff")
    registry.send("PUT", where, {**document, "logo_uri": OTHER}, token=token)
    (second,) = digests(registry, told["client_id"]).values()
    assert second != first
    assert kept(registry, first) is None
    assert registry.send("GET", f"/logos/{first}.png").status_code == 404
    registry.send("PUT", where, document, token=token)
    assert digests(registry, told["client_id"]) == {}
    assert kept(registry, second) is None


def test_a_logo_leaves_with_its_client(registry: Registry) -> None:
    told = registry.registered(logo_uri=LOGO)
    (digest,) = digests(registry, told["client_id"]).values()
    where, token = told["registration_client_uri"], told["registration_access_token"]
    assert registry.send("DELETE", where, token=token).status_code == 204
    assert kept(registry, digest) is None


def test_each_language_may_have_its_own_and_the_same_is_fetched_once(registry: Registry) -> None:
    registry.web.pages[OTHER] = png(colour=b"\0\xff\0\xff")
    members = {"logo_uri": LOGO, "logo_uri#nl": LOGO, "logo_uri#fr": OTHER}
    told = registry.registered(**members)
    found = digests(registry, told["client_id"])
    assert found["en"] == found["nl"] != found["fr"]
    assert sorted(registry.web.asked) == [LOGO, OTHER]
