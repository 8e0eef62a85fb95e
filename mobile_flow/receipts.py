"""The receipt of an approval: everything that proves, without us, what a person agreed to and how.

A receipt holds the transcript, the texts behind its digests, the phone's assertion and public keys,
and a signature of the provider over the whole with the public key beside it. It is checked offline,
years and key rotations later; only whether that public key is the provider's must be known
from elsewhere (an archived JWKS, a thumbprint on paper).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import RSAKey, import_key

from mobile_flow import transcript
from mobile_flow.device_keys import check_assertion, named
from mobile_flow.errors import (
    CredentialRefused,
    NotApproved,
    ReceiptContradicts,
    ReceiptMalformed,
    ReceiptOfAnother,
    ReceiptUnsigned,
)
from mobile_flow.model import Credential, Shown, ShownClaim, ShownDetail, Verb
from mobile_flow.reading import decoded, encoded, json_object

if TYPE_CHECKING:
    from joserfc._rfc7515.model import JWSAlgModel

    from mobile_flow.model import Approval, Device

VERSION: Final = 1
TYPE: Final = "sesame-receipt+jwt"
LONGEST: Final = 64 * 1024

_ALGORITHMS: Final = ("ES256", "EdDSA", "PS256", "RS256")
_RSA_BITS: Final = 2048
_SEALED: Final = ("seal", "seal_key")
_TEXTS: Final = ("iss", "id", "rp_id", "assertion", "transcript", "decided_at", "seal")


class Seal(Protocol):
    """Signs with the provider's key of now."""

    def __call__(self, claims: Mapping[str, object], *, typ: str) -> tuple[str, dict[str, str]]:
        """Give the compact JWS over ``claims``, and the public JWK that verifies it."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """Under which names passkeys sign at this provider; part of what a receipt is checked with."""

    issuer: str
    rp_id: str
    origins: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedReceipt:
    """What a receipt proves.

    Attributes:
        transcript: the members that were signed over.
        shown: the texts that the phone showed.
        backup_eligible, backed_up: BE and BS of the passkey at that moment.
        sealed_at: when the provider wrote this receipt.
        sealed_by: the thumbprint (RFC 7638, SHA-256) of the provider's key.
        known: that key is one that the verifier was given as the provider's. Without it, a receipt
            is consistent in itself and proves as much as its maker is believed.
    """

    id: str
    issuer: str
    transcript: Mapping[str, object] = field(repr=False)
    shown: Shown = field(repr=False)
    device: str
    backup_eligible: bool
    backed_up: bool
    aaguid: str
    decided_at: datetime
    sealed_at: datetime
    sealed_by: str
    known: bool


def make(
    approval: Approval, device: Device, *, terms: Terms, seal: Seal, now: datetime
) -> dict[str, object]:
    """Write the receipt of an approval. Raises: NotApproved, if the phone never approved it."""
    if approval.assertion is None or approval.transcript is None or approval.decided_at is None:
        raise NotApproved("there is no assertion")
    credential = device.credential
    document: dict[str, object] = {
        "v": VERSION,
        "iss": terms.issuer,
        "id": approval.id,
        "rp_id": terms.rp_id,
        "origins": list(terms.origins),
        "shown": _plain(approval.shown),
        "transcript": encoded(approval.transcript),
        "assertion": approval.assertion,
        "credential": {
            "id": encoded(credential.id),
            "public_key": encoded(credential.public_key),
            "algorithm": credential.algorithm,
            "backup_eligible": credential.backup_eligible,
            "backed_up": bool(approval.backed_up),
            "aaguid": credential.aaguid,
            "attestation": credential.attestation,
        },
        "device": {"id": device.id, "name": device.name, "key": encoded(device.device_key)},
        "decided_at": approval.decided_at.astimezone(UTC).isoformat(timespec="seconds"),
    }
    claims = {"iss": terms.issuer, "iat": int(now.timestamp()), "receipt": _hash(document)}
    compact, key = seal(claims, typ=TYPE)
    return {**document, "seal": compact, "seal_key": key}


def verify(
    document: Mapping[str, object] | bytes, *, jwks: Mapping[str, object] | None = None
) -> VerifiedReceipt:
    """Check a receipt to its end, asking nobody.

    Args:
        document: as ``make`` wrote it, or its JSON text.
        jwks: the provider's keys (RFC 7517, 5), of now or of then.

    Raises:
        ReceiptMalformed: not a receipt of ours.
        ReceiptUnsigned: the provider's signature, or the phone's, does not cover it.
        ReceiptContradicts: its parts speak of different things.
        ReceiptOfAnother: sealed by a key that is not in ``jwks``.
    """
    receipt = _read(document)
    sealed_at, thumbprint = _check_seal(receipt)
    members = _check_transcript(receipt)
    credential = _check_assertion(receipt)
    if jwks is not None and thumbprint not in _thumbprints(jwks):
        raise ReceiptOfAnother("sealed by a key that is not among the given ones")
    return VerifiedReceipt(
        id=str(receipt["id"]),
        issuer=str(receipt["iss"]),
        transcript=members,
        shown=_shown(receipt["shown"]),
        device=str(_object(receipt, "device").get("name")),
        backup_eligible=credential.backup_eligible,
        backed_up=credential.backed_up,
        aaguid=credential.aaguid,
        decided_at=_moment(receipt["decided_at"]),
        sealed_at=sealed_at,
        sealed_by=thumbprint,
        known=jwks is not None,
    )


# --- the steps of the verification --------------------------------------------------------------


def _read(document: Mapping[str, object] | bytes) -> Mapping[str, object]:
    if isinstance(document, bytes):
        if len(document) > LONGEST:
            raise ReceiptMalformed("too long")
        try:
            document = json_object(document)
        except ValueError:
            raise ReceiptMalformed("not one JSON object") from None
    if type(document.get("v")) is not int or document["v"] != VERSION:
        raise ReceiptMalformed("of no version we know")
    if not all(isinstance(document.get(name), str) for name in _TEXTS):
        raise ReceiptMalformed("a member is missing")
    return document


def _check_seal(receipt: Mapping[str, object]) -> tuple[datetime, str]:
    """Verify the provider's signature by the key beside it; give its time and the thumbprint."""
    jwk = _object(receipt, "seal_key")
    algorithm = str(jwk.get("alg"))
    if algorithm not in _ALGORITHMS or jwk.keys() & {"d", "k", "p", "q"}:
        raise ReceiptUnsigned("not a public key of a kind we take")
    try:
        key = import_key({name: value for name, value in jwk.items() if isinstance(value, str)})
        opened = jws.deserialize_compact(
            str(receipt["seal"]), key, algorithms=[algorithm], registry=_OneAlgorithm(algorithm)
        )
        claims = json_object(opened.payload)
        thumbprint = key.thumbprint()
        bare = {name: value for name, value in receipt.items() if name not in _SEALED}
        expected = {"receipt": _hash(bare), "iss": receipt["iss"]}
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise ReceiptUnsigned("the provider's signature does not verify") from None
    if isinstance(key, RSAKey) and key.raw_value.key_size < _RSA_BITS:
        raise ReceiptUnsigned("a short key")
    if opened.headers().get("typ") != TYPE:
        raise ReceiptUnsigned("a signature for something else")
    if any(claims.get(name) != value for name, value in expected.items()):
        raise ReceiptUnsigned("the provider signed something else")
    sealed_at = claims.get("iat")
    if not isinstance(sealed_at, int):
        raise ReceiptMalformed("no time of sealing")
    return datetime.fromtimestamp(sealed_at, UTC), thumbprint


