"""What the National Register and the chip stand behind, over raw bytes (Belgian facts, 5.5 and 6).

The register signs the identity file, and the address together with that signature; the identity
file names the photo and the card's own key by their digests; the chip answers a challenge with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.serialization import load_der_public_key

from cardreader.errors import CardCopied, FileSignatureWrong, PhotoWrong, RegisterUntrusted
from cardreader.trust.anchors import TrustedRoot

if TYPE_CHECKING:
    import datetime as dt

    from cardreader.trust.anchors import TrustAnchors

Strength = Literal["strong", "weak"]
"""``weak``: RSA below 2048 bits, or SHA-1, as the register signed until about 2020."""

_UNDERSTOOD: Final = frozenset(
    {
        x509.KeyUsage.oid,
        x509.ExtendedKeyUsage.oid,
        x509.BasicConstraints.oid,
        x509.CertificatePolicies.oid,
    }
)
_STRONG_RSA: Final = 2048
_WEAK_RSA: Final = 1024
_LARGEST_RSA: Final = 4096
_CHALLENGE: Final = 48
_HALF: Final = 48
_PHOTO_DIGESTS: Final[dict[int, type[hashes.SHA1 | hashes.SHA256 | hashes.SHA384]]] = {
    20: hashes.SHA1,
    32: hashes.SHA256,
    48: hashes.SHA384,
}
_SEQUENCE: Final = 0x30
_SHORT_FORM: Final = range(0x80)


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterSigner:
    """A certificate of the National Register, proven to stand under ``root`` and in force."""

    certificate: x509.Certificate
    root: TrustedRoot


def register_signer(der: bytes, *, anchors: TrustAnchors, now: dt.datetime) -> RegisterSigner:
    """Believe the certificate that came with the files, or raise.

    A pinned root's key signed it, root and certificate are in force, its key usage is exactly that
    of the register, and it claims the register's policy of that very root.

    Raises:
        RegisterUntrusted: any of it does not hold.
    """
    certificate = _decoded(der)
    _require_register_usage(certificate)
    if not _in_force(certificate, now):
        raise RegisterUntrusted("the register's certificate is not in force")
    claimed = _policies(certificate)
    for root in anchors.roots:
        if not _signed_by(certificate, root.certificate):
            continue
        if not _in_force(root.certificate, now):
            continue
        if not claimed & root.register:
            raise RegisterUntrusted("not under the register's policy of its root")
        return RegisterSigner(certificate=certificate, root=root)
    raise RegisterUntrusted("no path to a root in force")


def require_signed(signer: RegisterSigner, content: bytes, stored: bytes) -> Strength:
    """Demand the register's signature over a content, as stored: DER with zeros behind it for EC.

    Args:
        signer: from `register_signer`.
        content: exactly the bytes that are covered.
        stored: the signature file, with whatever padding it has.

    Returns:
        How good the signature's algorithm is; ``weak`` only under a root that says so.

    Raises:
        FileSignatureWrong: it does not cover the content, or is weaker than the root allows.
    """
    key = signer.certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        _require_ecdsa(key, content, stored)
        return "strong"
    if isinstance(key, rsa.RSAPublicKey):
        return _require_rsa(key, content, stored, weak=signer.root.weak_register)
    raise FileSignatureWrong("a key that the register does not have")


def require_photo(photo: bytes, digest: bytes) -> None:
    """Demand that a digest, told by its length, is that of the photo file.

    Raises:
        PhotoWrong: it is another's.
    """
    algorithm = _PHOTO_DIGESTS.get(len(digest))
    if algorithm is None or not bytes_eq(_digest(algorithm(), photo), digest):
        raise PhotoWrong


def require_genuine_chip(
    card_key: bytes, *, digest: bytes, challenge: bytes, answer: bytes
) -> None:
    """Demand that the chip holds the key which the identity file names (INTERNAL AUTHENTICATE).

    Args:
        card_key: SubjectPublicKeyInfo of P-384 in DER, from the card (EF 4040).
        digest: its SHA-384 as the *verified* identity file has it (tag 1A).
        challenge: 48 bytes that we chose; the chip signs them as they are.
        answer: r and s joined, 96 bytes.

    Raises:
        CardCopied: the key is another, or the answer is not its.
    """
    if not bytes_eq(_digest(hashes.SHA384(), card_key), digest):
        raise CardCopied("the card's key is not the one that its identity file names")
    try:
        key = load_der_public_key(card_key)
    except Exception:  # noqa: BLE001 - whatever a hostile encoding raises, it proves nothing
        raise CardCopied("the card's key cannot be read") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        raise CardCopied("the card's key is of another kind")
    if len(challenge) != _CHALLENGE or len(answer) != 2 * _HALF:
        raise CardCopied("length of the chip's answer")
    r, s = int.from_bytes(answer[:_HALF]), int.from_bytes(answer[_HALF:])
    try:
        key.verify(encode_dss_signature(r, s), challenge, ec.ECDSA(Prehashed(hashes.SHA384())))
    except InvalidSignature:
        raise CardCopied("the chip's answer is not that of the card's key") from None


# --- inside -------------------------------------------------------------------------------------


def _decoded(der: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        critical = {row.oid for row in certificate.extensions if row.critical}
        certificate.public_key()
        certificate.not_valid_after_utc.timestamp()
    except Exception:  # noqa: BLE001 - whatever a hostile encoding raises, it proves nothing
        raise RegisterUntrusted("the register's certificate cannot be read") from None
    if critical - _UNDERSTOOD:
        raise RegisterUntrusted("a critical extension that we do not understand")
    return certificate


def _require_register_usage(certificate: x509.Certificate) -> None:
    extensions = certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        raise RegisterUntrusted("no key usage") from None
    if not (usage.digital_signature and usage.content_commitment) or usage.key_cert_sign:
        raise RegisterUntrusted("key usage is not that of the register")
    try:
        if extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            raise RegisterUntrusted("a CA certificate")
    except x509.ExtensionNotFound:
        pass


def _policies(certificate: x509.Certificate) -> frozenset[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(row.policy_identifier.dotted_string for row in found)


def _signed_by(certificate: x509.Certificate, root: x509.Certificate) -> bool:
    """Whether this root's key signed it; the caller refuses when none's did."""
    try:
        certificate.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _in_force(certificate: x509.Certificate, now: dt.datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _require_ecdsa(key: ec.EllipticCurvePublicKey, content: bytes, stored: bytes) -> None:
    if not isinstance(key.curve, ec.SECP384R1):
        raise FileSignatureWrong("curve")
    if len(stored) < 2 or stored[0] != _SEQUENCE or stored[1] not in _SHORT_FORM:  # noqa: PLR2004 - tag and length
        raise FileSignatureWrong("not an ECDSA signature")
    end = stored[1] + 2
    if any(stored[end:]):
        raise FileSignatureWrong("something other than padding after the signature")
    try:
        key.verify(stored[:end], content, ec.ECDSA(hashes.SHA384()))
    except InvalidSignature:
        raise FileSignatureWrong from None


def _require_rsa(key: rsa.RSAPublicKey, content: bytes, stored: bytes, *, weak: bool) -> Strength:
    if not (_WEAK_RSA if weak else _STRONG_RSA) <= key.key_size <= _LARGEST_RSA:
        raise FileSignatureWrong("key size")
    try:
        key.verify(stored, content, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        if not weak:
            raise FileSignatureWrong from None
    else:
        return "strong" if key.key_size >= _STRONG_RSA else "weak"
    try:
        # Only the register chose these bytes: what SHA-1 lost is collisions, not second preimages.
        key.verify(stored, content, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - as said
    except InvalidSignature:
        raise FileSignatureWrong from None
    return "weak"


def _digest(algorithm: hashes.HashAlgorithm, content: bytes) -> bytes:
    running = hashes.Hash(algorithm)
    running.update(content)
    return running.finalize()
