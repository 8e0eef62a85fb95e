"""Which passkeys this deployment takes, as its settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates

from mobile_flow.attestation import FORMATS, NONE, Asking, AttestationPolicy
from mobile_flow.device_keys import ML_DSA, OFFERED, DeviceKeys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from idp.config import Settings


class RootsUnreadable(Exception):
    """The makers' root certificates cannot be read; the message names setting and file."""


def keys_of(settings: Settings, *, rp_id: str, origins: Sequence[str]) -> DeviceKeys:
    """Give the passkeys' rules.

    Raises:
        RootsUnreadable: ``phone.attestation_roots`` is not what it should be.
    """
    phone = settings.phone
    asking, roots = Asking(phone.attestation), read_roots(phone.attestation_roots)
    return DeviceKeys(
        rp_id=rp_id,
        rp_name=settings.name,
        origins=frozenset(origins),
        algorithms=(*OFFERED, *ML_DSA) if phone.post_quantum else OFFERED,
        policy=AttestationPolicy(
            asking=asking,
            roots=roots,
            models=frozenset(model.lower() for model in phone.attestation_models),
        ),
    )


def read_roots(folder: Path | None) -> dict[str, tuple[bytes, ...]]:
    """Read ``<format>.pem`` for each attestation format. Raises: RootsUnreadable."""
    if folder is None:
        return {}
    roots: dict[str, tuple[bytes, ...]] = {}
    try:
        for file in sorted(folder.iterdir()):
            if file.suffix != ".pem" or file.stem not in FORMATS - {NONE}:
                raise RootsUnreadable(f"phone.attestation_roots: {file}: of no format that we read")
            found = load_pem_x509_certificates(file.read_bytes())
            roots[file.stem] = tuple(each.public_bytes(Encoding.PEM) for each in found)
    except (OSError, ValueError) as error:
        raise RootsUnreadable(f"phone.attestation_roots: {folder}: {error}") from None
    return roots
