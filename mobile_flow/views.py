"""The calls of the phone's app, as one table: who may call what, with which members, to what end.

No framework: a ``Call`` comes in, a JSON object goes out, or one of our errors. Every call but one
is signed by a device key; during an enrolment by the key that the call carries, afterwards by that
of an enrolled phone. Nothing here decides: that is ``approvals`` and ``enrolment``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from mobile_flow import moves, proof, receipts
from mobile_flow.approvals import Approvals
from mobile_flow.enrolment import Enrolments
from mobile_flow.errors import CallMalformed, CallUnknown, DeviceRemoved, ProofRefused
from mobile_flow.members import Members as Body
from mobile_flow.members import mapping, members, moment, of_shown, text
from mobile_flow.model import (
    ApprovalId,
    ApprovalState,
    Device,
    DeviceId,
    EnrolmentId,
    EnrolmentState,
)
from mobile_flow.ports import PhoneLedger
from mobile_flow.reading import encoded

if TYPE_CHECKING:
    from mobile_flow.approvals import Ask
    from mobile_flow.model import Approval, Enrolment

PREFIX: Final = "/phone/api/"

_HISTORY: Final = 50
_ID: Final = r"(?P<id>[A-Za-z0-9_-]{1,64})"
_GOING_ON: Final = frozenset(
    {EnrolmentState.OPEN, EnrolmentState.CLAIMED, EnrolmentState.CONFIRMED}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request of the app, as it came.

    Attributes:
        method: in capitals.
        path: as it was sent, without a query.
        proof: the header ``Sesame-Device``, ``None`` where there was none.
        address: where it comes from; counted, and compared with where the browser is.
        browser: the hash of the cookie by which its browser is known to login pages, or empty. It
            allows nothing.
    """

    method: str
    path: str
    proof: str | None = field(default=None, repr=False)
    body: bytes = field(default=b"", repr=False)
    address: str = ""
    browser: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What the calls are answered with.

    Attributes:
        terms: of receipts, and the rpId that the app is told.
        seal: the provider's signature on receipts.
        vapid_key: what the app subscribes to push with, base64url; empty where push is off.
        languages: those that there are.
    """

    ledger: PhoneLedger
    approvals: Approvals
    enrolments: Enrolments
    nonces: proof.Nonces
    terms: receipts.Terms
    seal: receipts.Seal
    now: Callable[[], datetime]
    vapid_key: str = ""
    languages: Sequence[str] = ("nl", "fr", "de", "en")


class _By(Enum):
    """Who may make a call."""

    ANYBODY = auto()
    A_KEY = auto()
    A_PHONE = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A call whose signature was verified, and whose parts were read."""

    id: str
    members: Body
    key: bytes
    phone: Device | None
    address: str
    browser: str

    @property
    def device(self) -> Device:
        """The phone that calls."""
        if self.phone is None:
            raise ProofRefused("no phone calls")
        return self.phone


@dataclass(frozen=True, kw_only=True, slots=True)
class _Route:
    method: str
    path: re.Pattern[str]
    by: _By
    answer: Callable[[_Asked], Body]


