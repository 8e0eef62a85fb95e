"""The phone's passkey, used by the browser itself: no name is typed, and no other page can ask.

The challenge is the hash of a transcript of what is asked, so that this login leaves a receipt like
any other. The transcript waits, sealed, with the login; the answer becomes an approval that was
consumed at once, and its row is what makes the challenge count once.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from idp.domain.assurance import Assurance
from idp.domain.event import MethodName
from idp.domain.person import Person, PersonId
from idp.domain.phone_level import amr_of, evidence_of, level_of
from idp.errors import (
    PASSKEY_CHALLENGE_UNKNOWN,
    PASSKEY_COPIED,
    PASSKEY_REFUSED,
    PHONE_REMOVED,
    problem_of_phone,
)
from idp.login.methods import Challenge, Progress, Proof, ProofRefused
from idp.login.shown import shown_of
from idp.store.encoding import Encoding
from idp.store.phone import SESSION, UnitOfThePhone
from mobile_flow import device_keys, qr, transcript
from mobile_flow.copied import suspect
from mobile_flow.errors import CredentialCopied, PhoneError
from mobile_flow.model import Approval, ApprovalState, FlowKind, PersonRef
from mobile_flow.ports import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from idp.domain.reading import Reading
    from idp.domain.session import Session
    from idp.login.methods import Asking
    from idp.store.ports import Ledger, Unit
    from mobile_flow.device_keys import DeviceKeys
    from mobile_flow.model import Credential, Device

_RANDOM_BYTES: Final = 32
_NOBODY: Final = PersonRef("")
_ASKED: Final[Encoding[Approval]] = Encoding(Approval)


class PasskeyMethod:
    """``LoginMethod`` by a discoverable passkey."""

    name: Final = MethodName.PASSKEY
    ceiling: Final = Assurance.HIGH
    resistant: Final = True

    def __init__(
        self,
        ledger: Ledger,
        keys: DeviceKeys,
        *,
        issuer: str,
        lasts: timedelta,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._ledger = ledger
        self._keys = keys
        self._issuer = issuer
        parts = urlsplit(issuer)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._lasts = lasts
        self._now = now
        self._entropy = entropy

    def start(self, asking: Asking) -> Challenge | None:
        """Write down what is asked; the hash of it is what the passkey signs."""
        now = self._now()
        asked = Approval(
            id=qr.new_start_id(self._entropy),
            kind=FlowKind.PASSKEY,
            person=_NOBODY,
            device=None,
            transaction=asking.tx.id,
            browser=asking.tx.binding,
            shown=shown_of(asking, now=now, issuer=self._issuer),
            state=ApprovalState.MATCHED,
            random=self._entropy(_RANDOM_BYTES),
            opened_at=now,
            claimed_at=now,
            expires_at=now + self._lasts,
        )
        text = transcript.build(
            asked, None, issuer=self._issuer, return_origin=self._origin, now=now
        )
        asked = replace(asked, transcript=text)
        return Challenge(text=_ASKED.encode(asked).decode(), ends=asked.expires_at)

    def progress(self, asking: Asking) -> Progress:
        """Wait for nothing: the browser answers by itself."""
        del asking
        return Progress()

    def page(self, asking: Asking) -> Mapping[str, object]:
        """Give the options that the page hands to the browser."""
        if asking.tx.challenge is None:
            return {"passkey_options": ""}
        challenge = transcript.challenge(_signed(_ASKED.decode(asking.tx.challenge)))
        options = self._keys.request_options(None, challenge=challenge)
        return {"passkey_options": json.dumps(options, separators=(",", ":"))}

    def leave(self, asking: Asking) -> None:
        """Leave nothing behind: the challenge goes with the login."""

    def verify(
        self,
        answer: str,
        *,
        asking: Asking,
        challenge: Challenge | None,
        reading: Reading | None = None,
    ) -> Proof:
        """Verify an assertion (WebAuthn Level 3, 7.2). Raises: ProofRefused."""
        del reading, asking
        now = self._now()
        if challenge is None or now >= challenge.ends:
            raise ProofRefused(PASSKEY_CHALLENGE_UNKNOWN, "no challenge stands open")
        asked = _ASKED.decode(challenge.text)
        try:
            device = self._found(answer)
            credential = self._keys.verify_assertion(
                answer,
                challenge=transcript.challenge(_signed(asked)),
                device=device,
                discovered=True,
            )
        except CredentialCopied as error:
            self._suspect(device, error)
            raise ProofRefused(PASSKEY_COPIED, error.code) from error
        except PhoneError as error:
            raise ProofRefused(problem_of_phone(error), error.code) from error
        if device.suspected_at is not None:
            raise ProofRefused(PASSKEY_COPIED, "seen copied before; alone it counts no more")
        answered = replace(
            asked,
            person=device.person,
            device=device.id,
            state=ApprovalState.CONSUMED,
            decided_at=now,
            assertion=answer,
            backed_up=credential.backed_up,
        )
        return Proof(
            evidence=evidence_of(answered, device, backed_up=credential.backed_up),
            acr=level_of(device, FlowKind.PASSKEY, now=now),
            amr=amr_of(device, FlowKind.PASSKEY),
            at=now,
            identify=partial(self._person, device=device, credential=credential, at=now),
            settle=partial(self._kept, answered=answered),
        )

    def _suspect(self, device: Device, error: CredentialCopied) -> None:
        with self._ledger.begin() as unit:
            suspect(
                UnitOfThePhone(unit, now=self._now),
                device,
                error,
                flow=FlowKind.PASSKEY,
                now=self._now(),
                entropy=self._entropy,
            )

    def _found(self, answer: str) -> Device:
        """Look up the one live phone of (credential, user handle)."""
        said = device_keys.named(answer)
        if said.user_handle is None:
            raise ProofRefused(PASSKEY_REFUSED, "a passkey that names nobody")
        with self._ledger.read() as unit:
            device = unit.phones.device_of(said.credential_id, user_handle=said.user_handle)
        if device is None:
            raise ProofRefused(PHONE_REMOVED, "no live phone of this credential and handle")
        return device

    @staticmethod
    def _person(unit: Unit, *, device: Device, credential: Credential, at: datetime) -> Person:
        if not unit.phones.use_device(device.id, credential=credential, at=at):
            raise ProofRefused(PHONE_REMOVED, "removed meanwhile")
        person = unit.people.get(PersonId(device.person))
        if person is None:
            raise ProofRefused(PHONE_REMOVED, "a phone of nobody")
        return person

    def _kept(self, unit: Unit, session: Session, *, answered: Approval) -> None:
        """Keep the receipt's source, with what a later report ends."""
        kept = replace(answered, effect=f"{SESSION}{session.key}")
        if not unit.phones.add_approval(kept):
            raise ProofRefused(PASSKEY_CHALLENGE_UNKNOWN, "this challenge was answered before")
        facts = {
            "approval": kept.id,
            "client": kept.shown.client_id,
            "flow": kept.kind.value,
            "device": kept.device or "",
            "transaction": kept.transaction,
            "decision": ApprovalState.APPROVED.value,
        }
        UnitOfThePhone(unit, now=self._now).note(
            Note(what="approval_decided", person=kept.person, facts=facts)
        )


def _signed(asked: Approval) -> bytes:
    assert asked.transcript is not None
    return asked.transcript
