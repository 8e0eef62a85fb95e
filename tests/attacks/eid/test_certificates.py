"""EID-06 to EID-13, EID-34, EID-35: certificates that are not what they pretend to be."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cardreader.errors import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateRefused,
    CertificateUntrusted,
    TokenMalformed,
    TokenRefused,
)
from cardreader.sim import profiles
from tests.world import tokens
from tests.world.tokens import NOW, NUMBER, YEAR, Provider

if TYPE_CHECKING:
    from collections.abc import Callable


def refused(issuer: profiles.Issuer, why: type[TokenRefused], **settings: Any) -> None:
    """The login fails for this reason, and nobody was called."""
    provider = Provider(**settings)
    with pytest.raises(why) as caught:
        provider.login(issuer.certificate, issuer.key)
    assert type(caught.value) is why
    assert provider.world.calls == []
    assert NUMBER not in "".join(str(part) for part in (caught.value, caught.value.__cause__))


def named(*attributes: Any) -> Callable[[x509.CertificateBuilder], x509.CertificateBuilder]:
    """Give the certificate this subject."""
    rdns = [
        x509.RelativeDistinguishedName(row if isinstance(row, list) else [row])
        for row in attributes
    ]

    def change(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        builder._subject_name = x509.Name(rdns)
        return builder

    return change


def text(oid: x509.ObjectIdentifier, value: str, **other: Any) -> x509.NameAttribute[str]:
    return x509.NameAttribute(oid, value, **other)


SURNAME = text(NameOID.SURNAME, "Specimen")
SERIAL = text(NameOID.SERIAL_NUMBER, NUMBER)


def unchanged(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    return builder


def test_the_untouched_certificate_of_these_tests_is_good() -> None:
    made = tokens.spoiled(unchanged)
    assert Provider().login(made.certificate, made.key).kind == "citizen"


def test_eid_06_the_signature_certificate_is_refused() -> None:
    made = tokens.card()
    assert made.signature is not None
    assert made.signature_key is not None
    refused(profiles.Issuer(key=made.signature_key, certificate=made.signature), CertificateRefused)


def test_eid_06_the_registers_own_certificate_is_refused() -> None:
    refused(tokens.country().issuer("root-new-rrn"), CertificateRefused)


def test_eid_06_authentication_usage_under_the_signature_policy_is_refused() -> None:
    refused(tokens.spoiled(unchanged, policy="2.16.56.13.6.1.2.1000"), CertificateRefused)


@pytest.mark.parametrize(
    "policy", ["2.16.56.13.6.0.1", "2.5.29.32.0", "1.3.6.1.4.1.10015.1.3", "2.16.56.13.6.1.1.100"]
)
def test_eid_08_an_unknown_policy_is_refused(policy: str) -> None:
    refused(tokens.spoiled(unchanged, policy=policy), CertificateRefused)


def test_eid_08_the_policy_of_another_root_is_refused() -> None:
    refused(tokens.spoiled(unchanged, policy="2.16.56.12.1.1.2.2"), CertificateRefused)


def test_eid_08_citizen_and_foreigner_at_once_is_refused() -> None:
    both = profiles.policies("2.16.56.13.6.1.1.1000", "2.16.56.13.6.2.1.1000")
    refused(
        tokens.spoiled(
            lambda builder: builder.add_extension(both, critical=False),
            drop=x509.CertificatePolicies,
        ),
        CertificateRefused,
    )


@pytest.mark.parametrize("drop", [x509.KeyUsage, x509.CertificatePolicies])
def test_eid_09_a_missing_extension_is_refused(drop: type[x509.ExtensionType]) -> None:
    refused(tokens.spoiled(unchanged, drop=drop), CertificateRefused)


def test_a_missing_extended_key_usage_is_accepted_as_old_cards_have_none() -> None:
    made = tokens.spoiled(unchanged, drop=x509.ExtendedKeyUsage)
    assert Provider().login(made.certificate, made.key).surname == "Specimen"


@pytest.mark.parametrize(
    "bits",
    [
        ("content_commitment",),
        ("digital_signature", "content_commitment"),
        ("digital_signature", "key_cert_sign"),
        ("key_encipherment",),
    ],
)
def test_another_key_usage_is_refused(bits: tuple[str, ...]) -> None:
    usage = profiles.key_usage(*bits)
    refused(
        tokens.spoiled(
            lambda builder: builder.add_extension(usage, critical=True), drop=x509.KeyUsage
        ),
        CertificateRefused,
    )


def test_an_extended_key_usage_without_client_authentication_is_refused() -> None:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    refused(
        tokens.spoiled(
            lambda builder: builder.add_extension(usage, critical=False),
            drop=x509.ExtendedKeyUsage,
        ),
        CertificateRefused,
    )


def test_a_critical_extension_that_nobody_understands_is_refused() -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    refused(
        tokens.spoiled(lambda builder: builder.add_extension(odd, critical=True)),
        CertificateRefused,
    )


def test_a_holder_who_claims_to_be_a_ca_is_refused() -> None:
    basic = x509.BasicConstraints(ca=True, path_length=None)
    refused(
        tokens.spoiled(lambda builder: builder.add_extension(basic, critical=True)),
        CertificateRefused,
    )


def test_eid_11_the_same_names_under_a_strangers_keys_are_refused() -> None:
    name = tokens.country().certificate("citizen-new").subject
    stranger = profiles.root(name, ec.generate_private_key(ec.SECP384R1()), NOW - YEAR, 10)
    refused(tokens.spoiled(unchanged, issuer=stranger), CertificateUntrusted)


def test_eid_11_a_root_or_a_card_may_not_issue_a_card() -> None:
    refused(
        tokens.spoiled(unchanged, issuer=tokens.country().issuer("root-new")),
        CertificateUntrusted,
    )
    holder = tokens.spoiled(unchanged)
    refused(tokens.spoiled(unchanged, issuer=holder), CertificateUntrusted)


def test_eid_13_an_expired_and_a_future_certificate_are_refused() -> None:
    for begin, end, why in (
        (NOW - YEAR, NOW - dt.timedelta(seconds=1), CertificateExpired),
        (NOW + dt.timedelta(seconds=1), NOW + YEAR, CertificateNotYetValid),
    ):
        made = tokens.country().issue(tokens.request(valid_from=begin, valid_until=end))
        refused(profiles.Issuer(key=made.authentication_key, certificate=made.authentication), why)


def test_eid_13_an_expired_ca_is_refused_and_an_unrelated_one_harms_nobody() -> None:
    made = tokens.country().issue(tokens.request(valid_until=NOW + 15 * YEAR))
    provider = Provider()
    provider.world.now = NOW + 12 * YEAR
    with pytest.raises(CertificateUntrusted):
        provider.login(made.authentication, made.authentication_key)
    trusted = tokens.anchors()
    citizen = trusted.cas[0]
    short = profiles.authority(
        tokens.country().issuer("root-new"),
        citizen.certificate.subject,
        ec.generate_private_key(ec.SECP384R1()),
        begin=NOW - 3 * YEAR,
        years=1,
        services=profiles.Services.of("http://127.0.0.1:8405", "root-new"),
    )
    expired = replace(citizen, certificate=short.certificate, label="expired")
    with_both = replace(trusted, cas=(expired, *trusted.cas))
    assert Provider(trusted=with_both).card().issuer == "citizen-new"
    refused(tokens.spoiled(unchanged, issuer=short), CertificateUntrusted, trusted=with_both)


def test_an_expired_root_is_refused_and_its_twin_of_the_same_key_accepted() -> None:
    trusted = tokens.anchors()
    citizen, root = trusted.cas[0], trusted.roots[0]
    key = tokens.country().issuer("root-new").key
    old = profiles.root(root.certificate.subject, key, NOW - 3 * YEAR, 1).certificate
    expired = replace(root, certificate=old, label="first")
    alone = replace(trusted, cas=(replace(citizen, roots=(expired,)),))
    twins = replace(trusted, cas=(replace(citizen, roots=(expired, root)),))
    with pytest.raises(CertificateUntrusted):
        Provider(trusted=alone).card()
    assert Provider(trusted=twins).card().issuer == "citizen-new"


@pytest.mark.parametrize(
    "subject",
    [
        [SURNAME],
        [SERIAL],
        [SURNAME, SERIAL, text(NameOID.SERIAL_NUMBER, "01050399864")],
        [SURNAME, SERIAL, SERIAL],
        [[SURNAME, SERIAL]],
        [SERIAL, SURNAME, text(NameOID.SURNAME, "Other")],
        [SURNAME, text(NameOID.SERIAL_NUMBER, "8507300332")],
        [SURNAME, text(NameOID.SERIAL_NUMBER, "85073003329")],
        [SURNAME, text(NameOID.SERIAL_NUMBER, "PNOBE-85073003328")],
        [SURNAME, text(NameOID.SERIAL_NUMBER, "8507300332٨", _type=_ASN1Type.UTF8String)],
        [SERIAL, text(NameOID.SURNAME, "Spec\0imen")],
        [SERIAL, text(NameOID.SURNAME, "Spec\u202eimen")],
        [SERIAL, text(NameOID.SURNAME, "Spec\nimen")],
        [SERIAL, text(NameOID.SURNAME, " ")],
        [SERIAL, SURNAME, text(NameOID.GIVEN_NAME, "a" * 20_00)],
    ],
)
def test_eid_34_35_a_subject_that_does_not_name_one_person_is_refused(subject: list[Any]) -> None:
    refused(tokens.spoiled(named(*subject)), CertificateRefused)


def test_eid_34_a_number_written_into_the_common_name_is_not_read() -> None:
    trap = text(NameOID.COMMON_NAME, "x,SERIALNUMBER=01050399864,2.5.4.5=01050399864")
    made = tokens.spoiled(named(trap, SURNAME, SERIAL))
    assert Provider().login(made.certificate, made.key).national_number == NUMBER


def test_eid_35_a_bmp_string_name_is_decoded() -> None:
    bmp = x509.NameAttribute(NameOID.SURNAME, "Ełk", _type=_ASN1Type.BMPString)
    made = tokens.spoiled(named(bmp, SERIAL))
    assert Provider().login(made.certificate, made.key).surname == "Ełk"


@pytest.mark.parametrize("number", ["85473003317", "01050399864", "17073003384"])
def test_eid_31_numbers_of_both_centuries_and_bis_numbers_are_read(number: Any) -> None:
    made = tokens.country().issue(tokens.request(ca="foreigner-new", national_number=number))
    found = Provider().login(made.authentication, made.authentication_key)
    assert (found.kind, found.national_number) == ("foreigner", number)


def test_the_check_digits_are_a_setting_and_eleven_digits_are_not() -> None:
    odd = tokens.country().issue(tokens.request(national_number="85073003329"))
    lax = Provider(strict_number=False)
    assert lax.login(odd.authentication, odd.authentication_key).surname == "Specimen"
    short = tokens.spoiled(named(SURNAME, text(NameOID.SERIAL_NUMBER, "850730033")))
    refused(short, CertificateRefused, strict_number=False)


def test_rubbish_in_place_of_a_certificate_is_refused() -> None:
    provider = Provider()
    made = tokens.card()
    for rubbish in ("MAA=", "AAAA" * 40, "MIIB" * 50):
        with pytest.raises(TokenMalformed):
            provider.login(
                made.authentication,
                made.authentication_key,
                change=lambda token, rubbish=rubbish: token.update(unverifiedCertificate=rubbish),
            )


def test_an_algorithm_beside_the_signed_part_that_is_not_the_one_in_it_is_refused() -> None:
    made = tokens.card()
    der = made.authentication.public_bytes(Encoding.DER)
    sha384, sha512 = bytes.fromhex("2a8648ce3d040303"), bytes.fromhex("2a8648ce3d040304")
    head, middle, tail = der.rpartition(sha384)
    assert middle
    bent = base64.b64encode(head + sha512 + tail).decode()
    with pytest.raises(TokenRefused):
        Provider().card(change=lambda token: token.update(unverifiedCertificate=bent))


@pytest.mark.parametrize("digest", [hashes.SHA224(), hashes.SHA3_256()])
def test_a_certificate_signed_with_an_algorithm_that_is_on_no_list_is_refused(
    digest: hashes.HashAlgorithm,
) -> None:
    issuer = tokens.country().issuer("citizen-new")
    holder = profiles.Holder(
        given_names="Nora",
        surname="Specimen",
        national_number=tokens.NUMBER,
        begin=NOW - YEAR,
        end=NOW + YEAR,
        modern=True,
    )
    key = ec.generate_private_key(ec.SECP384R1())
    use = profiles.Use(signature=False, policy="2.16.56.13.6.1.1.1000")
    services = profiles.Services.of("http://127.0.0.1:8405", "citizen-new")
    builder = profiles.holder_builder(issuer, holder, key, services, use)
    made = builder.sign(issuer.key, digest)  # type: ignore[arg-type] # the weak ones on purpose
    with pytest.raises(CertificateUntrusted):
        Provider().login(made, key)
