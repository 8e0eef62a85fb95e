"""What the store's tests are given in place of keys, a clock and people."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from idp.domain.assurance import Assurance
from idp.domain.client import Client, ClientId
from idp.domain.event import AuthenticationEvent, SeededEvidence
from idp.domain.grant import AccessToken, Code, FamilyId, Grant, GrantId, RefreshFamily, TokenHash
from idp.domain.person import Attributes, Person, PersonId, PersonState, Sector, SubjectId
from idp.domain.session import Session, SessionKey

START = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SHOP = ClientId("shop")
AN = PersonId("person-an")


class SealBroken(Exception):
    """The seal of the test vault."""


class TestVault:
    """Authenticates, binds to purpose and context, and hides nothing but from a careless search."""

    __test__ = False

    def seal(self, purpose: str, context: bytes, plaintext: bytes) -> bytes:
        hidden = bytes(byte ^ 0x5A for byte in plaintext)
        return self._mac(purpose, context, hidden) + hidden

    def open(self, purpose: str, context: bytes, sealed: bytes) -> bytes:
        mac, hidden = sealed[:32], sealed[32:]
        if not hmac.compare_digest(mac, self._mac(purpose, context, hidden)):
            raise SealBroken(purpose)
        return bytes(byte ^ 0x5A for byte in hidden)

    def fingerprint(self, purpose: str, value: bytes) -> bytes:
        return hmac.digest(b"fingerprint " + purpose.encode(), value, "sha256")

    @staticmethod
    def _mac(purpose: str, context: bytes, hidden: bytes) -> bytes:
        key = hashlib.sha256(b"seal " + purpose.encode()).digest()
        return hmac.digest(key, len(context).to_bytes(4, "big") + context + hidden, "sha256")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


def a_client(name: str = SHOP, **changes: object) -> Client:
    values: dict[str, object] = {
        "id": ClientId(name),
        "name": {"en": "The shop", "nl": "De winkel"},
        "sector": Sector("shop.example"),
        "redirect_uris": ("https://shop.example/cb",),
        "created_at": START,
        "updated_at": START,
        **changes,
    }
    return Client(**values)  # type: ignore[arg-type]


def a_person(key: str = AN, number: str | None = "85073003328") -> Person:
    return Person(
        id=PersonId(key),
        state=PersonState.ACTIVE,
        attributes=Attributes(
            given_name="Anaïs",
            family_name="Peeters",
            national_number=number,
            standard={"address": {"locality": "Luik"}, "email_verified": True},
        ),
        created_at=START,
        updated_at=START,
    )


def an_event(person: str = AN) -> AuthenticationEvent:
    return AuthenticationEvent(
        person=PersonId(person),
        evidence=SeededEvidence(username="an"),
        acr=Assurance.HIGH,
        amr=("pwd", "be:seeded"),
        at=START,
    )


def a_session(key: str = "session-1", person: str = AN) -> Session:
    return Session(
        key=SessionKey(key), event=an_event(person), opened_at=START, used_at=START, sids={}
    )


def a_grant(
    key: str = "grant-1",
    *,
    session: str = "session-1",
    offline: bool = False,
    client: str = SHOP,
    person: str = AN,
) -> Grant:
    return Grant(
        id=GrantId(key),
        person=PersonId(person),
        client=ClientId(client),
        session=SessionKey(session),
        sid="sid-1",
        subject=SubjectId("subject-1"),
        scopes=("openid", "profile"),
        event=an_event(person),
        acr_word="eidas3",
        id_token_claims={"given_name": "Anaïs", "nested": {"list": [1, None, True]}},
        userinfo_claims={"family_name": "Peeters"},
        offline=offline,
        created_at=START,
    )


def a_code(key: str = "code-1", grant: Grant | None = None) -> Code:
    return Code(
        hash=TokenHash(key),
        grant=grant or a_grant(),
        redirect_uri="https://shop.example/cb",
        code_challenge="challenge",
        nonce="nonce",
        issued_at=START,
        expires_at=START + MINUTE,
    )


def a_token(key: str = "token-1", grant: str = "grant-1", client: str = SHOP) -> AccessToken:
    return AccessToken(
        hash=TokenHash(key),
        grant=GrantId(grant),
        client=ClientId(client),
        scopes=("openid",),
        audience=("https://api.example",),
        issued_at=START,
        expires_at=START + 10 * MINUTE,
    )


def a_family(key: str = "family-1", grant: str = "grant-1", client: str = SHOP) -> RefreshFamily:
    return RefreshFamily(
        id=FamilyId(key),
        grant=GrantId(grant),
        client=ClientId(client),
        generation=1,
        secret=bytes(range(224, 256)),
        rotates=True,
        created_at=START,
        rotated_at=START,
        idle_expires_at=START + timedelta(days=30),
        expires_at=START + timedelta(days=90),
    )
