"""``sesame receipts``: check the receipt of an approval, asking nobody; write one again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from idp.cli.deployment import config_option, json_option, opened
from mobile_flow.errors import NotApproved, ReceiptRefused
from mobile_flow.model import ApprovalId
from mobile_flow.receipts import LONGEST, make, verify

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from io import BufferedReader
    from pathlib import Path

    from mobile_flow.receipts import VerifiedReceipt

_SAID: Final = {
    "receipt_malformed": "this is not a receipt of Sesame",
    "receipt_contradicts": "its parts do not belong to one approval",
    "receipt_unsigned": "a signature does not cover it: it was changed, or never signed",
    "receipt_of_another": "it was sealed by a key that is not among the given ones",
    "receipt_refused": "it proves nothing",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def receipts() -> None:
    """Check and write receipts of what people approved by phone."""


@receipts.command("verify")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--jwks",
    "jwks_file",
    type=click.File("rb"),
    help="The provider's keys, of now or archived; without it nobody vouches for the seal's key.",
)
@json_option
def verify_command(
    file: BufferedReader, jwks_file: BufferedReader | None, *, as_json: bool
) -> None:
    """Check FILE (-: standard input) offline.

    Ends with 1 when it proves nothing.
    """
    jwks = None if jwks_file is None else _jwks(jwks_file.read())
    try:
        receipt = verify(file.read(LONGEST + 1), jwks=jwks)
    except ReceiptRefused as error:
        _refuse(error, as_json=as_json)
        raise click.exceptions.Exit(1) from None
    click.echo(json.dumps(_told(receipt), indent=2) if as_json else _text(receipt))


@receipts.command()
@click.argument("approval")
@click.argument("target", metavar="[FILE]", type=click.File("w", encoding="utf-8"), default="-")
@config_option
def export(approval: str, target: TextIO, config_path: Path | None) -> None:
    """Write the receipt of APPROVAL to FILE or standard output.

    APPROVAL is the name that the audit trail gives it. The citizen gets the same by the phone's
    app. It names the e-service and what was agreed to.
    """
    from idp.login.phone_desk import terms_of
    from idp.login.receipt_seal import ReceiptSeal

    with opened(config_path) as foundation:
        with foundation.ledger.read() as unit:
            found = unit.phones.approval(ApprovalId(approval))
            device = found and found.device and unit.phones.device(found.device)
        if not found or not device:
            raise click.ClickException("there is no approval of that name by a phone")
        try:
            receipt = make(
                found,
                device,
                terms=terms_of(foundation.settings),
                seal=ReceiptSeal(foundation.ring),
                now=foundation.now(),
            )
        except NotApproved as error:
            raise click.ClickException(
                f"that approval ended as {found.state.value}: the phone signed nothing"
            ) from error
        target.write(json.dumps(receipt, indent=1, ensure_ascii=False) + "\n")


def _jwks(text: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise click.UsageError("--jwks: not a JWK Set, an object with a list of keys")
    return found


def _refuse(error: ReceiptRefused, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"holds": False, "fault": error.code, "detail": str(error)}))
    else:
        click.echo(f"NOT a receipt that holds: {_SAID[error.code]} ({error})")


def _told(receipt: VerifiedReceipt) -> dict[str, Any]:
    return {
        "holds": True,
        "key_known": receipt.known,
        "sealed_by": receipt.sealed_by,
        "sealed_at": receipt.sealed_at.isoformat(),
        "approval": receipt.id,
        "issuer": receipt.issuer,
        "decided_at": receipt.decided_at.isoformat(),
        "device": receipt.device,
        "backup_eligible": receipt.backup_eligible,
        "backed_up": receipt.backed_up,
        "aaguid": receipt.aaguid,
        "transcript": dict(receipt.transcript),
    }


def _text(receipt: VerifiedReceipt) -> str:
    shown = receipt.shown
    synced = "may be on several devices" if receipt.backup_eligible else "on one device only"
    rows = [
        ("approval", receipt.id),
        ("at", receipt.issuer),
        ("decided", _moment(receipt.decided_at)),
        ("for", f"{shown.client_name} ({shown.client_domain})"),
        ("what", f"{shown.verb.value}, by {receipt.transcript['flow']}"),
        ("why", shown.purpose),
        *(("claim", f"{one.name}: {one.reason}") for one in shown.claims),
        *(("detail", f"{one.label}: {one.value}") for one in shown.details),
        ("in their words", f"“{shown.message}”" if shown.message else ""),
        ("number typed", "yes" if receipt.transcript["number_match"] else "no"),
        ("phone", receipt.device),
        ("passkey", synced),
        ("sealed", f"{_moment(receipt.sealed_at)} by {receipt.sealed_by}"),
    ]
    lines = [f"{name:>14}  {_plain(value)}" for name, value in rows if value]
    verdict = (
        "the receipt holds"
        if receipt.known
        else "the receipt holds in itself. Whether the key that sealed it is the provider's was\n"
        "NOT checked: compare its thumbprint, or give --jwks"
    )
    return "\n".join([*lines, verdict])


def _moment(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds")


def _plain(text: str) -> str:
    """Give one line that a terminal shows as it is written."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
