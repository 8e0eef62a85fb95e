"""A world of certificate-only cards for tests: sign a token with a key, answer OCSP in memory."""

from __future__ import annotations

import base64
import datetime as dt
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from cardreader import trust
from cardreader.server import CardServer
from cardreader.sim import profiles
from cardreader.sim.declaration import KeyKind, load_declaration
from cardreader.sim.pki import (
    HONEST,
    CardCertificates,
    CardRequest,
    Country,
    OcspLies,
)
from cardreader.trust.ports import FetchAnswer, FetchFailed, FetchRequest
from cardreader.trust.signature import signed_bytes

if TYPE_CHECKING:
    from cryptography import x509

    from cardreader.server import VerifiedCard
    from cardreader.token import Algorithm
    from cardreader.trust.revocation import RevocationLimits

NOW = dt.datetime(2026, 6, 15, 12, 0, tzinfo=dt.UTC)
ORIGIN = "https://login.example"
NUMBER = "85073003328"
YEAR = dt.timedelta(days=365)


@cache
def country() -> Country:
    """The demo country, founded once for the whole run: keys are slow to make."""
    return Country.found(load_declaration(Path(__file__).with_name("country.toml")), at=NOW)


@cache
def anchors() -> trust.TrustAnchors:
    """What a provider trusts of it."""
    with tempfile.TemporaryDirectory() as folder:
        country().write_trust(Path(folder))
        return trust.load(Path(folder), allow_simulated=True)


def request(*, ca: str = "citizen-new", kind: KeyKind = "ec-p384", **other: Any) -> CardRequest:
    """An order for a card of an adult, in force around `NOW`."""
    usual = {
        "given_names": "Nora Élise",
        "surname": "Specimen",
        "national_number": NUMBER,
        "valid_from": NOW - YEAR / 2,
        "valid_until": NOW + YEAR,
    }
    return CardRequest(ca=ca, key_kind=kind, **{**usual, **other})


@cache
def card(ca: str = "citizen-new", kind: KeyKind = "ec-p384") -> CardCertificates:
    """A good card of this CA; shared, so never revoke it."""
    return country().issue(request(ca=ca, kind=kind))


def spoiled(
    change: Callable[[x509.CertificateBuilder], x509.CertificateBuilder],
    *,
    ca: str = "citizen-new",
    issuer: profiles.Issuer | None = None,
    drop: type[x509.ExtensionType] | None = None,
    policy: str = "2.16.56.13.6.1.1.1000",
    known: bool = True,
) -> profiles.Issuer:
    """A holder certificate that the CA really signs, changed before it is signed.

    ``known=False``: the CA's register, hence its responder, does not know it.
    """
    above = issuer or country().issuer(ca)
    order = request(ca=ca)
    who = profiles.Holder(
        given_names=order.given_names,
        surname=order.surname,
        national_number=order.national_number,
        begin=order.valid_from,
        end=order.valid_until,
        modern=True,
    )
    key = ec.generate_private_key(ec.SECP384R1())
    builder = profiles.holder_builder(
        above,
        who,
        key,
        profiles.Services.of(country().declaration.base_url, ca),
        profiles.Use(signature=False, policy=policy),
    )
    if drop is not None:
        builder._extensions = [
            row for row in builder._extensions if not isinstance(row.value, drop)
        ]
    made = change(builder).sign(above.key, profiles.digest_for(above.key))
    if known:
        country()._registry.issued(made.serial_number, ca)
    return profiles.Issuer(key=key, certificate=made)


def sign(key: profiles.Key, algorithm: Algorithm, *, origin: str, nonce: str) -> bytes:
    """The signature of a card over origin and challenge, as it stands in a token."""
    message = signed_bytes(algorithm, origin=origin, nonce=nonce)
    if isinstance(key, rsa.RSAPrivateKey):
        digest = hashes.SHA256()
        scheme: padding.AsymmetricPadding = padding.PKCS1v15()
        if algorithm == "PS256":
            scheme = padding.PSS(mgf=padding.MGF1(digest), salt_length=padding.PSS.DIGEST_LENGTH)
        return key.sign(message, scheme, digest)
    made = {"ES256": hashes.SHA256, "ES384": hashes.SHA384, "ES512": hashes.SHA512}
    half = (key.curve.key_size + 7) // 8
    der = key.sign(message, ec.ECDSA(made.get(algorithm, hashes.SHA384)()))
    return b"".join(part.to_bytes(half) for part in decode_dss_signature(der))


