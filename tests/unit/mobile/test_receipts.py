"""A receipt is checked offline, years and rotations later, and any change in it is seen."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms import ALGORITHMS
from mobile_flow import receipts, transcript
from mobile_flow.errors import (
    NotApproved,
    ReceiptContradicts,
    ReceiptMalformed,
    ReceiptOfAnother,
    ReceiptRefused,
    ReceiptUnsigned,
)
from mobile_flow.reading import decoded, encoded
from mobile_flow.sim.phone import PhoneRefused
from tests.unit.mobile.desk import BO, ISSUER, MobileDesk, ProviderSeal

if TYPE_CHECKING:
    from collections.abc import Callable

    from mobile_flow.model import Start

Receipt = dict[str, Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Receipt, ProviderSeal]:
    """A receipt as a phone fetched it, and the provider's key."""
    desk = MobileDesk(tmp_path_factory.mktemp("receipt"))
    phone = desk.phone()
    start = desk.approved(phone)
    desk.prove(start)
    receipt = json.loads(json.dumps(phone.receipt(start.id)))
    desk.close()
    return receipt, desk.seal


def sealed_again(receipt: Receipt, seal: ProviderSeal) -> Receipt:
    """Let the provider's own key seal a changed receipt: only the phone's signature is left."""
    bare = {name: value for name, value in receipt.items() if name not in {"seal", "seal_key"}}
    claims = {"iss": bare["iss"], "iat": 1, "receipt": receipts._hash(bare)}
    compact, key = seal(claims, typ=receipts.TYPE)
    return {**bare, "seal": compact, "seal_key": key}


def test_a_receipt_holds_by_itself(made: tuple[Receipt, ProviderSeal]) -> None:
    receipt, _ = made
    found = receipts.verify(json.dumps(receipt).encode())
    assert (found.issuer, found.known) == (ISSUER, False)
    assert found.transcript["rp_domain"] == "shop.example"
    assert found.shown.claims[0].reason == "Om u aan te spreken"
    assert (found.backup_eligible, found.backed_up) == (False, False)


def test_a_receipt_holds_under_the_providers_archived_keys(
    made: tuple[Receipt, ProviderSeal],
) -> None:
    receipt, seal = made
    archived = {"keys": [{"kty": "later"}, ProviderSeal().jwk, *seal.jwks["keys"]]}
    assert receipts.verify(receipt, jwks=archived).known
    assert receipts.verify(receipt, jwks=archived).sealed_by == seal.jwk["kid"]


def test_a_receipt_under_another_key_is_of_another(made: tuple[Receipt, ProviderSeal]) -> None:
    receipt, _ = made
    with pytest.raises(ReceiptOfAnother):
        receipts.verify(receipt, jwks=ProviderSeal().jwks)
    with pytest.raises(ReceiptOfAnother):
        receipts.verify(sealed_again(receipt, ProviderSeal()), jwks={"keys": []})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_of_the_ring_seals(
    made: tuple[Receipt, ProviderSeal], algorithm: str
) -> None:
    seal = ProviderSeal(algorithm)
    assert receipts.verify(sealed_again(made[0], seal), jwks=seal.jwks).known


