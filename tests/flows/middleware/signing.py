"""OpenSC signs with a card; it and OpenSSL verify with the key that the card should have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.services.components import needs
from tests.world import holders

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from tests.services.card_desk import CardDesk


def sign_and_verify(desk: CardDesk, folder: Path, key: PublicKeyTypes, *, mechanism: str) -> None:
    """Sign with the authentication key of the card in the reader."""
    tool, openssl = str(needs("pkcs11-tool")), str(needs("openssl"))
    text, signature, public = folder / "text", folder / "signature", folder / "public.pem"
    text.write_bytes(b"what the card signs")
    public.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    ran = desk.run(
        *(tool, "--login", "--pin", holders.PIN, "--sign", "--id", "02"),
        *("--mechanism", mechanism, "--signature-format", "openssl"),
        *("--input-file", str(text), "--output-file", str(signature)),
    )
    assert ran.code == 0, ran.err
    digest = "-sha256" if "RSA" in mechanism else "-sha384"
    checked = desk.run(
        openssl, "dgst", digest, "-verify", str(public), "-signature", str(signature), str(text)
    )
    assert checked.out.strip() == "Verified OK", checked.err
    verified = desk.run(
        *(tool, "--login", "--pin", holders.PIN, "--verify", "--id", "02"),
        *("--mechanism", mechanism, "--signature-format", "openssl"),
        *("--input-file", str(text), "--signature-file", str(signature)),
    )
    assert "Signature is valid" in verified.out, verified.err
