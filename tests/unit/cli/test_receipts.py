"""``sesame receipts verify``: what a court, an auditor or a citizen runs, without us."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from idp.cli import main
from tests.unit.mobile.desk import MobileDesk, ProviderSeal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], ProviderSeal]:
    """A receipt as a phone fetched it, and the provider's key."""
    desk = MobileDesk(tmp_path_factory.mktemp("receipt"))
    phone = desk.phone()
    receipt = dict(phone.receipt(desk.approved(phone).id))
    desk.close()
    return receipt, desk.seal


def verify(folder: Path, receipt: Any, *options: str) -> Result:
    file = folder / "receipt.json"
    file.write_text(json.dumps(receipt, indent=1))
    return CliRunner().invoke(main, ["receipts", "verify", str(file), *options])


def archived(folder: Path, seal: ProviderSeal) -> str:
    file = folder / "jwks.json"
    file.write_text(json.dumps(seal.jwks))
    return str(file)


def test_a_receipt_is_told_in_plain_words(
    tmp_path: Path, made: tuple[dict[str, Any], ProviderSeal]
) -> None:
    receipt, seal = made
    done = verify(tmp_path, receipt, "--jwks", archived(tmp_path, seal))
    assert done.exit_code == 0
    for said in ("De winkel (shop.example)", "given_name: Om u aan te spreken", "log_in, by qr"):
        assert said in done.output
    assert done.output.endswith("the receipt holds\n")


def test_without_the_providers_keys_it_says_that_nobody_vouches_for_the_seal(
    tmp_path: Path, made: tuple[dict[str, Any], ProviderSeal]
) -> None:
    receipt, seal = made
    done = verify(tmp_path, receipt)
    assert done.exit_code == 0
    assert "NOT checked" in done.output
    assert seal.jwk["kid"] in done.output


def test_machines_are_answered_in_json(
    tmp_path: Path, made: tuple[dict[str, Any], ProviderSeal]
) -> None:
    receipt, seal = made
    done = verify(tmp_path, receipt, "--jwks", archived(tmp_path, seal), "--json")
    told = json.loads(done.output)
    assert (told["holds"], told["key_known"]) == (True, True)
    assert told["transcript"]["number_match"] is True


@pytest.mark.parametrize(
    ("change", "fault"),
    [({"id": "A" * 26}, "receipt_unsigned"), ({"v": 2}, "receipt_malformed")],
)
def test_a_changed_receipt_ends_with_one_and_says_why(
    tmp_path: Path,
    made: tuple[dict[str, Any], ProviderSeal],
    change: dict[str, Any],
    fault: str,
) -> None:
    done = verify(tmp_path, {**made[0], **change}, "--json")
    assert (done.exit_code, json.loads(done.output)["fault"]) == (1, fault)
    done = verify(tmp_path, {**made[0], **change})
    assert (done.exit_code, done.output[:3]) == (1, "NOT")


def test_another_providers_keys_do_not_vouch_for_it(
    tmp_path: Path, made: tuple[dict[str, Any], ProviderSeal]
) -> None:
    done = verify(tmp_path, made[0], "--jwks", archived(tmp_path, ProviderSeal()), "--json")
    assert (done.exit_code, json.loads(done.output)["fault"]) == (1, "receipt_of_another")


def test_keys_that_are_no_keys_are_a_mistake_of_the_caller(
    tmp_path: Path, made: tuple[dict[str, Any], ProviderSeal]
) -> None:
    file = tmp_path / "keys.json"
    file.write_text("[]")
    assert verify(tmp_path, made[0], "--jwks", str(file)).exit_code == 2


def test_a_name_cannot_write_on_the_terminal(
    tmp_path: Path, made: tuple[dict[str, Any], ProviderSeal]
) -> None:
    from mobile_flow import receipts

    bent = json.loads(json.dumps(made[0]))
    bent["device"]["name"] = "x\x1b[2Jy\nthe receipt holds"
    bare = {name: value for name, value in bent.items() if name not in {"seal", "seal_key"}}
    claims = {"iss": bare["iss"], "iat": 1, "receipt": receipts._hash(bare)}
    compact, key = made[1](claims, typ=receipts.TYPE)
    done = verify(tmp_path, {**bare, "seal": compact, "seal_key": key})
    assert done.exit_code == 0
    assert "\x1b" not in done.output
    assert "[2Jy\N{REPLACEMENT CHARACTER}the receipt" in done.output
