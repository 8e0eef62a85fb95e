"""The PKCS #15 files, byte for byte as the issuer's content specification writes them."""

from __future__ import annotations

import pytest

from cardreader.beid import files
from cardreader.sim import pkcs15
from cardreader.sim.personalise import personalise
from tests.world import holders, tokens

SERIAL = bytes.fromhex("534C494E336600000000000000000042")


def spaced(*parts: str) -> bytes:
    """Hexadecimal, with texts in quotation marks."""
    joined = b""
    for part in " ".join(parts).split():
        joined += part[1:-1].encode() if part.startswith('"') else bytes.fromhex(part)
    return joined


def test_the_directory_names_belpic() -> None:
    expected = spaced(
        "61 23 4F 0C A0000001 77504B43 532D3135 50 06 42454C504943",
        "51 04 3F00DF00 73 05 06 03 60 38 02",
    )
    assert expected == pkcs15.DIR
    assert len(expected) == 37


def test_the_object_directory_points_at_keys_certificates_and_pin() -> None:
    assert (
        spaced(
            "A0 0A 30 08 04 06 3F00DF005035 A4 0A 30 08 04 06 3F00DF005037",
            "A8 0A 30 08 04 06 3F00DF005034",
        )
        == pkcs15.ODF
    )


def test_the_pin_is_described_with_its_historic_error() -> None:
    assert (
        spaced("30 33 30 0F 0C 09")
        + b"Basic PIN"
        + spaced(
            "03 02 06 C0 30 03 04 01 01 A1 1B 30 19 03 02 02 0C 0A 01 00 02 01 04",
            "02 01 08 80 01 01 04 01 FF 30 04 04 02 3F 00",
        )
    ) == pkcs15.AODF
    assert len(pkcs15.AODF) == 53


@pytest.mark.parametrize(("applet", "end"), [("1.7", "03 03 00 00"), ("1.8", "04 04 00 40")])
def test_the_token_names_its_chip(applet: str, end: str) -> None:
    found = pkcs15.token_info(SERIAL, applet)  # type: ignore[arg-type]
    assert found == (
        spaced("30 27 02 01 00 04 10") + SERIAL + spaced('80 06 "BELPIC" 03 02 04 30 9E 04', end)
    )
    assert len(found) == 41


@pytest.mark.parametrize(("applet", "tag", "bits"), [("1.7", "30", "0800"), ("1.8", "A0", "0180")])
def test_two_private_keys_are_described(applet: str, tag: str, bits: str) -> None:
    place = f"A1 0E 30 0C 30 06 04 04 3F00DF00 02 02 {bits}"
    found = pkcs15.private_keys(applet)  # type: ignore[arg-type]
    assert found == spaced(
        f'{tag} 3A 30 17 0C 0E "Authentication" 03 02 06 C0 04 01 01',
        f"30 0F 04 01 02 03 02 05 20 03 02 03 B8 02 02 00 82 {place}",
        f'{tag} 39 30 15 0C 09 "Signature" 03 02 06 C0 04 01 01 02 01 01',
        f"30 10 04 01 03 03 03 06 00 40 03 02 03 B8 02 02 00 83 {place}",
    )
    assert len(found) == 119


