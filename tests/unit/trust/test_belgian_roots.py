"""The roots of the real country: described, never shipped, and held against the file given."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cardreader import trust
from cardreader.sim import profiles
from cardreader.trust import belgium
from cardreader.trust.anchors import TrustMalformed
from tests.world import tokens

if TYPE_CHECKING:
    from pathlib import Path

CA6 = belgium.named("belgium-root-ca6")


def lookalike(**other: Any) -> x509.Certificate:
    """A root with every public property of Root CA6, save the key and hence the fingerprint."""
    said = {
        "name": "Belgium Root CA6",
        "serial": CA6.serial,
        "begin": dt.datetime(2020, 6, 3, 12),  # noqa: DTZ001 - the builder wants UTC without zone
        "end": dt.datetime(2040, 6, 3, 12),  # noqa: DTZ001 - idem
        **other,
    }
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, said["name"])])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(said["serial"])
        .not_valid_before(said["begin"])
        .not_valid_after(said["end"])
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(profiles.key_usage("key_cert_sign", "crl_sign"), critical=True)
        .sign(other.get("signer", key), hashes.SHA384())
    )


def test_five_roots_are_described_in_seven_certificates_under_their_own_policies() -> None:
    found = belgium.roots()
    assert len({root.common_name for root in found}) == 5
    assert sum(max(len(root.ends), 1) for root in found) == 7
    arcs = {root.common_name: root.register[0].rsplit(".", 1)[0] for root in found}
    assert arcs["Belgium Root CA6"] == "2.16.56.13.6.0"
    for root in found:
        policies = {*root.citizen, *root.foreigner, *root.register}
        assert len(policies) == 3
        for other in found:
            if other.common_name != root.common_name:
                assert not policies & {*other.citizen, *other.foreigner, *other.register}


def test_a_lookalike_with_another_fingerprint_is_refused() -> None:
    with pytest.raises(belgium.RootUnlike, match="another fingerprint"):
        CA6.require(lookalike())


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"name": "Belgium Root CA5"}, "name"),
        ({"serial": 5}, "serial"),
        ({"end": dt.datetime(2041, 6, 3)}, "dates"),  # noqa: DTZ001 - the builder wants it so
        ({"begin": dt.datetime(2020, 6, 2)}, "dates"),  # noqa: DTZ001 - idem
        ({"signer": ec.generate_private_key(ec.SECP384R1())}, "itself"),
    ],
)
def test_every_public_property_counts(other: dict[str, Any], says: str) -> None:
    made = lookalike(**other)
    described = replace(CA6, starts=(made.fingerprint(hashes.SHA256()).hex()[:8],))
    with pytest.raises(belgium.RootUnlike, match=says):
        described.require(made)


def write(folder: Path, certificate: x509.Certificate, row: str) -> None:
    """The demo country's folder with one more root in it."""
    tokens.country().write_trust(folder)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "belgium-root-ca6.pem").write_bytes(pem)
    file = folder / "trust.toml"
    file.write_text(file.read_text() + f"\n[[root]]\n{row}\n")


def test_a_described_root_is_loaded_by_its_name_and_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = lookalike()
    print_ = made.fingerprint(hashes.SHA256()).hex()
    # The real one is not here: let the description begin as the lookalike's fingerprint does.
    described = replace(CA6, starts=(print_[:8],))
    monkeypatch.setattr(belgium, "named", lambda _: described)
    write(tmp_path, made, f'belgian = "belgium-root-ca6"\nsha256 = "{print_}"')
    root = trust.load(tmp_path, allow_simulated=True).roots[-1]
    assert (root.label, root.simulated, root.weak_register) == ("belgium-root-ca6", False, False)
    assert root.policies == {
        "2.16.56.13.6.1.1.1000": "citizen",
        "2.16.56.13.6.2.1.1000": "foreigner",
    }
    assert root.register == {"2.16.56.13.6.0.1"}


@pytest.mark.parametrize(
    "row",
    [
        'belgian = "belgium-root-ca6"\nsha256 = "PRINT"',
        'belgian = "belgium-root-ca6"',
        'belgian = "belgium-root-ca5"\nsha256 = "PRINT"',
        'belgian = "belgium-root-ca6"\nsha256 = "PRINT"\ncitizen = ["1.2.3"]',
    ],
)
def test_a_described_root_that_is_another_or_half_named_is_refused(
    tmp_path: Path, row: str
) -> None:
    made = lookalike()
    write(tmp_path, made, row.replace("PRINT", made.fingerprint(hashes.SHA256()).hex()))
    with pytest.raises(TrustMalformed):
        trust.load(tmp_path, allow_simulated=True)


def test_the_roots_that_are_still_in_force_and_not_trusted_are_told() -> None:
    now = tokens.NOW
    assert [root.common_name[13:] for root in belgium.absent([], now=now)] == [
        "CA2",
        "CA3",
        "CA4",
        "CA6",
    ]
    assert belgium.absent([root.name for root in belgium.roots()], now=now) == ()
    later = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    assert [root.name for root in belgium.absent(["belgium-root-ca6"], now=later)] == [
        "belgium-root-ca4"
    ]
