"""Everything the phone's side can refuse, each with a code that the provider maps to a problem.

A code is stable and ASCII. The message is for logs only: it never holds a code, a number, a secret
or a name that somebody typed. An attribute says what a screen may need: until when, which other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class PhoneError(Exception):
    """Base of every refusal in this package."""

    code: ClassVar[str] = "phone_error"


# --- requests that a phone signs ----------------------------------------------------------------


class CallMalformed(PhoneError):
    """A call of the phone's app that is not what its table of calls promises."""

    code = "call_malformed"


class CallUnknown(PhoneError):
    """There is no such call, or not by this method."""

    code = "call_unknown"


class ProofRefused(PhoneError):
    """The request carries no signature of the device that it speaks for, or a malformed one."""

    code = "proof_refused"


class NonceNeeded(PhoneError):
    """The signed nonce is missing, too old, or not ours: sign again with the one in the answer."""

    code = "use_nonce"


class TooMany(PhoneError):
    """A limit was reached; waiting helps.

    Attributes:
        wait: after how long it can be tried again, at the latest; ``None`` where nobody knows.
    """

    code = "phone_too_many"

    def __init__(self, detail: str = "", *, wait: timedelta | None = None) -> None:
        super().__init__(detail)
        self.wait = wait


# --- passkeys -----------------------------------------------------------------------------------


class CredentialRefused(PhoneError):
    """What the authenticator answered is not what was asked for, or does not verify."""

    code = "credential_refused"


class CredentialCopied(CredentialRefused):
    """The signature holds, and yet this is not the authenticator that we know.

    The counter did not grow, so that the key may exist twice (WebAuthn Level 3, 6.1.1), or a backup
    flag says what it cannot (6.1.3).

    Attributes:
        sign: ``counter``, ``eligibility`` (BE is another than registered) or ``state`` (BS without
            BE).
        stored, sent: what we knew and what came, as short texts.
    """

    code = "credential_copied"

    def __init__(self, detail: str, *, sign: str, stored: str = "", sent: str = "") -> None:
        super().__init__(detail)
        self.sign = sign
        self.stored = stored
        self.sent = sent


class AttestationRefused(CredentialRefused):
    """The authenticator is not of a kind that the policy admits."""

    code = "attestation_refused"


# --- phones and their enrolment -----------------------------------------------------------------


class PhoneUnknown(PhoneError):
    """No such phone of this person, or it was removed."""

    code = "phone_unknown"


class PhoneKnown(PhoneError):
    """This passkey or this device key is registered already."""

    code = "phone_known"


class TooManyPhones(PhoneError):
    """The person has as many phones as one may have; remove one first."""

    code = "too_many_phones"


class NameUnfit(PhoneError):
    """A phone's name is empty, too long, or has characters that cannot be shown plainly."""

    code = "phone_name_unfit"


class EnrolmentUnknown(PhoneError):
    """No enrolment of this code or identifier goes on for who asks, or it is over."""

    code = "enrolment_unknown"


class EnrolmentTaken(PhoneError):
    """Another phone was there first with this code."""

    code = "enrolment_taken"


class EnrolmentEarly(PhoneError):
    """The person has not yet confirmed the phone on the card's side."""

    code = "enrolment_early"


class PushRefused(PhoneError):
    """The subscription is malformed, or not at a push service that the operator admits."""

    code = "push_refused"


# --- one-time passwords -------------------------------------------------------------------------


class OtpRefused(PhoneError):
    """The code is wrong, was used, or there is no such login name: nobody is told which."""

    code = "otp_refused"


class LoginNameMistyped(PhoneError):
    """The check characters do not fit: it was mistyped, whoever it may belong to."""

    code = "login_name_mistyped"


class OtpKnown(PhoneError):
    """The person has a one-time-password means; it is removed before another is made."""

    code = "otp_known"


class OtpUnknown(PhoneError):
    """The person has no such means, or began it too long ago."""

    code = "otp_unknown"


# --- approvals: before a claim ------------------------------------------------------------------


class FrameUnreadable(PhoneError):
    """The picture, or what was typed, is not a code of this provider."""

    code = "frame_unreadable"


class CodeMalformed(FrameUnreadable):
    """What was typed cannot be one of our eight-character codes."""


class FrameForged(PhoneError):
    """A picture of ours whose keyed code is wrong."""

    code = "frame_forged"


