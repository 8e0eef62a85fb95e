"""``sesame receipts verify``: what a court, an auditor or a citizen runs, without us."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from idp.cli import main
from idp.config import load
from idp.foundation import lay
from idp.login.phone_desk import open_desk
from idp.runtime import system_entropy, system_monotonic, system_now
from mobile_flow import receipts
from mobile_flow.model import FlowKind
from mobile_flow.sim.phone import VirtualPhone
from tests.unit.mobile.desk import AN, BROWSER, SHOWN, MobileDesk, ProviderSeal, answered

if TYPE_CHECKING:
    from pathlib import Path

    from idp.config import Settings
    from tests.unit.cli.deployed import Deployment


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
    bent = json.loads(json.dumps(made[0]))
    bent["device"]["name"] = "x\x1b[2Jy\nthe receipt holds"
    bare = {name: value for name, value in bent.items() if name not in {"seal", "seal_key"}}
    claims = {"iss": bare["iss"], "iat": 1, "receipt": receipts._hash(bare)}
    compact, key = made[1](claims, typ=receipts.TYPE)
    done = verify(tmp_path, {**bare, "seal": compact, "seal_key": key})
    assert done.exit_code == 0
    assert "\x1b" not in done.output
    assert "[2Jy\N{REPLACEMENT CHARACTER}the receipt" in done.output


# --- written again by an operator ---------------------------------------------------------------


def unhurried(settings: Settings) -> Settings:
    """The same, where nobody has to read for ten seconds before approving."""
    phone = settings.phone.model_copy(update={"reading_time": timedelta(0)})
    return settings.model_copy(update={"phone": phone})


def approve_by_phone(deployment: Deployment) -> str:
    """Enrol a phone, let it approve a login, and give the approval's identifier."""
    settings = unhurried(load(deployment.config))
    given: dict[str, Any] = {"now": system_now, "entropy": system_entropy}
    foundation = lay(settings, monotonic=system_monotonic, **given)
    try:
        desk = open_desk(
            settings,
            ledger=foundation.ledger,
            ephemeral=foundation.ephemeral,
            vault=foundation.vault,
            ring=foundation.ring,
            **given,
        )
        phone = VirtualPhone(
            partial(answered, desk.api), origin=settings.issuer, entropy=system_entropy
        )
        opened = desk.enrolments.open(AN, name="An", card_fingerprint="ab" * 32)
        phone.enrol(
            opened.code,
            lambda word: desk.enrolments.confirm(opened.enrolment.id, person=AN, matching=word),
        )
        start = desk.approvals.open(
            transaction="login-1", browser=BROWSER, shown=SHOWN, kind=FlowKind.QR, address=""
        )
        phone.scan(desk.approvals.frames(start.id, browser=BROWSER).frames[0].text)
        phone.number(desk.approvals.standing("login-1", browser=BROWSER).number or "")
        phone.approve()
    finally:
        foundation.close()
    return start.id


def test_an_operator_writes_a_receipt_that_outlives_the_key_that_sealed_it(
    deployment: Deployment,
) -> None:
    approval = approve_by_phone(deployment)
    receipt, keys = deployment.folder / "receipt.json", deployment.folder / "keys.json"
    written = deployment.run("receipts", "export", approval, str(receipt))
    assert written.exit_code == 0, written.output
    (sealed_by,) = (key["kid"] for key in deployment.json("keys", "list")["keys"])
    deployment.json("keys", "retire", "--yes", sealed_by)
    keys.write_text(deployment.run("keys", "archive").output)
    done = deployment.run("receipts", "verify", str(receipt), "--jwks", str(keys), "--json")
    told = json.loads(done.output)
    assert (told["holds"], told["key_known"], told["sealed_by"]) == (True, True, sealed_by)
    assert told["approval"] == approval


def test_what_nobody_approved_has_no_receipt(deployment: Deployment) -> None:
    done = deployment.run("receipts", "export", "A" * 26)
    assert (done.exit_code, done.output.strip()) == (
        1,
        "Error: there is no approval of that name by a phone",
    )
