"""The catalogue: the only list of refusals, each with its three faces.

Every refusal anywhere in the provider names one ``Problem``. The OAuth face is a constant ASCII
description; the page face is found in the message catalogues under ``problem.<code>.title`` and
``problem.<code>.advice``; the log and audit face is the code with a private detail.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from cardreader import errors as card

if TYPE_CHECKING:
    from collections.abc import Mapping


class WayOut(StrEnum):
    """The one button on the error page that does the next thing."""

    START_AGAIN = "start_again"
    TRY_AGAIN = "try_again"
    OTHER_MEANS = "other_means"
    BACK_TO_SERVICE = "back_to_service"
    CLOSE = "close"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One entry.

    Attributes:
        code: stable, ASCII, snake case; also the message key and the documentation anchor.
        oauth: the registered OAuth 2.0 or OpenID Connect error code told to a client.
        status: the HTTP status of the page or of the endpoint's answer.
        description: constant ASCII ``error_description``; never holds input.
        way_out: what the person can do next.
        level: a ``logging`` level.
    """

    code: str
    oauth: str
    status: int
    description: str
    way_out: WayOut
    level: int = logging.INFO


class Refused(Exception):
    """A request is refused for a reason in the catalogue.

    ``detail`` is for logs only: it may say what was compared, never a secret and never input
    longer than a few characters.
    """

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.detail = detail


_CATALOGUE: dict[str, Problem] = {}


def _entry(
    code: str,
    oauth: str,
    status: int,
    description: str,
    way_out: WayOut,
    *,
    level: int = logging.INFO,
) -> Problem:
    problem = Problem(
        code=code,
        oauth=oauth,
        status=status,
        description=description,
        way_out=way_out,
        level=level,
    )
    if code in _CATALOGUE:
        raise ValueError(code)
    _CATALOGUE[code] = problem
    return problem


# --- the authorization request (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6) -------------------

UNKNOWN_CLIENT = _entry(
    "unknown_client",
    "invalid_request",
    400,
    "the client is not registered here",
    WayOut.CLOSE,
)
REDIRECT_URI_MISMATCH = _entry(
    "redirect_uri_mismatch",
    "invalid_request",
    400,
    "the redirect_uri is not registered for this client",
    WayOut.CLOSE,
)
INVALID_REQUEST = _entry(
    "invalid_request",
    "invalid_request",
    400,
    "a parameter is missing, repeated, too long or malformed",
    WayOut.CLOSE,
)
PARAMETER_REPEATED = _entry(
    "parameter_repeated",
    "invalid_request",
    400,
    "a parameter was sent more than once",
    WayOut.CLOSE,
)
UNSUPPORTED_RESPONSE_TYPE = _entry(
    "unsupported_response_type",
    "unsupported_response_type",
    400,
    "only response_type code is supported",
    WayOut.BACK_TO_SERVICE,
)
UNSUPPORTED_RESPONSE_MODE = _entry(
    "unsupported_response_mode",
    "invalid_request",
    400,
    "the response_mode is not supported",
    WayOut.BACK_TO_SERVICE,
)
PKCE_REQUIRED = _entry(
    "pkce_required",
    "invalid_request",
    400,
    "a code_challenge with method S256 is required",
    WayOut.BACK_TO_SERVICE,
)
INVALID_SCOPE = _entry(
    "invalid_scope",
    "invalid_scope",
    400,
    "the scope openid is required and the scope must be allowed for this client",
    WayOut.BACK_TO_SERVICE,
)
INVALID_TARGET = _entry(
    "invalid_target",
    "invalid_target",
    400,
    "the resource is not known or not allowed for this client",
    WayOut.BACK_TO_SERVICE,
)
REQUEST_NOT_SUPPORTED = _entry(
    "request_not_supported",
    "request_not_supported",
    400,
    "request objects are not supported",
    WayOut.BACK_TO_SERVICE,
)
REQUEST_URI_NOT_SUPPORTED = _entry(
    "request_uri_not_supported",
    "request_uri_not_supported",
    400,
    "only a request_uri from the pushed authorization request endpoint is supported",
    WayOut.BACK_TO_SERVICE,
)
INVALID_REQUEST_URI = _entry(
    "invalid_request_uri",
    "invalid_request_uri",
    400,
    "the request_uri is unknown, expired, used or of another client",
    WayOut.START_AGAIN,
)
PUSHED_REQUEST_REQUIRED = _entry(
    "pushed_request_required",
    "invalid_request",
    400,
    "this client must use pushed authorization requests",
    WayOut.BACK_TO_SERVICE,
)
LOGIN_REQUIRED = _entry(
    "login_required",
    "login_required",
    400,
    "the person must sign in and prompt=none was asked",
    WayOut.BACK_TO_SERVICE,
)
INTERACTION_REQUIRED = _entry(
    "interaction_required",
    "interaction_required",
    400,
    "a stronger or newer login is needed and prompt=none was asked",
    WayOut.BACK_TO_SERVICE,
)
CONSENT_REQUIRED = _entry(
    "consent_required",
    "consent_required",
    400,
    "the person must agree and prompt=none was asked",
    WayOut.BACK_TO_SERVICE,
)
ACCESS_DENIED = _entry(
    "access_denied",
    "access_denied",
    403,
    "the person refused",
    WayOut.BACK_TO_SERVICE,
)
UNMET_AUTHENTICATION_REQUIREMENTS = _entry(
    "unmet_authentication_requirements",
    "unmet_authentication_requirements",
    403,
    "the level of assurance asked cannot be reached",
    WayOut.BACK_TO_SERVICE,
)
CLAIM_UNAVAILABLE = _entry(
    "claim_unavailable",
    "access_denied",
    403,
    "an essential claim is not available for this login",
    WayOut.BACK_TO_SERVICE,
)