class PhoneApi:
    """Answers the calls; one is shared by a process and is safe in threads."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._routes = self._table()

    def nonce(self) -> str:
        """Give what every answer carries in the header ``Sesame-Nonce``, refusals too."""
        return self._services.nonces.give()

    def answer(self, call: Call) -> Body:
        """Answer one call with what its JSON answer holds.

        Raises:
            CallUnknown, CallMalformed: it is none of the table's.
            ProofRefused, NonceNeeded, DeviceRemoved: nobody known signed it, for now.
            PhoneError: what was asked is refused.
        """
        route, found = self._route(call)
        if route.by is _By.ANYBODY:
            key, phone = b"", None
        else:
            key, phone = self._caller(call, route.by)
        asked = _Asked(
            id=found.groupdict().get("id", ""),
            members=members(call.body),
            key=key,
            phone=phone,
            address=call.address,
            browser=call.browser,
        )
        return route.answer(asked)

    # --- who calls what -------------------------------------------------------------------------

    def _route(self, call: Call) -> tuple[_Route, re.Match[str]]:
        for route in self._routes:
            found = route.path.fullmatch(call.path)
            if found is not None and route.method == call.method:
                return route, found
        raise CallUnknown("no such call")

    def _caller(self, call: Call, by: _By) -> tuple[bytes, Device | None]:
        """Give the key that signed, and the phone whose key it is."""
        if call.proof is None:
            raise ProofRefused("no proof")
        said = proof.read(
            call.proof,
            method=call.method,
            path=call.path,
            body=call.body,
            nonces=self._services.nonces,
        )
        if by is _By.A_KEY:
            if said.device_key is None:
                raise ProofRefused("a key is to be carried here")
            proof.verify(said, device_key=said.device_key)
            return said.device_key, None
        if said.device is None:
            raise ProofRefused("a phone is to be named here")
        with self._services.ledger.read() as unit:
            phone = unit.phones.device(said.device)
        if phone is None:
            raise DeviceRemoved("no such phone")
        proof.verify(said, device_key=phone.device_key)
        if phone.removed_at is not None:
            raise DeviceRemoved("removed")
        return phone.device_key, phone

    def _table(self) -> tuple[_Route, ...]:
        def row(method: str, path: str, by: _By, answer: Callable[[_Asked], Body]) -> _Route:
            pattern = re.compile(re.escape(PREFIX) + path.replace("<id>", _ID), re.ASCII)
            return _Route(method=method, path=pattern, by=by, answer=answer)

        key, phone = _By.A_KEY, _By.A_PHONE
        return (
            row("GET", "config", _By.ANYBODY, self._config),
            row("POST", "enrolments/claim", key, self._claim_enrolment),
            row("GET", "enrolments/<id>", key, self._enrolment),
            row("POST", "enrolments/<id>/finish", key, self._finish_enrolment),
            row("POST", "enrolments/<id>/cancel", key, self._cancel_enrolment),
            row("POST", "approvals/claim", phone, self._claim),
            row("GET", "approvals", phone, self._pending),
            row("GET", "approvals/<id>", phone, self._approval),
            row("POST", "approvals/<id>/open", phone, self._open),
            row("POST", "approvals/<id>/number", phone, self._number),
            row("POST", "approvals/<id>/approve", phone, self._approve),
            row("POST", "approvals/<id>/refuse", phone, self._refuse),
            row("GET", "history", phone, self._history),
            row("GET", "history/<id>/receipt", phone, self._receipt),
            row("GET", "devices", phone, self._devices),
            row("POST", "devices/<id>/remove", phone, self._remove),
            row("POST", "devices/<id>/rename", phone, self._rename),
            row("PUT", "push", phone, self._subscribe),
            row("DELETE", "push", phone, self._unsubscribe),
        )

    # --- enrolment ------------------------------------------------------------------------------

    def _config(self, asked: _Asked) -> Body:
        del asked
        services = self._services
        return {
            "rp_id": services.terms.rp_id,
            "vapid_key": services.vapid_key,
            "languages": list(services.languages),
        }

    def _claim_enrolment(self, asked: _Asked) -> Body:
        found = self._services.enrolments.claim(
            text(asked.members, "code"),
            device_name=text(asked.members, "device_name"),
            device_key=asked.key,
            address=asked.address,
        )
        return {"enrolment": found.id, **self._of_enrolment(found)}

    def _enrolment(self, asked: _Asked) -> Body:
        enrolments, enrolment = self._services.enrolments, EnrolmentId(asked.id)
        told = self._of_enrolment(enrolments.standing(enrolment, device_key=asked.key))
        if told["state"] != EnrolmentState.CONFIRMED.value:
            return told
        return {**told, "options": enrolments.options(enrolment, device_key=asked.key)}

    def _finish_enrolment(self, asked: _Asked) -> Body:
        device = self._services.enrolments.finish(
            EnrolmentId(asked.id),
            device_key=asked.key,
            credential=mapping(asked.members, "credential"),
            language=text(asked.members, "language"),
        )
        return {"device": device.id, "name": device.name}

    def _cancel_enrolment(self, asked: _Asked) -> Body:
        self._services.enrolments.give_up(EnrolmentId(asked.id), device_key=asked.key)
        return {}

    def _of_enrolment(self, enrolment: Enrolment) -> dict[str, object]:
        left = (enrolment.expires_at - self._services.now()).total_seconds()
        ended = enrolment.state in _GOING_ON and left <= 0
        return {
            "state": "expired" if ended else enrolment.state.value,
            "matching": enrolment.matching,
            "device_name": enrolment.device_name,
            "expires_in": max(0, int(left)),
        }

    # --- approvals ------------------------------------------------------------------------------

    def _claim(self, asked: _Asked) -> Body:
        if asked.members.keys() not in ({"text"}, {"code"}):
            raise CallMalformed("either a text or a code")
        said, where = text(asked.members, *asked.members), asked.address
        approvals, by = self._services.approvals, asked.browser
        claimed = approvals.claim(asked.device, said, browser=by, address=where).approval
        if claimed.state is ApprovalState.MATCHED:
            return self._asked(approvals.question(claimed.id, asked.device))
        return {"approval": self._told(claimed)}

    def _pending(self, asked: _Asked) -> Body:
        live = self._services.approvals.live(asked.device)
        return {"pending": [self._told(one) for one in live]}

    def _approval(self, asked: _Asked) -> Body:
        approvals, approval = self._services.approvals, ApprovalId(asked.id)
        found = approvals.look(approval, asked.device)
        if found.state is ApprovalState.MATCHED and found.device == asked.device.id:
            return self._asked(approvals.question(approval, asked.device))
        return {"approval": self._told(found)}

    def _open(self, asked: _Asked) -> Body:
        return self._asked(
            self._services.approvals.open_pending(ApprovalId(asked.id), asked.device)
        )

    def _number(self, asked: _Asked) -> Body:
        typed = text(asked.members, "number")
        return self._asked(
            self._services.approvals.number(ApprovalId(asked.id), asked.device, typed)
        )

    def _approve(self, asked: _Asked) -> Body:
        # Written in one way, so that what is sent again is known again.
        assertion = json.dumps(
            mapping(asked.members, "assertion"), sort_keys=True, separators=(",", ":")
        )
        found = self._services.approvals.approve(ApprovalId(asked.id), asked.device, assertion)
        return {"approval": self._told(found)}

    def _refuse(self, asked: _Asked) -> Body:
        report = asked.members.get("report", False)
        if not isinstance(report, bool):
            raise CallMalformed("report is yes or no")
        found = self._services.approvals.refuse(ApprovalId(asked.id), asked.device, report=report)
        return {"approval": self._told(found)}

    def _history(self, asked: _Asked) -> Body:
        past = self._services.approvals.past(asked.device, limit=_HISTORY)
        return {"approvals": [self._told(one) for one in past]}

    def _receipt(self, asked: _Asked) -> Body:
        services = self._services
        approval = services.approvals.look(ApprovalId(asked.id), asked.device)
        with services.ledger.read() as unit:
            signer = None if approval.device is None else unit.phones.device(approval.device)
        return receipts.make(
            approval,
            signer or asked.device,
            terms=services.terms,
            seal=services.seal,
            now=services.now(),
        )

    def _asked(self, ask: Ask) -> Body:
        return {"approval": {**self._told(ask.approval), "options": dict(ask.options)}}

    def _told(self, approval: Approval) -> dict[str, object]:
        left = (approval.expires_at - self._services.now()).total_seconds()
        told: dict[str, object] = {
            "id": approval.id,
            "state": approval.state.value,
            "kind": approval.kind.value,
            "shown": of_shown(approval.shown),
            "needs_number": moves.needs_number(approval),
            "contested": approval.contested,
            "opened_at": moment(approval.opened_at),
        }
        if approval.decided_at is not None:
            told["decided_at"] = moment(approval.decided_at)
        if approval.state in moves.LIVE:
            told["expires_in"] = max(0, int(left))
        if approval.ready_at is not None and approval.state is ApprovalState.MATCHED:
            to_read = (approval.ready_at - self._services.now()).total_seconds()
            told |= {"read_for": max(0, math.ceil(to_read)), "abroad": approval.abroad}
        if approval.transcript is not None:
            told["transcript"] = encoded(approval.transcript)
        return told

    # --- phones ---------------------------------------------------------------------------------

    def _devices(self, asked: _Asked) -> Body:
        return {
            "devices": [
                {
                    "id": one.id,
                    "name": one.name,
                    "enrolled_at": moment(one.enrolled_at),
                    "this": one.id == asked.device.id,
                }
                for one in self._services.enrolments.devices(asked.device.person)
            ]
        }

    def _remove(self, asked: _Asked) -> Body:
        self._services.enrolments.remove(asked.device.person, DeviceId(asked.id))
        return {}

    def _rename(self, asked: _Asked) -> Body:
        name = text(asked.members, "name")
        self._services.enrolments.rename(asked.device.person, DeviceId(asked.id), name=name)
        return {}

    def _subscribe(self, asked: _Asked) -> Body:
        said = mapping(asked.members, "subscription")
        self._services.enrolments.set_push(asked.device.id, said)
        return {}

    def _unsubscribe(self, asked: _Asked) -> Body:
        self._services.enrolments.set_push(asked.device.id, None)
        return {}
