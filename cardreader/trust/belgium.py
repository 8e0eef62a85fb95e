"""The Belgian roots as they are publicly described (``belgium.toml``), to hold a PEM file against.

The description names, dates and begins of fingerprints guard against a mistake; what makes a root
trusted is the whole fingerprint that an operator wrote into ``trust.toml``.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography import x509


class RootUnlike(ValueError):
    """A certificate is not the Belgian root that it is said to be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BelgianRoot:
    """One root as described; ``begins``, ``ends`` and ``starts`` are empty where nothing is known.

    Attributes:
        starts: how the SHA-256 fingerprint may begin, lower-case hexadecimal.
        citizen: authentication policies of citizens by OID; ``foreigner`` and ``register`` alike.
    """

    name: str
    common_name: str
    serial: int
    begins: frozenset[dt.date]
    ends: frozenset[dt.date]
    starts: tuple[str, ...]
    citizen: tuple[str, ...]
    foreigner: tuple[str, ...]
    register: tuple[str, ...]
    weak_register: bool

    def require(self, certificate: x509.Certificate) -> None:
        """Hold a certificate against the description.

        Raises:
            RootUnlike: name, serial number, dates, fingerprint or its own signature differ.
        """
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        if [row.value for row in names] != [self.common_name]:
            raise RootUnlike(f"{self.name}: another name")
        if certificate.serial_number != self.serial:
            raise RootUnlike(f"{self.name}: another serial number")
        begin = certificate.not_valid_before_utc.date()
        end = certificate.not_valid_after_utc.date()
        if (self.begins and begin not in self.begins) or (self.ends and end not in self.ends):
            raise RootUnlike(f"{self.name}: other dates")
        print_ = certificate.fingerprint(hashes.SHA256()).hex()
        if self.starts and not print_.startswith(self.starts):
            raise RootUnlike(f"{self.name}: another fingerprint")
        try:
            certificate.verify_directly_issued_by(certificate)
        except (ValueError, TypeError, InvalidSignature):
            raise RootUnlike(f"{self.name}: not signed by itself") from None


@cache
def roots() -> tuple[BelgianRoot, ...]:
    """Every root that is described, the oldest first."""
    text = resources.files("cardreader.trust").joinpath("belgium.toml").read_text(encoding="utf-8")
    return tuple(_root(row) for row in tomllib.loads(text)["root"])


def named(name: str) -> BelgianRoot:
    """The root of this name; ``KeyError`` where there is none."""
    return {root.name: root for root in roots()}[name]


def absent(labels: Iterable[str], *, now: dt.datetime) -> tuple[BelgianRoot, ...]:
    """The roots that cards may still stand under and that are not among these labels."""
    known = frozenset(labels)
    return tuple(
        root
        for root in roots()
        if root.name not in known and any(end >= now.date() for end in root.ends)
    )


def _root(row: dict[str, Any]) -> BelgianRoot:
    return BelgianRoot(
        name=row["name"],
        common_name=row["common_name"],
        serial=int(row["serial"], 16),
        begins=frozenset(row["begins"]),
        ends=frozenset(row["ends"]),
        starts=tuple(row["starts"]),
        citizen=tuple(row["citizen"]),
        foreigner=tuple(row["foreigner"]),
        register=tuple(row["register"]),
        weak_register=row["weak_register"],
    )
