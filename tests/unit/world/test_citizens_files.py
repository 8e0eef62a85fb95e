"""The identity files of every card of the demo country: believed, or refused and why."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from cardreader import trust
from cardreader.errors import CardError
from cardreader.server import verify_files
from tests.world import cards, identity_files
from tests.world.citizens import Citizen, population
from tests.world.identity_files import CHALLENGE, Named

if TYPE_CHECKING:
    from cardreader.server import VerifiedFiles
    from tests.world.cards import World

NOW = dt.datetime(2026, 6, 15, 12, 0, tzinfo=dt.UTC)
PEOPLE = population()
REFUSED = {
    "expired": "document_expired",
    "not-yet-valid": "document_not_yet_valid",
    "identity-corrupted": "file_signature_wrong",
    "signature-wrong": "file_signature_wrong",
    "photo-swapped": "photo_wrong",
    "address-of-another": "file_signature_wrong",
    "copied": "card_copied",
    "oldest-hashes": "file_signature_wrong",  # SHA-1: only under a root that allows it
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("country")
    return cards.copied(folder, base_url="http://127.0.0.1:8405", at=NOW)


def verified(world: World, citizen: Citizen) -> VerifiedFiles:
    """Read the citizen's card and believe it, whomever its certificate names."""
    found = identity_files.read(world.card(citizen.name), challenge=CHALLENGE)
    whose = PEOPLE.named("adult") if citizen.damage == "files-copied" else citizen
    named = Named(kind=whose.kind, national_number=whose.national_number, generation=whose.applet)
    return verify_files(
        found.files,
        anchors=trust.load(world.trust, allow_simulated=True),
        now=NOW,
        holder=None if citizen.carried(NOW) == "none" else named,
        chip=found.chip,
    )


@pytest.mark.parametrize("citizen", PEOPLE.citizens, ids=lambda row: row.name)
def test_files_are_believed_or_refused_for_their_own_reason(world: World, citizen: Citizen) -> None:
    expected = REFUSED.get(citizen.name)
    if expected is not None:
        with pytest.raises(CardError) as refused:
            verified(world, citizen)
        assert refused.value.code == expected
        return
    found = verified(world, citizen)
    assert found.identity.surname == citizen.surname
    assert found.identity.chip_proven is (citizen.applet == "1.8")
    assert found.photo is not None
    assert found.address is not None
    lives = citizen.moved_to or {"town": citizen.town}
    assert found.address.town == lives["town"]


def test_every_refused_card_is_somebodys() -> None:
    assert REFUSED.keys() <= {citizen.name for citizen in PEOPLE.citizens}
