"""A phone on its way in: opened with the card, claimed by the phone, confirmed with the card, done.

Who holds the code is not yet believed: both screens show the same short word and the phone's name,
and the person confirms on the card's side. From the claim on only the claiming phone's signature
goes on. The phone exists from the one commit in which its passkey was verified and the enrolment
was done; until then there is nothing to clean up, because an enrolment by itself opens nothing.
Each step is one compare-and-set, and a repeated step finds what it did before.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mobile_flow import notify, qr
from mobile_flow.errors import (
    EnrolmentEarly,
    EnrolmentTaken,
    EnrolmentUnknown,
    PhoneKnown,
    PhoneUnknown,
    TooManyPhones,
)
from mobile_flow.limits import site
from mobile_flow.model import (
    Device,
    DeviceId,
    Enrolment,
    EnrolmentId,
    EnrolmentState,
    PersonRef,
)
from mobile_flow.names import plain_name
from mobile_flow.ports import Note
from mobile_flow.reading import encoded
from mobile_flow.tries import Counters, spend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from mobile_flow.answers import Response
    from mobile_flow.device_keys import DeviceKeys
    from mobile_flow.ports import PhoneLedger, PhoneUnit

_ID_BYTES: Final = 16
_USER_HANDLE_BYTES: Final = 32
_CHALLENGE_BYTES: Final = 32
_MATCHING: Final = 4
_LANGUAGES: Final = frozenset({"nl", "fr", "de", "en"})


@dataclass(frozen=True, kw_only=True, slots=True)
class EnrolmentRules:
    """The numbers of enrolling; the operator's settings, with defaults.

    Attributes:
        lasts: from the opening on, all steps together.
        last_step: at least this long remains for the phone once the person has confirmed it.
        cooling: how long a new phone gives no level high, unless its person says that it is theirs.
        most_phones: live ones of one person.
        claims_per_address: within ``lasts``.
    """

    lasts: timedelta = timedelta(minutes=10)
    last_step: timedelta = timedelta(minutes=3)
    cooling: timedelta = timedelta(hours=24)
    most_phones: int = 5
    claims_per_address: int = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A new enrolment; the code is shown once, to be typed, and within the QR code's text."""

    enrolment: Enrolment
    code: str = field(repr=False)
    text: str = field(repr=False)


