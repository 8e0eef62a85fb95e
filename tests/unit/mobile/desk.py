"""A provider's phone side over a real Ledger, and phones that call it without a network."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.store.opening import open_ephemeral, open_ledger
from idp.store.phone import LedgerOfThePhone
from idp.store.starts import EphemeralStarts
from keys.algorithms import ES256, generate, public_jwk
from keys.signer import Signer
from mobile_flow import proof
from mobile_flow.approvals import Approvals
from mobile_flow.device_keys import DeviceKeys
from mobile_flow.enrolment import Enrolments
from mobile_flow.errors import NonceNeeded, PhoneError
from mobile_flow.limits import Limits
from mobile_flow.model import (
    Approval,
    ApprovalState,
    Device,
    DeviceId,
    FlowKind,
    PersonRef,
    Shown,
    ShownClaim,
    Start,
    Verb,
)
from mobile_flow.reading import encoded
from mobile_flow.receipts import Terms
from mobile_flow.sim.phone import HttpAnswer, PhoneRefused, VirtualPhone
from mobile_flow.views import Call, PhoneApi, Services
from tests.contract.store.stand_ins import Clock, TestVault
from tests.services.ledgers import put_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ISSUER = "https://idp.example"
RP_ID = "idp.example"
SECOND = timedelta(seconds=1)
AN = PersonRef("person-an")
BO = PersonRef("person-bo")
BROWSER = "b0" * 32
OTHER_BROWSER = "b1" * 32
LOGIN = "login-1"
UNHURRIED = Limits(reading=timedelta(0), open_per_address=100)
"""One address plays many browsers, and nobody has to read."""

SHOWN = Shown(
    verb=Verb.LOG_IN,
    client_id="shop",
    client_name="De winkel",
    client_domain="shop.example",
    purpose="Om u te kennen",
    claims=(ShownClaim(name="given_name", reason="Om u aan te spreken"),),
    where="Firefox op Linux",
    language="nl",
)


class ProviderSeal:
    """A provider's signing key; ``jwks`` publishes it."""

    def __init__(self, algorithm: str = ES256) -> None:
        key = generate(algorithm)
        self._signer = Signer(algorithm, key)
        self.jwk = public_jwk(algorithm, key.public_key())
        self.jwks = {"keys": [self.jwk]}

    def __call__(self, claims: Mapping[str, object], *, typ: str) -> tuple[str, dict[str, str]]:
        return self._signer.sign(claims, typ=typ), self.jwk


class Phone(VirtualPhone):
    """A virtual phone and the row that the provider has of it."""

    row: Device


def answered(
    api: PhoneApi, method: str, path: str, *, headers: Mapping[str, str], body: bytes
) -> HttpAnswer:
    """Answer as the web does, but for the texts of refusals."""
    call = Call(
        method=method,
        path=path,
        proof=headers.get(proof.HEADER),
        body=body,
        address="192.0.2.7",
    )
    status = 200
    try:
        answer = dict(api.answer(call))
    except PhoneError as error:
        status = 401 if isinstance(error, NonceNeeded) else 400
        answer = {"error": error.code}
    return HttpAnswer(
        status=status,
        headers={proof.NONCE_HEADER: api.nonce()},
        body=json.dumps(answer).encode(),
    )


