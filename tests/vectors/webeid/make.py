"""Make the vectors again: ``python -m tests.vectors.webeid.make``. Keys are thrown away.

Only needed when the vectors' own format changes; a change of the validator must not need it.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardreader.trust.ocsp import make_request
from tests.world import tokens
from tests.world.tokens import NOW, ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
NONCE = base64.b64encode(bytes(range(32))).decode()
OCSP_NONCE = bytes(range(100, 132))


def vector(name: str, ca: str, kind: tokens.KeyKind, **other: Any) -> dict[str, Any]:
    """One vector: the token, what the responder said, what must come of it."""
    change: Callable[[dict[str, Any]], object] = other.pop("change", lambda _: None)
    expect: str = other.pop("expect", "verified")
    algorithm = other.pop("algorithm", None)
    revoked: bool = other.pop("revoked", False)
    made = tokens.country().issue(tokens.request(ca=ca, kind=kind, **other))
    if revoked:
        tokens.country().revoke(made.authentication.serial_number, at=NOW)
    declared = tokens.country().declaration.ca(ca)
    question = make_request(made.authentication, made.issuer, OCSP_NONCE if declared.nonce else b"")
    answer = tokens.country().ocsp_answer(question, at=NOW)
    token = tokens.members(
        made.authentication, made.authentication_key, nonce=NONCE, algorithm=algorithm
    )
    change(token)
    return {
        "name": name,
        "token": token,
        "ocsp_answer": base64.b64encode(answer).decode(),
        "expect": expect,
        "kind": declared.kind,
        "surname": "Specimen",
        "national_number": other.get("national_number", tokens.NUMBER),
    }


def main() -> None:
    """Write ``vectors.json`` and the trust folder beside this file."""
    tokens.country().write_trust(HERE / "trust")
    rows = [
        vector("applet 1.8, ES384", "citizen-new", "ec-p384"),
        vector("applet 1.7, RS256 under an EC issuer", "citizen-new", "rsa-2048"),
        vector("applet 1.7, RS256 under an RSA issuer", "citizen-old", "rsa-2048"),
        vector("applet 1.7, PS256", "citizen-old", "rsa-2048", algorithm="PS256"),
        vector("foreigner", "foreigner-new", "ec-p384"),
        vector("born 2001", "citizen-new", "ec-p384", national_number="01050399864"),
        vector("revoked", "citizen-new", "ec-p384", revoked=True, expect="certificate_revoked"),
        vector(
            "expired",
            "citizen-new",
            "ec-p384",
            valid_until=NOW - tokens.YEAR / 12,
            expect="certificate_expired",
        ),
        vector(
            "not yet valid",
            "citizen-new",
            "ec-p384",
            valid_from=NOW + tokens.YEAR / 12,
            expect="certificate_not_yet_valid",
        ),
        vector(
            "algorithm of another key",
            "citizen-new",
            "rsa-2048",
            change=lambda token: token.update(algorithm="ES384"),
            expect="signature_wrong",
        ),
        vector(
            "format of another major version",
            "citizen-new",
            "ec-p384",
            change=lambda token: token.update(format="web-eid:10"),
            expect="token_malformed",
        ),
    ]
    given = {"at": NOW.isoformat(), "origin": ORIGIN, "nonce": NONCE}
    document = {**given, "ocsp_nonce": OCSP_NONCE.hex(), "vectors": rows}
    (HERE / "vectors.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
