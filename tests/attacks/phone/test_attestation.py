"""WAN-14: authenticators that claim a make which nobody vouches for."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mobile_flow.attestation import Asking, AttestationPolicy
from mobile_flow.device_keys import DeviceKeys
from mobile_flow.errors import AttestationRefused, CredentialRefused
from tests.unit.mobile.keys.authenticator import ORIGIN, RP_ID, Authenticator
from tests.unit.mobile.keys.world import Phone

if TYPE_CHECKING:
    from tests.unit.mobile.keys.world import House

MODEL = bytes(range(16))
MODEL_TEXT = "00010203-0405-0607-0809-0a0b0c0d0e0f"
MODEL_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
TODAY = datetime.now(UTC)
"""OpenSSL reads the machine's clock when it validates these chains."""


class Maker:
    """Somebody who makes authenticators and signs for them."""

    def __init__(self) -> None:
        self.root_key = ec.generate_private_key(ec.SECP256R1())
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Maker")])
        builder = self._builder(name, name, self.root_key, ca=True)
        self.root = builder.sign(self.root_key, SHA256())

    def certificate(
        self,
        *,
        unit: str = "Authenticator Attestation",
        model: bytes | None = MODEL,
        ends: timedelta = timedelta(days=1),
        ca: bool = False,
    ) -> bytes:
        names = {
            NameOID.COUNTRY_NAME: "BE",
            NameOID.ORGANIZATION_NAME: "Maker",
            NameOID.ORGANIZATIONAL_UNIT_NAME: unit,
            NameOID.COMMON_NAME: "Key",
        }
        subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in names.items()])
        builder = self._builder(subject, self.root.subject, self.key, ca=ca, ends=ends)
        if model is not None:
            value = x509.UnrecognizedExtension(MODEL_EXTENSION, b"\x04\x10" + model)
            builder = builder.add_extension(value, critical=False)
        return builder.sign(self.root_key, SHA256()).public_bytes(Encoding.DER)

    def attest(self, **changes: Any) -> Any:
        chain = [self.certificate(**changes)]

        def make(data: bytes, said: bytes) -> tuple[str, dict[str, Any]]:
            signed = data + hashlib.sha256(said).digest()
            signature = self.key.sign(signed, ec.ECDSA(SHA256()))
            return "packed", {"alg": -7, "sig": signature, "x5c": chain}

        return make

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: Any, *, ca: bool, ends: Any = None
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(TODAY - timedelta(days=30))
            .not_valid_after(TODAY + (ends or timedelta(days=1)))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )


def admitting(maker: Maker | None, **policy: Any) -> DeviceKeys:
    roots = {} if maker is None else {"packed": (maker.root.public_bytes(Encoding.PEM),)}
    return DeviceKeys(
        rp_id=RP_ID,
        rp_name="Sesame",
        origins=frozenset({ORIGIN}),
        policy=AttestationPolicy(roots=roots, **policy),
    )


def test_what_is_given_is_recorded_with_how_much_is_known_of_it(house: House) -> None:
    maker = Maker()
    house.keys = admitting(maker, asking=Asking.WHERE_GIVEN)
    assert house.enrol(Phone()).credential.attestation == "none"
    alone = Authenticator()
    assert house.enrol(Phone(alone), attest=alone.self_attestation).credential.attestation == (
        "packed/self"
    )
    made = house.enrol(Phone(Authenticator(aaguid=MODEL)), attest=maker.attest())
    assert (made.credential.attestation, made.credential.aaguid) == ("packed/trusted", MODEL_TEXT)
    stranger = house.enrol(Phone(Authenticator(aaguid=MODEL)), attest=Maker().attest())
    assert stranger.credential.attestation == "packed/unknown"
    late = maker.attest(ends=-timedelta(days=1))
    expired = house.enrol(Phone(Authenticator(aaguid=MODEL)), attest=late)
    assert expired.credential.attestation == "packed/unknown"


def test_where_a_make_is_required_only_a_known_root_vouches_for_it(house: House) -> None:
    maker = Maker()
    house.keys = admitting(maker, asking=Asking.REQUIRED, models=frozenset({MODEL_TEXT}))
    _, options = house.confirmed(Phone())
    assert options["attestation"] == "direct"
    alone = Authenticator(aaguid=MODEL)
    for phone, attest in (
        (Phone(alone), lambda *_: ("none", {})),
        (Phone(alone), alone.self_attestation),
        (Phone(Authenticator(aaguid=MODEL)), Maker().attest()),
        (Phone(Authenticator(aaguid=MODEL)), maker.attest(ends=-timedelta(days=1))),
        (Phone(Authenticator()), maker.attest(model=None)),
    ):
        with pytest.raises(AttestationRefused):
            house.enrol(phone, attest=attest)
    assert not house.enrolments.devices(house.open().enrolment.person)
    made = house.enrol(Phone(Authenticator(aaguid=MODEL)), attest=maker.attest())
    assert made.credential.attestation == "packed/trusted"


@pytest.mark.parametrize(
    "changes",
    [{"unit": "Web Server"}, {"model": bytes(16)}, {"ca": True}],
    ids=["for another use", "for another model", "an authority's own"],
)
def test_a_certificate_that_contradicts_what_it_vouches_for_is_refused(
    house: House, changes: dict[str, Any]
) -> None:
    maker = Maker()
    house.keys = admitting(maker, asking=Asking.WHERE_GIVEN)
    with pytest.raises(AttestationRefused):
        house.enrol(Phone(Authenticator(aaguid=MODEL)), attest=maker.attest(**changes))


def test_a_statement_signed_by_another_key_than_its_certificate_is_refused(house: House) -> None:
    maker, other = Maker(), Maker()
    other.certificate = maker.certificate  # type: ignore[method-assign]
    with pytest.raises(CredentialRefused):
        house.enrol(Phone(), attest=other.attest())
