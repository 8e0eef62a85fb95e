"""Addresses that may be registered: one reading only, whoever reads."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from idp.oidc.registration.uris import Allowed, faults_of, host_of

WEB = Allowed(app_schemes=False, issuer="https://login.example")
APP = Allowed(app_schemes=True, issuer="https://login.example")


def accepted(uri: str, allowed: Allowed = WEB) -> bool:
    return not list(faults_of(uri, allowed))


@pytest.mark.parametrize(
    "uri",
    [
        "https://shop.example/",
        "https://shop.example/cb",
        "https://shop.example:8443/cb?tenant=7",
        "https://xn--bcher-kva.example/cb",
        "https://portal/cb",
        "https://shop.example/a%C3%A9/b;v=1/~c",
        "https://192.0.2.7/cb",
        "https://[2001:db8::1]/cb",
        "http://localhost/cb",
        "http://localhost:8401/cb",
        "http://127.0.0.1:3000/cb",
        "http://[::1]/cb",
    ],
)
def test_an_exact_address_may_be_registered(uri: str) -> None:
    assert list(faults_of(uri, WEB)) == []


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "shop.example/cb",
        "/cb",
        "//shop.example/cb",
        "https:/shop.example/cb",
        "https:shop.example",
        "https:///cb",
        "https://shop.example",
        "https://shop.example?x=1",
        "http://shop.example/cb",
        "http://127.0.0.2/cb",
        "http://localhost.example/cb",
        "http://localhost.:80/cb",
        "http://[::2]/cb",
        "HTTPS://shop.example/cb",
        "https://Shop.example/cb",
        "https://shop.example./cb",
        "https://-shop.example/cb",
        "https://shop_1.example/cb",
        "https://shop..example/cb",
        "https://xn--.example/cb",
        "https://xn--a.example/cb",
        f"https://{'a' * 64}.example/cb",
        "https://" + "a." * 127 + "example/cb",
        "https://shop.example:/cb",
        "https://shop.example:0/cb",
        "https://shop.example:080/cb",
        "https://shop.example:65536/cb",
        "https://shop.example:4x3/cb",
        "https://1/cb",
        "https://127.1/cb",
        "https://0x7f.1/cb",
        "https://192.0.2.07/cb",
        "https://192.0.2.256/cb",
        "https://[2001:DB8::1]/cb",
        "https://[2001:db8:0:0:0:0:0:1]/cb",
        "https://[::ffff:7f00:1]/cb",
        "https://[::1/cb",
        "https://[fe80::1%25eth0]/cb",
        "https://shop.example/a%2",
        "https://shop.example/a%zz",
        "https://shop.example/{id}",
        "https://shop.example/cb?a=[1]",
        "https://shop.example/cb?code=1",
        "https://shop.example/cb?x=1&state=y",
        "https://shop.example/cb?x=%0d%0a",
        "https://login.example/authorize",
        "https://login.example:443/logout",
    ],
)
def test_an_address_that_could_be_read_in_two_ways_is_refused(uri: str) -> None:
    assert not accepted(uri)


def test_the_answers_own_parameters_are_free_after_logout() -> None:
    assert list(faults_of("https://shop.example/bye?state=out", WEB, answers=False)) == []


@pytest.mark.parametrize(
    ("uri", "fine"),
    [
        ("be.example.app:/callback", True),
        ("be.example.app:/callback?x=1", True),
        ("be.example.app://callback", False),
        ("be.example.app:callback", False),
        ("app:/callback", False),
        ("myapp://callback", False),
        ("javascript:alert(1)", False),
        ("be.example.app:/../callback", False),
    ],
)
def test_an_apps_own_scheme_is_a_reversed_domain(uri: str, *, fine: bool) -> None:
    assert accepted(uri, APP) is fine
    assert not accepted(uri, WEB)


def test_an_apps_own_scheme_has_no_host() -> None:
    assert host_of("be.example.app:/callback") is None


def whatwg_host(uri: str) -> str | None:
    """A strict reading in the manner of the URL Standard: what a browser would connect to.

    Strips what browsers strip, reads backslashes as slashes, skips any number of slashes, and
    takes what follows the last ``@`` of the authority. Written apart from what it judges.
    """
    cleaned = re.sub(r"[\t\n\r]", "", uri.strip("".join(map(chr, range(33)))))
    scheme, _, rest = cleaned.partition(":")
    if scheme.lower() not in {"http", "https"}:
        return None
    rest = rest.replace("\\", "/").lstrip("/")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    host = authority.rpartition("]")[0] + "]" if "]" in authority else authority.split(":")[0]
    if "%" in host or not host:
        return None
    return host.lower()


_HOSTS = st.sampled_from(
    [
        "rp.example",
        "evil.example",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "login.example",
        "1",
        "0x7f.1",
    ]
)
_PIECES = st.sampled_from(
    ["https://", "http://", "https:", "/", "//", "\\", "@", ":", "?", "#", ".", "..", "%2e", "%2f",
     "%5c", ";", "*", " ", "\t", "\n", "\x00", "[", "]", ":80", ":443", "cb", "é", "xn--", "&", "="]
)  # fmt: skip
_URIS = st.one_of(
    st.builds(
        lambda scheme, host, rest: f"{scheme}://{host}/{''.join(rest)}",
        st.sampled_from(["https", "http"]),
        _HOSTS,
        st.lists(_PIECES, max_size=4),
    ),
    st.lists(st.one_of(_HOSTS, _PIECES), max_size=8).map("".join),
    st.from_regex(r"https?://[^/]{0,20}/.{0,10}", fullmatch=True),
)


@given(uri=_URIS)
@example(uri="https://evil.example\\@rp.example/cb")
@example(uri="https://rp.example@evil.example/cb")
@example(uri="https://rp.example:443@evil.example/")
@example(uri="https://evil.example#@rp.example/")
@example(uri="https:\\\\evil.example/cb")
def test_an_accepted_address_has_one_host_for_python_and_for_a_browser(uri: str) -> None:
    if not accepted(uri):
        return
    seen = urlsplit(uri)
    browser = whatwg_host(uri)
    assert browser is not None
    assert seen.hostname == browser.strip("[]")
    assert seen.username is None
    assert seen.fragment == ""
    assert seen.geturl() == uri


@given(uri=_URIS)
def test_an_accepted_address_has_no_dots_left_to_resolve(uri: str) -> None:
    if accepted(uri):
        path = urlsplit(uri).path
        assert not {".", ".."} & {segment.split(";")[0] for segment in path.split("/")}
        assert "%2e" not in path.lower()
