"""Certificates that were bent on the way: none is believed, and none is more than a refusal."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.domain.certificate_use import CertificateSubject, SubjectPart
from idp.errors import Refused
from idp.oidc import certificates
from tests.world.client_certificates import certified

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OTHERS = (
    x509.DNSName("client.shop.example"),
    x509.RFC822Name("shop@shop.example"),
    x509.UniformResourceIdentifier("https://shop.example/"),
    x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])),
)
OWN = certified("CN=shop,O=The Shop,C=BE", NOW, others=OTHERS)
STRANGER = certified("CN=other", NOW)
WANTED = {
    SubjectPart.SUBJECT_DN: "CN=somebody else",
    SubjectPart.SAN_DNS: "other.example",
    SubjectPart.SAN_URI: "https://other.example/",
    SubjectPart.SAN_IP: "192.0.2.1",
    SubjectPart.SAN_EMAIL: "x@other.example",
}


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(OWN.der) - 1), st.integers(0, 255)), min_size=1, max_size=4
    ),
    cut=st.integers(0, 40),
)
def test_bytes_that_changed_are_refused_or_of_somebody_else(
    changes: list[tuple[int, int]], cut: int
) -> None:
    bent = bytearray(OWN.der)
    for place, value in changes:
        bent[place] = value
    with contextlib.suppress(Refused):
        read = certificates.read(bytes(bent[: len(bent) - cut]), chain_verified=True)
        for part, value in WANTED.items():
            with pytest.raises(Refused):
                certificates.prove_by_subject(
                    read, CertificateSubject(part=part, value=value), now=NOW
                )
        with pytest.raises(Refused):
            certificates.prove_by_key(read, [{"keys": [STRANGER.jwk]}], now=NOW)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (SubjectPart.SUBJECT_DN, "shop"),
        (SubjectPart.SUBJECT_DN, "CN=shop,,C=BE"),
        (SubjectPart.SUBJECT_DN, "1.2.=x"),
        (SubjectPart.SUBJECT_DN, "XX=y"),
        (SubjectPart.SUBJECT_DN, "C=Belgium"),
        (SubjectPart.SUBJECT_DN, "CN=\\"),
        (SubjectPart.SAN_DNS, "*.shop.example"),
        (SubjectPart.SAN_DNS, "Shop.example"),
        (SubjectPart.SAN_DNS, "schöp.example"),
        (SubjectPart.SAN_IP, "192.0.2"),
        (SubjectPart.SAN_IP, "192.0.2.0/24"),
        (SubjectPart.SAN_URI, "https://shop.example/ a"),
        (SubjectPart.SAN_EMAIL, "*@shop.example"),
    ],
)
def test_a_subject_that_no_certificate_or_many_could_have_is_not_registered(
    part: SubjectPart, value: str
) -> None:
    assert certificates.subject_fault(part, value)


@pytest.mark.parametrize("name", ["emailAddress=a@b.example,CN=x", "serialNumber=1+CN=x,C=BE"])
def test_names_that_certificates_really_have_can_be_registered(name: str) -> None:
    assert certificates.subject_fault(SubjectPart.SUBJECT_DN, name) is None
