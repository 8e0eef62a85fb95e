from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Request

from idp.login.flow import Page
from idp.web.site import Site
from tests.unit.web.doubles import LOGIN, turn

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

HERE = f"/login/{LOGIN}"


def in_front(site: Site, method: str, path: str) -> Response | None:
    asked = Request(EnvironBuilder(path=path, method=method).get_environ())
    return site.front(asked, site.endpoint(path))


@pytest.mark.parametrize("path", ["/", "/jwks", "/.well-known/openid-configuration", HERE])
def test_both_doors_lead_to_the_same_handler(services: Any, path: str) -> None:
    services.flow.next = turn(Page.CHOOSE)
    site = Site(services)
    front = in_front(site, "GET", path)
    behind = Client(site.flask).get(path)
    assert front is not None
    assert front.status_code == behind.status_code == 200
    assert front.get_data() == behind.data
    assert front.headers["Content-Type"] == behind.headers["Content-Type"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("HEAD", HERE),
        ("POST", HERE),
        ("GET", HERE + "/seeded"),
        ("GET", HERE + "/"),
        ("GET", HERE + "/nothing"),
        ("GET", "/login/"),
        ("GET", "/login/short"),
        ("PUT", "/authorize"),
        ("GET", "/nothing"),
    ],
)
def test_what_the_front_door_does_not_know_exactly_is_left_to_flask(
    services: Any, method: str, path: str
) -> None:
    services.flow.next = turn(Page.CHOOSE)
    site = Site(services)
    assert in_front(site, method, path) is None
    assert Client(site.flask).open(path, method=method).status_code in {404, 405}
