"""A logout token says who left, to the registered address and no other, until it is taken."""

from __future__ import annotations

import secrets
import socket
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from idp.domain.client import ClientId
from idp.domain.ended import LogoutNotice
from idp.domain.logout import LogoutChannels
from idp.domain.person import SubjectId
from idp.errors import LOGOUT_HINT_WRONG, Refused
from idp.housekeeper.logouts import logout_handlers
from idp.housekeeper.outbox import Delivery, NotDelivered
from idp.oidc.hints import open_hint
from idp.oidc.logout_token import LogoutTokens
from idp.outbound.client import OutboundClient
from idp.store.logouts import KIND, read_notice, write_notice
from idp.store.upkeep import OutboxMessage
from keys.algorithms import generate, public_jwk
from keys.errors import NoSigningKey, TokenForged
from keys.signer import Signer, Verifier, header_segment
from tests.contract.store.stand_ins import AN, START, a_client, a_person, a_session
from tests.world.hearing import Hearing, hearing
from tests.world.relying_party import logout_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.housekeeper.outbox import Handler
    from idp.store.ports import Ledger
    from tests.contract.store.stand_ins import Clock

ISSUER = "https://id.example"
SHOP = ClientId("shop")
NOTICE = LogoutNotice(client=SHOP, sid="the-sid", subject=SubjectId("the-subject"))
KEYS = {name: generate(name) for name in ("ES256", "PS256")}
JWKS = {"keys": [public_jwk(name, key.public_key()) for name, key in KEYS.items()]}


class Ring:
    """Keys that sign, and know again what they signed."""

    def signer(self, algorithm: str | None = None) -> Signer:
        if algorithm not in KEYS:
            raise NoSigningKey("none")
        return Signer(algorithm, KEYS[algorithm])

    def open(self, compact: str, *, typ: str) -> dict[str, object]:
        for name, key in KEYS.items():
            verifier = Verifier(name, key.public_key())
            if compact.encode().partition(b".")[0] == header_segment(name, verifier.kid, typ):
                return verifier.open(compact)
        raise TokenForged("no such header")


@pytest.fixture
def shop() -> Iterator[Hearing]:
    with hearing() as made:
        yield made


def registered(ledger: Ledger, address: str, **changes: Any) -> None:
    with ledger.begin() as unit:
        unit.clients.add(a_client(SHOP, logout=LogoutChannels(back=address), **changes))


def handler(ledger: Ledger, clock: Clock, *allowed: str, ring: Any = None) -> Handler:
    tokens = LogoutTokens(
        ring=ring or Ring(), issuer=ISSUER, now=clock, entropy=secrets.token_bytes
    )
    client = OutboundClient(allow=frozenset(allowed), monotonic=time.monotonic)
    return logout_handlers(tokens, ledger=ledger, client=client, now=clock)[KIND]


def message(notice: LogoutNotice = NOTICE) -> OutboxMessage:
    return OutboxMessage(
        id=1, kind=KIND, destination=SHOP, body=write_notice(notice), attempts=0, due_at=START
    )


def sent(ledger: Ledger, clock: Clock, shop: Hearing, notice: LogoutNotice = NOTICE) -> str:
    handler(ledger, clock, shop.authority)(message(notice))
    return shop.calls[-1].form["logout_token"]


def read_by_the_shop(compact: str, clock: Clock, *, algorithm: str = "ES256") -> Any:
    reader = logout_token.LogoutTokens(issuer=ISSUER, client_id=SHOP, algorithm=algorithm)
    return reader.read(compact, now=int(clock.at.timestamp()), keys=lambda *, fresh: JWKS)  # noqa: ARG005


def test_a_form_holds_the_token_and_nothing_else(
    ledger: Ledger, clock: Clock, shop: Hearing
) -> None:
    registered(ledger, f"{shop.url}?tenant=1")
    compact = sent(ledger, clock, shop)
    (call,) = shop.calls
    assert (call.method, call.path) == ("POST", "/out?tenant=1")
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert call.body == f"logout_token={compact}".encode()
    assert not {"Cookie", "Authorization", "Referer"} & call.headers.keys()


@pytest.mark.parametrize("algorithm", KEYS)
def test_the_token_is_right_in_every_part(
    ledger: Ledger, clock: Clock, shop: Hearing, algorithm: str
) -> None:
    registered(ledger, shop.url, id_token_algorithm=algorithm)
    compact = sent(ledger, clock, shop)
    over = read_by_the_shop(compact, clock, algorithm=algorithm)
    assert (over.sid, over.subject) == ("the-sid", "the-subject")
    header = jws.extract_compact(compact.encode()).headers()
    assert (header["typ"], header["alg"]) == ("logout+jwt", algorithm)
    claims = jwt.decode(compact, KeySet.import_key_set(JWKS), algorithms=[algorithm]).claims
    at = int(clock.at.timestamp())
    assert claims.keys() == {"iss", "aud", "iat", "exp", "jti", "sub", "sid", "events"}
    assert (claims["iat"], claims["exp"]) == (at, at + 120)
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert "nonce" not in claims


