"""One revocation list, verified over its own bytes and indexed once (RFC 5280 section 5).

A country's list may hold half a million serials: one walk over the bytes takes what it needs, and
makes no object for each row but the serial's own bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from cardreader.errors import RevocationUnavailable
from cardreader.trust.case import Evidence
from cardreader.trust.der import LONG, element, signed_part

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from cardreader.trust.anchors import TrustedCa

_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_TIMES: Final = frozenset({0x17, 0x18})
_ROW: Final = (_SEQUENCE, _INTEGER)


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedList:
    """The serials that a CA has revoked, as of ``evidence.this_update``."""

    serials: frozenset[bytes] = field(repr=False)
    evidence: Evidence

    def names(self, serial: int) -> bool:
        """Tell whether this positive serial number is on the list."""
        return serial.to_bytes(serial.bit_length() // 8 + 1) in self.serials

    def running(self, ca: TrustedCa, now: dt.datetime) -> bool:
        """Whether the list has not run out yet."""
        end = self.evidence.next_update
        return end is not None and now <= end + ca.skew


def verify(der: bytes, *, ca: TrustedCa, now: dt.datetime) -> VerifiedList:
    """Believe a list of this CA, or raise.

    Partial, indirect and delta lists announce themselves by critical extensions and are refused.

    Raises:
        RevocationUnavailable: another CA's, badly signed, not in force, or not readable.
    """
    try:
        found = x509.load_der_x509_crl(der)
        ours = found.issuer == ca.certificate.subject
        critical = any(row.critical for row in found.extensions)
        begin, end = found.last_update_utc, found.next_update_utc
        signed, algorithm = signed_part(der)
        _require_signature(found, der[slice(*signed)], ca)
        serials = _serials(der, signed, algorithm)
    except Exception:  # noqa: BLE001 - whatever a hostile encoding raises, it proves nothing
        raise RevocationUnavailable("the list cannot be read, or is not this CA's") from None
    if not ours:
        raise RevocationUnavailable("the list is not this CA's")
    if critical:
        raise RevocationUnavailable("the list is not a whole one")
    if end is None or begin > now + ca.skew or now > end + ca.skew:
        raise RevocationUnavailable("the list is not in force")
    evidence = Evidence(method="crl", this_update=begin, next_update=end, asked_at=now)
    return VerifiedList(serials=serials, evidence=evidence)


def _require_signature(
    found: x509.CertificateRevocationList, content: bytes, ca: TrustedCa
) -> None:
    # Over the bytes as they came: the library would write twenty megabytes anew first.
    key, digest = ca.certificate.public_key(), found.signature_hash_algorithm
    if digest is None:
        raise ValueError("digest")
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(found.signature, content, ec.ECDSA(digest))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(found.signature, content, padding.PKCS1v15(), digest)
    else:
        raise TypeError("key")


def _serials(der: bytes, signed: tuple[int, int], algorithm: bytes) -> frozenset[bytes]:
    _, at, end = element(der, *signed)
    tag, _, after = element(der, at, end)
    if tag == _INTEGER:  # the version
        at = after
        _, _, after = element(der, at, end)
    if der[at:after] != algorithm:
        raise ValueError("two algorithms")
    _, _, at = element(der, after, end)  # past the issuer
    _, _, at = element(der, at, end)  # past thisUpdate
    if at < end and der[at] in _TIMES:
        _, _, at = element(der, at, end)
    if at == end or der[at] != _SEQUENCE:
        return frozenset()
    _, at, end = element(der, at, end)
    return frozenset(_rows(der, at, end))


def _rows(der: bytes, at: int, end: int) -> Iterator[bytes]:
    while at < end:
        # Nearly every row is short, and there may be half a million of them: no calls for those.
        if der[at + 1] < LONG and der[at + 3] < LONG:
            kinds, inner = (der[at], der[at + 2]), at + 4
            last, at = inner + der[at + 3], at + 2 + der[at + 1]
        else:
            tag, place, stop = element(der, at, end)
            kind, inner, last = element(der, place, stop)
            kinds, at = (tag, kind), stop
        if kinds != _ROW or last > at or at > end:
            raise ValueError("row")
        yield der[inner:last]