class FrameStale(PhoneError):
    """A picture of ours that was shown too long ago, or would be shown later."""

    code = "frame_stale"


class StartGone(PhoneError):
    """Nobody waits for this code any more: it ended, was cancelled, or never was."""

    code = "start_gone"


class AlreadyClaimed(PhoneError):
    """The page renews a code that a phone has claimed meanwhile: show how that stands instead."""

    code = "already_claimed"


class TooManyStarts(TooMany):
    """An address or a browser opens more approvals a minute, or at one time, than a person does."""

    code = "too_many_starts"


class OriginReported(PhoneError):
    """Somebody said of a login from this browser or network that it was not them.

    Attributes:
        until: when codes are shown there again. Card and passkey are not affected.
    """

    code = "origin_reported"

    def __init__(self, until: datetime) -> None:
        super().__init__("reported")
        self.until = until


class SameDevice(PhoneError):
    """The code is shown by a browser of this very phone: the passkey signs in there, by itself."""

    code = "same_device"


class TooManyTries(TooMany):
    """A phone sends codes faster than a person scans or types them."""

    code = "too_many_tries"


# --- who may answer -----------------------------------------------------------------------------


class InUse(PhoneError):
    """Another phone is answering this: the first one is the only one."""

    code = "in_use"


class DeviceBusy(PhoneError):
    """This phone is answering another request; that one is to be ended first.

    Attributes:
        approval: the request that it is answering.
    """

    code = "device_busy"

    def __init__(self, approval: str) -> None:
        super().__init__("another approval is live on this phone")
        self.approval = approval


class DeviceRemoved(PhoneError):
    """This phone is not, or no longer, one of its person's."""

    code = "device_removed"


class PhoneFrozen(PhoneError):
    """Approving by phone, or being asked by push, is off for this person for a while.

    Attributes:
        until: when it is on again. The card is not affected.
    """

    code = "phone_frozen"

    def __init__(self, until: datetime) -> None:
        super().__init__("frozen")
        self.until = until


class TooManyApprovals(TooMany):
    """This person approved more in ten minutes than anybody does by themselves."""

    code = "too_many_approvals"


# --- what became of it --------------------------------------------------------------------------


class ApprovalUnknown(PhoneError):
    """There is no such approval, or it is none of this phone's business: one answer for both."""

    code = "approval_unknown"


class NumberMissing(PhoneError):
    """The number on the browser's screen was not typed yet."""

    code = "number_missing"


class NumberWrong(PhoneError):
    """The number is another than the browser shows; there is one try, and it was this."""

    code = "number_wrong"


class ApprovalExpired(PhoneError):
    """It was not answered, or not used, in its time."""

    code = "approval_expired"


class ApprovalCancelled(PhoneError):
    """The browser gave it up, or began again."""

    code = "approval_cancelled"


class ApprovalRefused(PhoneError):
    """The person refused it before."""

    code = "approval_refused"


class ApprovalUsed(PhoneError):
    """It was approved before: nothing more can be answered to it."""

    code = "approval_used"


class ApprovalMoving(PhoneError):
    """Others change it at this very moment: nothing was decided, asking again helps."""

    code = "approval_moving"


class ApprovalEarly(PhoneError):
    """It was approved before anybody can have read it; nothing was decided.

    Attributes:
        ready_at: from when on it may be.
    """

    code = "approval_early"

    def __init__(self, ready_at: datetime) -> None:
        super().__init__("not read yet")
        self.ready_at = ready_at


class NotApproved(PhoneError):
    """The phone has not approved it yet."""

    code = "not_approved"


# --- receipts -----------------------------------------------------------------------------------


class ReceiptRefused(PhoneError):
    """Base: this receipt proves nothing."""

    code = "receipt_refused"


class ReceiptMalformed(ReceiptRefused):
    """It is not a receipt as we write them."""

    code = "receipt_malformed"


class ReceiptContradicts(ReceiptRefused):
    """Its parts do not belong to one approval: what was shown is not what was signed."""

    code = "receipt_contradicts"


class ReceiptUnsigned(ReceiptRefused):
    """The phone's signature, or the provider's, does not cover it."""

    code = "receipt_unsigned"


class ReceiptOfAnother(ReceiptRefused):
    """The provider's key is none of those that the verifier trusts."""

    code = "receipt_of_another"
