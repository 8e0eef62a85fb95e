"""SSRF-*: a ``logo_uri`` that would have us call somebody else, or read what is no picture."""

from __future__ import annotations

import ssl
import time
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from idp.domain.about import About
from idp.oidc.registration.pictures import pictured
from idp.outbound.client import OutboundAnswer, OutboundClient, OutboundFailed
from idp.outbound.pictures import LIMIT, SECONDS, Pictures
from tests.contract.store.stand_ins import a_client
from tests.services.drawn import SIGNATURE, chunk, header, parts_of, png
from tests.services.published import publishing
from tests.services.rebinding import Rebinding
from tests.unit.registration.documents import POLICY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from idp.domain.client import Client
    from idp.oidc.registration.pictures import Pictured
    from idp.outbound.guard import Resolver
    from tests.services.published import Published

SCRIPT = b"<script>alert(document.domain)</script>"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    with publishing(tmp_path_factory.mktemp("pictures")) as published:
        yield published


@pytest.fixture(autouse=True)
def _forgotten(host: Published) -> None:
    host.asked.clear()


def fetching(host: Published, *, names: Resolver | None = None) -> Pictures:
    allow = frozenset({host.place}) if names is None else frozenset[str]()
    tls = ssl.create_default_context(cafile=str(host.ca))
    client = OutboundClient(allow=allow, monotonic=time.monotonic, resolver=names, tls=tls)
    return Pictures(client, monotonic=time.monotonic)


def named(*addresses: str) -> Client:
    logo = dict(zip(("nl", "fr", "de", "en"), addresses, strict=False))
    return a_client(about=About(logo=logo))


def shown(host: Published, path: str) -> Pictured:
    policy = replace(POLICY, reachable=frozenset({host.place}))
    return pictured(named(host.address(path)), policy, fetching(host))


def test_an_honest_picture_is_fetched_with_no_credentials_and_no_cookies(host: Published) -> None:
    host.documents["/logo.png"] = png()
    found = shown(host, "/logo.png")
    assert not found.missing
    assert found.client.about.pictures["nl"].width == 32
    ((path, headers),) = host.asked
    assert path == "/logo.png"
    assert {name.lower() for name in headers}.isdisjoint({"authorization", "cookie", "referer"})


@pytest.mark.parametrize(
    "address",
    [
        "http://rp.example/logo.png",
        "https://127.0.0.1/logo.png",
        "https://[::1]/logo.png",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/logo.png",
        "https://localhost:6379/",
        "https://rp.example:22/logo.png",
        "https://user@rp.example/logo.png",
        "https://intranet/logo.png",
        "data:image/png;base64,AA",
    ],
)
def test_an_address_that_leads_inside_is_not_even_asked_for(address: str) -> None:
    asked: list[str] = []

    def fetch(addresses: object) -> dict[str, bytes | OutboundFailed]:
        asked.extend(cast("list[str]", addresses))
        return {}

    found = pictured(named(address), POLICY, fetch)
    assert list(found.missing) == [address]
    assert asked == []
    assert not found.client.about.pictures


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254"])
def test_a_name_that_leads_inside_is_not_called(host: Published, address: str) -> None:
    for answers in ((address,), ("1.1.1.1", address)):
        names = Rebinding(*answers)
        found = pictured(
            named("https://rebound.example/l.png"), POLICY, fetching(host, names=names)
        )
        assert found.missing == {
            "https://rebound.example/l.png": "it could not be fetched: refused"
        }
    assert host.asked == []


def test_a_redirect_leads_nowhere(host: Published) -> None:
    host.documents["/logo.png"] = png()
    host.redirects["/moved.png"] = host.address("/logo.png")
    assert not shown(host, "/moved.png").client.about.pictures
    assert [path for path, _ in host.asked] == ["/moved.png"]


def test_what_is_huge_is_not_read_to_its_end(host: Published) -> None:
    host.documents["/huge.png"] = png(chunk(b"tEXt", b"x" * LIMIT))
    found = shown(host, "/huge.png")
    assert found.missing == {host.address("/huge.png"): "it could not be fetched: too_large"}


