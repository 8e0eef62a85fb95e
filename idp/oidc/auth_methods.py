"""Which ways of proving a client this deployment offers: those by certificate need a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.domain.client import ClientAuth

if TYPE_CHECKING:
    from idp.config import Settings

BY_CERTIFICATE = frozenset({ClientAuth.TLS, ClientAuth.SELF_SIGNED_TLS})


def offered_methods(settings: Settings) -> tuple[ClientAuth, ...]:
    """Give them (RFC 8705 section 2; OpenID Connect Core 9)."""
    mtls = settings.mtls
    closed: set[ClientAuth] = set()
    if not mtls.enabled:
        closed |= BY_CERTIFICATE
    if mtls.chain == "nobody":
        closed.add(ClientAuth.TLS)
    return tuple(method for method in ClientAuth if method not in closed)