def _check_transcript(receipt: Mapping[str, object]) -> dict[str, object]:
    members = transcript.read(_bytes(receipt["transcript"]))
    expected = {
        **transcript.of_shown(_shown(receipt.get("shown"))),
        "iss": receipt["iss"],
        "sid": receipt["id"],
    }
    if members.get("device_id"):
        expected["device_id"] = _object(receipt, "device").get("id")
    for name, value in expected.items():
        if members.get(name) != value:
            raise ReceiptContradicts(f"what was signed has another {name}")
    return members


def _check_assertion(receipt: Mapping[str, object]) -> Credential:
    told = _object(receipt, "credential")
    origins = receipt.get("origins")
    algorithm, eligible = told.get("algorithm"), told.get("backup_eligible")
    if not isinstance(origins, list) or not isinstance(eligible, bool):
        raise ReceiptMalformed("no origins, or no flags")
    if not isinstance(algorithm, int):
        raise ReceiptMalformed("no algorithm")
    answer = str(receipt["assertion"])
    registered = Credential(
        id=_bytes(told.get("id")),
        public_key=_bytes(told.get("public_key")),
        algorithm=algorithm,
        sign_count=0,
        backup_eligible=eligible,
        backed_up=False,
        aaguid=str(told.get("aaguid")),
        attestation=str(told.get("attestation")),
    )
    try:
        credential = check_assertion(
            answer,
            challenge=transcript.challenge(_bytes(receipt["transcript"])),
            credential=registered,
            user_handle=named(answer).user_handle or b"",
            rp_id=str(receipt["rp_id"]),
            origins=frozenset(str(one) for one in origins),
        )
    except CredentialRefused:
        raise ReceiptUnsigned("the phone's signature does not cover the transcript") from None
    if credential.backed_up is not told.get("backed_up"):
        raise ReceiptContradicts("the flag BS is another than the phone signed")
    return credential