def members(
    certificate: x509.Certificate,
    key: profiles.Key,
    *,
    nonce: str,
    origin: str = ORIGIN,
    algorithm: Algorithm | None = None,
) -> dict[str, Any]:
    """The members of a good token."""
    usual: Algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES384"
    chosen = algorithm or usual
    signature = sign(key, chosen, origin=origin, nonce=nonce)
    return {
        "unverifiedCertificate": base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),
        "algorithm": chosen,
        "signature": base64.b64encode(signature).decode(),
        "format": "web-eid:1.0",
        "appVersion": "https://web-eid.eu/web-eid-app/releases/2.9.0",
    }


@dataclass
class InMemoryWorld:
    """Answers the `Fetch` port from a country; a test turns its knobs and reads ``calls``."""

    now: dt.datetime = NOW
    lies: OcspLies = HONEST
    ocsp_down: bool = False
    crl_down: bool = False
    swap_ocsp: Callable[[bytes], bytes] | None = None
    swap_crl: Callable[[bytes], bytes] | None = None
    framed: tuple[int, str] = (200, "application/ocsp-response")
    heard: Callable[[FetchRequest], object] = lambda _: None
    calls: list[str] = field(default_factory=list)

    def __call__(self, request: FetchRequest) -> FetchAnswer:
        self.calls.append(request.url)
        self.heard(request)
        kind, label = request.url.rsplit("/", 2)[1:]
        if self.ocsp_down if kind == "ocsp" else self.crl_down:
            raise FetchFailed("down")
        if kind == "ocsp":
            assert request.body is not None
            body = country().ocsp_answer(request.body, at=self.now, lies=self.lies)
            body = self.swap_ocsp(body) if self.swap_ocsp else body
            status, media_type = self.framed
            return FetchAnswer(status=status, media_type=media_type, body=body)
        body = country().crl(label, at=self.now)
        body = self.swap_crl(body) if self.swap_crl else body
        if request.into is not None:
            request.into.write(body)
            body = b""
        return FetchAnswer(status=200, media_type="application/pkix-crl", body=body)


class Provider:
    """A provider's card desk in the in-memory world, with its clock in the test's hand."""

    def __init__(
        self,
        *,
        limits: RevocationLimits | None = None,
        strict_number: bool = True,
        trusted: trust.TrustAnchors | Callable[[], trust.TrustAnchors] | None = None,
    ) -> None:
        self.world = InMemoryWorld()
        self._drawn = 0
        self.server = CardServer(
            trusted or anchors(),
            self.world,
            now=lambda: self.world.now,
            entropy=self._entropy,
            strict_number=strict_number,
            limits=limits,
        )

    def _entropy(self, size: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(size)

    def login(
        self,
        certificate: x509.Certificate,
        key: profiles.Key,
        *,
        change: Callable[[dict[str, Any]], object] = lambda _: None,
        live_check: bool = False,
        algorithm: Algorithm | None = None,
    ) -> VerifiedCard:
        """Begin, sign, let the test change the token's members, complete."""
        challenge = self.server.begin()
        token = members(certificate, key, nonce=challenge.nonce, algorithm=algorithm)
        change(token)
        return self.server.complete(
            challenge, json.dumps(token), origin=ORIGIN, live_check=live_check
        )

    def card(
        self,
        ca: str = "citizen-new",
        kind: KeyKind = "ec-p384",
        **other: Any,
    ) -> VerifiedCard:
        """Log in with a good card of this CA."""
        made = card(ca, kind)
        return self.login(made.authentication, made.authentication_key, **other)
