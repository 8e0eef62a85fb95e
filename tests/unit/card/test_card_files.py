"""SELECT, READ BINARY, READ RECORD and GET RESPONSE of the software card."""

from __future__ import annotations

import pytest

from cardreader.beid import files, tlv
from cardreader.sim.card import SoftCard
from cardreader.sim.personalise import personalise
from tests.unit.card.talk import SELECT_IDENTITY, VERIFY, Talk, environment, sign, talk
from tests.world import holders

BOTH = pytest.mark.parametrize("applet", ["1.7", "1.8"])
APPLET = "A00000003029057000AD13100101FF"
PKCS15 = "A000000177504B43532D3135"
ID_FILES = "A000000177496446696C6573"


@BOTH
@pytest.mark.parametrize("p2", ["00", "0C"])
def test_selecting_the_applet_is_answered_at_once_without_data(applet: str, p2: str) -> None:
    assert talk(applet).both(f"00A404{p2}0F{APPLET}") == (b"", "9000")  # type: ignore[arg-type]


@BOTH
@pytest.mark.parametrize(
    "path", ["3F00", "3F002F00", "3F00DF00", "3F00DF005031", "3F00DF014031", "DF014033", "2F00"]
)
def test_a_path_is_taken_with_and_without_the_master_file(applet: str, path: str) -> None:
    assert talk(applet).status(f"00A4080C{len(path) // 2:02X}{path}") == "9000"  # type: ignore[arg-type]


def test_an_identifier_finds_the_master_file_and_the_children_of_the_directory() -> None:
    card = talk()
    assert card.status("00A4020C025031") == "6A82"
    assert card.status("00A4020C02DF00") == "9000"
    assert card.status("00A4020C025031") == "9000"
    assert card.status("00A4020C025038") == "9000", "a sibling of the current file"
    assert card.status("00A4020C02DF01") == "6A82", "a sibling of the directory"
    assert card.status("00A4020C023F00") == "9000"
    assert card.status("00A4020C02DF01") == "9000"


@pytest.mark.parametrize(("aid", "child"), [(PKCS15, "5031"), (ID_FILES, "4031")])
def test_a_directory_is_found_by_its_application_identifier(aid: str, child: str) -> None:
    card = talk()
    assert card.status(f"00A4040C0C{aid}") == "9000"
    assert card.status(f"00A4020C02{child}") == "9000"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("00A4080C043F004031", "6A82"),
        ("00A4040C05A000000001", "6A82"),
        ("00A4030C023F00", "6A86"),
        ("00A4020802" + "3F00", "6A86"),
        ("00A4020C013F", "6A87"),
        ("00A4020C043F00DF01", "6A87"),
        ("00A4080C033F00DF", "6A87"),
        ("00A4080C00", "6A87"),
        ("00A4040C04A0000000", "6A87"),
        ("00A4020C033F00", "6700"),
    ],
)
def test_a_select_that_finds_nothing_says_why(command: str, status: str) -> None:
    assert talk().status(command) == status


def test_a_failed_select_leaves_the_place_as_it_was() -> None:
    card = talk()
    card.data(SELECT_IDENTITY)
    assert card.status("00A4080C043F004FFF") == "6A82"
    assert card.status("00B0000001") == "9000"


def test_no_file_is_selected_after_a_directory() -> None:
    card = talk()
    card.data(SELECT_IDENTITY)
    assert card.status("00A4080C043F00DF01") == "9000"
    assert card.status("00B0000001") == "6986"
    assert card.status("80B2010100") == "6986"


def test_the_empty_application_is_the_card_manager_until_the_applet_comes_back() -> None:
    card = talk()
    assert card.status("00A4040000") == "9000"
    assert card.status("80E400001C") == "6D00"
    assert card.status(SELECT_IDENTITY) == "6D00"
    assert card.status(f"00A4040C0C{PKCS15}") == "6A82"
    assert card.status(f"00A404000F{APPLET}") == "9000"
    assert card.status("80E400001C") == "9000"


