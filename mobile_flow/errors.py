"""Everything the phone's side can refuse, each with a code that the provider maps to a problem.

A code is stable and ASCII. The message is for logs only: it never holds a code, a number, a secret
or a name that somebody typed.
"""

from __future__ import annotations

from typing import ClassVar


class PhoneError(Exception):
    """Base of every refusal in this package."""

    code: ClassVar[str] = "phone_error"


# --- requests that a phone signs ----------------------------------------------------------------


class ProofRefused(PhoneError):
    """The request carries no signature of the device that it speaks for, or a malformed one."""

    code = "proof_refused"


class NonceNeeded(PhoneError):
    """The signed nonce is missing, too old, or not ours: sign again with the one in the answer."""

    code = "use_nonce"


class TooMany(PhoneError):
    """A limit was reached; waiting helps."""

    code = "phone_too_many"


# --- passkeys -----------------------------------------------------------------------------------


class CredentialRefused(PhoneError):
    """What the authenticator answered is not what was asked for, or does not verify."""

    code = "credential_refused"


class CredentialCopied(CredentialRefused):
    """The signature counter did not grow: the key may exist twice (WebAuthn Level 3, 6.1.1)."""

    code = "credential_copied"


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
