"""Refusals of requests, logins, clients, tokens and HTTP."""

from __future__ import annotations

import logging

from idp.errors.catalogue import WayOut, entry

# --- the authorization request (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6) -------------------

UNKNOWN_CLIENT = entry(
    "unknown_client",
    "invalid_request",
    400,
    "the client is not registered here",
    WayOut.CLOSE,
)
REDIRECT_URI_MISMATCH = entry(
    "redirect_uri_mismatch",
    "invalid_request",
    400,
    "the redirect_uri is not registered for this client",
    WayOut.CLOSE,
)
INVALID_REQUEST = entry(
    "invalid_request",
    "invalid_request",
    400,
    "a parameter is missing, repeated, too long or malformed",
    WayOut.CLOSE,
)
PARAMETER_REPEATED = entry(
    "parameter_repeated",
    "invalid_request",
    400,
    "a parameter was sent more than once",
    WayOut.CLOSE,
)
UNSUPPORTED_RESPONSE_TYPE = entry(
    "unsupported_response_type",
    "unsupported_response_type",
    400,
    "the response_type is not offered here",
    WayOut.BACK_TO_SERVICE,
)
RESPONSE_TYPE_NOT_REGISTERED = entry(
    "response_type_not_registered",
    "unauthorized_client",
    400,
    "this client may not ask for this response_type at this redirect_uri",
    WayOut.BACK_TO_SERVICE,
    words="unsupported_response_type",
)
TOKENS_ARE_BOUND = entry(
    "tokens_are_bound",
    "invalid_request",
    400,
    "the tokens of this client are bound to a key, and none from the authorization endpoint is",
    WayOut.BACK_TO_SERVICE,
    words="unsupported_response_type",
)
NONCE_REQUIRED = entry(
    "nonce_required",
    "invalid_request",
    400,
    "a nonce is required where an ID token leaves the authorization endpoint",
    WayOut.BACK_TO_SERVICE,
    words="pkce_required",
)
UNSUPPORTED_RESPONSE_MODE = entry(
    "unsupported_response_mode",
    "invalid_request",
    400,
    "the response_mode is not supported",
    WayOut.BACK_TO_SERVICE,
)
PKCE_REQUIRED = entry(
    "pkce_required",
    "invalid_request",
    400,
    "a code_challenge with method S256 is required",
    WayOut.BACK_TO_SERVICE,
)
INVALID_SCOPE = entry(
    "invalid_scope",
    "invalid_scope",
    400,
    "the scope openid is required and the scope must be allowed for this client",
    WayOut.BACK_TO_SERVICE,
)
INVALID_TARGET = entry(
    "invalid_target",
    "invalid_target",
    400,
    "the resource is not known or not allowed for this client",
    WayOut.BACK_TO_SERVICE,
)
REQUEST_NOT_SUPPORTED = entry(
    "request_not_supported",
    "request_not_supported",
    400,
    "request objects are supported when signed, from clients that registered keys; unsigned ones "
    "only where both sides say so",
    WayOut.BACK_TO_SERVICE,
)
INVALID_REQUEST_OBJECT = entry(
    "invalid_request_object",
    "invalid_request_object",
    400,
    "the request object is not signed by a registered key, not for this issuer, or out of time",
    WayOut.BACK_TO_SERVICE,
)
REQUEST_URI_NOT_SUPPORTED = entry(
    "request_uri_not_supported",
    "request_uri_not_supported",
    400,
    "a request_uri is supported from the pushed authorization request endpoint, or registered "
    "where that is offered",
    WayOut.BACK_TO_SERVICE,
)
INVALID_REQUEST_URI = entry(
    "invalid_request_uri",
    "invalid_request_uri",
    400,
    "the request_uri is unknown, expired, used, of another client, or nothing readable is there",
    WayOut.START_AGAIN,
)
PUSHED_REQUEST_REQUIRED = entry(
    "pushed_request_required",
    "invalid_request",
    400,
    "this client must use pushed authorization requests",
    WayOut.BACK_TO_SERVICE,
)
LOGIN_REQUIRED = entry(
    "login_required",
    "login_required",
    400,
    "the person must sign in and prompt=none was asked",
    WayOut.BACK_TO_SERVICE,
)
INTERACTION_REQUIRED = entry(
    "interaction_required",
    "interaction_required",
    400,
    "a stronger or newer login is needed and prompt=none was asked",
    WayOut.BACK_TO_SERVICE,
)
CONSENT_REQUIRED = entry(
    "consent_required",
    "consent_required",
    400,
    "the person must agree and prompt=none was asked",
    WayOut.BACK_TO_SERVICE,
)
ACCESS_DENIED = entry(
    "access_denied",
    "access_denied",
    403,
    "the person refused",
    WayOut.BACK_TO_SERVICE,
)
UNMET_AUTHENTICATION_REQUIREMENTS = entry(
    "unmet_authentication_requirements",
    "unmet_authentication_requirements",
    403,
    "the level of assurance asked cannot be reached",
    WayOut.BACK_TO_SERVICE,
)
CLAIM_UNAVAILABLE = entry(
    "claim_unavailable",
    "access_denied",
    403,
    "an essential claim is not available for this login",
    WayOut.BACK_TO_SERVICE,
)

# --- the login pages ------------------------------------------------------------------------------