OLD = (
    (
        '30 2C 30 17 0C 0E "Authentication" 03 02 06 C0 04 01 01 30 03 04 01 02'
        " A1 0C 30 0A 30 08 04 06 3F00DF005038"
    ),
    (
        '30 27 30 12 0C 09 "Signature" 03 02 06 C0 04 01 01 30 03 04 01 03'
        " A1 0C 30 0A 30 08 04 06 3F00DF005039"
    ),
    (
        '30 23 30 0B 0C 02 "CA" 03 02 06 C0 04 01 01 30 06 04 01 04 01 01 FF'
        " A1 0C 30 0A 30 08 04 06 3F00DF00503A"
    ),
    (
        '30 25 30 0D 0C 04 "Root" 03 02 06 C0 04 01 01 30 06 04 01 06 01 01 FF'
        " A1 0C 30 0A 30 08 04 06 3F00DF00503B"
    ),
)
NEW = (
    (
        '30 2F 30 17 0C 0E "Authentication" 03 02 06 40 04 01 01 30 06 04 01 02 83 01 00'
        " A1 0C 30 0A 30 08 04 06 3F00DF005038"
    ),
    (
        '30 2A 30 12 0C 09 "Signature" 03 02 06 40 04 01 01 30 06 04 01 03 83 01 00'
        " A1 0C 30 0A 30 08 04 06 3F00DF005039"
    ),
    (
        '30 26 30 0B 0C 02 "CA" 03 02 06 40 04 01 01 30 09 04 01 04 01 01 FF 83 01 00'
        " A1 0C 30 0A 30 08 04 06 3F00DF00503A"
    ),
    (
        '30 28 30 0D 0C 04 "Root" 03 02 06 40 04 01 01 30 09 04 01 06 01 01 FF 83 01 00'
        " A1 0C 30 0A 30 08 04 06 3F00DF00503B"
    ),
)


@pytest.mark.parametrize(("applet", "entries", "size"), [("1.7", OLD, 163), ("1.8", NEW, 175)])
@pytest.mark.parametrize(
    ("authentication", "signature"), [(True, True), (True, False), (False, False)]
)
def test_certificates_are_listed_and_absent_ones_close_up(
    applet: str,
    entries: tuple[str, ...],
    size: int,
    authentication: bool,  # noqa: FBT001 - a case
    signature: bool,  # noqa: FBT001 - a case
) -> None:
    found = pkcs15.certificates(
        applet,  # type: ignore[arg-type]
        authentication=authentication,
        signature=signature,
    )
    present = (authentication, signature, True, True)
    listed = b"".join(spaced(row) for row, there in zip(entries, present, strict=True) if there)
    assert found == listed.ljust(size, b"\0")
    assert len(found) == size


@pytest.mark.parametrize(("applet", "slack"), [("1.7", 50), ("1.8", 1100)])
def test_certificate_files_end_in_the_zeros_of_their_generation(applet: str, slack: int) -> None:
    image = holders.image(applet)  # type: ignore[arg-type]
    for path in (
        *(files.AUTHENTICATION_CERTIFICATE, files.SIGNATURE_CERTIFICATE, files.CA_CERTIFICATE),
        *(files.ROOT_CERTIFICATE, files.RRN_CERTIFICATE),
    ):
        content = image.contents[path]
        assert len(content) == 4 + int.from_bytes(content[2:4]) + slack
        assert not any(content[-slack:])


@pytest.mark.parametrize(
    ("applet", "ca", "size"), [("1.7", "citizen-old", 1300), ("1.8", "citizen-new", 2500)]
)
def test_a_card_without_certificates_has_zeros_in_their_place(
    applet: str, ca: str, size: int
) -> None:
    bare = tokens.country().authorities(ca)
    image = personalise(holders.describe(applet), bare)  # type: ignore[arg-type]
    for path in (files.AUTHENTICATION_CERTIFICATE, files.SIGNATURE_CERTIFICATE):
        assert image.contents[path] == bytes(size)
    assert {0x82, 0x83} & image.keys.keys() == set()


def test_only_the_files_of_the_generation_are_there() -> None:
    old, new = set(holders.image("1.7").contents), set(holders.image("1.8").contents)
    assert old - new == {files.CA_ROLE_KEY, files.PREFERENCES}
    assert new - old == {files.CARD_KEY}
    assert len(holders.image("1.8").contents[files.CARD_KEY]) == 120
    assert len(holders.image("1.7").contents[files.CA_ROLE_KEY]) == 20
    assert len(holders.image("1.7").contents[files.PREFERENCES]) == 100