class Enrolments:
    """Takes phones in, and keeps the list of those that there are; safe in threads."""

    def __init__(  # noqa: PLR0913 - the store, the keys, the rules, and the world
        self,
        ledger: PhoneLedger,
        keys: DeviceKeys,
        counters: Counters,
        *,
        host: str,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
        services: Sequence[str] = notify.SERVICES,
        rules: EnrolmentRules | None = None,
    ) -> None:
        """Take ``host`` as QR codes name it, with its port if any, and the push ``services``."""
        self._ledger = ledger
        self._keys = keys
        self._counters = counters
        self._host = host
        self._now = now
        self._entropy = entropy
        self._services = tuple(services)
        self._rules = rules or EnrolmentRules()

    # --- on the card's side -------------------------------------------------------------------

    def open(self, person: PersonRef, *, name: str, card_fingerprint: str) -> Opened:
        """Open an enrolment after a fresh card login; the person's older ones end.

        Raises:
            TooManyPhones: one has to be removed first.
        """
        now, code = self._now(), qr.new_code(self._entropy)
        with self._ledger.begin() as unit:
            self._demand_room(unit, person)
            handle = unit.phones.user_handle(person, candidate=self._entropy(_USER_HANDLE_BYTES))
            enrolment = Enrolment(
                id=EnrolmentId(encoded(self._entropy(_ID_BYTES))),
                person=person,
                person_name=name,
                code=_hash(code),
                card_fingerprint=card_fingerprint,
                user_handle=handle,
                opened_at=now,
                expires_at=now + self._rules.lasts,
            )
            unit.phones.add_enrolment(enrolment)
            _note(unit, "enrolment_opened", enrolment)
        text = f"HTTPS://{self._host.upper()}/PHONE/#E={code}"
        return Opened(enrolment=enrolment, code=code, text=text)

    def look(self, enrolment_id: EnrolmentId, *, person: PersonRef) -> Enrolment:
        """Give the person's enrolment as it stands, over ones too. Raises: EnrolmentUnknown."""
        with self._ledger.read() as unit:
            return _of_person(unit.phones.enrolment(enrolment_id), person)

    def confirm(self, enrolment_id: EnrolmentId, *, person: PersonRef, matching: str) -> Enrolment:
        """Admit the phone whose word the person saw on both screens.

        Raises:
            EnrolmentUnknown: not this person's, or over.
            EnrolmentEarly: no phone has claimed it, or another word was shown.
        """
        now = self._now()
        with self._ledger.begin() as unit:
            found = self._going_on(_of_person(unit.phones.enrolment(enrolment_id), person))
            if found.state is EnrolmentState.OPEN or found.matching != matching:
                raise EnrolmentEarly("no phone showed this word")
            if found.state is EnrolmentState.CONFIRMED:
                return found
            until = max(found.expires_at, now + self._rules.last_step)
            moved = _moved(found, state=EnrolmentState.CONFIRMED, expires_at=until)
            _keep(unit, moved, found)
            _note(unit, "enrolment_confirmed", moved)
        return moved

    def cancel(self, enrolment_id: EnrolmentId, *, person: PersonRef) -> None:
        """End it, unless it is done. Raises: EnrolmentUnknown."""
        with self._ledger.begin() as unit:
            found = _of_person(unit.phones.enrolment(enrolment_id), person)
            self._cancel(unit, found)

    # --- on the phone's side ------------------------------------------------------------------

    def claim(self, code: str, *, device_name: str, device_key: bytes, address: str) -> Enrolment:
        """Take a code for the phone that has ``device_key``; the same phone may ask again.

        Raises:
            CodeMalformed: it cannot be a code of ours.
            TooMany: too many tries from this address.
            NameUnfit: the phone's name cannot be shown.
            EnrolmentUnknown: no such code, or it is over: nobody is told which.
            EnrolmentTaken: by another phone.
        """
        spend(
            self._counters,
            "enrol",
            site(address),
            most=self._rules.claims_per_address,
            lasts=self._rules.lasts,
        )
        name, hashed = plain_name(device_name), _hash(qr.read_code(code))
        with self._ledger.begin() as unit:
            found = self._going_on(unit.phones.enrolment_by_code(hashed))
            if found.state is not EnrolmentState.OPEN:
                if found.device_key == device_key:
                    return found
                raise EnrolmentTaken("by another phone")
            moved = _moved(
                found,
                state=EnrolmentState.CLAIMED,
                matching=qr.new_code(self._entropy)[:_MATCHING],
                device_name=name,
                device_key=device_key,
            )
            _keep(unit, moved, found)
            _note(unit, "enrolment_claimed", moved)
        return moved

    def standing(self, enrolment_id: EnrolmentId, *, device_key: bytes) -> Enrolment:
        """Give the enrolment that this phone claimed, over ones too. Raises: EnrolmentUnknown."""
        with self._ledger.read() as unit:
            return _of_phone(unit.phones.enrolment(enrolment_id), device_key)

    def give_up(self, enrolment_id: EnrolmentId, *, device_key: bytes) -> None:
        """End it from the phone, unless it is done. Raises: EnrolmentUnknown."""
        with self._ledger.begin() as unit:
            self._cancel(unit, _of_phone(unit.phones.enrolment(enrolment_id), device_key))

    def options(self, enrolment_id: EnrolmentId, *, device_key: bytes) -> dict[str, object]:
        """Give creation options with a new challenge; only the latest challenge counts.

        Raises:
            EnrolmentUnknown: not this phone's, or over.
            EnrolmentEarly: the person has not confirmed it.
        """
        with self._ledger.begin() as unit:
            found = self._confirmed(unit.phones.enrolment(enrolment_id), device_key)
            moved = _moved(found, challenge=self._entropy(_CHALLENGE_BYTES))
            _keep(unit, moved, found)
            existing = unit.phones.devices(found.person)
        return self._keys.creation_options(moved, existing)

    def finish(
        self,
        enrolment_id: EnrolmentId,
        *,
        device_key: bytes,
        credential: Response,
        language: str,
    ) -> Device:
        """Verify the passkey and take the phone in, in one commit; gives it again to a repeat.

        Raises:
            EnrolmentUnknown, EnrolmentEarly: as for ``options``.
            CredentialRefused: what the authenticator answered is not what was asked.
            PhoneKnown: this passkey or device key is registered already.
            TooManyPhones: others were taken in meanwhile.
        """
        with self._ledger.read() as unit:
            found = unit.phones.enrolment(enrolment_id)
            done = _device_of(unit, found, device_key)
        if done is not None:
            return done
        confirmed = self._confirmed(found, device_key)
        if confirmed.challenge is None:
            raise EnrolmentEarly("no options were asked for")
        verified = self._keys.verify_registration(credential, challenge=confirmed.challenge)
        now = self._now()
        device = Device(
            id=DeviceId(encoded(self._entropy(_ID_BYTES))),
            person=confirmed.person,
            name=confirmed.device_name or "",
            user_handle=confirmed.user_handle,
            credential=verified,
            device_key=device_key,
            card_fingerprint=confirmed.card_fingerprint,
            language=language if language in _LANGUAGES else "en",
            enrolled_at=now,
            high_from=now + self._rules.cooling,
        )
        with self._ledger.begin() as unit:
            repeated = _device_of(unit, unit.phones.enrolment(enrolment_id), device_key)
            if repeated is not None:
                return repeated
            others = self._demand_room(unit, device.person)
            _keep(unit, _moved(confirmed, state=EnrolmentState.DONE, device=device.id), confirmed)
            if not unit.phones.add_device(device):
                raise PhoneKnown("the passkey or the device key is registered")
            _note_device(unit, "phone_enrolled", device)
            notify.notice(unit, others, now=now, entropy=self._entropy)
        return device

    # --- phones that there are ----------------------------------------------------------------

    def devices(self, person: PersonRef) -> Sequence[Device]:
        """Give the person's phones, the oldest first."""
        with self._ledger.read() as unit:
            return unit.phones.devices(person)

    def remove(self, person: PersonRef, device_id: DeviceId) -> None:
        """Remove a phone at once and for good; the others are told. Raises: PhoneUnknown."""
        now = self._now()
        with self._ledger.begin() as unit:
            device = unit.phones.device(device_id)
            if device is None or not unit.phones.remove_device(device_id, person=person, at=now):
                raise PhoneUnknown("no such phone of this person")
            _note_device(unit, "phone_removed", device)
            notify.notice(unit, unit.phones.devices(person), now=now, entropy=self._entropy)

    def rename(self, person: PersonRef, device_id: DeviceId, *, name: str) -> None:
        """Give a phone another name. Raises: NameUnfit, PhoneUnknown."""
        plain = plain_name(name)
        with self._ledger.begin() as unit:
            if not unit.phones.rename_device(device_id, person=person, name=plain):
                raise PhoneUnknown("no such phone of this person")
            unit.note(Note(what="phone_renamed", person=person, facts={"device": device_id}))

    def set_push(self, device_id: DeviceId, said: Mapping[str, object] | None) -> None:
        """Keep where messages for this phone go, or that none do.

        Raises:
            PushRefused: malformed, or not at a push service that we admit.
            PhoneUnknown: the phone was removed.
        """
        push = None if said is None else notify.subscription(said, services=self._services)
        with self._ledger.begin() as unit:
            if not unit.phones.set_push(device_id, push):
                raise PhoneUnknown("the phone was removed")

    # --- within -------------------------------------------------------------------------------

    def _going_on(self, found: Enrolment | None) -> Enrolment:
        over = {EnrolmentState.DONE, EnrolmentState.CANCELLED}
        if found is None or found.state in over or found.expires_at <= self._now():
            raise EnrolmentUnknown("none that goes on")
        return found

    def _confirmed(self, found: Enrolment | None, device_key: bytes) -> Enrolment:
        going_on = self._going_on(_of_phone(found, device_key))
        if going_on.state is not EnrolmentState.CONFIRMED:
            raise EnrolmentEarly("the person has not confirmed it")
        return going_on

    def _cancel(self, unit: PhoneUnit, found: Enrolment) -> None:
        if found.state in {EnrolmentState.DONE, EnrolmentState.CANCELLED}:
            return
        moved = _moved(found, state=EnrolmentState.CANCELLED)
        _keep(unit, moved, found)
        _note(unit, "enrolment_cancelled", moved)

    def _demand_room(self, unit: PhoneUnit, person: PersonRef) -> Sequence[Device]:
        devices = unit.phones.devices(person)
        if len(devices) >= self._rules.most_phones:
            raise TooManyPhones("as many phones as one may have")
        return devices