# --- the login pages ------------------------------------------------------------------------------

LOGIN_UNKNOWN = _entry(
    "login_unknown",
    "invalid_request",
    404,
    "this login does not exist or has ended",
    WayOut.BACK_TO_SERVICE,
)
LOGIN_EXPIRED = _entry(
    "login_expired",
    "access_denied",
    410,
    "this login has expired",
    WayOut.START_AGAIN,
)
LOGIN_ELSEWHERE = _entry(
    "login_elsewhere",
    "invalid_request",
    403,
    "this login was started in another browser",
    WayOut.BACK_TO_SERVICE,
)
LOGIN_SPENT = _entry(
    "login_spent",
    "invalid_request",
    409,
    "this login was completed before",
    WayOut.BACK_TO_SERVICE,
)
LOGIN_MOVED = _entry(
    "login_moved",
    "invalid_request",
    409,
    "this login moved on in another tab",
    WayOut.TRY_AGAIN,
)
FORM_FORGED = _entry(
    "form_forged",
    "invalid_request",
    403,
    "the form did not come from this page",
    WayOut.TRY_AGAIN,
)
SESSION_CHANGED = _entry(
    "session_changed",
    "invalid_request",
    409,
    "somebody else signed in with this browser meanwhile",
    WayOut.START_AGAIN,
)
SIGN_IN_WRONG = _entry(
    "sign_in_wrong",
    "access_denied",
    403,
    "the sign-in is wrong",
    WayOut.TRY_AGAIN,
)

# --- the card -------------------------------------------------------------------------------------

