"""One revocation list, verified and turned into a table once (RFC 5280 section 5).

The library reads the list from one piece of memory; what stays is its serial numbers alone, side by
side in order, a few bytes a row.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography import x509

from cardreader.errors import RevocationUnavailable
from cardreader.trust.case import Evidence

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from cardreader.trust.anchors import TrustedCa


@dataclass(frozen=True, kw_only=True, slots=True)
class SerialTable:
    """Serial numbers as rows of ``width`` bytes in order; a set of them, but small."""

    rows: bytes = field(repr=False)
    width: int

    @classmethod
    def of(cls, serials: Iterable[int]) -> SerialTable:
        """Lay out serial numbers; raises ``OverflowError`` for a negative one."""
        found = sorted(serials)
        if found and found[0] < 0:
            raise OverflowError("negative")
        width = _width(found[-1]) if found else 1
        rows = bytearray()
        for serial in found:
            rows += serial.to_bytes(width)
        return cls(rows=bytes(rows), width=width)

    def __len__(self) -> int:
        return len(self.rows) // self.width

    def __contains__(self, serial: int) -> bool:
        if serial < 0 or _width(serial) > self.width:
            return False
        wanted = serial.to_bytes(self.width)
        place = bisect_left(range(len(self)), wanted, key=self._row)
        return place < len(self) and self._row(place) == wanted

    def _row(self, place: int) -> bytes:
        return self.rows[place * self.width : (place + 1) * self.width]


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedList:
    """The serials that a CA has revoked, as of ``evidence.this_update``."""

    serials: SerialTable
    evidence: Evidence

    def names(self, serial: int) -> bool:
        """Tell whether this serial number is on the list."""
        return serial in self.serials

    def running(self, ca: TrustedCa, now: dt.datetime) -> bool:
        """Whether the list has not run out yet."""
        end = self.evidence.next_update
        return end is not None and now <= end + ca.skew


def _width(serial: int) -> int:
    return max(1, (serial.bit_length() + 7) // 8)


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
        serials = SerialTable.of(row.serial_number for row in found)
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
