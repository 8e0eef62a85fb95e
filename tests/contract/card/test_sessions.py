"""What a session does with a card, the same over every connection."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from cardreader.beid import files
from cardreader.beid.register import Holder
from cardreader.beid.session import BeidSession
from cardreader.errors import ApduRefused, PinBlocked, PinWrong
from tests.world import holders

if TYPE_CHECKING:
    from cardreader.beid.session import HashName
    from cardreader.reader import Connection
    from cardreader.sim.card import SoftCard
    from cardreader.sim.image import AppletName
    from tests.contract.card.conftest import Perform

TEXT = b"what is signed"


def hash_name(applet: AppletName) -> HashName:
    return "sha256" if applet == "1.7" else "sha384"


def digest(applet: AppletName) -> bytes:
    return hashlib.new(hash_name(applet), TEXT).digest()


def check_signature(der: bytes, signature: bytes) -> None:
    key = x509.load_der_x509_certificate(der).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, TEXT, padding.PKCS1v15(), hashes.SHA256())
        return
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert len(signature) == 96
    r, s = (int.from_bytes(part, "big") for part in (signature[:48], signature[48:]))
    key.verify(encode_dss_signature(r, s), TEXT, ec.ECDSA(hashes.SHA384()))


def test_the_holder_is_read_without_a_pin(
    perform: Perform, card: SoftCard, applet: AppletName
) -> None:
    def behaviour(connection: Connection) -> None:
        session = BeidSession(connection)
        identity, address = session.identity(), session.address()
        assert (identity.surname, identity.given_names) == ("Specimen", "Nora Élise")
        assert identity.national_number == holders.NUMBER
        assert identity.document_type.holder is Holder.CITIZEN
        assert (identity.birth_date.year, identity.birth_date.month) == (1985, 7)
        assert (address.zip_code, address.town) == ("3000", "Leuven")
        photo = session.read_file(files.PHOTO)
        name = "sha256" if applet == "1.7" else "sha384"
        assert hashlib.new(name, photo).digest() == identity.photo_digest

    perform(card, behaviour)


def test_every_certificate_comes_without_its_padding(
    perform: Perform, card: SoftCard, applet: AppletName
) -> None:
    issued = holders.certificates(applet)

    def behaviour(connection: Connection) -> None:
        session = BeidSession(connection)
        found = [
            session.authentication_certificate(),
            session.signature_certificate(),
            session.certificate(files.CA_CERTIFICATE),
            session.certificate(files.ROOT_CERTIFICATE),
            session.certificate(files.RRN_CERTIFICATE),
        ]
        assert [x509.load_der_x509_certificate(der) for der in found] == [
            issued.authentication,
            issued.signature,
            issued.issuer,
            issued.root,
            issued.rrn_certificate,
        ]

    perform(card, behaviour)


def test_the_authentication_key_signs_many_times_after_one_pin(
    perform: Perform, card: SoftCard, applet: AppletName
) -> None:
    def behaviour(connection: Connection) -> None:
        session = BeidSession(connection)
        der = session.authentication_certificate()
        session.verify_pin(bytearray(holders.PIN.encode()))
        for _ in range(2):
            check_signature(der, session.sign_authentication(digest(applet), hash_name(applet)))

    perform(card, behaviour)


def test_the_signature_key_signs_with_its_pin_just_before(
    perform: Perform, card: SoftCard, applet: AppletName
) -> None:
    def behaviour(connection: Connection) -> None:
        session = BeidSession(connection)
        der = session.signature_certificate()
        signature = session.sign_non_repudiation(digest(applet), hash_name(applet), holders.PIN)
        check_signature(der, signature)
        with pytest.raises(InvalidSignature):
            check_signature(session.authentication_certificate(), signature)
        with pytest.raises(ApduRefused) as refused:
            session.sign_authentication(digest(applet), hash_name(applet))
        assert refused.value.status == 0x6982

    perform(card, behaviour)


def test_nothing_is_signed_without_a_pin(
    perform: Perform, card: SoftCard, applet: AppletName
) -> None:
    def behaviour(connection: Connection) -> None:
        with pytest.raises(ApduRefused) as refused:
            BeidSession(connection).sign_authentication(digest(applet), hash_name(applet))
        assert refused.value.status == 0x6982

    perform(card, behaviour)


def test_tries_are_told_down_to_the_blocked_card(perform: Perform, card: SoftCard) -> None:
    def behaviour(connection: Connection) -> None:
        session = BeidSession(connection)
        assert session.tries_left() == 3
        for left in (2, 1):
            with pytest.raises(PinWrong) as wrong:
                session.verify_pin("9999")
            assert wrong.value.tries_left == left == session.tries_left()
        for pin in ("9999", holders.PIN):
            with pytest.raises(PinBlocked):
                session.verify_pin(pin)
            assert session.tries_left() == 0

    perform(card, behaviour)


def test_the_right_pin_restores_the_tries(perform: Perform, card: SoftCard) -> None:
    def behaviour(connection: Connection) -> None:
        session = BeidSession(connection)
        with pytest.raises(PinWrong):
            session.verify_pin("9999")
        session.verify_pin(holders.PIN)
        assert session.tries_left() == 3

    perform(card, behaviour)


def test_logging_off_takes_the_right_away(
    perform: Perform, card: SoftCard, applet: AppletName
) -> None:
    def behaviour(connection: Connection) -> None:
        session = BeidSession(connection)
        session.verify_pin(holders.PIN)
        session.log_off()
        with pytest.raises(ApduRefused):
            session.sign_authentication(digest(applet), hash_name(applet))

    perform(card, behaviour)


def test_a_file_that_is_not_there_is_refused(perform: Perform, card: SoftCard) -> None:
    def behaviour(connection: Connection) -> None:
        with pytest.raises(ApduRefused) as refused:
            BeidSession(connection).read_file(files.path(files.DF_ID, 0x4FFF))
        assert refused.value.status == 0x6A82

    perform(card, behaviour)
