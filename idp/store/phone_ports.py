"""The phone's rows as the provider has them: those that ``mobile_flow`` asks for, and ours."""

from __future__ import annotations

from typing import Protocol

from mobile_flow.ports import PhoneRows


class Phones(PhoneRows, Protocol):
    """Every verb about phones inside a unit of work."""

    def relying_party(self) -> str | None:
        """Give the WebAuthn relying-party identifier of this deployment, if one was fixed."""
        ...

    def fix_relying_party(self, rp_id: str) -> None:
        """Fix it; once a phone was enrolled nothing changes it any more."""
        ...
