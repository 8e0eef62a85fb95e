"""A process that ends in the middle of an approval, a memory that is lost, a hint that never comes.

What was told to somebody stands afterwards, what was used stays used, and people start again where
something of theirs is gone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from idp.login.transactions import Transactions, fingerprint
from idp.store.ports import StoreUnavailable
from idp.store.sql.approvals import ApprovalRows
from idp.store.sql.devices import DeviceRows
from mobile_flow.sim.phone import HttpAnswer, PhoneRefused
from tests.attacks.phone.scene import SECOND, Browser, Scene, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class PowerCut(BaseException):
    """The process ends here: nothing catches it, and nothing after it is done."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, starts_per_browser=100)
    yield made
    made.close()


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Callable[[object, str], None]:
    """Let the process end at the next call of a method."""

    def arm(owner: object, name: str) -> None:
        def dies(*_given: object, **_named: object) -> None:
            monkeypatch.undo()
            raise PowerCut(name)

        monkeypatch.setattr(owner, name, dies)

    return arm


def dying(call: Callable[[], object]) -> None:
    with pytest.raises(PowerCut):
        call()


# --- between two steps of the phone -------------------------------------------------------------


def test_f_k06_a_claim_whose_answer_was_lost_is_still_the_first_phones(
    house: Scene, cut: Callable[[object, str], None]
) -> None:
    """The process ends after the claim was stored, before the code is dropped and a hint sent."""
    first, second, browser = house.phone(), house.phone(), house.at_the_phone_page()
    picture = browser.frame()
    cut(type(house.desk.approvals._desk.starts), "drop")
    dying(lambda: first.scan(picture))
    house.restart()
    assert refusal(lambda: second.scan(picture)) == "in_use"
    assert first.scan(picture)["state"] == "claimed"
    assert house.audited().count("approval.claimed") == 1
    first.number(house.back(browser).visit().number)
    first.approve()
    assert browser.visit().agree().told["code"]


def test_f_k07_f_k08_an_approval_whose_answer_and_hint_were_lost_completes_once(
    house: Scene, cut: Callable[[object, str], None]
) -> None:
    phone = house.phone()
    browser = house.matched(phone)
    assertion = phone.assertion()
    before = browser.json("status")
    cut(type(house.services.foundation.ephemeral), "hint")
    dying(lambda: phone.approve(assertion))
    house.restart()
    # Nothing woke the browser: its next question finds it.
    assert house.back(browser).json("status") != before
    assert phone.approve(assertion)["state"] == "approved"
    assert refusal(phone.approve) == "approval_used"
    browser.visit()
    assert phone.approve(assertion)["state"] == "consumed"
    assert house.audited().count("login.proven") == 1
    assert browser.agree().told["code"]


def test_a_phone_that_died_before_the_commit_approved_nothing(
    house: Scene, cut: Callable[[object, str], None]
) -> None:
    phone = house.phone()
    browser = house.matched(phone)
    cut(ApprovalRows, "move_approval")
    dying(phone.approve)
    house.restart()
    assert house.back(browser).visit().state == "matched"
    assert phone.look()["state"] == "matched"
    phone.approve()
    assert browser.visit().agree().told["code"]


def test_an_approval_used_by_a_login_whose_answer_was_lost_opens_no_second_one(
    house: Scene, cut: Callable[[object, str], None]
) -> None:
    """The session was opened and its cookie never arrived: the person starts again."""
    phone = house.phone()
    browser = house.approved(phone)
    cut(Transactions, "move")
    dying(browser.visit)
    house.restart()
    assert house.back(browser).visit().state == "expired"
    assert house.audited().count("login.proven") == 1
    phone.refuse(report=True)  # and what nobody holds can be ended
    assert "session.ended" in house.audited()
    # The browser that was reported shows no code for a while; another one does.
    other = house.browser().open().choose("mobile").approved_by(phone)
    assert other.agree().told["code"]


def test_f_k17_an_enrolment_cut_before_its_phone_is_stored_leaves_none(
    house: Scene, cut: Callable[[object, str], None]
) -> None:
    cut(DeviceRows, "add_device")
    dying(house.phone)
    house.restart()
    with house.services.ledger.read() as unit:
        assert unit.phones.devices("an") == []
    assert house.phone().devices()


# --- a memory that is lost (F-R02) --------------------------------------------------------------


@pytest.mark.parametrize("moment", ["showing", "claimed", "matched", "approved"])
def test_f_r02_a_lost_memory_lets_people_start_again_and_nothing_be_replayed(
    house: Scene, moment: str
) -> None:
    phone = house.phone()
    reach = {
        "showing": house.at_the_phone_page,
        "claimed": lambda: house.claimed(phone),
        "matched": lambda: house.matched(phone),
        "approved": lambda: house.approved(phone),
    }
    browser = reach[moment]()
    picture = browser.frame() if moment == "showing" else ""
    captured = list(house.heard)
    house.restart(forgetting=True)
    page = house.back(browser).visit()
    assert page.answer.status_code in {400, 404, 410}
    assert "<h1" in page.page
    if picture:
        assert refusal(lambda: phone.scan(picture)) == "start_gone"
    # Every call that was captured before is asked for a new nonce: none is taken.
    replayed = {told(house.again(sent)) for sent in captured if "/approvals/" in sent.path}
    assert replayed <= {(401, "use_nonce")}
    # The phone ends or answers what it was asked; no browser is signed in by it.
    if moment == "matched":
        phone.approve()
    assert "login.proven" not in house.audited()
    if moment == "claimed":
        phone.refuse()
    house.wait(301 * SECOND)
    assert house.approved(phone).visit().agree().told["code"]


def test_f_r02_a_passkey_answer_from_before_is_worth_nothing_after(house: Scene) -> None:
    phone = house.phone()
    browser = house.browser().open().choose("passkey")
    house.restart(forgetting=True)
    answered = house.back(browser).passkey_of(phone)
    assert answered.answer.status_code in {400, 404, 410}
    assert "login.proven" not in house.audited()


def test_a_code_that_memory_brings_back_after_it_was_used_opens_nothing(house: Scene) -> None:
    """A store restored from yesterday's copy shows the start of a login that is over."""
    phone, browser = house.phone(), house.at_the_phone_page()
    starts = house.desk.approvals._desk.starts
    picture = browser.frame()
    kept = starts.of_browser(_binding(browser))
    browser.approved_by(phone).agree()
    starts.put(kept, lasts=180 * SECOND)
    assert refusal(lambda: phone.scan(picture)) == "approval_used"
    assert refusal(lambda: house.phone().scan(picture)) == "in_use"
    assert house.audited().count("login.proven") == 1


# --- a store that is away for a moment ----------------------------------------------------------


def test_a_store_that_is_away_is_told_to_the_app_as_something_to_try_again(
    house: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = house.phone()
    house.claimed(phone)

    def away(*_given: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(type(house.services.ledger), "begin", away)
    with pytest.raises(PhoneRefused) as refused:
        phone.refuse()
    assert refused.value.status == 503
    assert refused.value.answer["error"]
    monkeypatch.undo()
    assert phone.refuse()["state"] == "refused"


def told(answer: HttpAnswer) -> tuple[int, str]:
    body = json.loads(answer.body)
    return answer.status, str(body.get("error"))


def _binding(browser: Browser) -> str:
    cookies = browser.http._cookies.values()
    return fingerprint(next(one.value for one in cookies if one.key.endswith("browser")))
