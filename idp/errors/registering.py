"""Refusals of registration by the e-services themselves (RFC 7591 section 3.2.2)."""

from __future__ import annotations

import logging

from idp.errors.catalogue import WayOut, entry

INVALID_REDIRECT_URI = entry(
    "invalid_redirect_uri",
    "invalid_redirect_uri",
    400,
    "a redirect URI is missing or cannot be registered",
    WayOut.CLOSE,
    words="registration",
)
INVALID_CLIENT_METADATA = entry(
    "invalid_client_metadata",
    "invalid_client_metadata",
    400,
    "the metadata cannot be registered",
    WayOut.CLOSE,
    words="registration",
)
INVALID_SOFTWARE_STATEMENT = entry(
    "invalid_software_statement",
    "invalid_software_statement",
    400,
    "the software_statement is not a signed JWT",
    WayOut.CLOSE,
    words="registration",
)
UNAPPROVED_SOFTWARE_STATEMENT = entry(
    "unapproved_software_statement",
    "unapproved_software_statement",
    400,
    "software statements are not taken here",
    WayOut.CLOSE,
    words="registration",
)
REGISTRATION_FULL = entry(
    "registration_full",
    "temporarily_unavailable",
    503,
    "as many clients have registered themselves as may at one time",
    WayOut.CLOSE,
    level=logging.WARNING,
    words="registration",
)
NOT_JSON = entry(
    "not_json",
    "invalid_request",
    400,
    "the body must be one JSON object, as application/json",
    WayOut.CLOSE,
    words="registration",
)
