"""The software card's other commands: card data, environments, signatures, the chip's proof."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key

from cardreader.beid import files, tlv
from cardreader.errors import CardMute
from cardreader.sim.card import SoftCard
from cardreader.sim.pin import GENUINE_CALLS, Counters
from tests.unit.card.talk import LOG_OFF, VERIFY, Talk, environment, sign, talk
from tests.world import holders

BOTH = pytest.mark.parametrize("applet", ["1.7", "1.8"])


@BOTH
def test_the_answer_to_reset_is_that_of_the_generation(applet: str) -> None:
    expected = {
        "1.7": "3B9813400AA503010101AD1311",
        "1.8": "3B7F96000080318065B085040120120FFF829000",
    }[applet]
    assert holders.soft_card(applet).power_on().hex().upper() == expected  # type: ignore[arg-type]


def test_a_card_without_power_is_mute() -> None:
    with pytest.raises(CardMute):
        holders.soft_card().transmit(bytes.fromhex("80E400001C"))


@BOTH
def test_the_card_data_name_chip_and_applet(applet: str) -> None:
    data = talk(applet).data("80E400001C")  # type: ignore[arg-type]
    assert len(data) == 28
    assert data[:16] == holders.image(applet).serial  # type: ignore[arg-type]
    assert data[21] == {"1.7": 0x17, "1.8": 0x18}[applet]
    assert data[22:28].hex() == {"1.7": "00030021010f", "1.8": "00010000020f"}[applet]


@pytest.mark.parametrize("le", ["00", "1D", "FF"])
def test_card_data_of_another_length_is_told_the_right_one(le: str) -> None:
    assert talk().both(f"80E40000{le}") == (b"", "6C1C")
    assert talk().both(f"80E40001{'00' if le == '1D' else le}") == (b"", "6C1F")


def test_a_part_of_the_card_data_leaves_the_rest_waiting() -> None:
    card = talk()
    first, status = card.both("80E4000010")
    assert (first, status) == (holders.image("1.8").serial, "610C")
    assert len(card.data("00C000000C")) == 12


def test_only_applet_1_8_tells_the_tries_in_its_card_data() -> None:
    card = talk("1.8")
    assert card.data("80E400011F")[28:].hex() == "03ffff"
    card.status("0020000108249999FFFFFFFFFF")
    assert card.data("80E400011F")[28:].hex() == "02ffff"
    assert talk("1.7").status("80E400011F") == "6B00"
    assert talk("1.8").status("80E400021F") == "6B00"
    assert talk("1.8").status("80E401001C") == "6B00"


@pytest.mark.parametrize(
    ("applet", "command", "status"),
    [
        ("1.7", "80EA000101", "6D00"),
        ("1.8", "80EA000101", "6D00"),
        ("1.7", "0088028132" + "9430" + "00" * 48, "6D00"),
        ("1.8", "C0E400001C", "6E00"),
        ("1.7", "01A4020C023F00", "6881"),
        ("1.8", "01A4020C023F00", "6E00"),
        ("1.8", "00E400001C", "6E00"),
        ("1.8", "80B0000001", "6E00"),
        ("1.8", "00", "6700"),
        ("1.8", "80E400001CAA", "6700"),
        ("1.8", "0020000108AA", "6700"),
    ],
)
def test_what_the_card_does_not_understand(applet: str, command: str, status: str) -> None:
    assert talk(applet).status(command) == status  # type: ignore[arg-type]


def test_random_bytes_come_in_the_number_asked_for() -> None:
    card = talk()
    assert card.data("0084000008") == holders.entropy(8)
    assert len(card.data("0084000000")) == 256
    assert card.status("0084000108") == "6B00"


@BOTH
@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("002241B5050480018482", "6B00"),
        ("002241B60404800184", "6700"),
        ("002241B6050481018482", "6A80"),
        ("002241B6050380018482", "6A80"),
        ("002241B6050480018582", "6A80"),
        ("002241B6050480038482", "6A80"),
        ("002241B6050480018484", "6A88"),
        (sign(bytes(32)), "6985"),
        ("002A9E9B20" + "00" * 32, "6B00"),
    ],
)
def test_a_signature_needs_a_well_formed_environment(
    applet: str, command: str, status: str
) -> None:
    assert talk(applet).status(command) == status  # type: ignore[arg-type]


def test_the_cards_own_key_may_be_named_on_1_8_but_never_signs_hashes() -> None:
    card = talk("1.8")
    card.data(VERIFY)
    assert card.status(environment(0x02, 0x81)) == "9000"
    assert card.status(sign(bytes(48))) == "6985"
    assert talk("1.7").status(environment(0x02, 0x81)) == "6A88"
    assert talk("1.7").status(environment(0x40, 0x82)) == "6A80"


INFO = {
    "md5": "3020300C06082A864886F70D020505000410",
    "sha1": "3021300906052B0E03021A05000414",
    "sha512": "3051300D060960864801650304020305000440",
}


@pytest.mark.parametrize(
    ("algorithm", "data", "under"),
    [
        (0x01, bytes.fromhex(INFO["sha512"]) + bytes(range(64)), None),
        (0x01, b"\x30", None),
        (0x01, bytes(245), None),
        (0x02, bytes(range(20)), INFO["sha1"]),
        (0x04, bytes(range(16)), INFO["md5"]),
        (0x08, bytes(range(32)), "3031300D060960864801650304020105000420"),
    ],
)
def test_applet_1_7_pads_as_pkcs1_v1_5(algorithm: int, data: bytes, under: str | None) -> None:
    card = talk("1.7")
    card.data(environment(algorithm, 0x82))
    card.data(VERIFY)
    assert card.both(sign(data)) == (b"", "6100")
    signature = card.data("00C0000000")
    key = holders.certificates("1.7").authentication.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    numbers = key.public_numbers()
    block = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(256, "big")
    content = bytes.fromhex(under or "") + data
    assert block == b"\x00\x01" + b"\xff" * (253 - len(content)) + b"\x00" + content


@pytest.mark.parametrize(("algorithm", "hash_"), [(0x10, hashes.SHA1()), (0x20, hashes.SHA256())])
def test_applet_1_7_pads_as_pss_with_a_salt_as_long_as_the_hash(
    algorithm: int, hash_: hashes.HashAlgorithm
) -> None:
    card = talk("1.7")
    card.data(environment(algorithm, 0x82))
    card.data(VERIFY)
    data = bytes(range(hash_.digest_size))
    signature = card.data(sign(data))
    key = holders.certificates("1.7").authentication.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    scheme = padding.PSS(padding.MGF1(hash_), hash_.digest_size)
    key.verify(signature, data, scheme, utils.Prehashed(hash_))


@pytest.mark.parametrize(
    ("algorithm", "length"),
    [
        *((0x01, 32), (0x02, 48), (0x04, 64), (0x08, 32), (0x10, 48), (0x20, 64)),
        *((0x40, 20), (0x40, 28), (0x40, 32), (0x40, 48), (0x40, 64)),
    ],
)
def test_applet_1_8_gives_r_and_s_at_fixed_width(algorithm: int, length: int) -> None:
    card = talk("1.8")
    card.data(environment(algorithm, 0x82))
    card.data(VERIFY)
    data = bytes(range(length))
    signature = card.data(sign(data))
    assert len(signature) == 96
    key = holders.certificates("1.8").authentication.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    verify_plain(key, signature, data)


def verify_plain(key: ec.EllipticCurvePublicKey, signature: bytes, digest: bytes) -> None:
    by_length: dict[int, hashes.HashAlgorithm] = {
        20: hashes.SHA1(),
        28: hashes.SHA224(),
        32: hashes.SHA256(),
        48: hashes.SHA384(),
        64: hashes.SHA512(),
    }
    r, s = (int.from_bytes(part, "big") for part in (signature[:48], signature[48:]))
    prehashed = utils.Prehashed(by_length[len(digest)])
    key.verify(utils.encode_dss_signature(r, s), digest, ec.ECDSA(prehashed))


@pytest.mark.parametrize(
    ("applet", "algorithm", "length"),
    [
        *(("1.7", 0x01, 0), ("1.7", 0x01, 246), ("1.7", 0x02, 32), ("1.7", 0x08, 20)),
        *(("1.8", 0x02, 32), ("1.8", 0x01, 48), ("1.8", 0x40, 16), ("1.8", 0x40, 0)),
    ],
)
def test_data_of_the_wrong_length_is_not_signed(applet: str, algorithm: int, length: int) -> None:
    card = talk(applet)  # type: ignore[arg-type]
    card.data(environment(algorithm, 0x82))
    card.data(VERIFY)
    assert card.status(sign(bytes(length))) == "6700"


def challenge(digest: bytes) -> str:
    return f"00880281329430{digest.hex()}"


def test_the_chip_proves_itself_with_the_key_that_the_register_vouches_for() -> None:
    card = talk("1.8")
    digest = hashlib.sha384(b"challenge").digest()
    assert card.both(challenge(digest)) == (b"", "6160")
    proof = card.data("00C0000060")
    contents = holders.image("1.8").contents
    key = load_der_public_key(contents[files.CARD_KEY])
    assert isinstance(key, ec.EllipticCurvePublicKey)
    verify_plain(key, proof, digest)
    with pytest.raises(InvalidSignature):
        verify_plain(key, proof, bytes(48))
    fields = {field.tag: field.value for field in tlv.split(contents[files.IDENTITY])}
    assert fields[0x1A] == hashlib.sha384(contents[files.CARD_KEY]).digest()


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("0088018132" + "9430" + "00" * 48, "6B00"),
        ("0088028232" + "9430" + "00" * 48, "6A88"),
        ("0088028131" + "942F" + "00" * 47, "6700"),
        ("0088028132" + "952F" + "00" * 48, "6A80"),
    ],
)
def test_a_malformed_challenge_is_refused(command: str, status: str) -> None:
    assert talk("1.8").status(command) == status


def test_proving_the_chip_clears_the_environment() -> None:
    card = talk("1.8")
    card.data(environment(0x02, 0x82))
    card.data(VERIFY)
    card.data(challenge(bytes(48)))
    assert card.status(sign(bytes(48))) == "6985"


def test_an_environment_survives_the_choice_of_files() -> None:
    card = talk("1.8")
    card.data(environment(0x02, 0x82))
    card.data(VERIFY)
    card.data("00A4080C043F00DF01")
    assert len(card.data(sign(bytes(48)))) == 96


def test_the_chip_stops_proving_itself_after_5000_times_until_a_pin_is_given() -> None:
    image = holders.image("1.8")
    counters = Counters(pin=image.pin, genuine_calls=GENUINE_CALLS - 1)
    card = Talk(card=SoftCard(image, entropy=holders.entropy, counters=counters))
    card.card.power_on()
    assert card.status(challenge(bytes(48))) == "6160"
    assert card.status(challenge(bytes(48))) == "6985"
    card.data(VERIFY)
    assert card.status(challenge(bytes(48))) == "6160"


@pytest.mark.parametrize("command", [LOG_OFF, LOG_OFF + "00"])
def test_log_off_takes_both_lengths(command: str) -> None:
    assert talk().status(command) == "9000"


def test_log_off_takes_nothing_else() -> None:
    assert talk().status("80E6000001AA") == "6700"
    assert talk().status("80E60001") == "6B00"
