"""A real Ledger as the phone's side sees it, a phone with its two keys, ways to break things."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from joserfc import jws
from joserfc.jwk import ECKey

from idp.store.ports import Ledger
from mobile_flow import proof
from mobile_flow.device_keys import DeviceKeys
from mobile_flow.enrolment import Enrolments, Opened
from mobile_flow.model import Device, PersonRef
from mobile_flow.otp import OneTimePasswords
from mobile_flow.ports import Note
from tests.contract.store.stand_ins import AN, Clock
from tests.unit.mobile.keys.authenticator import ORIGIN, RP_ID, Authenticator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta


OWNER = PersonRef(AN)
CARD = "ab" * 32
ADDRESS = "192.0.2.7"


class Broken(Exception):
    """What a port raises when it is told to."""


@dataclass
class PhoneDesk:
    """``PhoneLedger`` over a real Ledger; notes count once committed.

    ``break_at``: the call of a port, counted over all units, that raises instead.
    """

    ledger: Ledger
    notes: list[Note] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    break_at: int | None = None

    @contextmanager
    def begin(self) -> Iterator[Any]:
        self.called("begin")
        said: list[Note] = []
        with self.ledger.begin() as unit:
            yield _Unit(self, unit, said)
            self.called("commit")
        self.notes += said

    @contextmanager
    def read(self) -> Iterator[Any]:
        self.called("read")
        with self.ledger.read() as unit:
            yield _Unit(self, unit, [])

    def called(self, name: str) -> None:
        self.calls.append(name)
        if self.break_at is not None and len(self.calls) > self.break_at:
            raise Broken(name)

    def outbox(self, at: datetime) -> list[dict[str, Any]]:
        with self.ledger.read() as unit:
            return [json.loads(each.body) for each in unit.outbox.due(at=at, limit=100)]

    @property
    def said(self) -> list[str]:
        return [note.what for note in self.notes]


class _Unit:
    def __init__(self, desk: PhoneDesk, unit: Any, said: list[Note]) -> None:
        self._desk, self._unit, self._said = desk, unit, said

    @property
    def phones(self) -> Any:
        return _Rows(self._desk, self._unit.phones)

    def note(self, note: Note) -> None:
        self._desk.called("note")
        self._said.append(note)

    def deliver(self, *, kind: str, body: bytes, due_at: datetime) -> None:
        self._desk.called("deliver")
        self._unit.outbox.add(kind=kind, destination="", body=body, due_at=due_at)

    def spend(self, kind: str, key: str, *, until: datetime) -> None:
        self._desk.called("spend")
        self._unit.spend(kind, key, until=until)


class _Rows:
    def __init__(self, desk: PhoneDesk, rows: Any) -> None:
        self._desk, self._rows = desk, rows

    def __getattr__(self, name: str) -> Any:
        def verb(*args: Any, **kwargs: Any) -> Any:
            self._desk.called(name)
            return getattr(self._rows, name)(*args, **kwargs)

        return verb


class Counting:
    """Counters that forget nothing until they are told to."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def bump(self, key: str, *, lasts: timedelta) -> int:
        del lasts
        self.counts[key] += 1
        return self.counts[key]


@dataclass
class Phone:
    """A phone: an authenticator, and the key of its app."""

    authenticator: Authenticator = field(default_factory=Authenticator)
    app_key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))

    @property
    def device_key(self) -> bytes:
        return self.app_key.as_der(private=False)

    @property
    def jwk(self) -> dict[str, Any]:
        full = self.app_key.as_dict(private=False)
        return {name: full[name] for name in ("kty", "crv", "x", "y")}

    def sign(self, claims: dict[str, Any], *, header: dict[str, Any] | None = None) -> str:
        head = {
            "alg": "ES256",
            "typ": proof.TYPE,
            **({"jwk": self.jwk} if header is None else header),
        }
        return jws.serialize_compact(head, json.dumps(claims), self.app_key, registry=PERMISSIVE)


class Permissive(jws.JWSRegistry):
    """Signs any header."""

    def check_header(self, header: Any) -> None:
        del header


PERMISSIVE = Permissive(algorithms=["ES256"])


@dataclass
class House:
    """Everything of one provider that phones are enrolled with."""

    desk: PhoneDesk
    clock: Clock
    counters: Counting = field(default_factory=Counting)
    keys: DeviceKeys = field(
        default_factory=lambda: DeviceKeys(
            rp_id=RP_ID, rp_name="Sesame", origins=frozenset({ORIGIN})
        )
    )

    @property
    def enrolments(self) -> Enrolments:
        return Enrolments(
            self.desk,
            self.keys,
            self.counters,
            host=RP_ID,
            now=self.clock,
            entropy=secrets.token_bytes,
        )

    @property
    def otps(self) -> OneTimePasswords:
        return OneTimePasswords(
            self.desk,
            self.counters,
            issuer_name="Sesame",
            now=self.clock,
            entropy=secrets.token_bytes,
        )

    def open(self) -> Opened:
        return self.enrolments.open(OWNER, name="An Peeters", card_fingerprint=CARD)

    def confirmed(self, phone: Phone) -> tuple[Any, dict[str, Any]]:
        """Go all the way to the creation options."""
        rooms = self.enrolments
        opened = rooms.open(OWNER, name="An Peeters", card_fingerprint=CARD)
        claimed = rooms.claim(
            opened.code, device_name="An's phone", device_key=phone.device_key, address=ADDRESS
        )
        assert claimed.matching is not None
        rooms.confirm(claimed.id, person=OWNER, matching=claimed.matching)
        return claimed.id, rooms.options(claimed.id, device_key=phone.device_key)

    def enrol(self, phone: Phone, **lies: Any) -> Device:
        enrolment, options = self.confirmed(phone)
        return self.enrolments.finish(
            enrolment,
            device_key=phone.device_key,
            credential=phone.authenticator.create(options, **lies),
            language="nl",
        )

    def assertion(self, phone: Phone, device: Device | None, **lies: Any) -> tuple[bytes, Any]:
        """Ask this phone for an assertion over a new challenge; give the challenge and answer."""
        challenge = hashlib.sha256(secrets.token_bytes(32)).digest()
        options = self.keys.request_options(
            None if device is None else [device], challenge=challenge
        )
        return challenge, phone.authenticator.get(options, **lies)