def _hash(code: str) -> str:
    return hashlib.sha256(b"enrolment|" + code.encode()).hexdigest()


def _of_person(found: Enrolment | None, person: PersonRef) -> Enrolment:
    if found is None or found.person != person:
        raise EnrolmentUnknown("none of this person")
    return found


def _of_phone(found: Enrolment | None, device_key: bytes) -> Enrolment:
    if found is None or found.device_key != device_key:
        raise EnrolmentUnknown("none that this phone claimed")
    return found


def _device_of(unit: PhoneUnit, found: Enrolment | None, device_key: bytes) -> Device | None:
    """Give what a finished enrolment of this phone made, for the repeat of a lost answer."""
    if found is None or found.state is not EnrolmentState.DONE or found.device is None:
        return None
    device = unit.phones.device(found.device)
    if device is None or device.device_key != device_key or device.removed_at is not None:
        return None
    return device


def _moved(found: Enrolment, **changes: object) -> Enrolment:
    return replace(found, version=found.version + 1, **changes)  # type: ignore[arg-type]


def _keep(unit: PhoneUnit, moved: Enrolment, found: Enrolment) -> None:
    if not unit.phones.move_enrolment(moved, version=found.version):
        raise EnrolmentUnknown("it moved in between")


def _note(unit: PhoneUnit, what: str, enrolment: Enrolment) -> None:
    facts = {"enrolment": enrolment.id, "card": enrolment.card_fingerprint}
    unit.note(Note(what=what, person=enrolment.person, facts=facts))


def _note_device(unit: PhoneUnit, what: str, device: Device) -> None:
    facts = {
        "device": device.id,
        "card": device.card_fingerprint,
        "attestation": device.credential.attestation,
        "aaguid": device.credential.aaguid,
        "synced": "yes" if device.credential.backup_eligible else "no",
    }
    unit.note(Note(what=what, person=device.person, facts=facts))