def _walk(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [found for name in value for found in _walk(value[name], (*path, name))]
    if isinstance(value, list):
        return [found for n, one in enumerate(value) for found in _walk(one, (*path, n))]
    return [path]


def _changed(receipt: Receipt, path: tuple[Any, ...]) -> Receipt:
    changed = copy.deepcopy(receipt)
    place = changed
    for step in path[:-1]:
        place = place[step]
    value = place[path[-1]]
    if isinstance(value, bool):
        place[path[-1]] = not value
    elif isinstance(value, int):
        place[path[-1]] = value + 1
    else:
        place[path[-1]] = f"{value}x" if len(value) < 2 else value[1] + value[0] + value[2:] + "x"
    return changed


def test_a_change_of_anything_is_seen(made: tuple[Receipt, ProviderSeal]) -> None:
    receipt, _ = made
    unmarked = {"kid", "use"}  # names of the key beside it, which the thumbprint leaves out
    places = [path for path in _walk(receipt) if path[-1] not in unmarked]
    assert len(places) > 25
    for path in places:
        with pytest.raises(ReceiptRefused):
            receipts.verify(_changed(receipt, path))


def test_a_missing_member_is_seen(made: tuple[Receipt, ProviderSeal]) -> None:
    receipt, _ = made
    for name in receipt:
        with pytest.raises(ReceiptRefused):
            receipts.verify({key: value for key, value in receipt.items() if key != name})


CHANGES: dict[str, Callable[[Receipt], object]] = {
    "another purpose": lambda r: r["shown"].update(purpose="Om te betalen"),
    "another reason": lambda r: r["shown"]["claims"][0].update(reason="Zomaar"),
    "another message": lambda r: r["shown"].update(message="Ja"),
    "another service": lambda r: r["shown"].update(client_domain="bank.example"),
    "another approval": lambda r: r.update(id="A" * 26),
    "another issuer": lambda r: r.update(iss="https://other.example"),
    "another phone": lambda r: r["device"].update(id="other-phone-other-phone"),
    "the other flag": lambda r: r["credential"].update(backed_up=True),
}


@pytest.mark.parametrize("change", CHANGES)
def test_not_even_the_provider_can_change_what_the_phone_signed(
    made: tuple[Receipt, ProviderSeal], change: str
) -> None:
    receipt, seal = made
    bent = copy.deepcopy(receipt)
    CHANGES[change](bent)
    with pytest.raises(ReceiptContradicts):
        receipts.verify(sealed_again(bent, seal))


def test_a_transcript_that_the_phone_did_not_sign_proves_nothing(
    made: tuple[Receipt, ProviderSeal],
) -> None:
    receipt, seal = made
    bent = copy.deepcopy(receipt)
    members = transcript.read(decoded(bent["transcript"])) | {"acr": "high"}
    bent["shown"]["acr"] = "high"
    bent["transcript"] = encoded(transcript.canonical(members))
    with pytest.raises(ReceiptUnsigned):
        receipts.verify(sealed_again(bent, seal))


def test_a_key_of_the_phone_that_was_swapped_is_seen(made: tuple[Receipt, ProviderSeal]) -> None:
    receipt, seal = made
    bent = copy.deepcopy(receipt)
    bent["credential"]["backup_eligible"] = True
    with pytest.raises(ReceiptUnsigned):
        receipts.verify(sealed_again(bent, seal))


def test_a_seal_for_something_else_is_refused(made: tuple[Receipt, ProviderSeal]) -> None:
    receipt, seal = made
    bare = {name: value for name, value in receipt.items() if name not in {"seal", "seal_key"}}
    claims = {"iss": ISSUER, "iat": 1, "receipt": receipts._hash(bare)}
    compact, key = seal(claims, typ="JWT")
    with pytest.raises(ReceiptUnsigned):
        receipts.verify({**bare, "seal": compact, "seal_key": key})


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS1"])
def test_no_other_kind_of_signature_seals(
    made: tuple[Receipt, ProviderSeal], algorithm: str
) -> None:
    receipt, _ = made
    bent = copy.deepcopy(receipt)
    bent["seal_key"]["alg"] = algorithm
    with pytest.raises(ReceiptUnsigned):
        receipts.verify(bent)


@given(text=st.binary(max_size=200) | st.text().map(lambda t: json.dumps({"v": 1, t: t}).encode()))
def test_whatever_is_no_receipt_is_malformed(text: bytes) -> None:
    with pytest.raises(ReceiptMalformed):
        receipts.verify(text)


def test_a_lone_surrogate_is_no_crash(made: tuple[Receipt, ProviderSeal]) -> None:
    receipt, _ = made
    bent = json.dumps({**receipt, "more": "\ud800"}).encode()
    with pytest.raises(ReceiptRefused):
        receipts.verify(bent)


def test_there_is_no_receipt_of_what_nobody_approved(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    phone.refuse()
    with pytest.raises(PhoneRefused) as refused:
        phone.receipt(start.id)
    assert refused.value.code == NotApproved.code


def _approved(desk: MobileDesk) -> tuple[Start, Any]:
    phone = desk.phone()
    return desk.approved(phone), phone


def test_a_reported_approval_keeps_its_receipt(desk: MobileDesk) -> None:
    start, phone = _approved(desk)
    phone.refuse(report=True)
    assert receipts.verify(dict(phone.receipt(start.id))).id == start.id


def test_a_removed_phones_receipt_is_given_to_the_persons_other_phone(desk: MobileDesk) -> None:
    start, phone = _approved(desk)
    other = desk.phone(name="second")
    other.remove(phone.row.id)
    assert receipts.verify(dict(other.receipt(start.id))).device == "Fairphone"


def test_nobody_else_gets_the_receipt(desk: MobileDesk) -> None:
    start, _ = _approved(desk)
    with pytest.raises(PhoneRefused) as refused:
        desk.phone(BO).receipt(start.id)
    assert refused.value.code == "approval_unknown"


def test_a_synced_passkey_is_told_in_the_receipt(desk: MobileDesk) -> None:
    phone = desk.phone(synced=True)
    start = desk.approved(phone)
    found = receipts.verify(dict(phone.receipt(start.id)))
    assert (found.backup_eligible, found.backed_up) == (True, True)
