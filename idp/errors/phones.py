"""Refusals of the phone, and which of them an error of ``mobile_flow`` is."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from idp.errors.catalogue import Problem, WayOut, entry
from idp.errors.protocol import INVALID_REQUEST
from mobile_flow import errors as phone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

PHONE_REQUEST_UNSIGNED = entry(
    "phone_request_unsigned",
    "access_denied",
    401,
    "the request is not signed by an enrolled phone",
    WayOut.TRY_AGAIN,
)
USE_NONCE = entry(
    "use_nonce",
    "use_dpop_nonce",
    401,
    "sign again with the nonce of this answer",
    WayOut.TRY_AGAIN,
)
PHONE_TOO_MANY = entry(
    "phone_too_many",
    "slow_down",
    429,
    "too many attempts by phone",
    WayOut.OTHER_MEANS,
)
PASSKEY_REFUSED = entry(
    "passkey_refused",
    "access_denied",
    403,
    "the passkey is not accepted",
    WayOut.OTHER_MEANS,
)
PASSKEY_COPIED = entry(
    "passkey_copied",
    "access_denied",
    403,
    "the passkey may exist twice",
    WayOut.OTHER_MEANS,
)
PASSKEY_CHALLENGE_UNKNOWN = entry(
    "passkey_challenge_unknown",
    "access_denied",
    409,
    "the question to the passkey is unknown, answered or too old",
    WayOut.TRY_AGAIN,
)
PHONE_NOT_ADMITTED = entry(
    "phone_not_admitted",
    "access_denied",
    403,
    "phones of this kind are not admitted",
    WayOut.OTHER_MEANS,
)
PHONE_REMOVED = entry(
    "phone_removed",
    "access_denied",
    403,
    "the phone is not, or no longer, one of this person",
    WayOut.OTHER_MEANS,
)
PHONE_KNOWN = entry(
    "phone_known",
    "invalid_request",
    409,
    "the phone is registered already",
    WayOut.CLOSE,
)
TOO_MANY_PHONES = entry(
    "too_many_phones",
    "invalid_request",
    409,
    "the person has as many phones as one may have",
    WayOut.TRY_AGAIN,
)
PHONE_NAME_UNFIT = entry(
    "phone_name_unfit",
    "invalid_request",
    400,
    "the name of the phone cannot be used",
    WayOut.TRY_AGAIN,
)
ENROLMENT_UNKNOWN = entry(
    "enrolment_unknown",
    "invalid_request",
    404,
    "no enrolment of this code goes on",
    WayOut.TRY_AGAIN,
)
ENROLMENT_TAKEN = entry(
    "enrolment_taken",
    "invalid_request",
    409,
    "another phone used this code first",
    WayOut.TRY_AGAIN,
)
ENROLMENT_EARLY = entry(
    "enrolment_early",
    "invalid_request",
    409,
    "the person has not confirmed the phone yet",
    WayOut.TRY_AGAIN,
)
PUSH_REFUSED = entry(
    "push_refused",
    "invalid_request",
    400,
    "messages cannot be sent to this push service",
    WayOut.CLOSE,
)
OTP_REFUSED = entry(
    "otp_refused",
    "access_denied",
    403,
    "the login name or the code is wrong",
    WayOut.TRY_AGAIN,
)
LOGIN_NAME_MISTYPED = entry(
    "login_name_mistyped",
    "access_denied",
    400,
    "the login name is mistyped",
    WayOut.TRY_AGAIN,
)
OTP_KNOWN = entry(
    "otp_known",
    "invalid_request",
    409,
    "there is a one-time-code means already",
    WayOut.TRY_AGAIN,
)
OTP_UNKNOWN = entry(
    "otp_unknown",
    "invalid_request",
    404,
    "no one-time-code means was begun",
    WayOut.TRY_AGAIN,
)
FRAME_UNREADABLE = entry(
    "frame_unreadable",
    "invalid_request",
    400,
    "this is no code of this service",
    WayOut.TRY_AGAIN,
)
FRAME_STALE = entry(
    "frame_stale",
    "invalid_request",
    410,
    "the code was shown too long ago",
    WayOut.TRY_AGAIN,
)
START_GONE = entry(
    "start_gone",
    "invalid_request",
    410,
    "nobody waits for this code any more",
    WayOut.TRY_AGAIN,
)
IN_USE = entry(
    "in_use",
    "invalid_request",
    409,
    "another phone answers this",
    WayOut.TRY_AGAIN,
)
DEVICE_BUSY = entry(
    "device_busy",
    "invalid_request",
    409,
    "this phone answers another request",
    WayOut.TRY_AGAIN,
)
PHONE_FROZEN = entry(
    "phone_frozen",
    "access_denied",
    403,
    "signing in by phone is switched off for a while",
    WayOut.OTHER_MEANS,
)
APPROVAL_UNKNOWN = entry(
    "approval_unknown",
    "invalid_request",
    404,
    "there is no such request",
    WayOut.CLOSE,
)
NUMBER_MISSING = entry(
    "number_missing",
    "invalid_request",
    409,
    "the number on the browser's screen was not typed yet",
    WayOut.TRY_AGAIN,
)
NUMBER_WRONG = entry(
    "number_wrong",
    "access_denied",
    403,
    "the number is wrong",
    WayOut.TRY_AGAIN,
)
APPROVAL_EXPIRED = entry(
    "approval_expired",
    "access_denied",
    410,
    "the request was not answered in time",
    WayOut.TRY_AGAIN,
)
APPROVAL_CANCELLED = entry(
    "approval_cancelled",
    "access_denied",
    410,
    "the browser gave the request up",
    WayOut.TRY_AGAIN,
)
APPROVAL_REFUSED = entry(
    "approval_refused",
    "access_denied",
    403,
    "the person refused on the phone",
    WayOut.BACK_TO_SERVICE,
)
APPROVAL_REPORTED = entry(
    "approval_reported",
    "access_denied",
    403,
    "the person reported the request on the phone",
    WayOut.BACK_TO_SERVICE,
)
APPROVAL_USED = entry(
    "approval_used",
    "invalid_request",
    409,
    "the request was answered before",
    WayOut.CLOSE,
)
APPROVAL_MOVING = entry(
    "approval_moving",
    "temporarily_unavailable",
    503,
    "the request is being changed at this moment",
    WayOut.TRY_AGAIN,
)
APPROVAL_EARLY = entry(
    "approval_early",
    "slow_down",
    425,
    "the request was approved before it can have been read",
    WayOut.TRY_AGAIN,
)
ORIGIN_REPORTED = entry(
    "origin_reported",
    "access_denied",
    429,
    "a login from this browser was reported",
    WayOut.OTHER_MEANS,
)
SAME_DEVICE = entry(
    "same_device",
    "invalid_request",
    409,
    "the code is shown on the phone itself",
    WayOut.OTHER_MEANS,
)
NOT_APPROVED = entry(
    "not_approved",
    "access_denied",
    409,
    "the phone has not approved it yet",
    WayOut.TRY_AGAIN,
)
RECEIPT_REFUSED = entry(
    "receipt_refused",
    "invalid_request",
    400,
    "the receipt does not verify",
    WayOut.CLOSE,
)

_FACES: Final[Mapping[type[phone.PhoneError], Problem]] = MappingProxyType(
    {
        phone.ProofRefused: PHONE_REQUEST_UNSIGNED,
        phone.NonceNeeded: USE_NONCE,
        phone.TooMany: PHONE_TOO_MANY,
        phone.CredentialRefused: PASSKEY_REFUSED,
        phone.CredentialCopied: PASSKEY_COPIED,
        phone.AttestationRefused: PHONE_NOT_ADMITTED,
        phone.PhoneUnknown: PHONE_REMOVED,
        phone.PhoneKnown: PHONE_KNOWN,
        phone.TooManyPhones: TOO_MANY_PHONES,
        phone.NameUnfit: PHONE_NAME_UNFIT,
        phone.EnrolmentUnknown: ENROLMENT_UNKNOWN,
        phone.EnrolmentTaken: ENROLMENT_TAKEN,
        phone.EnrolmentEarly: ENROLMENT_EARLY,
        phone.PushRefused: PUSH_REFUSED,
        phone.OtpRefused: OTP_REFUSED,
        phone.LoginNameMistyped: LOGIN_NAME_MISTYPED,
        phone.OtpKnown: OTP_KNOWN,
        phone.OtpUnknown: OTP_UNKNOWN,
        phone.FrameUnreadable: FRAME_UNREADABLE,
        phone.FrameForged: FRAME_UNREADABLE,
        phone.FrameStale: FRAME_STALE,
        phone.StartGone: START_GONE,
        phone.AlreadyClaimed: IN_USE,
        phone.TooManyStarts: PHONE_TOO_MANY,
        phone.TooManyTries: PHONE_TOO_MANY,
        phone.InUse: IN_USE,
        phone.DeviceBusy: DEVICE_BUSY,
        phone.DeviceRemoved: PHONE_REMOVED,
        phone.PhoneFrozen: PHONE_FROZEN,
        phone.TooManyApprovals: PHONE_TOO_MANY,
        phone.ApprovalUnknown: APPROVAL_UNKNOWN,
        phone.NumberMissing: NUMBER_MISSING,
        phone.NumberWrong: NUMBER_WRONG,
        phone.ApprovalExpired: APPROVAL_EXPIRED,
        phone.ApprovalCancelled: APPROVAL_CANCELLED,
        phone.ApprovalRefused: APPROVAL_REFUSED,
        phone.ApprovalUsed: APPROVAL_USED,
        phone.ApprovalMoving: APPROVAL_MOVING,
        phone.ApprovalEarly: APPROVAL_EARLY,
        phone.OriginReported: ORIGIN_REPORTED,
        phone.SameDevice: SAME_DEVICE,
        phone.NotApproved: NOT_APPROVED,
        phone.ReceiptRefused: RECEIPT_REFUSED,
        phone.CallMalformed: INVALID_REQUEST,
    }
)


def wait_of_phone(error: phone.PhoneError, now: datetime) -> timedelta | None:
    """Give how long it is useless to try again, where the phone's side knows."""
    match error:
        case phone.TooMany():
            return error.wait
        case phone.OriginReported() | phone.PhoneFrozen():
            return error.until - now
    return None


def problem_of_phone(error: phone.PhoneError) -> Problem:
    """Give the entry for a refusal of the phone's side; total over its subclasses."""
    for kind in type(error).__mro__:
        if kind in _FACES:
            return _FACES[kind]
    return INVALID_REQUEST
