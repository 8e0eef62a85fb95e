"""The phone's rows as the provider has them: those that ``mobile_flow`` asks for, and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mobile_flow.ports import PhoneRows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from idp.domain.person import PersonId, Sector, SubjectId
    from idp.domain.user_code import KeptCode
    from mobile_flow.model import ApprovalState, DeviceId, PersonRef


class Phones(PhoneRows, Protocol):
    """Every verb about phones inside a unit of work."""

    def relying_party(self) -> str | None:
        """Give the WebAuthn relying-party identifier of this deployment, if one was fixed."""
        ...

    def fix_relying_party(self, rp_id: str) -> None:
        """Fix it; once a phone was enrolled nothing changes it any more."""
        ...

    def removed_devices(self, *, since: datetime) -> Sequence[tuple[DeviceId, PersonRef, datetime]]:
        """Give the phones that were removed then or later, with whose they were, and when."""
        ...

    def doubt_devices(self, *, until: datetime) -> int:
        """Let no live phone give level high before then, unless its person says it is theirs."""
        ...

    def approval_state(self, login: str) -> ApprovalState | None:
        """Tell where the newest question of a login stands, opening nothing and deciding nothing.

        Its end is not looked at.
        """
        ...

    def put_user_code(self, person: PersonId, *, hashed: str, at: datetime) -> None:
        """Keep the hash of the code that a citizen chose, in the place of a former one."""
        ...

    def user_code(self, person: PersonId) -> KeptCode | None:
        """Give the person's, if they chose one."""
        ...

    def user_code_of(self, subject: SubjectId, *, sector: Sector) -> KeptCode | None:
        """Give the code of the active person whom a sector knows so, if they chose one."""
        ...

    def remove_user_code(self, person: PersonId) -> bool:
        """Forget it; ``False`` if there was none."""
        ...
