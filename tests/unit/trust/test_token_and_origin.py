"""The token's text and the signed origin: what is read, and what is refused."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardreader.errors import CardError, TokenMalformed
from cardreader.token import OriginRefused, parse, signed_origin

GOOD = {
    "unverifiedCertificate": base64.b64encode(b"c" * 60).decode(),
    "algorithm": "ES384",
    "signature": base64.b64encode(b"s" * 96).decode(),
    "format": "web-eid:1.0",
    "appVersion": "https://web-eid.eu/web-eid-app/releases/2.9.0",
}


@pytest.mark.parametrize(
    ("format_", "minor"),
    [("web-eid:1", 0), ("web-eid:1.0", 0), ("web-eid:1.1", 1), ("web-eid:1.27", 27)],
)
def test_every_minor_version_of_format_one_is_read(format_: str, minor: int) -> None:
    assert parse(json.dumps(GOOD | {"format": format_})).minor == minor


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("format", bad)
            for bad in (
                "web-eid:10",
                "web-eid:1.",
                "web-eid:1.01",
                "web-eid:2",
                "web-eid:1.0\n",
                "WEB-EID:1",
                "web-eid:1.٣",
                "",
                1,
                None,
            )
        ),
        *(("algorithm", bad) for bad in ("none", "", "RS512", "HS256", "es384", 5, ["ES384"])),
        *(("signature", bad) for bad in ("", "a", "AA=A", "AB==", " QQ==", "QQ==\n", "_-8=", 7)),
        *(("unverifiedCertificate", bad) for bad in ("", None, {}, "é", "Q===")),
    ],
)
def test_a_member_that_is_not_what_its_format_promises_is_refused(name: str, value: object) -> None:
    with pytest.raises(TokenMalformed):
        parse(json.dumps(GOOD | {name: value}))


@pytest.mark.parametrize("name", ["format", "algorithm", "signature", "unverifiedCertificate"])
def test_a_missing_member_is_refused(name: str) -> None:
    with pytest.raises(TokenMalformed):
        parse(json.dumps({key: value for key, value in GOOD.items() if key != name}))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 9_000,
        "{" + '"a":' * 2_000,
        json.dumps([GOOD]),
        json.dumps("x" * 200),
        json.dumps(GOOD)[:-1] + ',"algorithm":"RS256"}',
        json.dumps(GOOD)[:-1] + ',"x":NaN}',
        json.dumps(GOOD | {"x": "y" * 10_000}),
        "{}",
        "9" * 9_999,
    ],
)
def test_text_that_is_no_plain_object_of_a_sane_size_is_refused(text: str) -> None:
    with pytest.raises(TokenMalformed):
        parse(text)


def test_a_member_of_format_1_1_in_a_1_0_token_is_refused() -> None:
    with pytest.raises(TokenMalformed):
        parse(json.dumps(GOOD | {"unverifiedSigningCertificates": []}))


@settings(deadline=None)
@given(
    st.one_of(
        st.text(),
        st.binary().map(lambda raw: raw.decode("latin-1")),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.floats(), st.text()),
            lambda inner: st.dictionaries(st.sampled_from(list(GOOD)), inner),
        ).map(lambda value: json.dumps(value).ljust(120)),
    )
)
def test_no_text_at_all_raises_anything_but_a_card_error(text: str) -> None:
    with pytest.raises(CardError):
        parse(text)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://login.example", "https://login.example"),
        ("https://LOGIN.example:443/a?b#c", "https://login.example"),
        ("https://login.example:8443/", "https://login.example:8443"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("http://localhost:8400", "https://localhost:8400"),
        ("http://localhost", "https://localhost"),
    ],
)
def test_the_signed_origin_of_a_url(url: str, origin: str) -> None:
    assert signed_origin(url, allow_http_localhost=True) == origin


@pytest.mark.parametrize(
    "url", ["http://localhost:8400", "http://login.example", "ftp://a.example"]
)
def test_plain_http_is_refused_where_it_is_not_allowed(url: str) -> None:
    with pytest.raises(OriginRefused):
        signed_origin(url, allow_http_localhost=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example",
        "http://127.0.0.1:8400",
        "http://localhost.evil.example",
        "https://rp@evil.example",
        "https://rp:x@evil.example",
        "https://bücher.example",
        "https://a.example\\@b.example",
        "https://a.example:0",
        "https://a.example:65536",
        "https://a.example:",
        "https://a.example:08",
        "https://",
        "https:///x",
        "null",
        "",
        "https://a.example\t",
        " https://a.example",
        "https://a..example",
        "https://[::1",
        "javascript:alert(1)",
        "https://-a.example",
        "https://a_b.example",
    ],
)
def test_what_is_no_origin_is_refused(url: str) -> None:
    with pytest.raises(OriginRefused):
        signed_origin(url, allow_http_localhost=True)


@given(st.text())
def test_the_signed_origin_is_stable_or_refused(url: str) -> None:
    try:
        origin = signed_origin("https://" + url, allow_http_localhost=True)
    except OriginRefused:
        return
    assert signed_origin(origin, allow_http_localhost=False) == origin