CARD_TOKEN_MALFORMED = _entry(
    "card_token_malformed",
    "access_denied",
    400,
    "the card token is malformed",
    WayOut.TRY_AGAIN,
)
CARD_CHALLENGE_UNKNOWN = _entry(
    "card_challenge_unknown",
    "access_denied",
    409,
    "the card challenge is unknown, used or expired",
    WayOut.TRY_AGAIN,
)
CARD_CERTIFICATE_REFUSED = _entry(
    "card_certificate_refused",
    "access_denied",
    403,
    "the certificate cannot be used to log in",
    WayOut.OTHER_MEANS,
)
CARD_EXPIRED = _entry(
    "card_expired",
    "access_denied",
    403,
    "the card has expired",
    WayOut.OTHER_MEANS,
)
CARD_NOT_YET_VALID = _entry(
    "card_not_yet_valid",
    "access_denied",
    403,
    "the card is not valid yet",
    WayOut.OTHER_MEANS,
)
CARD_UNTRUSTED = _entry(
    "card_untrusted",
    "access_denied",
    403,
    "the card was not issued by an authority trusted here",
    WayOut.OTHER_MEANS,
)
CARD_SIGNATURE_WRONG = _entry(
    "card_signature_wrong",
    "access_denied",
    403,
    "the card signature is wrong",
    WayOut.TRY_AGAIN,
)
CARD_REVOKED = _entry(
    "card_revoked",
    "access_denied",
    403,
    "the card is revoked or suspended",
    WayOut.OTHER_MEANS,
)
CARD_UNKNOWN = _entry(
    "card_unknown",
    "access_denied",
    403,
    "the card is not known to its issuer",
    WayOut.OTHER_MEANS,
)
CARD_FILES_REFUSED = _entry(
    "card_files_refused",
    "access_denied",
    403,
    "the identity files of the card could not be verified",
    WayOut.OTHER_MEANS,
)
CARD_REGISTER_UNTRUSTED = _entry(
    "card_register_untrusted",
    "access_denied",
    403,
    "the identity files of the card were not signed by a register trusted here",
    WayOut.OTHER_MEANS,
)
CARD_FILES_ALTERED = _entry(
    "card_files_altered",
    "access_denied",
    403,
    "an identity file of the card is not what the register signed",
    WayOut.OTHER_MEANS,
)
CARD_PHOTO_WRONG = _entry(
    "card_photo_wrong",
    "access_denied",
    403,
    "the photo is not the one that the identity file of the card names",
    WayOut.OTHER_MEANS,
)
CARD_COPIED = _entry(
    "card_copied",
    "access_denied",
    403,
    "the chip did not prove that the identity files are its own",
    WayOut.OTHER_MEANS,
)
CARD_FILES_OF_ANOTHER = _entry(
    "card_files_of_another",
    "access_denied",
    403,
    "the identity files and the certificate are of different cards",
    WayOut.OTHER_MEANS,
)
CARD_FILES_NEEDED = _entry(
    "card_files_needed",
    "access_denied",
    403,
    "this login needs signed data of the card and they did not come",
    WayOut.TRY_AGAIN,
)
CARD_DOCUMENT_REFUSED = _entry(
    "card_document_refused",
    "access_denied",
    403,
    "a document of this kind cannot be used to log in",
    WayOut.OTHER_MEANS,
)
DOCUMENT_NOT_ACCEPTED = _entry(
    "document_not_accepted",
    "access_denied",
    403,
    "the client does not accept this kind of identity document",
    WayOut.BACK_TO_SERVICE,
)
AGE_NOT_REACHED = _entry(
    "age_not_reached",
    "access_denied",
    403,
    "the person is not proven to have the age that the client asks",
    WayOut.BACK_TO_SERVICE,
)
CARD_CHECK_UNAVAILABLE = _entry(
    "card_check_unavailable",
    "temporarily_unavailable",
    503,
    "the status of the card cannot be checked now",
    WayOut.TRY_AGAIN,
    level=logging.WARNING,
)

# --- clients, codes, tokens (RFC 6749 5.2, RFC 6750 3.1) --------------------------------------

INVALID_CLIENT = _entry(
    "invalid_client",
    "invalid_client",
    401,
    "client authentication failed",
    WayOut.CLOSE,
)
CLIENT_DISABLED = _entry(
    "client_disabled",
    "invalid_client",
    401,
    "client authentication failed",
    WayOut.CLOSE,
)
UNAUTHORIZED_CLIENT = _entry(
    "unauthorized_client",
    "unauthorized_client",
    400,
    "the client may not use this grant type",
    WayOut.CLOSE,
)
UNSUPPORTED_GRANT_TYPE = _entry(
    "unsupported_grant_type",
    "unsupported_grant_type",
    400,
    "the grant type is not supported",
    WayOut.CLOSE,
)
INVALID_GRANT = _entry(
    "invalid_grant",
    "invalid_grant",
    400,
    "the code or refresh token is invalid, expired, used, or was issued to another client",
    WayOut.CLOSE,
)
ACCOUNT_NOT_ACTIVE = _entry(
    "account_not_active",
    "access_denied",
    403,
    "the account is not active",
    WayOut.CLOSE,
)
EVIDENCE_EXPIRED = _entry(
    "evidence_expired",
    "access_denied",
    403,
    "the means of login has expired",
    WayOut.START_AGAIN,
)
INVALID_TOKEN = _entry(
    "invalid_token",
    "invalid_token",
    401,
    "the access token is invalid, expired or revoked",
    WayOut.CLOSE,
)
INSUFFICIENT_SCOPE = _entry(
    "insufficient_scope",
    "insufficient_scope",
    403,
    "the access token lacks a scope",
    WayOut.CLOSE,
)
TOKEN_MISSING = _entry(
    "token_missing",
    "invalid_request",
    401,
    "an access token is required, in one place only",
    WayOut.CLOSE,
)

