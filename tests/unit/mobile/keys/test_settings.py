"""What an operator may say about passkeys, and what is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from idp.config import Settings
from idp.login.phone_keys import RootsUnreadable, keys_of, read_roots
from mobile_flow.device_keys import ML_DSA, OFFERED
from mobile_flow.errors import AttestationRefused
from tests.attacks.phone.test_attestation import MODEL, MODEL_TEXT, Maker
from tests.unit.mobile.keys.authenticator import ORIGIN, RP_ID, Authenticator
from tests.unit.mobile.keys.world import Phone

if TYPE_CHECKING:
    from pathlib import Path

    from mobile_flow.device_keys import DeviceKeys
    from tests.unit.mobile.keys.world import House


def keys(**phone: object) -> DeviceKeys:
    settings = Settings.model_validate({"issuer": ORIGIN, "phone": phone})
    return keys_of(settings, rp_id=RP_ID, origins=(ORIGIN,))


def test_post_quantum_passkeys_are_offered_where_the_operator_says_so(house: House) -> None:
    for said, expected in (({}, OFFERED), ({"post_quantum": True}, (*OFFERED, *ML_DSA))):
        house.keys = keys(**said)
        _, options = house.confirmed(Phone())
        assert tuple(each["alg"] for each in options["pubKeyCredParams"]) == expected


def test_required_makes_are_read_from_a_folder(house: House, tmp_path: Path) -> None:
    maker = Maker()
    folder = tmp_path / "makers"
    folder.mkdir()
    (folder / "packed.pem").write_bytes(maker.root.public_bytes(Encoding.PEM))
    house.keys = keys(
        attestation="required",
        attestation_roots=str(folder),
        attestation_models=[MODEL_TEXT.upper()],
    )
    made = house.enrol(Phone(Authenticator(aaguid=MODEL)), attest=maker.attest())
    assert made.credential.attestation == "packed/trusted"
    with pytest.raises(AttestationRefused):
        house.enrol(Phone())


def test_roots_that_cannot_be_read_are_told_of(tmp_path: Path) -> None:
    assert read_roots(None) == {}
    with pytest.raises(RootsUnreadable, match="attestation_roots"):
        read_roots(tmp_path / "nowhere")
    (tmp_path / "packed.pem").write_text("no certificate")
    with pytest.raises(RootsUnreadable, match="attestation_roots"):
        read_roots(tmp_path)
    (tmp_path / "packed.pem").rename(tmp_path / "none.pem")
    with pytest.raises(RootsUnreadable, match=r"none\.pem"):
        read_roots(tmp_path)
