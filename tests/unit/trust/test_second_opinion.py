"""pyhanko-certvalidator, which nobody here wrote, judges the same chains, answers and lists."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathValidationError

from cardreader.errors import CertificateRevoked
from cardreader.trust.ocsp import make_request
from tests.world import tokens
from tests.world.tokens import NOW, Provider

if TYPE_CHECKING:
    from cryptography import x509


def other(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def second_opinion(made: tokens.CardCertificates, ca: str, root: str) -> None:
    question = make_request(made.authentication, made.issuer, b"")
    answer = tokens.country().ocsp_answer(question, at=NOW)
    lists = [tokens.country().crl(label, at=NOW) for label in (ca, root)]
    context = ValidationContext(
        trust_roots=[other(made.root)],
        other_certs=[other(made.issuer)],
        ocsps=[asn1_ocsp.OCSPResponse.load(answer)],
        crls=[asn1_crl.CertificateList.load(der) for der in lists],
        revocation_mode="require",
        moment=NOW,
        allow_fetching=False,
    )
    validator = CertificateValidator(other(made.authentication), validation_context=context)
    with ThreadPoolExecutor(max_workers=1) as aside:
        # A browser test of the same run keeps an event loop in the main thread.
        aside.submit(judge, validator).result()


def judge(validator: CertificateValidator) -> None:
    asyncio.run(validator.async_validate_usage({"digital_signature"}))


@pytest.mark.parametrize(
    ("ca", "kind", "root"),
    [
        ("citizen-new", "ec-p384", "root-new"),
        ("foreigner-new", "rsa-2048", "root-new"),
        ("citizen-old", "rsa-2048", "root-old"),
    ],
)
def test_another_library_agrees_about_good_and_revoked_cards(
    ca: str, kind: tokens.KeyKind, root: str
) -> None:
    made = tokens.country().issue(tokens.request(ca=ca, kind=kind))
    second_opinion(made, ca, root)
    assert Provider().login(made.authentication, made.authentication_key).issuer == ca
    tokens.country().revoke(made.authentication.serial_number, at=NOW)
    with pytest.raises(PathValidationError):
        second_opinion(made, ca, root)
    with pytest.raises(CertificateRevoked):
        Provider().login(made.authentication, made.authentication_key)
