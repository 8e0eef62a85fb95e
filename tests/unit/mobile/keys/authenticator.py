"""An authenticator in software, with real keys, that can be told to lie in any single place."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from mobile_flow.reading import encoded

RP_ID = "login.example"
ORIGIN = "https://login.example"
UP, UV, BE, BS, AT, ED = 1, 4, 8, 16, 64, 128
NO_MODEL = bytes(16)

_ML_DSA = {
    -48: mldsa.MLDSA44PrivateKey,
    -49: mldsa.MLDSA65PrivateKey,
    -50: mldsa.MLDSA87PrivateKey,
}


@dataclass
class Authenticator:
    """One credential. ``count`` grows with every signature unless it is ``None``."""

    algorithm: int = -7
    rp_id: str = RP_ID
    origin: str = ORIGIN
    synced: bool = False
    backed_up: bool = False
    count: int | None = 0
    aaguid: bytes = NO_MODEL
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: bytes = b""
    key: Any = None

    def __post_init__(self) -> None:
        if self.key is None:
            self.key = _generate(self.algorithm)

    # --- the two ceremonies

    def create(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        self.user_handle = _unbase64(options["user"]["id"])
        said = self.client_data("webauthn.create", options["challenge"], **lies)
        data = self.authenticator_data(attested=True, **lies)
        fmt, statement = lies.get("attest", lambda *_: ("none", {}))(data, said)
        whole = cbor2.dumps({"fmt": fmt, "attStmt": statement, "authData": data})
        return self._response(
            lies,
            clientDataJSON=encoded(said),
            attestationObject=encoded(whole + lies.get("trailing", b"")),
            transports=["internal", "hybrid", "smoke-signals"],
        )

    def get(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        said = self.client_data("webauthn.get", options["challenge"], **lies)
        data = self.authenticator_data(**lies) + lies.get("trailing", b"")
        signature = self.sign(data + hashlib.sha256(said).digest())
        signature = lies.get("mangle", lambda text: text)(signature)
        handle = lies.get("user_handle", self.user_handle)
        parts = {
            "clientDataJSON": encoded(said),
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
            **({} if handle is None else {"userHandle": encoded(handle)}),
        }
        return self._response(lies, **parts)

    # --- their parts

    def client_data(self, ceremony: str, challenge: str, **lies: Any) -> bytes:
        if "raw_client_data" in lies:
            made: bytes = lies["raw_client_data"](challenge)
            return made
        said = {
            "type": ceremony,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": False,
            **lies.get("said", {}),
        }
        return json.dumps(said).encode()

    def authenticator_data(self, *, attested: bool = False, **lies: Any) -> bytes:
        if self.count is not None:
            self.count += 1
        flags = UP | UV | (BE if self.synced else 0) | (BS if self.backed_up else 0)
        flags |= AT if attested else 0
        flags = lies.get("flags", lambda found: found)(flags)
        data = hashlib.sha256(lies.get("rp_id", self.rp_id).encode()).digest()
        data += bytes([flags]) + lies.get("count", self.count or 0).to_bytes(4, "big")
        if attested:
            name = lies.get("attested_id", self.id)
            data += self.aaguid + len(name).to_bytes(2, "big") + name
            data += cbor2.dumps(lies.get("cose", self.cose()))
        return data + lies.get("extensions", b"")

    def cose(self) -> dict[int, Any]:
        public = self.key.public_key()
        if self.algorithm == -7:
            numbers = public.public_numbers()
            size = (public.curve.key_size + 7) // 8
            curve = {256: 1, 384: 2, 521: 3}[public.curve.key_size]
            x, y = (value.to_bytes(size, "big") for value in (numbers.x, numbers.y))
            return {1: 2, 3: -7, -1: curve, -2: x, -3: y}
        if self.algorithm == -8:
            return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
        if self.algorithm == -257:
            numbers = public.public_numbers()
            return {
                1: 3,
                3: -257,
                -1: numbers.n.to_bytes(public.key_size // 8, "big"),
                -2: numbers.e.to_bytes(3, "big"),
            }
        return {1: 7, 3: self.algorithm, -1: public.public_bytes_raw()}

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(SHA256()))
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), SHA256())
        signature: bytes = self.key.sign(data)
        return signature

    def self_attestation(self, data: bytes, said: bytes) -> tuple[str, dict[str, Any]]:
        signature = self.sign(data + hashlib.sha256(said).digest())
        return "packed", {"alg": self.algorithm, "sig": signature}

    def _response(self, lies: dict[str, Any], **parts: Any) -> dict[str, Any]:
        name = encoded(lies.get("id", self.id))
        return {
            "id": name,
            "rawId": lies.get("raw_id", name),
            "type": "public-key",
            "response": parts,
            "clientExtensionResults": {},
        }


def _generate(algorithm: int) -> Any:
    if algorithm == -7:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == -8:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == -257:
        return rsa.generate_private_key(65537, 2048)
    return _ML_DSA[algorithm].generate()


def _unbase64(text: str) -> bytes:
    from mobile_flow.reading import decoded

    return decoded(text)
