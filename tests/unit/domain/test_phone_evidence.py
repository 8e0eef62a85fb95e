"""What a phone's proof is worth: its level, its words, what it may be echoed as, what it loses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idp.domain import audit_event
from idp.domain.assurance import Assurance, resistance_asked, word_for
from idp.domain.crossing import scopes_given, session_life
from idp.domain.event import DeviceEvidence, crossed_devices, resists_phishing
from idp.domain.gate import may_issue
from idp.domain.person import PersonState
from idp.domain.phone_level import amr_of, level_of
from idp.errors import EVIDENCE_EXPIRED, Refused
from mobile_flow.model import FlowKind
from tests.contract.store.phones import DAY, a_device
from tests.contract.store.stand_ins import AN, START, a_client, an_event

BOUND = a_device()
SYNCED = a_device(credential=replace(BOUND.credential, backup_eligible=True))
HOUR = timedelta(hours=1)


def evidence(flow: Any) -> DeviceEvidence:
    return DeviceEvidence(
        device="phone-1",
        flow=flow,
        backup_eligible=False,
        backed_up=False,
        card_fingerprint="ab",
        approval="A",
    )


@pytest.mark.parametrize("flow", FlowKind)
@pytest.mark.parametrize(
    ("device", "waited", "may_be_high"),
    [(BOUND, DAY, True), (BOUND, DAY - HOUR, False), (SYNCED, DAY, False)],
)
def test_high_needs_a_bound_key_a_day_or_a_card_and_a_way_that_is_hard_to_relay(
    flow: FlowKind,
    device: Any,
    waited: timedelta,
    may_be_high: bool,  # noqa: FBT001
) -> None:
    hard = flow in {FlowKind.PASSKEY, FlowKind.QR}
    expected = Assurance.HIGH if may_be_high and hard else Assurance.SUBSTANTIAL
    assert level_of(device, flow, now=START + waited) is expected


def test_the_words_say_which_key_and_which_way() -> None:
    assert amr_of(BOUND, FlowKind.PASSKEY) == ("hwk", "user", "pop", "mfa")
    assert amr_of(SYNCED, FlowKind.QR) == ("swk", "user", "pop", "mfa", "be:qr")
    assert amr_of(BOUND, FlowKind.PUSH)[-1] == "be:push"


@pytest.mark.parametrize("flow", ["qr", "static", "push"])
def test_only_a_passkey_of_the_phone_resists_phishing(flow: str) -> None:
    assert resists_phishing(evidence("passkey"))
    assert not crossed_devices(evidence("passkey"))
    assert not resists_phishing(evidence(flow))
    assert crossed_devices(evidence(flow))


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("phr",), True),
        (("phr", "eidas3"), True),
        (("phr", "eidas2"), False),
        (("eidas3",), False),
        (("unknown",), False),
        ((), False),
    ],
)
def test_resistance_is_asked_where_no_word_is_content_with_less(
    words: tuple[str, ...],
    asked: bool,  # noqa: FBT001
) -> None:
    assert resistance_asked(words) is asked


def test_phr_is_echoed_only_to_a_proof_that_resists() -> None:
    assert word_for(Assurance.HIGH, ("phr",), resistant=True) == "phr"
    assert word_for(Assurance.HIGH, ("phr",), resistant=False).endswith("LoA/high")
    assert word_for(Assurance.LOW, ("phr",), resistant=True).endswith("LoA/low")


def test_a_crossing_login_loses_offline_access_and_most_of_its_life() -> None:
    scopes, client = ("openid", "offline_access"), a_client()
    registered = a_client(allow_offline_from_phone=True)
    assert scopes_given(scopes, client, evidence("qr")) == ("openid",)
    assert scopes_given(scopes, registered, evidence("qr")) == scopes
    assert scopes_given(scopes, client, evidence("passkey")) == scopes
    assert scopes_given(scopes, client, an_event().evidence) == scopes
    assert session_life(evidence("qr"), usual=8 * HOUR, crossing=HOUR) == HOUR
    assert session_life(evidence("qr"), usual=HOUR / 2, crossing=HOUR) == HOUR / 2
    assert session_life(evidence("passkey"), usual=8 * HOUR, crossing=HOUR) == 8 * HOUR


def test_the_gate_closes_when_the_phone_is_not_its_persons_any_more() -> None:
    asked: dict[str, Any] = {
        "person_state": PersonState.ACTIVE,
        "client": a_client(),
        "evidence": evidence("qr"),
        "now": START,
    }
    may_issue(**asked, means_stand=True)
    with pytest.raises(Refused) as refused:
        may_issue(**asked, means_stand=False)
    assert refused.value.problem is EVIDENCE_EXPIRED


def test_a_note_of_the_phone_is_one_of_the_closed_set_of_events() -> None:
    facts = {"transaction": "t", "client": "shop", "device": "d"}
    event = audit_event.of_the_phone(what="approval_claimed", person=AN, at=START, facts=facts)
    assert (event.kind, event.client, event.transaction) == ("approval.claimed", "shop", "t")
    assert event.details == {"device": "d"}
    with pytest.raises(ValueError, match=r"nothing\.known"):
        audit_event.of_the_phone(what="nothing_known", person=AN, at=START, facts={})
