"""An e-service that asks behind the browser's back, at a whole application in one process."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from werkzeug.test import Client as Http

from idp.domain.client import ClientAuth, Secret, subject_sector
from idp.domain.person import SubjectId
from idp.oidc.ciba.delivering import KIND, Delivering
from idp.oidc.registration.backchannel import CIBA
from tests.flows.phone.house import AN, DAY, ISSUER, House
from tests.world.client import made_key, signed

if TYPE_CHECKING:
    from pathlib import Path

    from mobile_flow.sim.phone import VirtualPhone

SECRET: Final = "the-secret-of-the-shop"
INTERVAL: Final = timedelta(seconds=5)
KEY: Final = made_key("ES256")
GRANTS: Final = ("authorization_code", "refresh_token", CIBA)


class Asker:
    """A shop that knows An by her subject, and asks her."""

    def __init__(self, folder: Path, **house: Any) -> None:
        self.house = House(folder, **house)
        self.delivers = True
        self.delivering = Delivering(
            ledger=self.house.services.ledger,
            approvals=self.house.desk.approvals,
            issuer=ISSUER,
            now=self.house.now,
        )
        self.register()
        with self.house.services.ledger.begin() as unit:
            self.subject = unit.people.subject(
                AN, subject_sector(self.house.client()), candidate=SubjectId("an-at-the-shop")
            )

    def register(self, **changes: Any) -> None:
        digest = hashlib.sha256(SECRET.encode()).hexdigest()
        values: dict[str, Any] = {
            "auth": ClientAuth.SECRET_BASIC,
            "secrets": (Secret(digest=digest, expires_at=self.house.at + 100 * DAY),),
            "jwks": {"keys": [KEY.as_dict(private=False)]},
            "grant_types": GRANTS,
        }
        self.house.register(**{**values, **changes})

    # --- asking ---------------------------------------------------------------------------------

    def send(self, **fields: str | None) -> Any:
        """Send a request; ``None`` leaves a parameter out."""
        asked = {
            "scope": "openid profile offline_access",
            "login_hint": self.subject,
            "binding_message": "Order 1234",
            **fields,
        }
        return self.post("/bc-authorize", asked)

    def deliver(self) -> None:
        """Do what a housekeeper does with accepted requests, after they were answered."""
        with self.house.services.ledger.read() as unit:
            due = [one for one in unit.outbox.due(at=self.house.at, limit=100) if one.kind == KIND]
        for message in due:
            self.delivering.deliver(message.body)
            with self.house.services.ledger.begin() as unit:
                held = unit.outbox.hold(message, until=self.house.at + INTERVAL)
                if held is not None:
                    unit.outbox.delivered(held)

    def ask(self, **fields: str | None) -> str:
        """Ask, and give the ``auth_req_id``."""
        answer = self.send(**fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json["auth_req_id"])

    def signed(self, key: Any = KEY, *, alg: str = "ES256", **changes: Any) -> str:
        """A request object (CIBA Core 7.1.1), with claims changed, or left out where ``None``."""
        at = int(self.house.at.timestamp())
        claims = {
            "iss": "shop",
            "aud": ISSUER,
            "iat": at,
            "nbf": at,
            "exp": at + 300,
            "jti": f"jti-{at}",
            "scope": "openid",
            "login_hint": self.subject,
            "binding_message": "Order 1234",
            **changes,
        }
        kept = {name: one for name, one in claims.items() if one is not None}
        return signed({"alg": alg}, kept, key)

    def hint(self, key: Any = KEY, **changes: Any) -> str:
        """A ``login_hint_token`` that means An."""
        claims = {
            "iss": "shop",
            "aud": ISSUER,
            "exp": int(self.house.at.timestamp()) + 60,
            "sub_id": {"format": "opaque", "id": self.subject},
            **changes,
        }
        return signed({"alg": "ES256", "typ": "login-hint+jwt"}, claims, key)

    def poll(self, asked: str, **fields: str | None) -> Any:
        return self.post("/token", {"grant_type": CIBA, "auth_req_id": asked, **fields})

    def told(self, asked: str) -> str:
        """The word of a poll's refusal, an interval after the one before."""
        self.house.wait(INTERVAL)
        answer = self.poll(asked)
        assert answer.status_code == 400, answer.text
        return str(answer.json["error"])

    def tokens(self, asked: str) -> dict[str, Any]:
        answer = self.poll(asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def post(self, path: str, fields: dict[str, str | None], *, client: str = "shop") -> Any:
        pair = base64.b64encode(f"{client}:{SECRET}".encode()).decode()
        answer = Http(self.house.app, use_cookies=False).post(
            path,
            data={name: value for name, value in fields.items() if value is not None},
            headers={"Authorization": f"Basic {pair}"},
            base_url=ISSUER,
        )
        if self.delivers:
            self.deliver()
        return answer

    # --- what a test looks at -------------------------------------------------------------------

    def approved_by(self, phone: VirtualPhone) -> dict[str, Any]:
        """Let a phone open and approve the one thing that waits; give what it was shown."""
        self.deliver()
        (waiting,) = phone.pending()
        shown = phone.open(waiting["id"])["shown"]
        phone.approve()
        return dict(shown)

    def userinfo(self, token: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        return Http(self.house.app).get("/userinfo", headers=headers, base_url=ISSUER)

    def waiting_messages(self, kind: str) -> list[bytes]:
        """The bodies of this kind in the outbox."""
        with self.house.services.ledger.read() as unit:
            due = unit.outbox.due(at=self.house.at, limit=100)
        return [one.body for one in due if one.kind == kind]


def details(**changes: Any) -> str:
    """A payment of ten euros (RFC 9396)."""
    payment = {
        "type": f"{ISSUER}/rar/payment",
        "amount": "10.00",
        "currency": "EUR",
        "creditor": "De Winkel",
        "iban": "BE68539007547034",
        **changes,
    }
    return json.dumps([{name: one for name, one in payment.items() if one is not None}])
