"""How a person's data were verified, and how much of that is told.

A request is filter and template in one: what it demands must fit, and what it names is given
(OpenID Connect for Identity Assurance 1.0, 5.4 and 5.5).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from idp.domain.event import CardEvidence, DeviceEvidence, OtpEvidence

if TYPE_CHECKING:
    from idp.domain.event import AuthenticationEvent

EVIDENCE: Final = "document"
CHECK_METHOD: Final = "vcrypt"
"""The chip proved itself by its signature, and its certificate was followed to its root."""
DOCUMENTS: Final = MappingProxyType({"citizen": "idcard", "foreigner": "residence_permit"})
"""Kinds of document by whose card it is; a code of the identifiers that the standard lists."""
DETAILS: Final = MappingProxyType(
    {
        "type": "document_type",
        "issuer": "issuing_country",
        "document_number": "document_number",
    }
)
"""Members that say something of the person's document, and the fact whose purpose entitles each."""
_COUNTRY: Final = "BEL"
_REQUIRED: Final = MappingProxyType(
    {
        "verification": "trust_framework",
        "evidence": "type",
        "check_details": "check_method",
        "document_details": "type",
    }
)
"""Without these an element is no valid one: they come with it, or it is left out with them."""
_ABOUT_VALUES: Final = frozenset({"value", "values", "max_age"})


class _Mismatch(Exception):
    """What there is does not fit what the request demands of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What can be told of how a person's data were verified.

    Attributes:
        framework: the word for the rules that it was done by.
        at: when the card was checked: for a phone, when it was enrolled.
        details: what is known of the document, by member of ``document_details``.
    """

    framework: str
    level: str
    at: datetime
    details: Mapping[str, object]

    def element(self, allowed: frozenset[str]) -> dict[str, object]:
        """Give all of it as the element ``verification``, of the document only what is allowed."""
        when = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        details = {name: value for name, value in self.details.items() if name in allowed}
        return {
            "trust_framework": self.framework,
            "assurance_level": self.level,
            "time": when,
            "evidence": [
                {
                    "type": EVIDENCE,
                    "check_details": [{"check_method": CHECK_METHOD, "time": when}],
                    "document_details": details,
                }
            ],
        }


def verification_of(event: AuthenticationEvent, *, framework: str) -> Verification | None:
    """Give what a login says of its person's data; ``None`` where no card stands behind it.

    The level is that of the login: a phone that a card enrolled says no more than it is sure of.
    """
    evidence = event.evidence
    details: dict[str, object] = {}
    if isinstance(evidence, CardEvidence):
        at: datetime | None = event.at
        details = {
            "type": DOCUMENTS[evidence.holder],
            "issuer": {"country_code": _COUNTRY},
            "document_number": evidence.facts.get("document_number"),
        }
    elif isinstance(evidence, (DeviceEvidence, OtpEvidence)):
        at = evidence.enrolled_at
    else:
        at = None
    if at is None:
        return None
    return Verification(
        framework=framework,
        level=event.acr.name.lower(),
        at=at,
        details={name: value for name, value in details.items() if value is not None},
    )


def told(
    template: str, verification: Verification, allowed: frozenset[str], *, now: datetime
) -> dict[str, object] | None:
    """Give the element ``verification`` as a request asks for it, and no more.

    Args:
        template: what is asked, as canonical JSON.
        verification: what there is.
        allowed: the members of ``document_details`` that may leave.
        now: the time.

    Returns: ``None`` where what there is does not fit what is demanded of it.
    """
    asked, known = json.loads(template), verification.element(allowed)
    try:
        return _object("verification", asked, known, now=now)
    except _Mismatch:
        return None


def _object(
    name: str, asked: Mapping[str, Any], known: Mapping[str, Any], *, now: datetime
) -> dict[str, object] | None:
    """Give the members asked; ``None`` without one that makes the object a valid one."""
    given: dict[str, object] = {}
    for member, wanted in asked.items():
        value = _member(member, wanted, known.get(member), now=now)
        if value is not None:
            given[member] = value
    required = _REQUIRED.get(name)
    if required is None:
        return given or None
    if required not in known or not (given or name == "verification"):
        return None
    return {required: known[required], **given}


def _member(name: str, asked: Any, known: object, *, now: datetime) -> object:  # noqa: ANN401 - JSON
    if isinstance(known, dict):
        if isinstance(asked, dict):
            return _object(name, asked, known, now=now)
        asked, known = _any_demand(asked), None
    if isinstance(known, list):
        return _first(name, asked, known, now=now)
    if isinstance(asked, list):
        # An unknown list, such as assurance_details: its filters, if any, cannot be met.
        asked = _any_demand(asked)
    if _restricts(asked) and not _fits(asked, known, now=now):
        raise _Mismatch
    return known


def _first(name: str, asked: object, known: list[Any], *, now: datetime) -> list[object] | None:
    """Give the entries of a list as the first filter that fits each has it; filters are or-ed."""
    filters = asked if isinstance(asked, list) else []
    if not filters:
        if _restricts(asked):
            raise _Mismatch
        return None
    given: list[object] = []
    fits = False
    for entry in known:
        for wanted in filters:
            try:
                told = _object(name, wanted, entry, now=now)
            except _Mismatch:
                continue
            fits = True
            given += [] if told is None else [told]
            break
    if not fits:
        raise _Mismatch
    return given or None


def _any_demand(asked: object) -> object:
    """Give a filter of what stands in another form than it was asked in: none can be met."""
    entries = asked if isinstance(asked, list) else []
    return next((entry for entry in entries if _restricts(entry)), None)


def _restricts(asked: object) -> bool:
    """Tell whether anything in a template restricts values."""
    if isinstance(asked, list):
        return any(_restricts(entry) for entry in asked)
    if not isinstance(asked, dict):
        return False
    return bool(_ABOUT_VALUES & asked.keys()) or any(map(_restricts, asked.values()))


def _fits(asked: object, known: object, *, now: datetime) -> bool:
    if known is None or not isinstance(asked, dict):
        return False
    if "value" in asked and asked["value"] != known:
        return False
    if "values" in asked and known not in asked["values"]:
        return False
    return "max_age" not in asked or _young_enough(str(known), asked["max_age"], now=now)


def _young_enough(written: str, longest: float, *, now: datetime) -> bool:
    """Tell whether a time is no longer ago than some seconds (section 5.5.2)."""
    try:
        return now - datetime.fromisoformat(written) <= timedelta(seconds=longest)
    except (ValueError, TypeError, OverflowError):
        return False
