"""What walks down the pipeline: each check reads what was found and adds what it found itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cardreader.token import UnverifiedToken
from cardreader.trust.anchors import Kind, TrustAnchors, TrustedCa

_T = TypeVar("_T")
_ORDER: Final = "a check ran before the one that it builds on"
HolderKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
Extensions = dict[type[x509.ExtensionType], x509.ExtensionType]


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Who the certificate names; ``given_names`` may be empty, the number is eleven digits."""

    given_names: str
    surname: str
    national_number: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """How we know that the certificate was not revoked.

    Attributes:
        asked_at: when the answer was verified; earlier than the login when it was reused.
        next_update: when the issuer promises news; None when it does not say.
    """

    method: Literal["ocsp", "crl"]
    this_update: dt.datetime
    next_update: dt.datetime | None
    asked_at: dt.datetime


@dataclass(kw_only=True, slots=True)
class Case:
    """One token under examination. The first seven members are given, the others are found.

    Reading a member that no check has found yet is a mistake of the pipeline's order, and raises.
    It lives inside one call, in one thread, so checks write into it: copying it for each of them
    would cost as much as reading the certificate.
    """

    text: str = field(repr=False)
    origin: str
    nonce: str = field(repr=False)
    now: dt.datetime
    anchors: TrustAnchors = field(repr=False)
    live_check: bool
    strict_number: bool
    found_token: UnverifiedToken | None = field(default=None, repr=False)
    found_certificate: x509.Certificate | None = field(default=None, repr=False)
    found_key: HolderKey | None = field(default=None, repr=False)
    found_extensions: Extensions | None = field(default=None, repr=False)
    found_window: tuple[dt.datetime, dt.datetime] | None = None
    found_policies: frozenset[str] | None = None
    found_subject: Subject | None = None
    found_issuer: TrustedCa | None = field(default=None, repr=False)
    found_kind: Kind | None = None
    found_evidence: Evidence | None = None

    @property
    def token(self) -> UnverifiedToken:
        """The token, after its format was checked."""
        return _needed(self.found_token)

    @property
    def certificate(self) -> x509.Certificate:
        """The holder's certificate; believed only after the path was checked."""
        return _needed(self.found_certificate)

    @property
    def key(self) -> HolderKey:
        """The certificate's public key, read once: reading a point of a curve is costly."""
        if self.found_key is None:
            raise RuntimeError(_ORDER)
        return self.found_key

    @property
    def extensions(self) -> Extensions:
        """The certificate's extensions by their kind."""
        return _needed(self.found_extensions)

    @property
    def window(self) -> tuple[dt.datetime, dt.datetime]:
        """The certificate's begin and end, both inclusive."""
        return _needed(self.found_window)

    @property
    def policies(self) -> frozenset[str]:
        """The authentication policies that the certificate claims."""
        return _needed(self.found_policies)

    @property
    def subject(self) -> Subject:
        """The person named in the certificate."""
        return _needed(self.found_subject)

    @property
    def issuer(self) -> TrustedCa:
        """The CA whose key signed the certificate."""
        return _needed(self.found_issuer)

    @property
    def kind(self) -> Kind:
        """Citizen or foreigner, by the policy under the issuer's own root."""
        return _needed(self.found_kind)

    @property
    def evidence(self) -> Evidence:
        """The answer about revocation."""
        return _needed(self.found_evidence)


def _needed(value: _T | None) -> _T:
    if value is None:
        raise RuntimeError(_ORDER)
    return value
