"""A country's public key infrastructure in software, from one declaration, with time an argument.

The declaration (TOML) names roots, citizen and foreigner CAs and policy arcs; founding the country
makes keys and certificates; a folder keeps it. Holder profiles are those of the Belgian eID card.
Everything here is simulation: nothing of it is trusted unless a provider is told to.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from cardreader.sim import profiles
from cardreader.sim.declaration import KeyKind, parse_declaration
from cardreader.sim.profiles import Issuer, Key
from cardreader.sim.register import Registry, Revocation, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cardreader.sim.declaration import Declaration

_OIDS: Final[Mapping[str, x509.ObjectIdentifier]] = {
    "C": NameOID.COUNTRY_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
    "serialNumber": NameOID.SERIAL_NUMBER,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CardRequest:
    """What a municipality asks for: one card for one person.

    Attributes:
        given_names: several are separated by spaces.
        signature: False makes a card without a signature certificate, a child's for instance.
        known: False leaves the certificates out of the CA's register: its responder says unknown.
    """

    ca: str
    key_kind: KeyKind
    given_names: str
    surname: str
    national_number: str = field(repr=False)
    valid_from: dt.datetime
    valid_until: dt.datetime
    signature: bool = True
    known: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Authorities:
    """What every card carries of the PKI, and the register's signing key: no holder's keys.

    A young child's card is made of this alone.
    """

    authentication_key: None = None
    authentication: None = None
    signature_key: None = None
    signature: None = None
    issuer: x509.Certificate
    root: x509.Certificate
    rrn_key: Key = field(repr=False)
    rrn_certificate: x509.Certificate


@dataclass(frozen=True, kw_only=True, slots=True)
class CardCertificates:
    """Everything of the PKI that goes into one card, and the register's signing key."""

    authentication_key: Key = field(repr=False)
    authentication: x509.Certificate
    signature_key: Key | None = field(repr=False)
    signature: x509.Certificate | None
    issuer: x509.Certificate
    root: x509.Certificate
    rrn_key: Key = field(repr=False)
    rrn_certificate: x509.Certificate


@dataclass(frozen=True, kw_only=True, slots=True)
class OcspLies:
    """What a test's responder does wrong; the default is honest.

    ``signer`` forges or misuses the responder's key; the moments move the answer's times; ``id``
    answers about another certificate; ``nonce`` leaves it out or changes it.
    """

    signer: Literal["honest", "wrong-key", "no-eku", "expired", "other-ca", "unrelated"] = "honest"
    moved: dt.timedelta = dt.timedelta()
    other_serial: int | None = None
    nonce: Literal["echo", "absent", "other"] = "echo"
    status: Literal["true", "good", "unknown"] = "true"
    refuse: Literal["no", "try-later", "internal-error"] = "no"
    next_update: bool = True


HONEST: Final = OcspLies()


def generate_key(kind: KeyKind) -> Key:
    """Make a private key of this kind."""
    if kind == "ec-p384":
        return ec.generate_private_key(ec.SECP384R1())
    size = 4096 if kind == "rsa-4096" else 2048
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


