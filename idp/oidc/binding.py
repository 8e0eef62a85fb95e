"""What a token is bound to, in words of the protocol: the one place that reads a stored ``key``."""

from __future__ import annotations


def confirmation(key: str) -> dict[str, str]:
    """Give the ``cnf`` member (RFC 7800 section 3.1) of a token that was issued for ``key``.

    Today a key is the thumbprint of a DPoP proof's (RFC 9449 section 6.1).
    """
    return {"jkt": key}


def token_type(key: str | None) -> str:
    """Give the ``token_type`` that such a token is used as (RFC 6750; RFC 9449 section 5)."""
    return "Bearer" if key is None else "DPoP"