class MobileDesk:
    """One provider; ``woken`` lists the logins that were woken."""

    def __init__(self, folder: Path, *, limits: Limits | None = None) -> None:
        put_ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
        self.clock = Clock()
        vault: Any = TestVault()
        given: dict[str, Any] = {"now": self.clock, "entropy": secrets.token_bytes}
        self.whole_ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}", vault, **given)
        self._ephemeral = open_ephemeral(f"sqlite:///{folder / 'ephemeral.sqlite'}", **given)
        self.ledger = LedgerOfThePhone(self.whole_ledger, now=self.clock)
        self.starts = EphemeralStarts(self._ephemeral, vault, now=self.clock)
        self.woken: list[str] = []
        keys = DeviceKeys(rp_id=RP_ID, rp_name="Sesame", origins=frozenset({ISSUER}))
        self.approvals = Approvals(
            self.ledger,
            self.starts,
            keys,
            issuer=ISSUER,
            now=self.clock,
            entropy=secrets.token_bytes,
            wake=self.woken.append,
            limits=limits or UNHURRIED,
        )
        self.enrolments = Enrolments(
            self.ledger,
            keys,
            self.starts,
            host=RP_ID,
            now=self.clock,
            entropy=secrets.token_bytes,
        )
        self.seal = ProviderSeal()
        self.terms = Terms(issuer=ISSUER, rp_id=RP_ID, origins=(ISSUER,))
        self.api = PhoneApi(
            Services(
                ledger=self.ledger,
                approvals=self.approvals,
                enrolments=self.enrolments,
                nonces=proof.Nonces(
                    lambda value: vault.fingerprint("phone-nonce", value),
                    now=self.clock,
                    generation=lambda: "g",
                ),
                terms=self.terms,
                seal=self.seal,
                now=self.clock,
            )
        )

    def close(self) -> None:
        self._ephemeral.close()
        self.whole_ledger.close()

    # --- phones ---------------------------------------------------------------------------------

    def http(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        """Answer as the web does."""
        return answered(self.api, method, path, headers=headers, body=body)

    def blank(self, *, name: str = "Fairphone", synced: bool = False) -> Phone:
        """Give a phone that is not enrolled."""
        return Phone(
            self.http, origin=ISSUER, entropy=secrets.token_bytes, name=name, synced=synced
        )

    def phone(
        self, person: PersonRef = AN, *, name: str = "Fairphone", synced: bool = False
    ) -> Phone:
        """Enrol a phone of a person, with their card as it were."""
        made = self.blank(name=name, synced=synced)
        opened = self.enrolments.open(person, name="Anaïs Peeters", card_fingerprint="ab" * 32)

        def confirm(matching: str) -> None:
            self.enrolments.confirm(opened.enrolment.id, person=person, matching=matching)

        device = made.enrol(opened.code, confirm, language="nl")
        made.row = self.row(device)
        return made

    def row(self, device: str) -> Device:
        with self.ledger.read() as unit:
            found = unit.phones.device(DeviceId(device))
        assert found is not None
        return found

    # --- browsers -------------------------------------------------------------------------------

    def open(self, kind: FlowKind = FlowKind.QR, **changes: Any) -> Start:
        given: dict[str, Any] = {
            "transaction": LOGIN,
            "browser": BROWSER,
            "shown": SHOWN,
            "kind": kind,
            "address": "198.51.100.1",
            **changes,
        }
        return self.approvals.open(**given)

    def picture(self, start: Start) -> str:
        """Give the text that the page shows now."""
        return self.approvals.frames(start.id, browser=start.browser).frames[0].text

    def number(self, start: Start) -> str:
        """Give the number that the page shows."""
        number = self.approvals.standing(start.transaction, browser=start.browser).number
        assert number is not None
        return number

    def wrong_number(self, start: Start) -> str:
        return "10" if self.number(start) != "10" else "11"

    def state(self, start: Start) -> ApprovalState | None:
        return self.approvals.standing(start.transaction, browser=start.browser).state

    def approved(self, phone: Phone, **changes: Any) -> Start:
        """Walk to an approval by scanning."""
        start = self.open(**changes)
        phone.scan(self.picture(start))
        phone.number(self.number(start))
        phone.approve()
        return start

    def prove(self, start: Start, *, effect: str | None = None) -> tuple[Approval, Device]:
        """Use the approval, as the login does."""
        with self.ledger.begin() as unit:
            return self.approvals.prove(unit, start.id, effect=effect)

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Give the audit rows, the oldest first."""
        with self.whole_ledger.read() as unit:
            rows = [json.loads(row.payload or b"{}") for row in unit.audit.unsealed(limit=1000)]
        return [row for row in rows if kind is None or row["kind"] == kind]

    # --- push -----------------------------------------------------------------------------------

    @staticmethod
    def subscription() -> dict[str, object]:
        """Make what a browser's push service gives."""
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {
            "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/abc",
            "keys": {"p256dh": encoded(point), "auth": encoded(secrets.token_bytes(16))},
        }

    def messages(self) -> int:
        """Count what waits in the outbox."""
        return len(self._outbox())

    def last_message(self) -> str:
        return repr(self._outbox()[-1])

    def _outbox(self) -> list[Any]:
        with self.whole_ledger.begin() as unit:
            return list(unit.outbox.due(at=self.now, limit=100))

    @property
    def now(self) -> datetime:
        return self.clock.at


def refusal(act: Callable[[], object]) -> str:
    """The code with which the provider refuses what the phone does."""
    with pytest.raises(PhoneRefused) as refused:
        act()
    return refused.value.code
