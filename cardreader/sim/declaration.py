"""A simulated country as declared in TOML: roots, citizen and foreigner CAs, policy arcs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KeyKind = Literal["ec-p384", "rsa-2048", "rsa-4096"]
Kind = Literal["citizen", "foreigner"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RootDeclaration:
    """One root: its key, its name and the policy arcs used under it."""

    label: str
    key: KeyKind
    subject: tuple[tuple[str, str], ...]
    years: int
    generation: Literal["new", "old"]
    citizen_authentication: str
    citizen_signature: str
    foreigner_authentication: str
    foreigner_signature: str
    rrn: str

    def policy(self, kind: Kind, use: Literal["authentication", "signature"]) -> str:
        """The policy OID of a holder certificate under this root."""
        citizen = {
            "authentication": self.citizen_authentication,
            "signature": self.citizen_signature,
        }
        foreigner = {
            "authentication": self.foreigner_authentication,
            "signature": self.foreigner_signature,
        }
        return (citizen if kind == "citizen" else foreigner)[use]


@dataclass(frozen=True, kw_only=True, slots=True)
class CaDeclaration:
    """One issuing CA; ``max_age`` is in seconds and, with ``nonce``, describes its responder."""

    label: str
    root: str
    key: KeyKind
    kind: Kind
    subject: tuple[tuple[str, str], ...]
    years: int
    nonce: bool
    max_age: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """A country as declared; ``source`` is the text it was read from."""

    name: str
    base_url: str
    roots: tuple[RootDeclaration, ...]
    cas: tuple[CaDeclaration, ...]
    source: str = field(repr=False)

    def at_url(self, base_url: str) -> Declaration:
        """The same country with its OCSP and CRL services at another base URL."""
        return replace(self, base_url=base_url.rstrip("/"))

    def root(self, label: str) -> RootDeclaration:
        """The root of this label; ``KeyError`` where there is none."""
        return {root.label: root for root in self.roots}[label]

    def ca(self, label: str) -> CaDeclaration:
        """The CA of this label; ``KeyError`` where there is none."""
        return {ca.label: ca for ca in self.cas}[label]


def load_declaration(path: Path) -> Declaration:
    """Read a country's declaration.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not TOML, or a member is missing or unknown.
    """
    return parse_declaration(path.read_text(encoding="utf-8"))


def parse_declaration(text: str) -> Declaration:
    """Read a declaration from its text; raises ``ValueError`` as `load_declaration` does."""
    data = tomllib.loads(text)
    try:
        return Declaration(
            name=data["name"],
            base_url=str(data["base_url"]).rstrip("/"),
            roots=tuple(RootDeclaration(**_named(row)) for row in data["root"]),
            cas=tuple(CaDeclaration(**_named(row)) for row in data["ca"]),
            source=text,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"declaration: {error}") from error


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "subject": tuple((name, value) for name, value in row["subject"])}
