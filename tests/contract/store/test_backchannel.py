"""``BackchannelRequests`` and finding a person by subject, on every Ledger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.backchannel import BackchannelRequest, Ping
from idp.domain.client import ClientId
from idp.domain.grant import TokenHash
from idp.domain.person import PersonId, PersonState, Sector, SubjectId
from idp.domain.request import AuthorizationRequest, ResponseMode
from idp.domain.user_code import KeptCode
from idp.store.ports import Duplicate, StoreUnavailable
from mobile_flow.model import PersonRef
from tests.contract.store.stand_ins import AN, MINUTE, SHOP, START

if TYPE_CHECKING:
    from idp.store.ports import Ledger

HASH = TokenHash("ab" * 32)
RACERS = 16
SHOPS = Sector("shop.example")


def a_request(**changes: Any) -> BackchannelRequest:
    values: dict[str, Any] = {
        "hash": HASH,
        "client": SHOP,
        "subject": "an-at-the-shop",
        "request": AuthorizationRequest(
            client_id=SHOP,
            redirect_uri="",
            response_mode=ResponseMode.QUERY,
            scopes=("openid", "profile"),
            acr_words=("eidas2",),
        ),
        "details": '[{"type":"x"}]',
        "message": "Order 1234",
        "ping": Ping(endpoint="https://shop.example/ping", token="t-1", auth_req_id="1.x"),
        "opened_at": START,
        "expires_at": START + 3 * MINUTE,
    }
    return BackchannelRequest(**{**values, **changes})


def test_a_request_comes_back_as_it_was_added(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.backchannel.add(a_request())
    with peopled.read() as unit:
        assert unit.backchannel.find(HASH) == a_request()
        assert unit.backchannel.find(TokenHash("cd" * 32)) is None


def test_a_request_of_nobody_is_kept_too(peopled: Ledger) -> None:
    nobody = {"subject": None, "ping": None}
    with peopled.begin() as unit:
        for name in ("1", "2"):
            unit.backchannel.add(a_request(hash=TokenHash(name), **nobody))
    with peopled.read() as unit:
        found = unit.backchannel.find(TokenHash("2"))
        assert found == a_request(hash=TokenHash("2"), **nobody)


def test_one_name_is_given_once(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.backchannel.add(a_request())
    with pytest.raises(Duplicate), peopled.begin() as unit:
        unit.backchannel.add(a_request())


def test_only_its_client_redeems_it_and_once(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.backchannel.add(a_request())
    with peopled.begin() as unit:
        assert not unit.backchannel.redeem(HASH, client=ClientId("other"), at=START)
        assert unit.backchannel.redeem(HASH, client=SHOP, at=START + MINUTE)
        assert not unit.backchannel.redeem(HASH, client=SHOP, at=START + MINUTE)
    with peopled.read() as unit:
        found = unit.backchannel.find(HASH)
        assert found == a_request(redeemed_at=START + MINUTE)


def test_a_redemption_that_was_rolled_back_did_not_happen(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.backchannel.add(a_request())
    with pytest.raises(ZeroDivisionError), peopled.begin() as unit:  # noqa: PT012
        assert unit.backchannel.redeem(HASH, client=SHOP, at=START)
        raise ZeroDivisionError
    with peopled.begin() as unit:
        assert unit.backchannel.redeem(HASH, client=SHOP, at=START)


def test_the_first_decision_stands_and_none_is_taken_after_the_redemption(
    peopled: Ledger,
) -> None:
    late = TokenHash("cd" * 32)
    with peopled.begin() as unit:
        unit.backchannel.add(a_request())
        unit.backchannel.add(a_request(hash=late))
        assert unit.backchannel.decide(HASH, decision="deny")
        assert not unit.backchannel.decide(HASH, decision="allow")
        assert unit.backchannel.redeem(late, client=SHOP, at=START)
        assert not unit.backchannel.decide(late, decision="allow")
    with peopled.read() as unit:
        found = unit.backchannel.find(HASH)
        assert found is not None
        assert found.decision == "deny"


def test_sixteen_redeemers_have_one_winner(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.backchannel.add(a_request())

    def redeem(_: int) -> bool:
        for _ in range(20):
            try:
                with peopled.begin() as unit:
                    return unit.backchannel.redeem(HASH, client=SHOP, at=START)
            except StoreUnavailable:
                continue
        raise AssertionError("never heard")

    with ThreadPoolExecutor(RACERS) as pool:
        assert sum(pool.map(redeem, range(RACERS))) == 1


def test_what_expired_long_ago_is_purged_and_what_waits_is_not(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.backchannel.add(a_request())
        unit.purge(before=START + 3 * MINUTE, limit=100)
        assert unit.backchannel.find(HASH) is not None
        unit.purge(before=START + 3 * MINUTE + timedelta(seconds=1), limit=100)
        assert unit.backchannel.find(HASH) is None


def test_a_person_is_found_by_the_subject_of_the_sector_alone(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        here = unit.people.subject(PersonId(AN), SHOPS, candidate=SubjectId("here"))
        there = unit.people.subject(PersonId(AN), Sector("else"), candidate=SubjectId("there"))
    with peopled.read() as unit:
        found = unit.people.find_by_subject(here, sector=SHOPS)
        assert found == unit.people.get(PersonId(AN))
        assert unit.people.find_by_subject(there, sector=SHOPS) is None
        assert unit.people.find_by_subject(here, sector=Sector("else")) is None
        assert unit.people.find_by_subject(SubjectId("nobody"), sector=SHOPS) is None


def test_a_code_is_kept_for_its_person_and_found_by_the_subject_of_the_sector(
    peopled: Ledger,
) -> None:
    with peopled.begin() as unit:
        here = unit.people.subject(PersonId(AN), SHOPS, candidate=SubjectId("here"))
        assert unit.phones.user_code_of(here, sector=SHOPS) is None
        unit.phones.put_user_code(AN, hashed="one", at=START)
        unit.phones.put_user_code(AN, hashed="another", at=START + MINUTE)
    with peopled.read() as unit:
        kept = KeptCode(person=AN, hashed="another", set_at=START + MINUTE)
        assert unit.phones.user_code(AN) == unit.phones.user_code_of(here, sector=SHOPS) == kept
        assert unit.phones.user_code_of(here, sector=Sector("else")) is None
        assert unit.phones.user_code_of(SubjectId("nobody"), sector=SHOPS) is None
    with peopled.begin() as unit:
        unit.people.set_state(AN, PersonState.SUSPENDED, at=START)
        assert unit.phones.user_code_of(here, sector=SHOPS) is None
        assert unit.phones.remove_user_code(AN)
        assert not unit.phones.remove_user_code(AN)
        assert unit.phones.user_code(AN) is None


def test_a_browser_is_known_until_its_time_or_until_it_is_forgotten(peopled: Ledger) -> None:
    who = PersonRef(AN)
    with peopled.begin() as unit:
        unit.phones.know_browser(who, "b1", until=START + MINUTE)
        unit.phones.know_browser(who, "b2", until=START + MINUTE)
        unit.phones.know_browser(who, "b2", until=START + 2 * MINUTE)
    with peopled.read() as unit:
        assert unit.phones.knows_browser(who, "b1", at=START)
        assert not unit.phones.knows_browser(who, "b1", at=START + MINUTE)
        assert unit.phones.knows_browser(who, "b2", at=START + MINUTE)
        assert not unit.phones.knows_browser(PersonRef("bo"), "b1", at=START)
    with peopled.begin() as unit:
        unit.phones.forget_browser(who, "b2")
        assert not unit.phones.knows_browser(who, "b2", at=START)
        assert unit.purge(before=START + 2 * MINUTE, limit=10) == 1


def test_where_a_question_stands_is_told_without_opening_it(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        assert unit.phones.approval_state("ciba:x") is None
