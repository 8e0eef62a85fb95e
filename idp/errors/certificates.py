"""Refusals about client certificates (RFC 8705)."""

from __future__ import annotations

from idp.errors.catalogue import WayOut, entry

CERTIFICATE_UNREADABLE = entry(
    "certificate_unreadable",
    "invalid_request",
    400,
    "the client certificate was not handed over in a form that can be read",
    WayOut.CLOSE,
)
CERTIFICATE_REQUIRED = entry(
    "certificate_required",
    "invalid_request",
    400,
    "the tokens of this client are bound to its certificate, and no certificate came",
    WayOut.CLOSE,
)
ONE_BINDING = entry(
    "one_binding",
    "invalid_request",
    400,
    "the tokens of this client are bound to its certificate, so no DPoP proof is taken",
    WayOut.CLOSE,
)
