"""One revocation list, verified and turned into a set once (RFC 5280 section 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography import x509

from cardreader.errors import RevocationUnavailable
from cardreader.trust.case import Evidence

if TYPE_CHECKING:
    import datetime as dt

    from cardreader.trust.anchors import TrustedCa


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedList:
    """The serials that a CA has revoked, as of ``evidence.this_update``."""

    serials: frozenset[int] = field(repr=False)
    evidence: Evidence

    def names(self, serial: int) -> bool:
        """Tell whether this serial number is on the list."""
        return serial in self.serials

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
        signed = found.is_signature_valid(ca.certificate.public_key())  # type: ignore[arg-type] # it raises TypeError for other keys
        serials = frozenset(row.serial_number for row in found)
    except Exception:  # noqa: BLE001 - whatever a hostile encoding raises, it proves nothing
        raise RevocationUnavailable("the list cannot be read") from None
    if not ours or not signed:
        raise RevocationUnavailable("the list is not this CA's")
    if critical:
        raise RevocationUnavailable("the list is not a whole one")
    if end is None or begin > now + ca.skew or now > end + ca.skew:
        raise RevocationUnavailable("the list is not in force")
    evidence = Evidence(method="crl", this_update=begin, next_update=end, asked_at=now)
    return VerifiedList(serials=serials, evidence=evidence)