def test_reading_past_the_end_is_told_by_length_and_at_the_end_by_6b00() -> None:
    card = talk()
    size = len(holders.image("1.8").contents[files.IDENTITY])
    card.data(SELECT_IDENTITY)
    assert card.both("00B0000000") == (b"", f"6C{size:02X}")
    assert len(card.data(f"00B00000{size:02X}")) == size
    assert card.both(f"00B000{size - 1:02X}02") == (b"", "6C01")
    assert len(card.data(f"00B000{size - 1:02X}01")) == 1
    assert card.status(f"00B000{size:02X}01") == "6B00"
    assert card.status(f"00B000{size:02X}00") == "6B00"
    assert card.status("00B0800001") == "6B00"


def test_a_length_byte_of_zero_means_256() -> None:
    card = talk()
    card.data("00A4080C063F00DF005038")
    assert len(card.data("00B0000000")) == 256


@BOTH
def test_three_reading_habits_of_the_field_all_end(applet: str) -> None:
    for block in (252, 255, 256):
        card = talk(applet)  # type: ignore[arg-type]
        for path, content in holders.image(applet).contents.items():  # type: ignore[arg-type]
            card.data(f"00A4080C{len(path):02X}{path.hex()}")
            collected = b""
            while True:
                at = len(collected)
                data, status = card.both(f"00B0{at >> 8:02X}{at & 0xFF:02X}{block & 0xFF:02X}")
                if status.startswith("6C"):
                    data = card.data(f"00B0{at >> 8:02X}{at & 0xFF:02X}{status[2:]}")
                collected += data
                if status == "6B00" or len(data) < block:
                    break
            assert collected == content


@BOTH
def test_nothing_can_be_written(applet: str) -> None:
    card = talk(applet)  # type: ignore[arg-type]
    card.data(VERIFY)
    card.data(SELECT_IDENTITY)
    assert card.status("00D6000001AA") == "6982"


def test_records_are_whole_fields_from_tag_to_tag() -> None:
    card = talk()
    identity = holders.image("1.8").contents[files.IDENTITY]
    fields = {field.tag: field for field in tlv.split(identity)}
    card.data(SELECT_IDENTITY)
    assert card.data("80B2070700") == fields[7].raw
    assert card.data("80B2070900") == fields[7].raw + fields[8].raw + fields[9].raw
    assert card.data("80B2070703") == fields[7].raw[:3]
    assert card.status("80B20707FF") == f"6C{len(fields[7].raw):02X}"
    assert card.status("80B20F0100") == "6A83"
    assert card.status("80B2404000") == "6A83"


def test_a_long_range_of_records_comes_in_parts() -> None:
    wordy = holders.describe("1.8", given_names="Nora Élise Marguerite Walburga Scholastica")
    image = personalise(wordy, holders.certificates("1.8"))
    card = Talk(card=SoftCard(image, entropy=holders.entropy))
    card.card.power_on()
    card.data(SELECT_IDENTITY)
    identity = image.contents[files.IDENTITY]
    assert len(identity) > 256
    first, status = card.both("80B2001A00")
    assert (len(first), status) == (256, f"61{len(identity) - 256:02X}")
    assert card.data("80B2001A00") == identity


def test_only_identity_and_address_have_records() -> None:
    card = talk()
    card.data("00A4080C063F00DF014033")
    assert card.data("80B2030300")[2:] == b"Leuven"
    card.data("00A4080C063F00DF014035")
    assert card.status("80B2010100") == "6981"


def test_applet_1_7_knows_no_records() -> None:
    card = talk("1.7")
    card.data(SELECT_IDENTITY)
    assert card.status("80B2010100") == "6D00"


def test_an_answer_waits_for_get_response_and_is_lost_to_any_other_command() -> None:
    card = talk()
    card.data(environment(0x02, 0x82))
    card.data(VERIFY)
    assert card.both(sign(bytes(48))) == (b"", "6160")
    assert card.both("00C00000FF") == (b"", "6C60")
    first, status = card.both("00C0000010")
    assert (len(first), status) == (16, "6150")
    assert len(card.data("00C0000050")) == 80
    assert card.status("00C0000001") == "6985"
    card.status(sign(bytes(48)))
    card.data(SELECT_IDENTITY)
    assert card.status("00C0000060") == "6985"