# --- logout (OpenID Connect RP-Initiated Logout 1.0) ----------------------------------------------

LOGOUT_HINT_WRONG = _entry(
    "logout_hint_wrong",
    "invalid_request",
    400,
    "the id_token_hint, client_id and post_logout_redirect_uri do not agree",
    WayOut.CLOSE,
)

# --- HTTP -----------------------------------------------------------------------------------------

NOT_FOUND = _entry("not_found", "invalid_request", 404, "there is nothing here", WayOut.CLOSE)
METHOD_NOT_ALLOWED = _entry(
    "method_not_allowed",
    "invalid_request",
    405,
    "this method is not allowed here",
    WayOut.CLOSE,
)
CONTENT_TYPE_WRONG = _entry(
    "content_type_wrong",
    "invalid_request",
    400,
    "the content type must be application/x-www-form-urlencoded",
    WayOut.CLOSE,
)
BODY_TOO_LARGE = _entry(
    "body_too_large",
    "invalid_request",
    413,
    "the request is too large",
    WayOut.CLOSE,
)
HOST_WRONG = _entry("host_wrong", "invalid_request", 400, "the host is not ours", WayOut.CLOSE)
TOO_MANY_REQUESTS = _entry(
    "too_many_requests",
    "slow_down",
    429,
    "too many requests",
    WayOut.TRY_AGAIN,
)
UNAVAILABLE = _entry(
    "unavailable",
    "temporarily_unavailable",
    503,
    "a part of the service is unavailable, try again shortly",
    WayOut.TRY_AGAIN,
    level=logging.WARNING,
)
SERVER_ERROR = _entry(
    "server_error",
    "server_error",
    500,
    "the server met an error of its own",
    WayOut.TRY_AGAIN,
    level=logging.ERROR,
)

CATALOGUE: Mapping[str, Problem] = MappingProxyType(_CATALOGUE)

_CARD_FACES: Mapping[type[card.CardError], Problem] = MappingProxyType(
    {
        card.TokenMalformed: CARD_TOKEN_MALFORMED,
        card.ChallengeUnknown: CARD_CHALLENGE_UNKNOWN,
        card.CertificateRefused: CARD_CERTIFICATE_REFUSED,
        card.CertificateExpired: CARD_EXPIRED,
        card.CertificateNotYetValid: CARD_NOT_YET_VALID,
        card.CertificateUntrusted: CARD_UNTRUSTED,
        card.SignatureWrong: CARD_SIGNATURE_WRONG,
        card.CertificateRevoked: CARD_REVOKED,
        card.CertificateUnknown: CARD_UNKNOWN,
        card.RevocationUnavailable: CARD_CHECK_UNAVAILABLE,
        card.FilesRefused: CARD_FILES_REFUSED,
        card.RegisterUntrusted: CARD_REGISTER_UNTRUSTED,
        card.FileSignatureWrong: CARD_FILES_ALTERED,
        card.PhotoWrong: CARD_PHOTO_WRONG,
        card.CardCopied: CARD_COPIED,
        card.FilesOfAnother: CARD_FILES_OF_ANOTHER,
        card.DocumentRefused: CARD_DOCUMENT_REFUSED,
        card.DocumentExpired: CARD_EXPIRED,
        card.DocumentNotYetValid: CARD_NOT_YET_VALID,
    }
)


def problem_of_card(error: card.TokenRefused) -> Problem:
    """Give the entry for a refusal of the card verification; total over its subclasses."""
    for kind in type(error).__mro__:
        if kind in _CARD_FACES:
            return _CARD_FACES[kind]
    return CARD_TOKEN_MALFORMED