LOGIN_UNKNOWN = entry(
    "login_unknown",
    "invalid_request",
    404,
    "this login does not exist or has ended",
    WayOut.BACK_TO_SERVICE,
)
LOGIN_EXPIRED = entry(
    "login_expired",
    "access_denied",
    410,
    "this login has expired",
    WayOut.START_AGAIN,
)
LOGIN_ELSEWHERE = entry(
    "login_elsewhere",
    "invalid_request",
    403,
    "this login was started in another browser",
    WayOut.BACK_TO_SERVICE,
)
LOGIN_SPENT = entry(
    "login_spent",
    "invalid_request",
    409,
    "this login was completed before",
    WayOut.BACK_TO_SERVICE,
)
LOGIN_MOVED = entry(
    "login_moved",
    "invalid_request",
    409,
    "this login moved on in another tab",
    WayOut.TRY_AGAIN,
)
FORM_FORGED = entry(
    "form_forged",
    "invalid_request",
    403,
    "the form did not come from this page",
    WayOut.TRY_AGAIN,
)
SESSION_CHANGED = entry(
    "session_changed",
    "invalid_request",
    409,
    "somebody else signed in with this browser meanwhile",
    WayOut.START_AGAIN,
)
LEVEL_NOT_REACHED = entry(
    "level_not_reached",
    "access_denied",
    403,
    "this means of login does not reach the level that is needed",
    WayOut.OTHER_MEANS,
)
SIGN_IN_WRONG = entry(
    "sign_in_wrong",
    "access_denied",
    403,
    "the sign-in is wrong",
    WayOut.TRY_AGAIN,
)

# --- clients, codes, tokens (RFC 6749 5.2, RFC 6750 3.1) --------------------------------------

INVALID_CLIENT = entry(
    "invalid_client",
    "invalid_client",
    401,
    "client authentication failed",
    WayOut.CLOSE,
)
CLIENT_DISABLED = entry(
    "client_disabled",
    "invalid_client",
    401,
    "client authentication failed",
    WayOut.CLOSE,
)
UNAUTHORIZED_CLIENT = entry(
    "unauthorized_client",
    "unauthorized_client",
    400,
    "the client may not use this grant type",
    WayOut.CLOSE,
)
UNSUPPORTED_GRANT_TYPE = entry(
    "unsupported_grant_type",
    "unsupported_grant_type",
    400,
    "the grant type is not supported",
    WayOut.CLOSE,
)
INVALID_GRANT = entry(
    "invalid_grant",
    "invalid_grant",
    400,
    "the code or refresh token is invalid, expired, used, or was issued to another client",
    WayOut.CLOSE,
)
ACCOUNT_NOT_ACTIVE = entry(
    "account_not_active",
    "access_denied",
    403,
    "the account is not active",
    WayOut.CLOSE,
)
EVIDENCE_EXPIRED = entry(
    "evidence_expired",
    "access_denied",
    403,
    "the means of login has expired",
    WayOut.START_AGAIN,
)
INVALID_TOKEN = entry(
    "invalid_token",
    "invalid_token",
    401,
    "the access token is invalid, expired or revoked",
    WayOut.CLOSE,
)
INSUFFICIENT_SCOPE = entry(
    "insufficient_scope",
    "insufficient_scope",
    403,
    "the access token lacks a scope",
    WayOut.CLOSE,
)
INVALID_DPOP_PROOF = entry(
    "invalid_dpop_proof",
    "invalid_dpop_proof",
    400,
    "the DPoP proof is missing, malformed, for another request, or was used before",
    WayOut.CLOSE,
)
USE_DPOP_NONCE = entry(
    "use_dpop_nonce",
    "use_dpop_nonce",
    400,
    "the DPoP proof must hold the nonce of the DPoP-Nonce header",
    WayOut.CLOSE,
)
TOKEN_MISSING = entry(
    "token_missing",
    "invalid_request",
    401,
    "an access token is required, in one place only",
    WayOut.CLOSE,
)

# --- logout (OpenID Connect RP-Initiated Logout 1.0) ----------------------------------------------

LOGOUT_HINT_WRONG = entry(
    "logout_hint_wrong",
    "invalid_request",
    400,
    "the id_token_hint, client_id and post_logout_redirect_uri do not agree",
    WayOut.CLOSE,
)

# --- HTTP -----------------------------------------------------------------------------------------

NOT_FOUND = entry("not_found", "invalid_request", 404, "there is nothing here", WayOut.CLOSE)
METHOD_NOT_ALLOWED = entry(
    "method_not_allowed",
    "invalid_request",
    405,
    "this method is not allowed here",
    WayOut.CLOSE,
)
CONTENT_TYPE_WRONG = entry(
    "content_type_wrong",
    "invalid_request",
    400,
    "the content type must be application/x-www-form-urlencoded",
    WayOut.CLOSE,
)
BODY_TOO_LARGE = entry(
    "body_too_large",
    "invalid_request",
    413,
    "the request is too large",
    WayOut.CLOSE,
)
HOST_WRONG = entry("host_wrong", "invalid_request", 400, "the host is not ours", WayOut.CLOSE)
TOO_MANY_REQUESTS = entry(
    "too_many_requests",
    "slow_down",
    429,
    "too many requests",
    WayOut.TRY_AGAIN,
)
UNAVAILABLE = entry(
    "unavailable",
    "temporarily_unavailable",
    503,
    "a part of the service is unavailable, try again shortly",
    WayOut.TRY_AGAIN,
    level=logging.WARNING,
)
SERVER_ERROR = entry(
    "server_error",
    "server_error",
    500,
    "the server met an error of its own",
    WayOut.TRY_AGAIN,
    level=logging.ERROR,
)
