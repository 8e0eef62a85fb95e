"""The picture of an e-service: after its name and host, from our origin, where a setting says."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.origin import Origin
from idp.domain.picture import Picture
from idp.login.flow import Page
from tests.services.drawn import png
from tests.unit.web import doubles
from tests.unit.web.conftest import Visit
from tests.unit.web.doubles import LOGIN, turn
from tests.unit.web.test_client_links import LINKED, PAGES

if TYPE_CHECKING:
    from idp.domain.client import Client

BODY = png(width=64, height=32)
DIGEST = sha256(BODY).hexdigest()
ADDRESS = f"/logos/{DIGEST}.png"
PICTURE = Picture(address=LINKED.about.logo["en"], digest=DIGEST, width=64, height=32)
PICTURED = replace(LINKED, about=replace(LINKED.about, pictures={"en": PICTURE}))
INVITED = replace(PICTURED, origin=Origin(invitation="ab" * 6, token="t"))
UNKNOWN = replace(PICTURED, origin=Origin(invitation=None, token="t"))


def shows(client: Client, whose: str = "operators", *, page: Page = Page.CHOOSE) -> Any:
    services = doubles.services(login={"seeded_sign_in": True}, registration={"logos": whose})
    services.flow.next = replace(turn(page), client=client)
    return Visit(services).get(f"/login/{LOGIN}")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.proves("registration.links")
def test_the_logo_is_seen_where_people_sign_in_and_comes_from_us(page: Page) -> None:
    answer = shows(PICTURED, page=page)
    assert re.findall(r'<img src="([^"]+)" alt="([^"]*)" width="64" height="32"', answer.text) == [
        (ADDRESS, "Logo of this service")
    ]
    assert "img-src 'self';" in answer.headers["Content-Security-Policy"]
    assert "pictures.example" not in answer.text
    for link in ("client-policy", "client-terms"):
        assert f'id="{link}"' in answer.text


def test_the_name_and_the_host_are_read_before_the_logo() -> None:
    shown = shows(PICTURED).text
    places = [shown.index(one) for one in ('id="client-name"', "tax.example</bdi>", ADDRESS)]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("client", "settings"),
    [
        (PICTURED, {"operators", "invited", "everybody"}),
        (INVITED, {"invited", "everybody"}),
        (UNKNOWN, {"everybody"}),
    ],
    ids=["an operator's", "an invited one", "nobody's"],
)
def test_whose_logos_are_shown_is_a_setting(client: Client, settings: set[str]) -> None:
    seen = {
        whose
        for whose in ("none", "operators", "invited", "everybody")
        if ADDRESS in shows(client, whose).text
    }
    assert seen == settings


def test_without_a_picture_there_is_none_and_the_address_is_a_link() -> None:
    shown = shows(LINKED).text
    assert "asker-logo" not in shown
    assert 'id="client-logo" target="_blank"' in shown


@pytest.fixture
def held(services: Any, site: Visit) -> Visit:
    services.ledger.logos = {DIGEST: BODY}
    return site


def test_a_logo_is_kept_for_a_year_and_can_do_nothing(held: Visit) -> None:
    answer = held.get(ADDRESS)
    assert answer.data == BODY
    assert answer.content_type == "image/png"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["ETag"] == f'"{DIGEST}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "sandbox"} <= set(policy)
    assert "Set-Cookie" not in answer.headers
    again = held.get(ADDRESS, headers={"If-None-Match": f'"{DIGEST}"'})
    assert (again.status_code, again.data) == (304, b"")
    assert held.open("HEAD", ADDRESS).headers["Content-Length"] == str(len(BODY))


@pytest.mark.parametrize(
    "name",
    [
        f"{'0' * 64}.png",
        DIGEST,
        f"{DIGEST}.svg",
        f"{DIGEST.upper()}.png",
        f"{DIGEST}.png/",
        f"{DIGEST}.png%0a",
        "..%2f..%2fetc%2fpasswd",
    ],
)
def test_any_other_name_is_nothing(held: Visit, name: str) -> None:
    answer = held.get(f"/logos/{name}")
    assert answer.status_code == 404
    assert answer.content_type == "text/html; charset=utf-8"
