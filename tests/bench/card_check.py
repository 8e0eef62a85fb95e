"""What verifying a card token costs beside the cryptography that nobody can leave out.

The whole verification (format, certificate, signature, path, revocation from a verified answer
that is reused) against nothing but its two signature verifications: the card's over origin and
challenge, the issuing CA's over the certificate. Both in this one thread, taking turns.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from cardreader.trust.signature import signed_bytes
from tests.world import tokens
from tests.world.tokens import ORIGIN, Provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

    from cardreader.sim.pki import KeyKind

WANTED: Final = 0.6
_ROUNDS: Final = 15
_TIMES: Final = 40
_CARDS: Final[tuple[tuple[str, str, KeyKind], ...]] = (
    ("EC P-384", "citizen-new", "ec-p384"),
    ("RSA-2048", "citizen-new", "rsa-2048"),
    ("RSA-2048 under an RSA CA", "citizen-old", "rsa-2048"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRate:
    """Verifications per second, medians of the rounds: all of ours, and the bare signatures."""

    name: str
    whole: float
    bare: float

    @property
    def ratio(self) -> float:
        """Ours over the bare one; at least `WANTED` is promised."""
        return self.whole / self.bare


def check_rates(*, rounds: int = _ROUNDS, times: int = _TIMES) -> tuple[CheckRate, ...]:
    """Measure each kind of card."""
    return tuple(_rate(name, ca, kind, rounds, times) for name, ca, kind in _CARDS)


def table(rates: tuple[CheckRate, ...]) -> str:
    """The rates as Markdown."""
    lines = [
        "| card | whole verifications per second | bare signatures per second | ratio |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {rate.name} | {rate.whole:.0f} | {rate.bare:.0f} | {rate.ratio:.2f} |" for rate in rates
    ]
    return "\n".join(lines)


def _rate(name: str, ca: str, kind: KeyKind, rounds: int, times: int) -> CheckRate:
    provider = Provider()
    made = tokens.card(ca, kind)
    challenge = provider.server.begin()
    members = tokens.members(made.authentication, made.authentication_key, nonce=challenge.nonce)
    text = json.dumps(members)

    def whole() -> None:
        provider.server.complete(challenge, text, origin=ORIGIN)

    whole()  # the answer about revocation is asked once, and reused from here on
    bare = _bare(
        made.authentication,
        tokens.country().certificate(ca),
        base64.b64decode(members["signature"]),
        signed_bytes(members["algorithm"], origin=ORIGIN, nonce=challenge.nonce),
    )
    rates: dict[str, list[float]] = {"whole": [], "bare": []}
    for _ in range(rounds):
        for which, act in (("whole", whole), ("bare", bare)):
            begin = time.perf_counter()
            for _ in range(times):
                act()
            rates[which].append(times / (time.perf_counter() - begin))
    assert len(provider.world.calls) == 1
    return CheckRate(name=name, whole=median(rates["whole"]), bare=median(rates["bare"]))


def _bare(
    certificate: x509.Certificate, issuer: x509.Certificate, signature: bytes, message: bytes
) -> Callable[[], None]:
    """The two verifications over keys and bytes that are ready."""
    digest = certificate.signature_hash_algorithm
    assert digest is not None
    over_message = _verification(certificate.public_key(), signature, message, None)
    over_certificate = _verification(
        issuer.public_key(), certificate.signature, certificate.tbs_certificate_bytes, digest
    )

    def both() -> None:
        over_message()
        over_certificate()

    both()
    return both


def _verification(
    key: object, signature: bytes, content: bytes, digest: hashes.HashAlgorithm | None
) -> Callable[[], None]:
    """One verification; without a digest, the signature is a token's: r and s joined, or RS256."""
    if isinstance(key, rsa.RSAPublicKey):
        scheme = padding.PKCS1v15()
        return lambda: key.verify(signature, content, scheme, digest or hashes.SHA256())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    if digest is None:
        half = len(signature) // 2
        r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
        signature = encode_dss_signature(r, s)
    algorithm = ec.ECDSA(digest or hashes.SHA384())
    return lambda: key.verify(signature, content, algorithm)


if __name__ == "__main__":
    print(table(check_rates()))