def test_without_a_subject_the_sid_alone_says_it(
    ledger: Ledger, clock: Clock, shop: Hearing
) -> None:
    registered(ledger, shop.url)
    over = read_by_the_shop(sent(ledger, clock, shop, replace(NOTICE, subject=None)), clock)
    assert (over.sid, over.subject) == ("the-sid", None)


def test_two_tries_have_two_names(ledger: Ledger, clock: Clock, shop: Hearing) -> None:
    registered(ledger, shop.url)
    names = set()
    for _ in range(2):
        compact = sent(ledger, clock, shop)
        names.add(jwt.decode(compact, KeySet.import_key_set(JWKS)).claims["jti"])
    assert len(names) == 2
    assert all(len(name) >= 22 for name in names)


def test_it_is_signed_when_it_is_sent_and_not_when_it_was_written(
    ledger: Ledger, clock: Clock, shop: Hearing
) -> None:
    registered(ledger, shop.url)
    clock.move(timedelta(days=1))
    assert read_by_the_shop(sent(ledger, clock, shop), clock).sid == "the-sid"


def test_a_logout_token_is_no_hint(ledger: Ledger, clock: Clock, shop: Hearing) -> None:
    registered(ledger, shop.url)
    compact = sent(ledger, clock, shop)
    with pytest.raises(Refused, match="logout_hint_wrong"):
        open_hint(compact, ring=Ring(), issuer=ISSUER, otherwise=LOGOUT_HINT_WRONG)


@pytest.mark.parametrize("status", [200, 204, 400])
def test_what_was_taken_or_refused_is_not_sent_again(
    ledger: Ledger, clock: Clock, shop: Hearing, status: int
) -> None:
    registered(ledger, shop.url)
    shop.answers = [status]
    sent(ledger, clock, shop)
    assert len(shop.calls) == 1


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_everything_else_is_tried_again(
    ledger: Ledger, clock: Clock, shop: Hearing, status: int
) -> None:
    registered(ledger, shop.url)
    shop.answers = [status]
    with pytest.raises(NotDelivered, match=str(status)):
        sent(ledger, clock, shop)


def test_a_redirect_is_not_followed(ledger: Ledger, clock: Clock, shop: Hearing) -> None:
    registered(ledger, shop.url)
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)  # noqa: FBT003 - the library's own form
        shop.answers = [307]
        shop.location = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/x"
        with pytest.raises(NotDelivered, match="redirect"):
            sent(ledger, clock, shop)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


def test_an_address_inside_is_not_called(ledger: Ledger, clock: Clock, shop: Hearing) -> None:
    registered(ledger, shop.url)
    with pytest.raises(NotDelivered, match="refused"):
        handler(ledger, clock)(message())
    assert shop.calls == []


@pytest.mark.parametrize(
    "changes", [{"enabled": False}, {"logout": LogoutChannels()}], ids=["disabled", "no address"]
)
def test_a_client_that_wants_none_any_more_is_left_alone(
    ledger: Ledger, clock: Clock, changes: dict[str, Any]
) -> None:
    with ledger.begin() as unit:
        unit.clients.add(a_client(SHOP, **changes))
    handler(ledger, clock)(message())


def test_without_a_key_it_waits(ledger: Ledger, clock: Clock) -> None:
    registered(ledger, "https://shop.example/out", id_token_algorithm="RS256")
    with pytest.raises(NotDelivered, match="no signer"):
        handler(ledger, clock)(message())


def test_a_sign_on_that_ended_is_told_through_the_outbox_once(
    ledger: Ledger, clock: Clock, shop: Hearing
) -> None:
    registered(ledger, shop.url)
    with ledger.begin() as unit:
        unit.people.add(a_person(), username="an")
        unit.sessions.open(a_session())
        unit.sessions.join(a_session().key, SHOP, sid="the-sid")
        assert unit.sessions.end_by_person(AN, at=clock.at) == 1
        fence = unit.leases.take("outbox", holder="one", at=clock.at, lasts=timedelta(hours=1))
    assert fence is not None
    handlers = {KIND: handler(ledger, clock, shop.authority)}
    delivery = Delivery(ledger, handlers, now=clock, entropy=secrets.token_bytes, patience=20)
    assert delivery.round(fence=fence, at=clock.at).count == 1
    clock.move(timedelta(minutes=30))
    assert delivery.round(fence=fence, at=clock.at).count == 0
    assert len(shop.calls) == 1


def test_what_waits_is_not_in_its_words() -> None:
    assert "the-sid" not in repr(NOTICE)
    assert "the-subject" not in repr(NOTICE)
    assert read_notice(write_notice(NOTICE)) == NOTICE
