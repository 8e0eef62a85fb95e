"""Whom we trust: roots pinned by fingerprint and the CAs under them, each link verified once."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.verification import Store

from cardreader.trust import belgium

_CA_KEYS: Final = (ec.EllipticCurvePublicKey, rsa.RSAPublicKey)
Kind = Literal["citizen", "foreigner"]

_CA_MEMBERS: Final = frozenset(
    {"label", "file", "sha256", "ocsp", "crl", "nonce", "max_age", "skew"}
)
_ROOT_MEMBERS: Final = frozenset(
    {
        *("label", "file", "sha256", "citizen", "foreigner"),
        *("register", "weak_register", "simulated"),
    }
)
_BELGIAN_MEMBERS: Final = frozenset({"belgian", "file", "sha256"})
_DEFAULT_AGE: Final = {True: 900, False: 86_400}
_DEFAULT_SKEW: Final = 60


class TrustMalformed(ValueError):
    """The trust folder is not what its ``trust.toml`` promises; the provider must not start."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustedRoot:
    """A pinned root and the authentication policies under it, by OID.

    Attributes:
        register: the policies, by OID, of the National Register's signers under it; empty where
            identity files of its cards are not accepted.
        weak_register: take RSA-1024 keys and SHA-1 in the register's signatures: cards issued
            until about 2020 carry such files.
        simulated: software cards stand under it: anybody can make one with any name.
    """

    label: str
    certificate: x509.Certificate
    policies: dict[str, Kind]
    register: frozenset[str] = frozenset()
    weak_register: bool = False
    simulated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustedCa:
    """A CA that issues holder certificates, proven to stand under ``roots``.

    Attributes:
        roots: every pinned root whose key signed it: two certificates of one root may be pinned.
        ocsp: the only responders that we call for it; empty means CRL alone.
        crl: the only lists that we fetch for it.
        nonce: the responder echoes a nonce, so an answer without ours is refused.
        max_age: oldest ``thisUpdate`` taken from its responder.
        skew: how far its clock and ours may differ.
    """

    label: str
    certificate: x509.Certificate
    fingerprint: bytes
    roots: tuple[TrustedRoot, ...]
    ocsp: tuple[str, ...]
    crl: tuple[str, ...]
    nonce: bool
    max_age: dt.timedelta
    skew: dt.timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustAnchors:
    """All roots and CAs; `load` makes it and proves every link.

    Attributes:
        policies: every authentication policy OID under any root.
        store: the CAs as the library's path verification takes them. Made once, for it then reads
            each CA's key once.
    """

    roots: tuple[TrustedRoot, ...]
    cas: tuple[TrustedCa, ...]
    policies: frozenset[str] = field(init=False, repr=False, compare=False)
    store: Store = field(init=False, repr=False, compare=False)
    _by_certificate: dict[x509.Certificate, TrustedCa] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Make ready what every login asks."""
        policies = frozenset(oid for root in self.roots for oid in root.policies)
        object.__setattr__(self, "policies", policies)
        object.__setattr__(self, "store", Store([ca.certificate for ca in self.cas]))
        # Of a certificate that stands there twice, the first counts.
        cas = {ca.certificate: ca for ca in reversed(self.cas)}
        object.__setattr__(self, "_by_certificate", cas)

    def ca(self, certificate: x509.Certificate) -> TrustedCa:
        """The CA of exactly this certificate; a KeyError where there is none."""
        return self._by_certificate[certificate]


def load(folder: Path, *, allow_simulated: bool = False) -> TrustAnchors:
    """Read ``trust.toml`` and the PEM files that it names.

    A root is described in full, or by ``belgian`` and its fingerprint alone (see `belgium`).

    An expired root or CA is no error: it is refused when a card needs it.

    Args:
        folder: where they stand.
        allow_simulated: take the root of a simulated country too. Never in production.

    Raises:
        OSError: a file is missing.
        TrustMalformed: an unknown member, another fingerprint, a CA under none of the roots, or a
            simulated root that is not allowed.
    """
    try:
        data = tomllib.loads((folder / "trust.toml").read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrustMalformed(f"trust.toml: {error}") from error
    unknown = set(data) - {"root", "ca"}
    if unknown:
        raise TrustMalformed(f"trust.toml: unknown tables {sorted(unknown)}")
    roots = tuple(_root(folder, row) for row in data.get("root", []))
    for root in roots:
        if root.simulated and not allow_simulated:
            raise TrustMalformed(f"{root.label}: a simulated root, and those are not allowed here")
    cas = tuple(_ca(folder, row, roots) for row in data.get("ca", []))
    if not roots or not cas:
        raise TrustMalformed("trust.toml: at least one root and one CA are needed")
    return TrustAnchors(roots=roots, cas=cas)


def _root(folder: Path, row: dict[str, Any]) -> TrustedRoot:
    if "belgian" in row:
        return _belgian(folder, row)
    certificate = _pinned(folder, row, _ROOT_MEMBERS)
    policies: dict[str, Kind] = dict.fromkeys(row.get("citizen", []), "citizen")
    for oid in row.get("foreigner", []):
        if oid in policies:
            raise TrustMalformed(f"{row['label']}: policy {oid} for two kinds")
        policies[oid] = "foreigner"
    if not policies:
        raise TrustMalformed(f"{row['label']}: no authentication policy")
    register = frozenset(row.get("register", []))
    if register & policies.keys():
        raise TrustMalformed(f"{row['label']}: a policy of people is not the register's")
    _require_authority(certificate, row["label"])
    return TrustedRoot(
        label=row["label"],
        certificate=certificate,
        policies=policies,
        register=register,
        # Whatever stands there other than true does not weaken anything.
        weak_register=row.get("weak_register", False) is True,
        # Whatever stands there other than false counts: a mistake must not make it real.
        simulated=row.get("simulated", False) is not False,
    )


def _belgian(folder: Path, row: dict[str, Any]) -> TrustedRoot:
    """A root that `belgium` describes; the fingerprint is the operator's to write."""
    unknown = set(row) - _BELGIAN_MEMBERS
    if unknown or "sha256" not in row:
        raise TrustMalformed(f"{row['belgian']}: wrong members {sorted(unknown)} or no sha256")
    try:
        root = belgium.named(row["belgian"])
    except KeyError:
        raise TrustMalformed(f"{row['belgian']}: no Belgian root of this name") from None
    whole = {
        "label": root.name,
        "sha256": row["sha256"],
        "file": row.get("file", f"{root.name}.pem"),
    }
    certificate = _pinned(folder, whole, _ROOT_MEMBERS)
    try:
        root.require(certificate)
    except belgium.RootUnlike as error:
        raise TrustMalformed(str(error)) from None
    _require_authority(certificate, root.name)
    policies: dict[str, Kind] = dict.fromkeys(root.citizen, "citizen")
    policies |= dict.fromkeys(root.foreigner, "foreigner")
    return TrustedRoot(
        label=root.name,
        certificate=certificate,
        policies=policies,
        register=frozenset(root.register),
        weak_register=root.weak_register,
    )


