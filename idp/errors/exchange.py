"""Refusals about tokens that are exchanged, and about logins that no longer suffice."""

from __future__ import annotations

from idp.errors.catalogue import WayOut, entry

# --- token exchange (RFC 8693 section 2.2.2) ------------------------------------------------------

SUBJECT_TOKEN_REFUSED = entry(
    "subject_token_refused",
    "invalid_request",
    400,
    "the subject_token is not one that this client may exchange now, with the key that it proves",
    WayOut.CLOSE,
    words="invalid_token",
)
EXCHANGE_UNSUPPORTED = entry(
    "exchange_unsupported",
    "invalid_request",
    400,
    "only access tokens are exchanged, for access tokens, and the client itself is the actor",
    WayOut.CLOSE,
    words="invalid_request",
)

# --- step-up (RFC 9470 section 3) -----------------------------------------------------------------

INSUFFICIENT_AUTHENTICATION = entry(
    "insufficient_authentication",
    "insufficient_user_authentication",
    401,
    "the login behind the token is less than is demanded; ask again with acr_values and max_age",
    WayOut.CLOSE,
    words="unmet_authentication_requirements",
)
