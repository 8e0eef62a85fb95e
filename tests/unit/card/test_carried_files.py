"""How files travel: one form, bounded, exact, and a chip challenge that belongs to one asking."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardreader.beid.carried import FileSet, chip_challenge, pack, unpack
from cardreader.errors import FilesMalformed, TokenMalformed
from cardreader.server import read_answer
from tests.world import holders, identity_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.sim.image import AppletName

NONCE = "A" * 43 + "="
ORIGIN = "https://login.example"


def packed(applet: AppletName = "1.8") -> dict[str, Any]:
    found = identity_files.read(holders.soft_card(applet))
    return pack(found.files, found.chip)


@pytest.mark.parametrize("applet", ["1.7", "1.8"])
def test_what_is_packed_is_unpacked_to_the_byte(applet: AppletName) -> None:
    found = identity_files.read(holders.soft_card(applet))
    carried = unpack(json.loads(json.dumps(pack(found.files, found.chip))))
    assert carried.files == found.files
    assert carried.chip_answer == (found.chip.answer if found.chip else None)


@pytest.mark.parametrize(
    "spoil",
    [
        {"format": "sesame-files:2"},
        {"identity": None},
        {"identity": ""},
        {"identity": "A" * 4000},
        {"identity": "AA=="},
        {"identity": "A/"},
        {"identity": "AB"},  # its last bits are no zeros
        {"identity": 7},
        {"extra": "AA"},
        {"photo": "A" * 33000},
    ],
)
def test_anything_else_than_that_form_is_refused(spoil: dict[str, Any]) -> None:
    with pytest.raises(FilesMalformed):
        unpack({**packed(), **spoil})


@pytest.mark.parametrize("name", ["identity", "identitySignature", "registerCertificate"])
def test_an_identity_without_its_proof_is_refused(name: str) -> None:
    members = packed()
    del members[name]
    with pytest.raises(FilesMalformed):
        unpack(members)


SHAPES: tuple[Callable[[str, Any], object], ...] = (
    lambda _, leaf: leaf,
    lambda name, leaf: [leaf, name],
    lambda _, leaf: [[leaf], {}],
    lambda name, leaf: {name: leaf},
    lambda name, leaf: {name: [leaf]},
    lambda name, leaf: {name: {name: leaf}, "format": leaf},
    lambda name, leaf: {"format": "sesame-files:1", name: leaf},
    lambda name, leaf: {"format": "sesame-files:1", name: [leaf]},
)


@given(
    shape=st.integers(0, len(SHAPES) - 1),
    name=st.sampled_from(["format", "identity", "photo", "registerCertificate", "x"]),
    leaf=st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
)
def test_no_json_makes_the_reader_stumble(shape: int, name: str, leaf: object) -> None:
    value = SHAPES[shape](name, leaf)
    with pytest.raises(FilesMalformed):
        unpack(value)
    with pytest.raises((FilesMalformed, TokenMalformed)):
        read_answer(json.dumps({"format": "sesame-card:1", "token": {}, "files": value}))


def test_files_that_nobody_asked_for_are_dropped() -> None:
    carried = unpack(packed())
    kept = carried.only({FileSet.IDENTITY, FileSet.PHOTO}).files
    assert (kept.address, kept.address_signature) == (None, None)
    assert kept.photo == carried.files.photo
    assert carried.only({FileSet.IDENTITY}).files.photo is None


def test_each_asking_challenges_the_chip_with_other_bytes() -> None:
    challenge = chip_challenge(origin=ORIGIN, nonce=NONCE)
    assert len(challenge) == 48
    assert chip_challenge(origin=ORIGIN, nonce="B" + NONCE[1:]) != challenge
    assert chip_challenge(origin="https://login.exampl", nonce="e" + NONCE) != challenge


def test_a_bare_token_is_an_answer_without_files() -> None:
    assert read_answer('{"format": "web-eid:1.0"}').files is None
    assert read_answer("rubbish").token == "rubbish"


@pytest.mark.parametrize(
    "text",
    [
        '{"format": "sesame-card:1", "token": {}}',
        '{"format": "sesame-card:1", "token": "text", "files": {}}',
        '{"format": "sesame-card:1", "token": {}, "files": {}, "more": 1}',
        "x" * (56 * 1024 + 1),
    ],
)
def test_an_answer_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(TokenMalformed):
        read_answer(text)
