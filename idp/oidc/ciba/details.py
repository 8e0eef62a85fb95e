"""Typed approvals (RFC 9396): what a phone shows of them is rendered here, never a client's markup.

Each type is a list of members with a reader and a label; an unknown type or member is refused
(section 5), so that nothing is approved that was not shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from idp.errors import INVALID_AUTHORIZATION_DETAILS, INVALID_BINDING_MESSAGE, Refused
from idp.oidc import strict_json
from idp.oidc.ciba.words import plain_words
from mobile_flow.model import ShownDetail, Verb

_MOST: Final = 4
_LONGEST: Final = 4096
_AMOUNT: Final = re.compile(r"(0|[1-9][0-9]{0,8})\.[0-9]{2}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_CLAIM: Final = re.compile(r"[a-z0-9_]{1,40}")


@dataclass(frozen=True, kw_only=True, slots=True)
class TypedApproval:
    """What an ``authorization_details`` array asks, as a phone shows it."""

    verb: Verb
    details: tuple[ShownDetail, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Member:
    label: str
    read: Callable[[object], str]
    required: bool = True


def _words(value: object) -> str:
    if not isinstance(value, str):
        raise _refused("a member is no text")
    try:
        return plain_words(value)
    except Refused as refused:
        if refused.problem is not INVALID_BINDING_MESSAGE:
            raise
        raise _refused(f"a text: {refused.detail}") from None


def _matching(pattern: re.Pattern[str]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise _refused("a member is not of its form")
        return value

    return read


def _iban(value: object) -> str:
    """Check the digits modulo 97 (ISO 13616)."""
    text = _matching(_IBAN)(value)
    if int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 != 1:
        raise _refused("an IBAN with wrong check digits")
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def _claims(value: object) -> str:
    if not isinstance(value, list) or not 0 < len(value) <= 20:  # noqa: PLR2004 - a screen's worth
        raise _refused("claims is no list")
    return ", ".join(_matching(_CLAIM)(one) for one in value)


def _sha256(value: object) -> str:
    text = _matching(_SHA256)(value)
    return f"{text[:8]}…{text[-8:]}"


_TYPES: Final[dict[str, tuple[Verb, dict[str, _Member]]]] = {
    "payment": (
        Verb.PAY,
        {
            "amount": _Member(label="amount", read=_matching(_AMOUNT)),
            "currency": _Member(label="currency", read=_matching(_CURRENCY)),
            "creditor": _Member(label="creditor", read=_words),
            "iban": _Member(label="iban", read=_iban),
            "reference": _Member(label="reference", read=_words, required=False),
        },
    ),
    "sign": (
        Verb.SIGN,
        {
            "title": _Member(label="document", read=_words),
            "sha256": _Member(label="fingerprint", read=_sha256),
        },
    ),
    "data-share": (
        Verb.SHARE,
        {
            "recipient": _Member(label="recipient", read=_words),
            "claims": _Member(label="data", read=_claims),
        },
    ),
}


def types(issuer: str) -> tuple[str, ...]:
    """Give the type identifiers that this issuer understands (RFC 9396 section 10)."""
    return tuple(f"{issuer}/rar/{name}" for name in _TYPES)


def read_details(text: str, *, issuer: str) -> TypedApproval:
    """Read the parameter.

    Raises:
        Refused: INVALID_AUTHORIZATION_DETAILS.
    """
    if len(text) > _LONGEST:
        raise _refused("too long")
    try:
        value = strict_json.read(text)
    except ValueError:
        raise _refused("not JSON") from None
    if not isinstance(value, list) or not 0 < len(value) <= _MOST:
        raise _refused("not a list of one to four")
    verb, lines = Verb.CONFIRM, []
    for entry in value:
        verb, shown = _entry(entry, issuer)
        lines += shown
    return TypedApproval(verb=verb if len(value) == 1 else Verb.CONFIRM, details=tuple(lines))


def _entry(entry: object, issuer: str) -> tuple[Verb, list[ShownDetail]]:
    if not isinstance(entry, dict):
        raise _refused("an entry is no object")
    kind = entry.get("type")
    name = kind.removeprefix(f"{issuer}/rar/") if isinstance(kind, str) else ""
    if kind != f"{issuer}/rar/{name}" or name not in _TYPES:
        raise _refused("an unknown type")
    verb, members = _TYPES[name]
    if not set(entry) <= {"type", *members}:
        raise _refused("an unknown member")
    shown = []
    for member, rule in members.items():
        if member in entry:
            shown.append(ShownDetail(label=rule.label, value=rule.read(entry[member])))
        elif rule.required:
            raise _refused("a member is missing")
    return verb, shown


def _refused(detail: str) -> Refused:
    return Refused(INVALID_AUTHORIZATION_DETAILS, f"authorization_details: {detail}")
