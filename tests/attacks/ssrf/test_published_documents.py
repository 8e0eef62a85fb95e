"""SSRF-*: hosts that publish keys and lists, and would rather have us call somebody else."""

from __future__ import annotations

import json
import ssl
import time
from typing import TYPE_CHECKING

import pytest

from idp.domain.object_use import ObjectUse
from idp.domain.remote import Remote
from idp.errors import INVALID_REQUEST_URI, Refused
from idp.oidc.registration.sector_lists import read_list
from idp.oidc.remote_keys import RemoteKeys
from idp.oidc.request_references import MEDIA_TYPES, RequestReferences
from idp.oidc.waiting_room import room_of
from idp.outbound.client import OutboundClient, OutboundFailed
from idp.outbound.documents import LIMIT, Documents
from tests.contract.store.stand_ins import a_client
from tests.services.published import publishing
from tests.services.rebinding import Rebinding
from tests.unit.registration.documents import EC, POLICY, public

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.outbound.guard import Resolver
    from tests.services.published import Published


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    with publishing(tmp_path_factory.mktemp("published")) as published:
        published.documents["/jwks"] = {"keys": [public(EC)]}
        yield published


@pytest.fixture(autouse=True)
def _forgotten(host: Published) -> None:
    host.asked.clear()


def documents(
    host: Published,
    *,
    allowed: bool = True,
    names: Resolver | None = None,
    types: tuple[str, ...] = (),
) -> Documents:
    tls = ssl.create_default_context(cafile=str(host.ca))
    allow = frozenset({host.place}) if allowed else frozenset[str]()
    client = OutboundClient(allow=allow, monotonic=time.monotonic, resolver=names, tls=tls)
    return Documents(client, types=types)


def keys_at(fetch: Documents, url: str) -> dict[str, object] | None:
    remote = RemoteKeys(fetch, monotonic=lambda: 0.0, threads=4)
    return remote.of(a_client(remote=Remote(jwks=url)))


def test_keys_are_read_where_the_operator_allows_it(host: Published) -> None:
    assert keys_at(documents(host), host.address("/jwks")) == {"keys": [public(EC)]}


def test_no_credentials_and_no_cookies_go_along(host: Published) -> None:
    keys_at(documents(host), host.address("/jwks"))
    ((path, headers),) = host.asked
    assert path == "/jwks"
    assert {name.lower() for name in headers}.isdisjoint({"authorization", "cookie"})


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254"])
def test_a_name_that_leads_inside_is_not_called(host: Published, address: str) -> None:
    for answers in ((address,), ("1.1.1.1", address)):
        fetch = documents(host, allowed=False, names=Rebinding(*answers))
        assert keys_at(fetch, host.address("/jwks")) is None
        with pytest.raises(OutboundFailed, match="refused"):
            fetch("https://rebound.example/jwks")
    assert host.asked == []


def test_a_redirect_leads_nowhere(host: Published) -> None:
    host.redirects["/moved"] = host.address("/jwks")
    assert keys_at(documents(host), host.address("/moved")) is None
    assert [path for path, _ in host.asked] == ["/moved"]


@pytest.mark.parametrize("path", ["/huge", "/absent", "/text"])
def test_what_is_too_large_or_no_key_set_is_none(host: Published, path: str) -> None:
    host.documents["/huge"] = json.dumps({"keys": [public(EC)], "x": "y" * LIMIT}).encode()
    host.documents["/text"] = b"keys"
    assert keys_at(documents(host), host.address(path)) is None


def test_a_certificate_of_somebody_else_is_not_believed(host: Published) -> None:
    client = OutboundClient(allow=frozenset({host.place}), monotonic=time.monotonic)
    with pytest.raises(OutboundFailed, match="unreachable"):
        Documents(client)(host.address("/jwks"))


def test_a_list_that_leads_inside_is_not_even_asked_for(host: Published) -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return b"[]"

    for uri in ("https://169.254.169.254/", host.address("/sector"), "http://rp.example/", 7):
        assert read_list({"sector_identifier_uri": uri}, POLICY, fetch) is None
    assert asked == []


def object_at(fetch: Documents, url: str) -> str:
    references = RequestReferences(fetch, room=room_of(4))
    return references.read(url, a_client(objects=ObjectUse(uris=(url,))))


@pytest.mark.parametrize("media_type", [*MEDIA_TYPES, "Application/JWT; charset=utf-8"])
def test_an_object_is_read_where_it_is_served_as_one(host: Published, media_type: str) -> None:
    host.documents["/object"] = b"e30.e30.\n"
    host.types["/object"] = media_type
    fetch = documents(host, types=MEDIA_TYPES)
    assert object_at(fetch, host.address("/object")) == "e30.e30."
    ((_, headers),) = host.asked
    assert headers["Accept"] == "application/oauth-authz-req+jwt, application/jwt"
    assert {name.lower() for name in headers}.isdisjoint({"authorization", "cookie"})


@pytest.mark.parametrize("media_type", ["application/json", "text/html", "text/plain", ""])
def test_what_is_served_as_something_else_is_no_object(host: Published, media_type: str) -> None:
    host.documents["/page"] = b"e30.e30."
    host.types["/page"] = media_type
    with pytest.raises(Refused) as refused:
        object_at(documents(host, types=MEDIA_TYPES), host.address("/page"))
    assert refused.value.problem is INVALID_REQUEST_URI


@pytest.mark.parametrize("path", ["/large-object", "/moved-object", "/no-object"])
def test_an_object_that_is_large_elsewhere_or_absent_is_none(host: Published, path: str) -> None:
    host.documents |= {"/large-object": b"e" * (LIMIT + 1), "/object": b"e30.e30."}
    host.types |= {"/large-object": MEDIA_TYPES[0], "/object": MEDIA_TYPES[0]}
    host.redirects["/moved-object"] = host.address("/object")
    with pytest.raises(Refused) as refused:
        object_at(documents(host, types=MEDIA_TYPES), host.address(path))
    assert refused.value.problem is INVALID_REQUEST_URI
    assert [asked for asked, _ in host.asked] == [path]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254"])
def test_an_object_at_a_name_that_leads_inside_is_not_called_for(
    host: Published, address: str
) -> None:
    for answers in ((address,), ("1.1.1.1", address)):
        fetch = documents(host, allowed=False, names=Rebinding(*answers), types=MEDIA_TYPES)
        for url in (host.address("/object"), "https://rebound.example/object"):
            with pytest.raises(Refused) as refused:
                object_at(fetch, url)
            assert refused.value.problem is INVALID_REQUEST_URI
    assert host.asked == []