def bomb(*, lines: bytes, side: int) -> bytes:
    packed = zlib.compress(lines, 9)
    parts = (header(side, side), chunk(b"IDAT", packed), chunk(b"IEND"))
    return SIGNATURE + b"".join(parts)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (bomb(lines=bytes(50_000_000), side=32), "it has more or fewer pixels than it says"),
        (bomb(lines=bytes(5_000_000), side=65_535), "its sides are not 16 to 512 pixels"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "it is not a PNG"),
        (b"GIF89a/*" + SCRIPT, "it is not a PNG"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(64), "it is not a PNG"),
        (b"RIFF\x40\0\0\0WEBPVP8 " + bytes(64), "it is not a PNG"),
        (b"<!doctype html>" + SCRIPT, "it is not a PNG"),
        (png() + SCRIPT, "something follows after its end"),
        (SCRIPT + png(), "it is not a PNG"),
        (png() + b"PK\x05\x06" + bytes(18), "something follows after its end"),
    ],
    ids=["bomb", "wide bomb", "svg", "gif", "jpeg", "webp", "html", "after", "before", "zip"],
)
def test_what_is_no_picture_is_none(host: Published, body: bytes, why: str) -> None:
    host.documents["/odd.png"] = body
    found = shown(host, "/odd.png")
    assert found.missing == {host.address("/odd.png"): why}
    assert not found.bodies
    assert not found.client.about.pictures


def test_of_a_picture_with_something_in_it_the_pixels_alone_are_kept(host: Published) -> None:
    hidden = (
        chunk(b"tEXt", b"Comment\0" + SCRIPT),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + SCRIPT),
        chunk(b"eXIf", b"MM\0*" + SCRIPT),
        chunk(b"iCCP", b"p\0\0" + zlib.compress(SCRIPT)),
        chunk(b"acTL", bytes(8)),
    )
    host.documents["/full.png"] = png(*hidden)
    (body,) = shown(host, "/full.png").bodies.values()
    assert [name for name, _ in parts_of(body)] == [b"IHDR", b"IDAT", b"IEND"]
    assert b"script" not in body


class SlowHosts:
    """An outbound client whose every call takes as long as it may."""

    def __init__(self, *, first: float) -> None:
        self.time = 0.0
        self.given: list[float] = []
        self._takes = first

    def call(self, method: str, url: str, *, seconds: float, **_: object) -> OutboundAnswer:
        del method, url
        self.given.append(seconds)
        self.time += min(self._takes, seconds)
        if self._takes >= seconds:
            raise OutboundFailed("timeout")
        return OutboundAnswer(status=200, media_type="image/png", body=png())


def slowly(hosts: SlowHosts, places: int = 1) -> Pictures:
    return Pictures(cast("OutboundClient", hosts), monotonic=lambda: hosts.time, places=places)


def test_slow_hosts_share_one_deadline(host: Published) -> None:
    del host
    hosts = SlowHosts(first=2.0)
    found = slowly(hosts)([f"https://rp.example/{number}.png" for number in range(4)])
    assert hosts.given == [SECONDS, SECONDS - 2.0]
    outcomes = [one if isinstance(one, bytes) else one.reason for one in found.values()]
    assert outcomes == [png(), "timeout", "timeout", "timeout"]


def test_whoever_finds_the_place_taken_goes_on_without_a_picture() -> None:
    inner: list[dict[str, bytes | OutboundFailed]] = []
    hosts = SlowHosts(first=0.0)
    fetch = slowly(hosts)
    call: Callable[..., OutboundAnswer] = hosts.call

    def nested(*args: object, **values: object) -> OutboundAnswer:
        inner.append(fetch(["https://other.example/l.png"]))
        return call(*args, **values)

    hosts.call = nested  # type: ignore[method-assign]
    found = fetch(["https://rp.example/l.png"])
    assert found == {"https://rp.example/l.png": png()}
    ((busy,),) = [one.values() for one in inner]
    assert isinstance(busy, OutboundFailed)
    assert busy.reason == "busy"
    assert len(fetch(["https://rp.example/l.png"])) == 1
