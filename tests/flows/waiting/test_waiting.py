"""Browsers that wait at a real process, over a file and over Redis."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from idp.domain.transaction import Step
from idp.login.transactions import wake
from tests.contract.store.phones import an_approval
from tests.flows.waiting.role import COOKIE, Role, running_role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module", params=["embedded", "redis"])
def role(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Role]:
    ephemeral = None
    if request.param == "redis":
        ephemeral = request.getfixturevalue("redis_server")
    with running_role(tmp_path_factory.mktemp("role"), ephemeral=ephemeral) as made:
        yield made


def test_a_phone_that_answers_wakes_every_tab_of_that_login_and_no_other(role: Role) -> None:
    held, other = role.login(), role.login()
    tabs = [role.admitted(held.tx.id) for _ in range(2)]
    elsewhere = role.admitted(other.tx.id)
    role.transactions.move(held, replace(held.tx, language="fr"))
    assert [tab.event() for tab in tabs] == ["changed", "changed"]
    role.transactions.close(other, replace(other.tx, step=Step.REFUSED))
    # It hears at once that something changed, and in a round of the wheel that nothing will again.
    told = [elsewhere.event() for _ in range(4)]
    assert told == ["changed", "changed", "end", ""]


def test_a_hint_alone_wakes(role: Role) -> None:
    held = role.login()
    tab = role.admitted(held.tx.id)
    for _ in range(3):
        wake(role.foundation.ephemeral, held.tx.id)
        assert tab.event() == "changed"


def test_a_phones_claim_whose_hint_was_lost_is_found_in_the_ledger(role: Role) -> None:
    held = role.login()
    tab = role.admitted(held.tx.id)
    with role.foundation.ledger.begin() as unit:
        unit.phones.add_approval(an_approval(transaction=held.tx.id))
    assert tab.event() == "changed"


def test_the_doctor_sees_the_role(role: Role) -> None:
    report = json.loads(role.deployment.run("doctor", "--json").stdout)
    [found] = [finding for finding in report["findings"] if finding["part"] == "wait"]
    assert (found["verdict"], "running and ready" in found["says"]) == ("ok", True)


def test_browsers_that_wait_hold_no_worker_and_are_sent_away_at_the_end(tmp_path: Path) -> None:
    one_thread = {"SESAME_LISTEN__WORKERS": "1", "SESAME_LISTEN__THREADS": "1"}
    with running_role(tmp_path, "serve", "--all", **one_thread) as role:
        held = role.login()
        waiting = [role.admitted(role.login().tx.id) for _ in range(40)]
        mine = role.admitted(held.tx.id)
        before = status_of(role, held.tx.id)
        role.transactions.move(held, replace(held.tx, language="fr"))
        assert mine.event() == "changed"
        assert status_of(role, held.tx.id) != before
        role.process.send_signal(signal.SIGTERM)
        for tab in (*waiting, mine):
            assert tab.event().startswith("retry: ")
            assert tab.event() == ""
        assert role.process.wait(60) == 0
        assert not role.ready()
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert '"wait.stopped"' in log
    assert "Traceback" not in log


def status_of(role: Role, login: str) -> object:
    """What a worker tells of a login."""
    path, port = f"/login/{login}/status", role.deployment.port
    status, told = role.asked(port, path, Cookie=f"sesame_browser={COOKIE}")
    assert status == 200
    return told
