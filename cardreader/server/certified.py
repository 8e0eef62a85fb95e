"""Whom an authentication certificate names, without a login: no signature, no revocation asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cryptography.hazmat.primitives.asymmetric import rsa

from cardreader.token import UnverifiedToken
from cardreader.trust import pipeline
from cardreader.trust.anchors import Kind
from cardreader.trust.case import Case

if TYPE_CHECKING:
    import datetime as dt

    from cardreader.trust.anchors import TrustAnchors


@dataclass(frozen=True, kw_only=True, slots=True)
class CertifiedCard:
    """What a certificate under a trusted root says; that its holder is here is not proven."""

    kind: Kind
    national_number: str = field(repr=False)
    generation: Literal["1.7", "1.8"]
    root: str


def certified(
    der: bytes, *, anchors: TrustAnchors, now: dt.datetime, strict_number: bool = True
) -> CertifiedCard:
    """Believe an authentication certificate, or raise; whether it was revoked stays open.

    Raises:
        TokenRefused: it is none, is not in force, or no path leads to a trusted root.
    """
    token = UnverifiedToken(certificate=der, algorithm="ES384", signature=b"", minor=0)
    case = pipeline.run(
        Case(
            text="",
            origin="",
            nonce="",
            now=now,
            anchors=anchors,
            live_check=False,
            strict_number=strict_number,
            found_token=token,
        ),
        pipeline.CERTIFICATE_CHECKS,
    )
    older = isinstance(case.key, rsa.RSAPublicKey)
    return CertifiedCard(
        kind=case.kind,
        national_number=case.subject.national_number,
        generation="1.7" if older else "1.8",
        root=case.issuer.roots[0].label,
    )
