"""A software authenticator: makes passkeys and answers with them, as browser and phone would.

Attestation is ``none``. The person's verification is a switch, not a gesture. What an attacker
would bend (client data, flags, the credential that answers) can be given by hand.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from mobile_flow.reading import decoded, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UP: Final = 0x01
UV: Final = 0x04
BE: Final = 0x08
BS: Final = 0x10
AT: Final = 0x40
"""Flags of authenticator data (WebAuthn Level 3, 6.1)."""

AAGUID: Final = bytes(16)
ES256: Final = -7
_ID_BYTES: Final = 32
_COORDINATE: Final = 32


class KeyAbsent(Exception):
    """No passkey here answers to what was asked: a browser would say that nothing was found."""


@dataclass(kw_only=True, slots=True)
class Passkey:
    """One credential; ``count`` is the signature counter."""

    id: bytes
    rp_id: str
    user_handle: bytes = field(repr=False)
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    count: int = 0


class SoftAuthenticator:
    """Keeps passkeys in memory; for one thread at a time.

    Attributes:
        passkeys: what it holds, the newest last.
        verifies: whether the person unlocks (the flag UV).
        synced: whether its passkeys are copied to other devices (the flags BE and BS).
        counts: whether it counts signatures.
    """

    def __init__(self, *, entropy: Callable[[int], bytes], synced: bool = False) -> None:
        self.passkeys: list[Passkey] = []
        self.verifies = True
        self.synced = synced
        self.counts = not synced
        self._entropy = entropy

    def create(self, options: Mapping[str, object], *, origin: str) -> dict[str, object]:
        """Answer ``navigator.credentials.create`` (WebAuthn Level 3, 5.1.3).

        Args:
            options: PublicKeyCredentialCreationOptionsJSON.
            origin: of the page that asks, as the browser sees it.

        Returns:
            RegistrationResponseJSON.
        """
        from cbor2 import dumps

        relying_party, user = _mapping(options, "rp"), _mapping(options, "user")
        passkey = Passkey(
            id=self._entropy(_ID_BYTES),
            rp_id=str(relying_party["id"]),
            user_handle=decoded(str(user["id"])),
            key=ec.generate_private_key(ec.SECP256R1()),
        )
        self.passkeys.append(passkey)
        public = passkey.key.public_key().public_numbers()
        cose = dumps(
            {
                1: 2,
                3: ES256,
                -1: 1,
                -2: public.x.to_bytes(_COORDINATE),
                -3: public.y.to_bytes(_COORDINATE),
            }
        )
        attested = AAGUID + len(passkey.id).to_bytes(2) + passkey.id + cose
        data = self._data(passkey, self._flags() | AT) + attested
        said = client_data("webauthn.create", str(options["challenge"]), origin)
        statement = dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return {
            **_named(passkey),
            "response": {
                "clientDataJSON": encoded(said),
                "attestationObject": encoded(statement),
                "transports": ["internal", "hybrid"],
            },
        }

    def get(
        self,
        options: Mapping[str, object],
        *,
        origin: str,
        said: bytes | None = None,
        flags: int | None = None,
        passkey: Passkey | None = None,
        handle: bytes | None = None,
    ) -> dict[str, object]:
        """Answer ``navigator.credentials.get`` (WebAuthn Level 3, 5.1.4).

        Args:
            options: PublicKeyCredentialRequestOptionsJSON.
            origin: of the page that asks, as the browser sees it.
            said: other client data than the browser's.
            flags: others than the authenticator's.
            passkey: another than the one that fits.
            handle: another user handle than the passkey's.

        Returns:
            AuthenticationResponseJSON.

        Raises:
            KeyAbsent: nothing here is for this relying party, or is allowed.
        """
        chosen = passkey or self._fitting(options, origin)
        if self.counts:
            chosen.count += 1
        data = self._data(chosen, self._flags() if flags is None else flags)
        text = said or client_data("webauthn.get", str(options["challenge"]), origin)
        signed = data + hashlib.sha256(text).digest()
        return {
            **_named(chosen),
            "response": {
                "clientDataJSON": encoded(text),
                "authenticatorData": encoded(data),
                "signature": encoded(chosen.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
                "userHandle": encoded(chosen.user_handle if handle is None else handle),
            },
        }

    def _fitting(self, options: Mapping[str, object], origin: str) -> Passkey:
        """Choose as a browser does: by the site of the page, then by the allow list."""
        rp_id = str(options["rpId"])
        host = origin.partition("://")[2].partition(":")[0]
        allowed = options.get("allowCredentials")
        ids = {str(one["id"]) for one in allowed} if isinstance(allowed, list) else set()
        for passkey in reversed(self.passkeys):
            of_site = passkey.rp_id == rp_id and (host == rp_id or host.endswith(f".{rp_id}"))
            if of_site and (not ids or encoded(passkey.id) in ids):
                return passkey
        raise KeyAbsent("no passkey for this page")

    def _flags(self) -> int:
        return UP | (UV if self.verifies else 0) | (BE | BS if self.synced else 0)

    def _data(self, passkey: Passkey, flags: int) -> bytes:
        rp_hash = hashlib.sha256(passkey.rp_id.encode()).digest()
        return rp_hash + bytes([flags]) + passkey.count.to_bytes(4)


def client_data(ceremony: str, challenge: str, origin: str, **more: object) -> bytes:
    """Write what a browser says that it signs for (WebAuthn Level 3, 5.8.1.1)."""
    members = {"type": ceremony, "challenge": challenge, "origin": origin, "crossOrigin": False}
    return json.dumps({**members, **more}, separators=(",", ":")).encode()


def _named(passkey: Passkey) -> dict[str, object]:
    return {
        "id": encoded(passkey.id),
        "rawId": encoded(passkey.id),
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
    }


def _mapping(options: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = options[name]
    if not isinstance(value, dict):
        raise TypeError(name)
    return value
