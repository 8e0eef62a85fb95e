"""What a token is bound to, in words of the protocol: the one place that reads a stored ``key``.

A key is kept as the thumbprint of a DPoP proof's (RFC 9449), or with a prefix before it as that of
a certificate (RFC 8705); no thumbprint in base64url holds a colon.
"""

from __future__ import annotations

from typing import Final

CERTIFICATE: Final = "x5t:"
"""What stands before the thumbprint of a certificate."""


def of_certificate(thumbprint: str) -> str:
    """Give the key to keep for a certificate by its SHA-256 thumbprint (RFC 8705 section 3.1)."""
    return CERTIFICATE + thumbprint


def is_certificate(key: str | None) -> bool:
    """Tell whether a token is bound to a certificate."""
    return key is not None and key.startswith(CERTIFICATE)


def confirmation(key: str) -> dict[str, str]:
    """Give the ``cnf`` member (RFC 7800 section 3.1) of a token that was issued for ``key``.

    See RFC 9449 section 6.1 for a proof's key, RFC 8705 section 3.1 for a certificate's.
    """
    if is_certificate(key):
        return {"x5t#S256": key.removeprefix(CERTIFICATE)}
    return {"jkt": key}


def token_type(key: str | None) -> str:
    """Give the ``token_type`` that such a token is used as (RFC 6750; RFC 9449 section 5)."""
    return "Bearer" if key is None or is_certificate(key) else "DPoP"
