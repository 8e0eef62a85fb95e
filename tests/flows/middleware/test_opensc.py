"""Debian's OpenSC drives the software card through pcscd: nobody here wrote it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.flows.middleware.signing import sign_and_verify
from tests.services.components import needs
from tests.world import holders

if TYPE_CHECKING:
    from pathlib import Path

    from cardreader.sim.image import AppletName
    from tests.services.card_desk import CardDesk

BOTH: list[AppletName] = ["1.7", "1.8"]
KNOWS_P384 = (0, 27)


def version(desk: CardDesk) -> tuple[int, ...]:
    said = desk.run(str(needs("opensc-tool")), "--info")
    found = re.search(r"OpenSC (\d+)\.(\d+)", said.out + said.err)
    assert found is not None
    return int(found[1]), int(found[2])


@pytest.mark.parametrize("applet", BOTH)
def test_opensc_calls_it_a_belpic_card(desk: CardDesk, applet: AppletName) -> None:
    desk.insert(holders.soft_card(applet))
    ran = desk.run(str(needs("opensc-tool")), "--name")
    assert (ran.code, ran.out.strip()) == (0, "Belpic cards")


@pytest.mark.parametrize("applet", BOTH)
def test_opensc_reads_the_whole_pkcs15_directory(desk: CardDesk, applet: AppletName) -> None:
    desk.insert(holders.soft_card(applet))
    ran = desk.run(str(needs("pkcs15-tool")), "--dump")
    assert ran.code == 0, ran.err
    assert "PKCS#15 Card [BELPIC]" in ran.out
    assert f"Serial number  : {holders.image(applet).serial.hex()}" in ran.out
    assert ran.out.count("PIN [Basic PIN]") == 1
    keys = re.findall(r"Private (RSA|EC) Key \[(\w+)\]", ran.out)
    kind = "RSA" if applet == "1.7" else "EC"
    assert keys == [(kind, "Authentication"), (kind, "Signature")]
    names = re.findall(r"X\.509 Certificate \[(\w+)\]", ran.out)
    assert names == ["Authentication", "Signature", "CA", "Root"]
    assert re.findall(r"Key ref +: 1\d\d \((0x8\d)\)", ran.out) == ["0x82", "0x83"]


@pytest.mark.parametrize("applet", BOTH)
def test_opensc_gives_out_the_very_certificate(desk: CardDesk, applet: AppletName) -> None:
    desk.insert(holders.soft_card(applet))
    ran = desk.run(
        str(needs("pkcs15-tool")), "--read-certificate", "02", "--verify-pin", "--pin", holders.PIN
    )
    expected = holders.certificates(applet).authentication.public_bytes(Encoding.PEM)
    assert expected.decode() in ran.out, ran.err


def test_opensc_signs_with_the_authentication_key_of_applet_1_7(
    desk: CardDesk, tmp_path: Path
) -> None:
    desk.insert(holders.soft_card("1.7"))
    key = holders.certificates("1.7").authentication.public_key()
    sign_and_verify(desk, tmp_path, key, mechanism="SHA256-RSA-PKCS")


def test_a_newer_opensc_signs_with_the_authentication_key_of_applet_1_8(
    desk: CardDesk, tmp_path: Path
) -> None:
    if version(desk) < KNOWS_P384:
        pytest.skip("OpenSC before 0.27 cannot sign with a P-384 card")
    desk.insert(holders.soft_card("1.8"))
    key = holders.certificates("1.8").authentication.public_key()
    sign_and_verify(desk, tmp_path, key, mechanism="ECDSA-SHA384")


def test_opensc_is_told_how_many_tries_a_wrong_pin_leaves(desk: CardDesk) -> None:
    desk.insert(holders.soft_card("1.7"))
    tool = str(needs("pkcs15-tool"))
    for _ in range(3):
        assert desk.run(tool, "--verify-pin", "--pin", "9999").code != 0
    right = desk.run(tool, "--verify-pin", "--pin", holders.PIN)
    assert right.code != 0
    assert "blocked" in right.err.lower() or "locked" in right.err.lower(), right.err
