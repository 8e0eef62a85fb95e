"""F-O05: revocation lists of any size, walked by our own reader, which must agree with another."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from cardreader.errors import RevocationUnavailable
from cardreader.sim import profiles
from cardreader.sim.register import Revocation
from cardreader.trust import crl
from tests.world import tokens
from tests.world.deep import PATIENCE, examples
from tests.world.tokens import NOW, YEAR

if TYPE_CHECKING:
    from cardreader.trust.anchors import TrustedCa

pytestmark = PATIENCE

SERIALS = (1, 127, 128, 255, 256, 0x10 << 120, (0x10 << 120) + 7, (1 << 158) + 1)


def ca() -> Any:
    return next(ca for ca in tokens.anchors().cas if ca.label == "citizen-new")


def listed(*serials: int, reason: x509.ReasonFlags = x509.ReasonFlags.unspecified) -> bytes:
    rows = {serial: Revocation(at=NOW, reason=reason) for serial in serials}
    issuer = tokens.country().issuer("citizen-new")
    return profiles.revocation_list(issuer, rows, at=NOW, until=NOW + YEAR)


@pytest.mark.parametrize("count", range(len(SERIALS) + 1))
@pytest.mark.parametrize("reason", [x509.ReasonFlags.unspecified, x509.ReasonFlags.key_compromise])
def test_every_serial_of_a_list_is_found_and_no_other(count: int, reason: x509.ReasonFlags) -> None:
    found = crl.verify(listed(*SERIALS[:count], reason=reason), ca=ca(), now=NOW)
    assert [found.names(serial) for serial in SERIALS] == [
        place < count for place in range(len(SERIALS))
    ]


@settings(deadline=None, max_examples=60)
@given(serials=st.sets(st.integers(1, (1 << 159) - 1), max_size=20), other=st.integers(1, 1 << 158))
def test_our_walk_finds_what_another_reader_finds(serials: set[int], other: int) -> None:
    der = listed(*serials)
    found = crl.verify(der, ca=ca(), now=NOW)
    rows = {row.serial_number for row in x509.load_der_x509_crl(der)}
    assert rows == serials
    assert len(found.serials) == len(rows)
    assert all(found.names(serial) for serial in rows)
    assert found.names(other) is (other in rows)


@cache
def element(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size) + content


def handmade(rows: bytes, *, named: bytes = b"", signed: bytes | None = None) -> bytes:
    """A list of the CA with these rows as they are, signed by its key whatever they say."""
    issuer = tokens.country().issuer("citizen-new")
    algorithm = bytes.fromhex("300a06082a8648ce3d040303")
    name = issuer.certificate.subject.public_bytes()
    times = element(0x17, b"260615110000Z") + element(0x17, b"270615110000Z")
    content = element(0x02, b"\1") + (named or algorithm) + name + times + rows
    tbs = element(0x30, content)
    key = issuer.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signature = key.sign(signed or tbs, ec.ECDSA(hashes.SHA384()))
    return element(0x30, tbs + algorithm + element(0x03, b"\0" + signature))


def row(serial: bytes, more: bytes = b"") -> bytes:
    return element(0x30, element(0x02, serial) + element(0x17, b"260615110000Z") + more)


def test_a_long_list_is_indexed() -> None:
    count = 400_000 if "CI_DEEP" in os.environ else 40_000
    many = b"".join(row(b"\x10" + number.to_bytes(15)) for number in range(count))
    der = handmade(element(0x30, many))
    assert len(der) > 35 * count
    found = crl.verify(der, ca=ca(), now=NOW)
    assert len(found.serials) == count
    assert found.names((0x10 << 120) + count - 1)
    assert not found.names((0x10 << 120) + count)


def test_a_long_row_is_read_like_a_short_one() -> None:
    text = element(0x0C, b"x" * 300)
    extension = element(0x30, element(0x06, b"\x2a\x03") + element(0x04, text))
    der = handmade(element(0x30, row(b"\x05", element(0x30, extension)) + row(b"\x06")))
    found = crl.verify(der, ca=ca(), now=NOW)
    assert [found.names(serial) for serial in (5, 6, 7)] == [True, True, False]


@pytest.mark.parametrize(
    "der",
    [
        lambda: handmade(b"", signed=b"something else"),
        lambda: handmade(b"", named=bytes.fromhex("300a06082a8648ce3d040302")),
        lambda: handmade(element(0x30, row(b"\x05")[:-1])),
        lambda: handmade(element(0x30, element(0x31, element(0x02, b"\x05")))),
        lambda: handmade(element(0x30, element(0x30, element(0x04, b"\x05")))),
        lambda: handmade(element(0x30, row(b"\x05"))) + b"\0",
    ],
)
def test_a_list_that_its_ca_signed_and_that_is_none_is_refused(der: Any) -> None:
    with pytest.raises(RevocationUnavailable):
        crl.verify(der(), ca=ca(), now=NOW)


@cache
def rsa_listed() -> tuple[bytes, TrustedCa]:
    """A list that an RSA key signed, and its CA: it is verified in no time."""
    rows = {serial: Revocation(at=NOW, reason=x509.ReasonFlags.unspecified) for serial in SERIALS}
    issuer = tokens.country().issuer("citizen-old")
    der = profiles.revocation_list(issuer, rows, at=NOW, until=NOW + YEAR)
    above = next(ca for ca in tokens.anchors().cas if ca.label == "citizen-old")
    assert len(crl.verify(der, ca=above, now=NOW).serials) == len(SERIALS)
    return der, above


@settings(deadline=None, max_examples=examples(100))
@given(place=st.integers(0, 5_000), length=st.integers(0, 8), fresh=st.binary(max_size=12))
def test_no_bytes_in_a_list_raise_anything_but_a_refusal(
    place: int, length: int, fresh: bytes
) -> None:
    good, issuer = rsa_listed()
    begin = place % len(good)
    bad = good[:begin] + fresh + good[begin + length :]
    with pytest.raises(RevocationUnavailable):
        crl.verify(b"\0" + bad if bad == good else bad, ca=issuer, now=NOW)
