"""What verifying a card token costs beside the cryptography that nobody can leave out.

The whole verification (format, certificate, signature, path, revocation from a verified answer
that is reused) against nothing but the verifications of the card's signature and of the chain, by
the library as the provider calls it, over a certificate, a key and a policy that are ready. Beside
it, stricter: against the two bare signature verifications, the card's over origin and challenge and
the issuing CA's over the certificate. All in this one thread, taking turns, by its CPU time.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from cardreader.trust.chain import RULES
from cardreader.trust.signature import signed_bytes
from tests.bench.card_side import CardSide, card_sides
from tests.bench.sections import put_section
from tests.world import tokens
from tests.world.tokens import ORIGIN, Provider

if TYPE_CHECKING:
    from cryptography import x509

    from cardreader.sim.pki import KeyKind

_TITLE: Final = "## Card checks"
_ROUNDS: Final = 41
_TIMES: Final = 15
_CARDS: Final[tuple[tuple[str, str, KeyKind], ...]] = (
    ("EC P-384", "citizen-new", "ec-p384"),
    ("RSA-2048", "citizen-new", "rsa-2048"),
    ("RSA-2048 under an RSA CA", "citizen-old", "rsa-2048"),
)
_Act = Callable[[], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRate:
    """Verifications per CPU-second, medians of the rounds.

    Attributes:
        whole: all that ours does.
        bare: the card's signature and the chain, and nothing else; ours should reach 0.6 of it.
        signatures: the two signatures alone, without what a chain asks beside.
        ratio: ours over the bare one, the median of the rounds' own ratios.
        strict: the same over the signatures alone.
    """

    name: str
    whole: float
    bare: float
    signatures: float
    ratio: float
    strict: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CardFigures:
    """What checking a card costs the provider, and signing with it the citizen."""

    checks: tuple[CheckRate, ...]
    sides: tuple[CardSide, ...]


def figures(say: Callable[[str], object]) -> CardFigures:
    """Measure both sides."""
    checks = check_rates()
    for rate in checks:
        say(f"card checks, {rate.name}: {rate.whole:.0f}/CPU-s, {rate.ratio:.2f} of the bare ones")
    return CardFigures(checks=checks, sides=tuple(card_sides()))


def check_rates(*, rounds: int = _ROUNDS, times: int = _TIMES) -> tuple[CheckRate, ...]:
    """Measure each kind of card."""
    return tuple(_rate(name, ca, kind, rounds, times) for name, ca, kind in _CARDS)


def table(rates: tuple[CheckRate, ...]) -> str:
    """The rates as Markdown."""
    lines = [
        "| card | whole | signature and chain | ratio | two signatures alone | ratio to those |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {rate.name} | {rate.whole:.0f} | {rate.bare:.0f} | **{rate.ratio:.2f}** "
        f"| {rate.signatures:.0f} | {rate.strict:.2f} |"
        for rate in rates
    ]
    return "\n".join(lines)


def section(found: CardFigures) -> str:
    """Write the section of the reference page."""
    sides = "\n".join(
        f"| applet {side.applet} | {side.full_read:.2f} | {side.login:.2f} |"
        for side in found.sides
    )
    return f"""{_TITLE}

Measured on {datetime.now(UTC):%d %B %Y} by `python -m tests.bench checks`, which rewrites this
section alone. Verifying a card token in process, with a revocation answer that is reused, against
nothing but the card's signature and the chain (the library's path verification, policy, store,
certificate and key ready), and against the two signature verifications inside those alone.
Verifications per CPU-second of one thread, taking turns; medians of {_ROUNDS} rounds:

{table(found.checks)}

An RSA signature is verified in a fortieth of the time of one on P-384. Where both signatures are
RSA, most of the whole is reading: the certificate's names and extensions, by the library.

The citizen's side, in process: certificate, PIN and signature, and a read of every file.

| software card | full read of all files, ms | login, ms |
|---|---:|---:|
{sides}
"""


def put_into(page: str, found: CardFigures) -> str:
    """Give the page with this section in the place of the former, or before the method."""
    return put_section(page, title=_TITLE, text=section(found))


def _rate(name: str, ca: str, kind: KeyKind, rounds: int, times: int) -> CheckRate:
    provider = Provider()
    made = tokens.card(ca, kind)
    challenge = provider.server.begin()
    members = tokens.members(made.authentication, made.authentication_key, nonce=challenge.nonce)
    text = json.dumps(members)

    def whole() -> None:
        provider.server.complete(challenge, text, origin=ORIGIN)

    whole()  # the answer about revocation is asked once, and reused from here on
    certificate = made.authentication
    signature = _verification(
        certificate.public_key(),
        base64.b64decode(members["signature"]),
        signed_bytes(members["algorithm"], origin=ORIGIN, nonce=challenge.nonce),
        None,
    )
    acts: dict[str, tuple[_Act, ...]] = {
        "whole": (whole,),
        "bare": (signature, _chain(certificate)),
        "signatures": (signature, _issued(certificate, tokens.country().certificate(ca))),
    }
    rates: dict[str, list[float]] = {which: [] for which in acts}
    for _ in range(rounds):
        for which, parts in acts.items():
            rates[which].append(_per_second(parts, times))
    assert len(provider.world.calls) == 1
    return CheckRate(
        name=name,
        **{which: median(found) for which, found in rates.items()},
        ratio=_ratio(rates["whole"], rates["bare"]),
        strict=_ratio(rates["whole"], rates["signatures"]),
    )


def _per_second(parts: tuple[_Act, ...], times: int) -> float:
    for act in parts:  # the first after another kind of work pays for the caches
        act()
    begin = time.thread_time()
    for _ in range(times):
        for act in parts:
            act()
    return times / (time.thread_time() - begin)


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return median(mine / other for mine, other in zip(ours, theirs, strict=True))


def _chain(certificate: x509.Certificate) -> _Act:
    """The library's path verification as the provider calls it, with all that can be ready."""
    policy = RULES.store(tokens.anchors().store).time(tokens.NOW)
    verifier = policy.build_client_verifier()
    return lambda: verifier.verify(certificate, [])


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> _Act:
    """The signature inside the path, over a key and bytes that are ready."""
    digest = certificate.signature_hash_algorithm
    assert digest is not None
    return _verification(
        issuer.public_key(), certificate.signature, certificate.tbs_certificate_bytes, digest
    )


def _verification(
    key: object, signature: bytes, content: bytes, digest: hashes.HashAlgorithm | None
) -> _Act:
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