def _ca(folder: Path, row: dict[str, Any], roots: tuple[TrustedRoot, ...]) -> TrustedCa:
    certificate = _pinned(folder, row, _CA_MEMBERS)
    _require_authority(certificate, row["label"])
    above = tuple(root for root in roots if _issued(root.certificate, certificate))
    if not above:
        raise TrustMalformed(f"{row['label']}: signed by none of the roots")
    if not isinstance(certificate.public_key(), _CA_KEYS):
        raise TrustMalformed(f"{row['label']}: neither an RSA nor an EC key")
    nonce = bool(row.get("nonce", False))
    ca = TrustedCa(
        label=row["label"],
        certificate=certificate,
        fingerprint=certificate.fingerprint(hashes.SHA256()),
        roots=above,
        ocsp=tuple(row.get("ocsp", [])),
        crl=tuple(row.get("crl", [])),
        nonce=nonce,
        max_age=dt.timedelta(seconds=row.get("max_age", _DEFAULT_AGE[nonce])),
        skew=dt.timedelta(seconds=row.get("skew", _DEFAULT_SKEW)),
    )
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    if ca.crl and not usage.crl_sign:
        raise TrustMalformed(f"{ca.label}: may not sign revocation lists")
    if not ca.ocsp and not ca.crl:
        raise TrustMalformed(f"{ca.label}: neither OCSP nor CRL: revocation could not be asked")
    return ca


def _pinned(folder: Path, row: dict[str, Any], members: frozenset[str]) -> x509.Certificate:
    unknown = set(row) - members
    if unknown or not {"label", "file", "sha256"} <= set(row):
        raise TrustMalformed(f"trust.toml: wrong members {sorted(unknown)} or one missing")
    name = str(row["file"])
    if Path(name).name != name:
        raise TrustMalformed(f"{row['label']}: the file must stand in the folder itself")
    try:
        certificate = x509.load_pem_x509_certificate((folder / name).read_bytes())
    except ValueError as error:
        raise TrustMalformed(f"{row['label']}: not a PEM certificate") from error
    if certificate.fingerprint(hashes.SHA256()).hex() != str(row["sha256"]).lower():
        raise TrustMalformed(f"{row['label']}: another certificate than the pinned one")
    return certificate


def _require_authority(certificate: x509.Certificate, label: str) -> None:
    try:
        extensions = certificate.extensions
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except (ValueError, x509.ExtensionNotFound) as error:
        raise TrustMalformed(f"{label}: not a CA certificate") from error
    if not basic.ca or not usage.key_cert_sign:
        raise TrustMalformed(f"{label}: may not sign certificates")


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether the issuer's key signed it; used to choose among pinned roots, not to refuse."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
