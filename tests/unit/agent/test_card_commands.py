"""``sesame card`` as a person uses it: with good cards, damaged ones, and none."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from cardreader.agent import advice, language
from cardreader.agent.cli import card
from cardreader.beid import files
from cardreader.sim.card import SoftCard
from cardreader.sim.image import CardImage
from tests.world import holders, tokens
from tests.world.holders import NUMBER, PIN

if TYPE_CHECKING:
    from pathlib import Path

    from cardreader.sim.image import AppletName


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cards = tmp_path / "cards"
    cards.mkdir()
    holders.soft_card("1.8").save(cards / "nora.json")
    holders.soft_card("1.7").save(cards / "older.json")
    return cards


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    tokens.country().write_trust(tmp_path / "trust")
    return tmp_path / "trust"


@pytest.fixture(autouse=True)
def at_the_worlds_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cardreader.agent.card_cli._now", lambda: tokens.NOW)
    for name in ("LC_ALL", "LANG"):
        monkeypatch.delenv(name, raising=False)


def run(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(card, words, input=typed)


def with_nora(command: str, folder: Path, *words: str, typed: str | None = None) -> Result:
    return run(command, "--cards", str(folder), "--insert", "nora", *words, typed=typed)


# --- show ----------------------------------------------------------------------------------------


def test_show_is_a_table_of_the_holder_the_document_and_the_tries(folder: Path) -> None:
    shown = with_nora("show", folder)
    assert shown.exit_code == 0
    for line in (
        "Name          Nora Élise M Specimen",
        "Born          30/07/1985, Gent",
        "Address       Sint-Jansstraat 7 b 3, 3000 Leuven",
        "Card number   591-1917064-58",
        "Valid         15/12/2025 to 15/06/2027",
        "PIN tries     3 attempts left",
    ):
        assert line in shown.stdout
    assert "not verified" in shown.stdout


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_the_national_number_is_shown_on_request_only(folder: Path, words: tuple[str, ...]) -> None:
    assert NUMBER not in with_nora("show", folder, *words).output
    assert NUMBER in with_nora("show", folder, "--national-number", *words).output


def test_show_in_json_says_that_nothing_is_verified(folder: Path) -> None:
    (reader,) = json.loads(with_nora("show", folder, "--json").stdout)
    shown = reader["card"]
    assert shown["unverified"] is True
    assert (shown["birth_date"], shown["holder"], shown["tries_left"]) == (
        "1985-07-30",
        "citizen",
        3,
    )
    assert shown["certificate"]["holder"] == "Nora Élise Specimen"
    (empty,) = json.loads(run("show", "--json", "--cards", str(folder)).stdout)
    assert empty["card"] is None


@pytest.mark.parametrize(
    ("code", "says"),
    [("nl", "vrouw"), ("fr", "femme"), ("de", "Frau"), ("en", "woman")],
)
def test_the_table_is_in_the_persons_language(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: str, says: str
) -> None:
    assert says in with_nora("show", folder, "--lang", code).stdout
    monkeypatch.setenv("LANG", f"{code}_BE.UTF-8")
    assert says in with_nora("show", folder).stdout


def spoiled(folder: Path, path: bytes, content: bytes, *, applet: AppletName = "1.8") -> None:
    """Put a card into the folder, one file of which is another."""
    good = holders.image(applet)
    contents = {**good.contents, path: content}
    made = CardImage(
        applet=good.applet,
        serial=good.serial,
        contents=contents,
        keys=good.keys,
        pin=good.pin,
        puk=good.puk,
    )
    SoftCard(made, entropy=holders.entropy).save(folder / "nora.json")


def test_a_card_without_certificate_is_shown_and_says_so(folder: Path) -> None:
    spoiled(folder, files.AUTHENTICATION_CERTIFICATE, bytes(2500))
    shown = with_nora("show", folder)
    assert "Specimen" in shown.stdout
    assert "no certificate to log in with" in shown.stdout


def test_a_damaged_card_is_named_in_its_readers_place(folder: Path) -> None:
    spoiled(folder, files.IDENTITY, b"\1\xff")
    shown = with_nora("show", folder)
    assert shown.exit_code == 0
    assert "It may be damaged" in shown.stdout
    (reader,) = json.loads(with_nora("show", folder, "--json").stdout)
    assert reader["problem"] == "card_data_malformed"


# --- verify --------------------------------------------------------------------------------------


def verify(folder: Path, trusted: Path, *words: str) -> Result:
    return with_nora("verify", folder, "--trust", str(trusted), "--allow-simulated", *words)


def test_verify_says_what_was_proven_and_what_was_not(folder: Path, trusted: Path) -> None:
    shown = verify(folder, trusted)
    assert shown.exit_code == 0
    assert "✓ the chip is the one that these data were issued with" in shown.stdout
    assert "? whether the card was revoked" in shown.stdout
    said = json.loads(verify(folder, trusted, "--json").stdout)
    assert said["proven"] == ["certificate", "identity", "address", "photo", "person", "chip"]
    assert said["not_proven"] == ["revocation", "holder"]
    assert NUMBER not in shown.output + json.dumps(said)


def test_an_older_card_leaves_open_whether_its_chip_is_a_copy(folder: Path, trusted: Path) -> None:
    words = ("--cards", str(folder), "--insert", "older", "--trust", str(trusted))
    said = json.loads(run("verify", *words, "--allow-simulated", "--json").stdout)
    assert "chip" not in said["proven"]
    assert said["not_proven"] == ["revocation", "holder", "chip"]


@pytest.mark.parametrize(
    ("path", "content", "code", "says"),
    [
        (files.IDENTITY, b"\1\xff", "file_signature_wrong", "did not sign"),
        (files.ADDRESS, b"\1\1x", "file_signature_wrong", "did not sign"),
        (files.PHOTO, b"\xff\xd8\xff\0", "photo_wrong", "photo is not"),
        (files.CARD_KEY, b"\0" * 120, "card_copied", "may be a copy"),
        (files.RRN_CERTIFICATE, b"\x30\x82\0\1\0", "register_untrusted", "National Register"),
        (files.AUTHENTICATION_CERTIFICATE, b"\x30\x82\0\1\0", "token_malformed", "damaged"),
    ],
)
def test_a_spoiled_card_is_refused_with_its_reason(
    folder: Path, trusted: Path, path: bytes, content: bytes, code: str, says: str
) -> None:
    spoiled(folder, path, content)
    refused = verify(folder, trusted)
    assert refused.exit_code == 1
    assert says in refused.stderr
    said = verify(folder, trusted, "--json")
    assert (said.exit_code, json.loads(said.stdout)["problem"]) == (1, code)


def test_another_card_with_this_chips_files_is_refused(folder: Path, trusted: Path) -> None:
    other = holders.certificates("1.7").authentication
    from cryptography.hazmat.primitives.serialization import Encoding

    spoiled(folder, files.AUTHENTICATION_CERTIFICATE, other.public_bytes(Encoding.DER) + bytes(50))
    assert "do not belong to the same card" in verify(folder, trusted).stderr


def test_a_trust_folder_that_cannot_be_used_is_named(folder: Path, trusted: Path) -> None:
    refused = with_nora("verify", folder, "--trust", str(trusted))
    assert refused.exit_code == 1
    assert "simulated root" in refused.stderr


# --- photo ---------------------------------------------------------------------------------------


def test_the_photo_goes_to_a_private_file_that_is_never_overwritten_by_chance(
    folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "nora.jpg"
    assert with_nora("photo", folder, str(file)).exit_code == 0
    assert file.read_bytes() == holders.image("1.8").contents[files.PHOTO]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = with_nora("photo", folder, str(file))
    assert again.exit_code == 1
    assert "--force" in again.stderr
    said = json.loads(with_nora("photo", folder, str(file), "--force", "--json").stdout)
    assert said["unverified"] is True
    assert with_nora("photo", folder, str(tmp_path / "no" / "x.jpg")).exit_code == 1


def test_a_photo_that_the_identity_file_does_not_name_is_not_written(
    folder: Path, tmp_path: Path
) -> None:
    spoiled(folder, files.PHOTO, b"\xff\xd8\xff\0")
    refused = with_nora("photo", folder, str(tmp_path / "x.jpg"))
    assert refused.exit_code == 1
    assert not (tmp_path / "x.jpg").exists()


# --- change-pin ----------------------------------------------------------------------------------


def change(folder: Path, *typed: str) -> Result:
    return with_nora("change-pin", folder, typed="".join(f"{line}\n" for line in typed))


def tries(folder: Path) -> int:
    (reader,) = json.loads(with_nora("show", folder, "--json").stdout)
    left: int = reader["card"]["tries_left"]
    return left


def test_the_pin_is_changed_and_the_old_one_is_wrong_from_then_on(folder: Path) -> None:
    done = change(folder, PIN, "77777", "77777")
    assert (done.exit_code, "Your PIN was changed." in done.stdout) == (0, True)
    assert "77777" not in done.output
    assert "That PIN is wrong. 2 attempts left." in change(folder, PIN, "1111", "1111").stderr
    assert change(folder, "77777", "1234", "1234").exit_code == 0
    assert tries(folder) == 3


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ((PIN, "5555", "5556"), "differ"),
        ((PIN, "555", "555"), "4 to 12 digits"),
        (("x", "5555", "5555"), "4 to 12 digits"),
        ((), "4 to 12 digits"),
    ],
)
def test_what_cannot_be_right_is_not_sent_to_the_card(
    folder: Path, typed: tuple[str, ...], says: str
) -> None:
    refused = change(folder, *typed)
    assert refused.exit_code == 1
    assert says in refused.stderr
    assert tries(folder) == 3


def test_the_last_try_is_warned_of_and_made_only_by_who_is_sure(folder: Path) -> None:
    for _ in range(2):
        change(folder, "0000", "5555", "5555")
    assert tries(folder) == 1
    unsure = change(folder, "n")
    assert unsure.exit_code == 1
    assert "last attempt" in unsure.stderr
    assert "Your PIN was not changed." in unsure.stderr
    assert tries(folder) == 1
    blocked = change(folder, "y", "0000", "5555", "5555")
    assert "municipality" in blocked.stderr
    assert tries(folder) == 0
    still = change(folder, PIN, "5555", "5555")
    assert "municipality" in still.stderr
    assert "Present PIN" not in still.stderr


def test_a_wrong_pin_is_told_to_machines_with_the_tries_left(folder: Path) -> None:
    typed = "0000\n5555\n5555\n"
    said = with_nora("change-pin", folder, "--json", typed=typed)
    assert json.loads(said.stdout) == {"problem": "pin_wrong", "tries_left": 2}


# --- nothing there, and advice -------------------------------------------------------------------


@pytest.mark.parametrize("command", ["verify", "photo", "change-pin", "certificates"])
def test_without_a_card_every_command_says_what_to_do(
    folder: Path, trusted: Path, command: str
) -> None:
    more = {"verify": ["--trust", str(trusted), "--allow-simulated"], "photo": ["x.jpg"]}
    done = run(command, "--cards", str(folder), *more.get(command, []))
    assert done.exit_code == 1
    assert "no card in the reader" in done.stderr
    said = run(command, "--cards", str(folder), *more.get(command, []), "--json")
    assert json.loads(said.stdout)["problem"] == "card_absent"


def test_a_named_reader_that_is_not_there_is_told_with_those_that_are(folder: Path) -> None:
    words = ("--reader", "Acme")
    for command in ("show", "certificates"):
        refused = with_nora(command, folder, *words)
        assert refused.exit_code == 1
        assert "'Acme' is not connected" in refused.stderr
        assert "Sesame software reader" in refused.stderr
    said = with_nora("certificates", folder, *words, "--json")
    assert json.loads(said.stdout)["problem"] == "reader_not_connected"
    assert with_nora("show", folder, "--reader", "software").exit_code == 0


def test_watch_tells_what_is_there_and_stops_in_time(folder: Path) -> None:
    shown = with_nora("watch", folder, "--seconds", "0")
    assert shown.stdout.splitlines() == [
        "Sesame software reader: reader connected",
        "Sesame software reader: card inserted",
    ]
    lines = with_nora("watch", folder, "--seconds", "0", "--json").stdout.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["reader_came", "card_inserted"]


@pytest.mark.parametrize("code", sorted(language.NAMES))
def test_every_refusal_has_advice_in_every_language(code: str) -> None:
    from cardreader import errors

    words = language.language(code)
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.CardError)
    ]
    said = set()
    for kind in kinds:
        error = kind(1) if kind in (errors.PinWrong, errors.ApduRefused) else kind()
        text = advice.advice(error, words)
        assert len(text) > 15
        said.add(text)
    assert len(said) > 20