class _OneAlgorithm(jws.JWSRegistry):
    """joserfc's rules for one algorithm; it warns at the name EdDSA, which ours stays."""

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm])
        self._only = algorithm

    def get_alg(self, name: str) -> JWSAlgModel:
        if name != self._only:
            raise UnsupportedAlgorithmError("another algorithm than the key's")
        return self.algorithms[name]


# --- shapes -------------------------------------------------------------------------------------


def _hash(document: Mapping[str, object]) -> str:
    return encoded(hashlib.sha256(transcript.canonical(document)).digest())


def _plain(shown: Shown) -> dict[str, object]:
    plain: dict[str, object] = json.loads(json.dumps(asdict(shown)))
    return plain


def _shown(value: object) -> Shown:
    """Read back what ``_plain`` wrote. Raises: ReceiptMalformed."""
    try:
        if not isinstance(value, dict):
            raise TypeError("no object")  # noqa: TRY301 - one refusal for every shape
        members = dict(value)
        claims = tuple(ShownClaim(**one) for one in members.pop("claims"))
        details = tuple(ShownDetail(**one) for one in members.pop("details"))
        return Shown(verb=Verb(members.pop("verb")), claims=claims, details=details, **members)
    except (KeyError, TypeError, ValueError):
        raise ReceiptMalformed("what was shown is no such thing") from None


def _object(receipt: Mapping[str, object], name: str) -> dict[str, object]:
    value = receipt.get(name)
    if not isinstance(value, dict):
        raise ReceiptMalformed(f"no {name}")
    return value


def _bytes(value: object) -> bytes:
    try:
        return decoded(str(value))
    except ValueError:
        raise ReceiptMalformed("not base64url") from None


def _moment(value: object) -> datetime:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise ReceiptMalformed("no time of decision") from None


def _thumbprints(jwks: Mapping[str, object]) -> set[str]:
    keys = jwks.get("keys")
    found: set[str] = set()
    for jwk in keys if isinstance(keys, list) else ():
        try:
            found.add(import_key(jwk).thumbprint())
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # a kind of key that we do not know seals no receipt of ours
    return found
