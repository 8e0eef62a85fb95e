"""Registrations: reserved names, versions, a history, and changes that everybody sees at once."""

from __future__ import annotations

import secrets
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from idp.domain.client import ClientAuth, ClientId, Purpose, Secret
from idp.store.opening import open_ledger
from idp.store.ports import Duplicate, VersionConflict
from tests.contract.store.stand_ins import SHOP, START, TestVault, a_client

if TYPE_CHECKING:
    from idp.store.ports import Ledger
    from tests.contract.store.stand_ins import Clock

ROOT = Path(__file__).parents[3]


def test_a_registration_comes_back_as_it_went_in(ledger: Ledger) -> None:
    client = a_client(
        auth=ClientAuth.SECRET_BASIC,
        secrets=(Secret(digest="ab" * 32, expires_at=START),),
        jwks={"keys": [{"kty": "EC", "crv": "P-256"}]},
        purposes=(
            Purpose(
                name="login",
                reason={"nl": "Omdat"},
                claims=("given_name",),
                authorisation="RRN 1/2026",
                expires_at=START,
            ),
        ),
        expires_at=START,
    )
    with ledger.begin() as unit:
        unit.clients.add(client)
    with ledger.read() as unit:
        assert unit.clients.get(SHOP) == client
        assert unit.clients.all() == [client]


def test_an_unknown_client_is_nobody(ledger: Ledger) -> None:
    with ledger.read() as unit:
        assert unit.clients.get(ClientId("nobody")) is None


@pytest.mark.parametrize("name", ["shop", "SHOP", "Shop"])
def test_an_identifier_is_taken_whatever_its_case(ledger: Ledger, name: str) -> None:
    with ledger.begin() as unit:
        unit.clients.add(a_client())
    with pytest.raises(Duplicate), ledger.begin() as unit:
        unit.clients.add(a_client(name))


def test_a_removed_identifier_stays_taken(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.clients.add(a_client())
    with ledger.begin() as unit:
        unit.clients.remove(SHOP, at=START)
    with ledger.read() as unit:
        assert unit.clients.get(SHOP) is None
    with pytest.raises(Duplicate), ledger.begin() as unit:
        unit.clients.add(a_client("sHOP"))


def test_a_change_is_kept_with_what_was_before(ledger: Ledger) -> None:
    first = a_client()
    with ledger.begin() as unit:
        unit.clients.add(first)
        unit.clients.replace(
            replace(first, enabled=False, updated_at=START + timedelta(days=1)), expected_version=1
        )
    with ledger.begin() as unit:
        unit.clients.remove(SHOP, at=START + timedelta(days=2))
    with ledger.read() as unit:
        added, changed, removed = unit.clients.history(SHOP)
    assert (added.before, added.after) == (None, first)
    assert changed.before == first
    assert changed.after is not None
    assert (changed.after.enabled, changed.after.version, changed.version) == (False, 2, 2)
    assert (removed.before, removed.after) == (changed.after, None)
    assert [change.at - START for change in (added, changed, removed)] == [
        timedelta(days=day) for day in range(3)
    ]


def test_a_change_of_an_older_version_is_refused_and_leaves_no_history(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.clients.add(a_client())
        unit.clients.replace(a_client(contact="one"), expected_version=1)
    with pytest.raises(VersionConflict), ledger.begin() as unit:
        unit.clients.replace(a_client(contact="two"), expected_version=1)
    with ledger.read() as unit:
        kept = unit.clients.get(SHOP)
        assert kept is not None
        assert kept.contact == "one"
        assert len(unit.clients.history(SHOP)) == 2


def test_a_change_elsewhere_is_seen_by_the_next_read_here(
    ledger: Ledger, ledger_url: str, clock: Clock
) -> None:
    elsewhere = open_ledger(ledger_url, TestVault(), now=clock, entropy=secrets.token_bytes)
    with ledger.begin() as unit:
        unit.clients.add(a_client())
    for number in range(1, 4):
        with ledger.read() as unit:
            seen = unit.clients.get(SHOP)
        assert seen is not None
        assert seen.version == number
        with elsewhere.begin() as unit:
            unit.clients.replace(seen, expected_version=number)
    elsewhere.close()


EDITOR = """
import secrets, sys
from dataclasses import replace
from idp.store.opening import open_ledger
from tests.contract.store.stand_ins import SHOP, Clock, TestVault
ledger = open_ledger(sys.argv[1], TestVault(), now=Clock(), entropy=secrets.token_bytes)
with ledger.begin() as unit:
    client = unit.clients.get(SHOP)
    unit.clients.replace(replace(client, enabled=False), expected_version=client.version)
ledger.close()
"""


def test_a_change_by_another_process_is_seen_by_the_next_read_here(
    ledger: Ledger, ledger_url: str
) -> None:
    with ledger.begin() as unit:
        unit.clients.add(a_client())
    with ledger.read() as unit:
        before = unit.clients.get(SHOP)
    subprocess.run([sys.executable, "-c", EDITOR, ledger_url], cwd=ROOT, check=True)
    with ledger.read() as unit:
        after = unit.clients.get(SHOP)
    assert before is not None
    assert after is not None
    assert (before.enabled, after.enabled, after.version) == (True, False, 2)


def test_a_change_that_was_rolled_back_is_not_remembered_by_the_cache(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.clients.add(a_client(contact="true"))
    with pytest.raises(ZeroDivisionError), ledger.begin() as unit:  # noqa: PT012 - the unit fails
        unit.clients.replace(a_client(contact="false"), expected_version=1)
        seen = unit.clients.get(SHOP)
        assert seen is not None
        assert seen.contact == "false"
        raise ZeroDivisionError
    with ledger.begin() as unit:
        unit.clients.replace(a_client(contact="true again"), expected_version=1)
    with ledger.read() as unit:
        kept = unit.clients.get(SHOP)
    assert kept is not None
    assert kept.contact == "true again"


def test_an_unchanged_registration_is_decoded_once(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.clients.add(a_client())
    with ledger.read() as unit:
        first = unit.clients.get(SHOP)
    with ledger.read() as unit:
        assert unit.clients.get(SHOP) is first
