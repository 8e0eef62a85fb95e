"""Passkeys: what is asked of an authenticator, and every check before its answer is believed.

The library (py_webauthn) verifies signatures and flags; it is imported at the first use, because
that takes a quarter of a second. What it leaves out stands here: which credential and whose
(WebAuthn Level 3, 7.2 steps 5-7), one reading of the client data, no foreign page, exact encodings
and sizes, the key's own parameters, and the backup flag that never changes.

**Signature counter** (7.2 step 22). Where neither side counts, nothing is compared: synced passkeys
never count. Otherwise the sent number must be greater than the stored one; if not, this answer is
refused as ``CredentialCopied``, and so is a backup flag that says what it cannot; what follows from
it stands in ``copied``. **High-S signatures** are accepted: authenticators make them as often as
the others and WebAuthn does not choose; a mirrored copy opens nothing, because no challenge counts
twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, cast

from mobile_flow import attestation, client_data
from mobile_flow.answers import ASSERTION, REGISTRATION, Response, read
from mobile_flow.attestation import AttestationPolicy
from mobile_flow.client_data import Ceremony
from mobile_flow.errors import AttestationRefused, CredentialCopied, CredentialRefused
from mobile_flow.model import Credential

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mobile_flow.model import Device, Enrolment

ES256: Final = -7
EDDSA: Final = -8
RS256: Final = -257
ML_DSA: Final = (-49, -48, -50)
OFFERED: Final = (ES256, EDDSA, RS256)
"""By default: phones make the first, some keys the second, and Windows Hello only the third."""
_KINDS: Final = {ES256: 2, EDDSA: 1, RS256: 3, **dict.fromkeys(ML_DSA, 7)}
"""Every algorithm that we know, with its COSE key type (RFC 9053, RFC 8230, RFC 9964)."""

_COORDINATE: Final = 32
_RSA_BITS: Final = range(2048, 4097)
_RSA_EXPONENT: Final = 65537
_P256: Final = 1
_TIMEOUT_MS: Final = 120_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """Which credential an answer speaks for, not yet verified: enough to look its device up."""

    credential_id: bytes = field(repr=False)
    user_handle: bytes | None = field(repr=False)


class DeviceKeys:
    """The passkeys of one relying-party identifier; safe in threads, keeps nothing."""

    def __init__(
        self,
        *,
        rp_id: str,
        rp_name: str,
        origins: frozenset[str],
        algorithms: tuple[int, ...] = OFFERED,
        policy: AttestationPolicy | None = None,
    ) -> None:
        """Take the settings.

        Args:
            rp_id: a host name; fixed at the first enrolment of a deployment.
            rp_name: shown by authenticators.
            origins: every origin whose pages may use the passkeys, as exact text.
            algorithms: COSE identifiers on offer, the preferred first; ``OFFERED``, and the members
                of ``ML_DSA`` where the operator wants them.
            policy: of attestation; by default nothing is asked and everything recorded.
        """
        if not _KINDS.keys() >= set(algorithms) or not algorithms or not origins:
            raise ValueError("no origin, no algorithm, or one that we do not know")
        self.rp_id = rp_id
        self.origins = origins
        self._rp_name = rp_name
        self._algorithms = algorithms
        self._policy = policy or AttestationPolicy()

    def creation_options(
        self, enrolment: Enrolment, existing: Sequence[Device]
    ) -> dict[str, object]:
        """Give PublicKeyCredentialCreationOptionsJSON for the challenge of ``enrolment``.

        The passkey is discoverable and verifies the person; the ones of ``existing`` are excluded.
        """
        from webauthn import generate_registration_options
        from webauthn.helpers import structs
        from webauthn.helpers.cose import COSEAlgorithmIdentifier

        if enrolment.challenge is None:
            raise ValueError("an enrolment without a challenge")
        options = generate_registration_options(
            rp_id=self.rp_id,
            rp_name=self._rp_name,
            user_id=enrolment.user_handle,
            user_name=enrolment.person_name or self._rp_name,
            challenge=enrolment.challenge,
            timeout=_TIMEOUT_MS,
            attestation=structs.AttestationConveyancePreference(self._policy.conveyance),
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(existing),
            supported_pub_key_algs=[COSEAlgorithmIdentifier(name) for name in self._algorithms],
            hints=[structs.PublicKeyCredentialHint.CLIENT_DEVICE],
        )
        return _json(options)

    def request_options(
        self, devices: Sequence[Device] | None, *, challenge: bytes
    ) -> dict[str, object]:
        """Give PublicKeyCredentialRequestOptionsJSON; without ``devices`` the browser finds any."""
        from webauthn import generate_authentication_options
        from webauthn.helpers.structs import UserVerificationRequirement

        options = generate_authentication_options(
            rp_id=self.rp_id,
            challenge=challenge,
            timeout=_TIMEOUT_MS,
            allow_credentials=_descriptors(devices or ()),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return _json(options)

    def verify_registration(self, response: Response, *, challenge: bytes) -> Credential:
        """Verify a new passkey (WebAuthn Level 3, 7.1); that it is new is the store's to say.

        Raises:
            AttestationRefused: the policy does not admit it.
            CredentialRefused: anything else is not as it was asked.
        """
        from webauthn import verify_registration_response
        from webauthn.helpers import parse_attestation_object, structs
        from webauthn.helpers.cose import COSEAlgorithmIdentifier

        answer = read(response, REGISTRATION)
        client_data.check(
            answer.client_data,
            ceremony=Ceremony.CREATE,
            challenge=challenge,
            origins=self.origins,
        )
        statement = answer.parts["attestationObject"]
        _check_one_item(statement)
        try:
            verified = verify_registration_response(
                credential=structs.RegistrationCredential(
                    id=answer.id_text,
                    raw_id=answer.id,
                    response=structs.AuthenticatorAttestationResponse(
                        client_data_json=answer.client_data, attestation_object=statement
                    ),
                ),
                expected_challenge=challenge,
                expected_rp_id=self.rp_id,
                expected_origin=list(self.origins),
                require_user_verification=True,
                supported_pub_key_algs=[COSEAlgorithmIdentifier(x) for x in self._algorithms],
            )
            found = parse_attestation_object(statement)
        except Exception as error:  # noqa: BLE001 - the library fails in many ways on hostile bytes
            raise CredentialRefused(type(error).__name__) from None
        if verified.credential_id != answer.id:
            raise CredentialRefused("the attestation is of another credential")
        chain = found.att_stmt.x5c
        if chain is not None and not _are_bytes(chain):
            raise AttestationRefused("a chain that is no list of certificates")
        return Credential(
            id=answer.id,
            public_key=verified.credential_public_key,
            algorithm=_check_key(verified.credential_public_key),
            sign_count=verified.sign_count,
            backup_eligible=found.auth_data.flags.be,
            backed_up=verified.credential_backed_up,
            aaguid=verified.aaguid,
            attestation=attestation.judge(
                self._policy, fmt=str(found.fmt), chain=chain, aaguid=verified.aaguid
            ),
            transports=answer.transports,
        )

    def verify_assertion(
        self, response: Response, *, challenge: bytes, device: Device, discovered: bool = False
    ) -> Credential:
        """Verify an answer of this device; gives its credential as it is to be stored next.

        ``discovered``: no allow list was sent, so the answer must name the person by handle.
        Raises: CredentialCopied, CredentialRefused.
        """
        return check_assertion(
            response,
            challenge=challenge,
            credential=device.credential,
            user_handle=device.user_handle,
            rp_id=self.rp_id,
            origins=self.origins,
            discovered=discovered,
        )


def named(response: Response) -> Named:
    """Read which credential of whom answers. Raises: CredentialRefused."""
    answer = read(response, ASSERTION)
    return Named(credential_id=answer.id, user_handle=answer.parts.get("userHandle"))


def check_assertion(  # noqa: PLR0913 - the ceremony's own inputs, all by name
    response: Response,
    *,
    challenge: bytes,
    credential: Credential,
    user_handle: bytes,
    rp_id: str,
    origins: frozenset[str],
    discovered: bool = False,
) -> Credential:
    """Verify an assertion (WebAuthn Level 3, 7.2); pure, so a receipt can be checked years later.

    Gives ``credential`` with the counter and the flag BS of this answer.

    Raises:
        CredentialCopied: only the counter or a backup flag is wrong.
        CredentialRefused: anything else is not as it was asked.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers import structs
    from webauthn.helpers.exceptions import InvalidBackupFlags

    answer = read(response, ASSERTION)
    if answer.id != credential.id:
        raise CredentialRefused("another credential")
    sent_handle = answer.parts.get("userHandle")
    if sent_handle != user_handle and (sent_handle is not None or discovered):
        raise CredentialRefused("another person's handle, or none")
    client_data.check(
        answer.client_data, ceremony=Ceremony.GET, challenge=challenge, origins=origins
    )
    if _check_key(credential.public_key) != credential.algorithm:
        raise CredentialRefused("another algorithm than the registered one")
    try:
        verified = verify_authentication_response(
            credential=structs.AuthenticationCredential(
                id=answer.id_text,
                raw_id=answer.id,
                response=structs.AuthenticatorAssertionResponse(
                    client_data_json=answer.client_data,
                    authenticator_data=answer.parts["authenticatorData"],
                    signature=answer.parts["signature"],
                    user_handle=sent_handle,
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=list(origins),
            credential_public_key=credential.public_key,
            credential_current_sign_count=0,  # compared below, once the signature is known to hold
            require_user_verification=True,
        )
    except InvalidBackupFlags:
        # The library looks at these once the signature is known to hold.
        raise CredentialCopied("backed up without being eligible", sign="state") from None
    except Exception as error:  # noqa: BLE001 - the library fails in many ways on hostile bytes
        raise CredentialRefused(type(error).__name__) from None
    eligible = verified.credential_device_type is structs.CredentialDeviceType.MULTI_DEVICE
    if eligible is not credential.backup_eligible:
        raise CredentialCopied(
            "backup eligibility changed since the registration",
            sign="eligibility",
            stored=_word(yes=credential.backup_eligible),
            sent=_word(yes=eligible),
        )
    count = verified.new_sign_count
    if (count or credential.sign_count) and count <= credential.sign_count:
        raise CredentialCopied(
            "the signature counter did not grow",
            sign="counter",
            stored=str(credential.sign_count),
            sent=str(count),
        )
    return replace(credential, sign_count=count, backed_up=verified.credential_backed_up)


def _word(*, yes: bool) -> str:
    return "yes" if yes else "no"


def _are_bytes(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, bytes) for each in value)


def _check_one_item(data: bytes) -> None:
    """Demand that nothing follows the CBOR item. Raises: CredentialRefused."""
    from cbor2 import CBORDecoder

    stream = BytesIO(data)
    try:
        CBORDecoder(stream).decode()
    except Exception as error:  # noqa: BLE001 - any failure on hostile bytes is the same refusal
        raise CredentialRefused(type(error).__name__) from None
    if stream.read(1):
        raise CredentialRefused("bytes after the attestation object")


@lru_cache(maxsize=1024)
def _check_key(cose: bytes) -> int:
    """Give the algorithm of a COSE key whose parameters fit it. Raises: CredentialRefused.

    Pure, and remembered for the keys that answer often; what raises is not.
    """
    from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography

    try:
        key = cast("Any", decode_credential_public_key(cose))
        decoded_public_key_to_cryptography(key)
        fits = _fits(key)
    except Exception as error:  # noqa: BLE001 - the library fails in many ways on hostile bytes
        raise CredentialRefused(type(error).__name__) from None
    if not fits:
        raise CredentialRefused("a key whose kind or parameters do not fit its algorithm")
    return int(key.alg)


def _fits(key: Any) -> bool:  # noqa: ANN401 - any kind of the library's decoded keys
    if type(key.alg) is not int or key.kty != _KINDS.get(key.alg):
        return False
    if key.alg == ES256:
        return bool((key.crv, len(key.x), len(key.y)) == (_P256, _COORDINATE, _COORDINATE))
    if key.alg == RS256:
        size = int.from_bytes(key.n, "big").bit_length()
        return size in _RSA_BITS and int.from_bytes(key.e, "big") == _RSA_EXPONENT
    return True


def _descriptors(devices: Sequence[Device]) -> list[Any]:
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    return [
        PublicKeyCredentialDescriptor(
            id=device.credential.id,
            transports=[AuthenticatorTransport(name) for name in device.credential.transports],
        )
        for device in devices
    ]


def _json(options: Any) -> dict[str, object]:  # noqa: ANN401 - either kind of the library's options
    from webauthn.helpers.options_to_json_dict import options_to_json_dict

    return dict(options_to_json_dict(options))
