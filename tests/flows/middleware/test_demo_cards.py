"""Debian's OpenSC and pyscard accept every card of the demo country through pcscd."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from cardreader.beid import files
from cardreader.beid.register import parse_identity
from cardreader.beid.session import BeidSession
from cardreader.errors import CardDataMalformed, CertificateAbsent
from cardreader.pcsc import PcscReaders
from tests.flows.middleware.signing import sign_and_verify
from tests.services.components import needs, needs_module
from tests.world import cards
from tests.world.citizens import Citizen, population

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.card_desk import CardDesk
    from tests.world.cards import World

NOW = dt.datetime(2026, 6, 15, 12, 0, tzinfo=dt.UTC)
PEOPLE = population().citizens
LISTED = {
    "both": ["Authentication", "Signature", "CA", "Root"],
    "authentication": ["Authentication", "CA", "Root"],
    "none": ["CA", "Root"],
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("country")
    return cards.copied(folder, base_url="http://127.0.0.1:8405", at=NOW)


@pytest.mark.parametrize("citizen", PEOPLE, ids=lambda row: row.name)
def test_opensc_and_pyscard_accept_every_card(
    desk: CardDesk, world: World, citizen: Citizen
) -> None:
    needs_module("smartcard.scard")
    desk.insert(world.card(citizen.name))
    opensc_names_and_lists(desk, citizen)
    pyscard_reads(citizen)


def opensc_names_and_lists(desk: CardDesk, citizen: Citizen) -> None:
    named = desk.run(str(needs("opensc-tool")), "--name")
    assert (named.code, named.out.strip()) == (0, "Belpic cards")
    ran = desk.run(str(needs("pkcs15-tool")), "--dump")
    assert ran.code == 0, ran.err
    assert "PKCS#15 Card [BELPIC]" in ran.out
    names = re.findall(r"X\.509 Certificate \[(\w+)\]", ran.out)
    assert names == LISTED[citizen.carried(NOW)]
    kind = "RSA" if citizen.applet == "1.7" else "EC"
    keys = re.findall(r"Private (RSA|EC) Key \[(\w+)\]", ran.out)
    assert keys == [(kind, "Authentication"), (kind, "Signature")]


def pyscard_reads(citizen: Citizen) -> None:
    (reader,) = [reader for reader in PcscReaders().readers() if reader.card_present()]
    with reader.connect() as connection:
        session = BeidSession(connection)
        found = session.files()
        if citizen.carried(NOW) == "none":
            with pytest.raises(CertificateAbsent):
                session.authentication_certificate()
        else:
            x509.load_der_x509_certificate(session.authentication_certificate())
        assert session.tries_left() == citizen.tries
    if citizen.damage == "identity-corrupted":
        with pytest.raises(CardDataMalformed):
            parse_identity(found.identity)
    elif citizen.damage != "files-copied":
        assert parse_identity(found.identity).national_number == citizen.national_number


@pytest.mark.parametrize("name", [row.name for row in PEOPLE if row.applet == "1.7"])
def test_opensc_signs_and_verifies_with_every_card_1_7(
    desk: CardDesk, world: World, name: str, tmp_path: Path
) -> None:
    card = world.card(name)
    desk.insert(card)
    der = world.image(name).contents[files.AUTHENTICATION_CERTIFICATE]
    certificate = x509.load_der_x509_certificate(der[: 4 + int.from_bytes(der[2:4])])
    sign_and_verify(desk, tmp_path, certificate.public_key(), mechanism="SHA256-RSA-PKCS")
