"""What a client keeps at addresses of its own, for us to fetch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """The addresses.

    Attributes:
        jwks: where its public keys are (RFC 7591 section 2, ``jwks_uri``).
        sector: which redirect URIs belong together (OpenID Connect Core 8.1,
            ``sector_identifier_uri``); read when the client is registered, never later.
    """

    jwks: str | None = None
    sector: str | None = None
