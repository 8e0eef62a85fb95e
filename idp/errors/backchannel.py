"""Refusals of requests behind the browser's back (CIBA Core 11 and 13; RFC 9396 section 5)."""

from __future__ import annotations

from idp.errors.catalogue import WayOut, entry

INVALID_BINDING_MESSAGE = entry(
    "invalid_binding_message",
    "invalid_binding_message",
    400,
    "the binding_message is missing, too long, or not plain words",
    WayOut.BACK_TO_SERVICE,
)
INVALID_AUTHORIZATION_DETAILS = entry(
    "invalid_authorization_details",
    "invalid_authorization_details",
    400,
    "the authorization_details are of an unknown type or not of its form",
    WayOut.BACK_TO_SERVICE,
)
MISSING_USER_CODE = entry(
    "missing_user_code",
    "missing_user_code",
    400,
    "the client is registered for user codes and sent none",
    WayOut.BACK_TO_SERVICE,
)
INVALID_USER_CODE = entry(
    "invalid_user_code",
    "invalid_user_code",
    400,
    "the user code is wrong, or cannot be tried now",
    WayOut.BACK_TO_SERVICE,
)
USER_CODE_UNFIT = entry(
    "user_code_unfit",
    "invalid_request",
    400,
    "the code is too short or too easily guessed",
    WayOut.TRY_AGAIN,
)
AUTHORIZATION_PENDING = entry(
    "authorization_pending",
    "authorization_pending",
    400,
    "the person has not answered yet",
    WayOut.CLOSE,
)
SLOW_DOWN = entry(
    "slow_down",
    "slow_down",
    400,
    "the client asks too often and must wait five seconds longer",
    WayOut.CLOSE,
)
EXPIRED_TOKEN = entry(
    "expired_token",
    "expired_token",
    400,
    "the auth_req_id has expired; the client must ask again",
    WayOut.CLOSE,
)
BACKCHANNEL_REFUSED = entry(
    "backchannel_refused",
    "access_denied",
    400,
    "the person refused, or may not be asked",
    WayOut.CLOSE,
)
