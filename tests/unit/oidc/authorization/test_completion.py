"""Completion: one unit of work in which a login becomes a code, once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain import transaction
from idp.domain.assurance import Assurance
from idp.domain.client import SubjectType
from idp.domain.person import PersonId, PersonState
from idp.domain.request import ResponseMode
from idp.domain.transaction import Agreement, Step, Transaction, TransactionId, WrongStep
from idp.errors import ACCOUNT_NOT_ACTIVE, CLIENT_DISABLED, SESSION_CHANGED, Refused
from idp.store.ports import AlreadySpent
from tests.contract.store.stand_ins import AN, START, a_person, a_session, an_event
from tests.unit.oidc.authorization.desk import CALLBACK, CHALLENGE, ISSUER, purpose

if TYPE_CHECKING:
    from idp.domain.answer import Answer
    from idp.domain.grant import Code
    from idp.domain.request import AuthorizationRequest
    from tests.contract.store.stand_ins import Clock
    from tests.unit.oidc.authorization.desk import Desk


def agreed(
    request: AuthorizationRequest, *claims: str, tx_id: str = "tx-1", **event: Any
) -> Transaction:
    """A login that stands at its end."""
    begun = Transaction(
        id=TransactionId(tx_id),
        request=request,
        binding="b" * 64,
        opened_at=START,
        expires_at=START + timedelta(minutes=30),
    )
    proven = transaction.prove(
        begun, event=replace(an_event(), **event), session="session-1", fresh=True
    )
    return transaction.agree(proven, agreement=Agreement(claims=claims, remembered=True, at=START))


def complete(desk: Desk, tx: Transaction, **changes: Any) -> Answer:
    values: dict[str, Any] = {
        "client": desk.client(tx.request.client_id),
        "person": a_person(),
        "session": a_session(),
        **changes,
    }
    with desk.ledger.begin() as unit:
        return desk.completion(unit, tx, **values)


def code_of(desk: Desk, answer: Answer) -> Code:
    text = dict(answer.parameters)["code"]
    with desk.ledger.read() as unit:
        found = unit.grants.find_code(hashlib.sha256(text.encode()).hexdigest())  # type: ignore[arg-type]
    assert found is not None
    return found


def test_the_answer_has_code_state_and_issuer_and_goes_where_it_was_asked(desk: Desk) -> None:
    answer = complete(desk, agreed(desk.read(response_mode="form_post", state="s t")))
    assert answer.redirect_uri == CALLBACK
    assert answer.mode is ResponseMode.FORM_POST
    assert [name for name, _ in answer.parameters] == ["code", "state", "iss"]
    assert dict(answer.parameters)["state"] == "s t"
    assert dict(answer.parameters)["iss"] == ISSUER


def test_the_code_holds_the_grant_with_the_agreed_claims_and_only_its_hash_is_kept(
    desk: Desk,
) -> None:
    desk.change(purposes=(purpose("given_name", "family_name", "name"),))
    request = desk.read(
        scope="openid profile",
        nonce="n",
        acr_values="eidas2 eidas1",
        claims='{"id_token":{"name":null}}',
    )
    answer = complete(desk, agreed(request, "given_name", "name"))
    code = code_of(desk, answer)
    assert code.hash not in dict(answer.parameters)["code"]
    assert (code.redirect_uri, code.code_challenge, code.nonce) == (CALLBACK, CHALLENGE, "n")
    assert code.expires_at - code.issued_at == timedelta(seconds=60)
    grant = code.grant
    assert grant.scopes == ("openid", "profile")
    assert grant.id_token_claims == {"name": "Anaïs Peeters"}
    assert grant.userinfo_claims == {"name": "Anaïs Peeters", "given_name": "Anaïs"}
    assert grant.acr_word == "eidas2"
    assert grant.session == "session-1"
    assert not grant.offline


def test_the_grant_is_written_only_when_the_code_is_redeemed(desk: Desk) -> None:
    code = code_of(desk, complete(desk, agreed(desk.read())))
    with desk.ledger.read() as unit:
        assert unit.grants.get(code.grant.id) is None


def test_offline_access_outlives_the_session(desk: Desk) -> None:
    desk.change(
        scopes=("openid", "offline_access"), grant_types=("authorization_code", "refresh_token")
    )
    request = desk.read(scope="openid offline_access", prompt="consent")
    assert code_of(desk, complete(desk, agreed(request))).grant.offline


def test_the_code_carries_the_epoch(desk: Desk) -> None:
    with desk.ledger.begin() as unit:
        epoch = unit.bump_epoch()
    code = dict(complete(desk, agreed(desk.read())).parameters)["code"]
    assert code.startswith(f"{epoch}.")


def test_a_transaction_is_completed_once_and_the_second_leaves_nothing(desk: Desk) -> None:
    tx = agreed(desk.read())
    complete(desk, tx)
    before = rows(desk)
    with pytest.raises(AlreadySpent) as spent:
        complete(desk, tx)
    assert spent.value.kind == "transaction"
    assert rows(desk) == before


def test_the_first_of_two_logins_by_one_pushed_request_wins(desk: Desk) -> None:
    pushed = desk.push()
    request = desk.read(request_uri=str(pushed["request_uri"]))
    complete(desk, agreed(request, tx_id="tx-1"))
    with pytest.raises(AlreadySpent) as spent:
        complete(desk, agreed(request, tx_id="tx-2"))
    assert spent.value.kind == "par"


def test_one_event_is_recorded_and_it_names_nobody_by_number(desk: Desk) -> None:
    desk.change(purposes=(purpose("rrn", "rrn_type", authorisation="RR 1"),))
    complete(desk, agreed(desk.read(scope="openid egovnrn"), "egovNRN"))
    (payload,) = rows(desk)
    event = json.loads(payload)
    assert event["kind"] == "code.issued"
    assert event["transaction"] == "tx-1"
    assert event["person"] == AN
    assert "85073003328" not in payload


def rows(desk: Desk) -> list[str]:
    with desk.ledger.read() as unit:
        found = [row.payload or b"" for row in unit.audit.unsealed(limit=50)]
    return [payload.decode() for payload in found if b'"code.' in payload]


def test_a_person_has_one_subject_in_a_sector_and_another_in_the_next(desk: Desk) -> None:
    desk.register("till", sector="shop.example", redirect_uris=(CALLBACK,))
    desk.register("bank", sector="bank.example", redirect_uris=(CALLBACK,))
    subjects = {
        client_id: code_of(
            desk, complete(desk, agreed(desk.read(client_id=client_id), tx_id=client_id))
        ).grant.subject
        for client_id in ("shop", "till", "bank")
    }
    assert subjects["shop"] == subjects["till"] != subjects["bank"]


def test_public_subjects_are_shared_whatever_the_sector(desk: Desk) -> None:
    public = SubjectType.PUBLIC
    for client_id in ("one", "two"):
        desk.register(
            client_id, sector=f"{client_id}.example", redirect_uris=(CALLBACK,), subject_type=public
        )
    subjects = {
        code_of(desk, complete(desk, agreed(desk.read(client_id=one), tx_id=one))).grant.subject
        for one in ("one", "two")
    }
    assert len(subjects) == 1


def test_a_session_keeps_its_name_at_a_client(desk: Desk) -> None:
    first = code_of(desk, complete(desk, agreed(desk.read(), tx_id="tx-1"))).grant
    second = code_of(desk, complete(desk, agreed(desk.read(), tx_id="tx-2"))).grant
    assert first.sid == second.sid
    assert first.id != second.id


@pytest.mark.parametrize("state", [state for state in PersonState if state != "active"])
def test_the_gate_stands_here_too(desk: Desk, state: PersonState) -> None:
    with pytest.raises(Refused) as refused:
        complete(desk, agreed(desk.read()), person=replace(a_person(), state=state))
    assert refused.value.problem is ACCOUNT_NOT_ACTIVE


def test_a_client_disabled_during_the_login_gets_no_code(desk: Desk) -> None:
    tx = agreed(desk.read())
    desk.change(enabled=False)
    with pytest.raises(Refused) as refused:
        complete(desk, tx)
    assert refused.value.problem is CLIENT_DISABLED


@pytest.mark.parametrize(
    "changes",
    [
        {"person": replace(a_person(), id=PersonId("person-bo"))},
        {"session": a_session(person="person-bo")},
    ],
)
def test_session_proof_and_person_must_be_one(desk: Desk, changes: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        complete(desk, agreed(desk.read()), **changes)
    assert refused.value.problem is SESSION_CHANGED


def test_without_agreement_there_is_no_code(desk: Desk) -> None:
    tx = agreed(desk.read())
    for step in (Step.AGREEING, Step.CHOOSING, Step.REFUSED):
        with pytest.raises(WrongStep):
            complete(desk, replace(tx, step=step))
    with pytest.raises(WrongStep):
        complete(desk, replace(tx, agreement=None))


def test_the_acr_is_never_higher_than_what_happened(desk: Desk, clock: Clock) -> None:
    del clock
    request = desk.read(acr_values="eidas3 eidas1")
    grant = code_of(desk, complete(desk, agreed(request, acr=Assurance.SUBSTANTIAL))).grant
    assert grant.acr_word == "eidas1"
    assert grant.acr is Assurance.SUBSTANTIAL