class Country:
    """The living PKI: issues cards, revokes them, answers OCSP and CRL requests.

    Threads may share it. After `write` or `read` it is bound to its folder: what it issues or
    revokes is kept there at once, and what another process revoked is seen.
    """

    def __init__(
        self, declaration: Declaration, issuers: Mapping[str, Issuer], registry: Registry
    ) -> None:
        self.declaration = declaration
        self._issuers = dict(issuers)
        self._registry = registry

    # --- founding and keeping -------------------------------------------------------------------

    @classmethod
    def found(cls, declaration: Declaration, *, at: dt.datetime) -> Self:
        """Make every key and certificate of the declaration; valid from a year before ``at``."""
        begin = at - dt.timedelta(days=365)
        issuers: dict[str, Issuer] = {}
        for root in declaration.roots:
            made = profiles.root(_name(root.subject), generate_key(root.key), begin, root.years)
            issuers[root.label] = made
            issuers[f"{root.label}-rrn"] = profiles.rrn(
                made, generate_key(root.key), root.rrn, begin
            )
        for ca in declaration.cas:
            made = profiles.authority(
                issuers[ca.root],
                _name(ca.subject),
                generate_key(ca.key),
                begin=begin,
                years=ca.years,
                services=profiles.Services.of(declaration.base_url, ca.root),
            )
            issuers[ca.label] = made
            issuers[f"{ca.label}-ocsp"] = profiles.responder(
                made, generate_key(ca.key), begin=begin
            )
        return cls(declaration, issuers, Registry())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a country that `write` kept.

        Raises:
            OSError: a file is missing or cannot be read.
            ValueError: a file is not what `write` makes.
        """
        declaration = parse_declaration((folder / "country.toml").read_text(encoding="utf-8"))
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        issuers = {label: Issuer.read(folder, label) for label in state["issuers"]}
        return cls(declaration.at_url(state["base_url"]), issuers, Registry.at(folder))

    def write(self, folder: Path) -> None:
        """Keep the country in a folder (0700; each file 0600) and bind this object to it."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(folder / "country.toml", self.declaration.source.encode())
        for label, issuer in self._issuers.items():
            issuer.write(folder, label)
        state = {"base_url": self.declaration.base_url, "issuers": list(self._issuers)}
        self._registry = self._registry.moved_to(folder)
        write_private(folder / "state.json", json.dumps(state).encode())

    def write_trust(self, folder: Path) -> None:
        """Write what a provider needs to trust this country, as `cardreader.trust.load` reads it.

        Certificates and ``trust.toml`` only: no key.
        """
        folder.mkdir(parents=True, exist_ok=True)
        lines = ["# Written by the simulated country. Never trust it in production."]
        for root in self.declaration.roots:
            lines += [
                *self._trusted(folder, root.label, "root"),
                f'citizen = ["{root.citizen_authentication}"]',
                f'foreigner = ["{root.foreigner_authentication}"]',
                f'register = ["{root.rrn}"]',
                "simulated = true",
            ]
        for ca in self.declaration.cas:
            services = profiles.Services.of(self.declaration.base_url, ca.label)
            lines += [
                *self._trusted(folder, ca.label, "ca"),
                f'ocsp = ["{services.ocsp}"]',
                f'crl = ["{services.crl}"]',
                f"nonce = {str(ca.nonce).lower()}",
                f"max_age = {ca.max_age}",
            ]
        (folder / "trust.toml").write_text("\n".join([*lines, ""]), encoding="utf-8")

    def _trusted(self, folder: Path, label: str, table: str) -> list[str]:
        certificate = self._issuers[label].certificate
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        (folder / f"{label}.pem").write_bytes(pem)
        print_ = certificate.fingerprint(hashes.SHA256()).hex()
        return [
            f"\n[[{table}]]",
            f'label = "{label}"',
            f'file = "{label}.pem"',
            f'sha256 = "{print_}"',
        ]

    # --- certificates ---------------------------------------------------------------------------

    def certificate(self, label: str) -> x509.Certificate:
        """The certificate of a root, a CA, ``<ca>-ocsp`` or ``<root>-rrn``."""
        return self._issuers[label].certificate

    def issuer(self, label: str) -> Issuer:
        """Key and certificate of a root, a CA, ``<ca>-ocsp`` or ``<root>-rrn``, for tests."""
        return self._issuers[label]

    def issue(self, request: CardRequest) -> CardCertificates:
        """Make keys and certificates for one card (`specs`: Belgian holder profiles)."""
        ca = self.declaration.ca(request.ca)
        root = self.declaration.root(ca.root)
        holder = profiles.Holder(
            given_names=request.given_names,
            surname=request.surname,
            national_number=request.national_number,
            begin=request.valid_from,
            end=request.valid_until,
            modern=root.generation == "new",
        )
        services = profiles.Services.of(self.declaration.base_url, ca.label)
        issuer = self._issuers[ca.label]
        authentication = profiles.holder(
            issuer,
            holder,
            generate_key(request.key_kind),
            services,
            profiles.Use(signature=False, policy=root.policy(ca.kind, "authentication")),
        )
        signature: Issuer | None = None
        if request.signature:
            signature = profiles.holder(
                issuer,
                holder,
                generate_key(request.key_kind),
                services,
                profiles.Use(signature=True, policy=root.policy(ca.kind, "signature")),
            )
        for made in (authentication, signature):
            if made is not None and request.known:
                self._registry.issued(made.certificate.serial_number, ca.label)
        above = self.authorities(ca.label)
        return CardCertificates(
            authentication_key=authentication.key,
            authentication=authentication.certificate,
            signature_key=signature.key if signature else None,
            signature=signature.certificate if signature else None,
            issuer=above.issuer,
            root=above.root,
            rrn_key=above.rrn_key,
            rrn_certificate=above.rrn_certificate,
        )

    def authorities(self, ca_label: str) -> Authorities:
        """What a card of this CA carries whatever its holder."""
        root = self.declaration.ca(ca_label).root
        rrn = self._issuers[f"{root}-rrn"]
        return Authorities(
            issuer=self._issuers[ca_label].certificate,
            root=self._issuers[root].certificate,
            rrn_key=rrn.key,
            rrn_certificate=rrn.certificate,
        )

    # --- revocation -----------------------------------------------------------------------------

    def revoke(
        self,
        serial: int,
        *,
        at: dt.datetime,
        reason: x509.ReasonFlags = x509.ReasonFlags.unspecified,
        suspended: bool = False,
    ) -> None:
        """Revoke a certificate from ``at`` on; suspended means on hold until `reinstate`."""
        why = x509.ReasonFlags.certificate_hold if suspended else reason
        self._registry.revoke(serial, Revocation(at=at, reason=why))

    def reinstate(self, serial: int) -> None:
        """Lift a suspension."""
        self._registry.reinstate(serial)

    def ocsp_answer(self, der_request: bytes, *, at: dt.datetime, lies: OcspLies = HONEST) -> bytes:
        """Answer one OCSP request as the CA's delegated responder does (RFC 6960), in DER."""
        from cardreader.sim.responder import answer

        return answer(self, der_request, at=at, lies=lies)

    def crl(
        self,
        ca_label: str,
        *,
        at: dt.datetime,
        life: dt.timedelta = dt.timedelta(days=7),
    ) -> bytes:
        """The CA's revocation list at this moment, DER (RFC 5280 section 5)."""
        issuer = self._issuers[ca_label]
        rows = self._registry.revoked(ca_label, at=at)
        return profiles.revocation_list(issuer, rows, at=at, until=at + life)

    def status(self, ca_label: str, serial: int, *, at: dt.datetime) -> Revocation | None:
        """The revocation of a certificate in force at ``at``, or None when it is good.

        Raises:
            KeyError: this CA never issued it.
        """
        return self._registry.status(ca_label, serial, at=at)


def _name(pairs: tuple[tuple[str, str], ...]) -> x509.Name:
    return x509.Name([x509.NameAttribute(_OIDS[name], value) for name, value in pairs])
