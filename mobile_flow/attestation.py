"""What is known of an authenticator's make: the policy, and the word that a phone's record keeps.

The library checks an attestation statement's own signature and, for Apple and Android, the chain to
the roots that it carries. Whose certificate it is in the other formats, and whether the make is
admitted, is judged here (WebAuthn Level 3, 7.1 steps 21-25 and 8.2.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mobile_flow.errors import AttestationRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

NONE: Final = "none"
FORMATS: Final = frozenset({NONE, "packed", "tpm", "android-key", "apple"})
"""The formats that we read. SafetyNet ended in 2025, and U2F keys cannot verify a person."""

_ROOTED_BY_THE_LIBRARY: Final = frozenset({"android-key", "apple"})
_PACKED_AAGUID: Final = "1.3.6.1.4.1.45724.1.1.4"
_OCTET_STRING_OF_16: Final = b"\x04\x10"
_PACKED_UNIT: Final = "Authenticator Attestation"


class Asking(StrEnum):
    """How much is asked of an authenticator about itself."""

    NOTHING = "nothing"
    """Take what comes, which browsers make ``none``."""
    WHERE_GIVEN = "where_given"
    """Ask; record what is given."""
    REQUIRED = "required"
    """Ask; admit only what a known root vouches for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AttestationPolicy:
    """Which authenticators are admitted.

    Attributes:
        roots: by format, certificates in PEM to which a chain must lead.
        models: AAGUIDs (lower case, hyphens) that are admitted; empty: any.
    """

    asking: Asking = Asking.NOTHING
    roots: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    models: frozenset[str] = frozenset()

    @property
    def conveyance(self) -> str:
        """Give the word of the creation options (WebAuthn Level 3, 5.4.7)."""
        return "none" if self.asking is Asking.NOTHING else "direct"


def judge(
    policy: AttestationPolicy, *, fmt: str, chain: Sequence[bytes] | None, aaguid: str
) -> str:
    """Give the word for the record of a statement whose own signature the library has verified.

    ``none``; ``<format>/self`` (the credential signed for itself); ``<format>/unknown`` (by a
    certificate of nobody that we know); ``<format>/trusted``.

    Args:
        policy: what the operator admits.
        fmt: the attestation statement format.
        chain: certificates in DER, the attestation's own first; ``None`` where there are none.
        aaguid: of the authenticator data.

    Raises:
        AttestationRefused: a format that we do not read, a make that is not admitted, or nobody
            vouches where somebody must.
    """
    if fmt not in FORMATS:
        raise AttestationRefused("an attestation format that we do not read")
    if policy.models and aaguid not in policy.models:
        raise AttestationRefused("a model that is not on the list")
    if fmt == NONE:
        word = NONE
    elif not chain:
        word = f"{fmt}/self"
    elif fmt in _ROOTED_BY_THE_LIBRARY or _is_rooted(policy, fmt, chain, aaguid):
        word = f"{fmt}/trusted"
    else:
        word = f"{fmt}/unknown"
    if policy.asking is Asking.REQUIRED and not word.endswith("/trusted"):
        raise AttestationRefused(f"nobody that we know vouches for it: {word}")
    return word


def _is_rooted(policy: AttestationPolicy, fmt: str, chain: Sequence[bytes], aaguid: str) -> bool:
    """Tell whether the chain leads to a configured root, at this moment.

    Raises: AttestationRefused for a certificate of this chain that contradicts what it vouches for.
    """
    from cryptography.x509 import load_der_x509_certificate
    from webauthn.helpers import validate_certificate_chain
    from webauthn.helpers.exceptions import InvalidCertificateChain

    roots = list(policy.roots.get(fmt, ()))
    if not roots:
        return False
    try:
        validate_certificate_chain(x5c=list(chain), pem_root_certs_bytes=roots)
        certificate = load_der_x509_certificate(chain[0])
    except (InvalidCertificateChain, ValueError, TypeError):
        return False
    if fmt == "packed":
        _check_packed(certificate, aaguid)
    return True


def _check_packed(certificate: Certificate, aaguid: str) -> None:
    """Demand what WebAuthn Level 3, 8.2.1 demands of this certificate; the library does not."""
    from cryptography.x509 import (
        BasicConstraints,
        ExtensionNotFound,
        ObjectIdentifier,
        UnrecognizedExtension,
        Version,
    )
    from cryptography.x509.oid import NameOID

    try:
        extensions = certificate.extensions
        units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        authority = extensions.get_extension_for_class(BasicConstraints).value.ca
    except (ExtensionNotFound, ValueError):
        raise AttestationRefused("an attestation certificate without its constraints") from None
    if certificate.version is not Version.v3 or authority:
        raise AttestationRefused("an attestation certificate of another kind")
    if [unit.value for unit in units] != [_PACKED_UNIT]:
        raise AttestationRefused("an attestation certificate for another use")
    try:
        found = extensions.get_extension_for_oid(ObjectIdentifier(_PACKED_AAGUID))
    except ExtensionNotFound:
        return
    expected = _OCTET_STRING_OF_16 + bytes.fromhex(aaguid.replace("-", ""))
    if found.critical or not isinstance(found.value, UnrecognizedExtension):
        raise AttestationRefused("a critical model in the attestation certificate")
    if found.value.value != expected:
        raise AttestationRefused("the attestation certificate is of another model")
